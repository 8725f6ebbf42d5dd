"""A run's reports, from the run itself and from the server, at the address that the messages give."""

from __future__ import annotations

import functools
import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError

import pytest

import execmon_lab as em
from execmon_lab import reports
from execmon_lab.client import sync
from execmon_lab.run import Run

Write = Callable[[reports.Material], bytes]


@em.module
def passes(ctx: em.Context) -> None:
    """Pass."""
    ctx.device.home()
    ctx.log.info("the home screen is there")


@em.module
def fails(ctx: em.Context) -> None:
    """Fail."""
    ctx.expect(False, "the sky is green")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[em.Lab]:
    with em.Lab(history=tmp_path_factory.mktemp("history")) as lab:
        yield lab


@pytest.fixture(scope="module")
def run(lab: em.Lab) -> Run:
    """A run that has ended."""
    run = lab.start(em.Plan([passes, fails], name="to report on"))
    run.wait(60)
    return run


def get(run: Run, address: str) -> tuple[str, bytes]:
    url = run.url.replace("ws://", "http://").split("/ws/")[0] + address
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.headers["Content-Type"], answer.read()


def test_the_report_url_opens_a_pdf(run: Run) -> None:
    address = run.state.report_url
    assert address is not None
    media_type, content = get(run, address)
    assert media_type == "application/pdf"
    assert content.startswith(b"%PDF-")


@pytest.mark.parametrize("format", reports.FORMATS)
def test_the_server_gives_what_the_run_writes(run: Run, format: str) -> None:
    media_type, content = get(run, f"/api/v1/reports/{run.execution_id}?format={format}")
    report = run.report(format)
    assert media_type == report.media_type
    if format not in ("pdf", "html"):  # which tell when they were made
        assert content == report.content


def test_a_report_has_the_log_the_screenshots_and_the_recording(
    run: Run, eventually: Callable[..., bool]
) -> None:
    [device] = run.state.devices
    assert eventually(lambda: run.recording.index(device.device_id)), "a quick run may end before its picture"
    page = run.report("html").content.decode()
    assert "the sky is green" in page
    assert "Step 2, fails, attempt 1" in page
    assert page.count('class="shot"') >= 2
    film = page.split('type="application/json">')[1].split("</script>")[0]
    assert film.count("data:image/jpeg") == len(run.recording.index(device.device_id)) > 0


def test_a_report_can_be_written_before_the_run_begins(lab: em.Lab) -> None:
    assert "Not begun" in lab.prepare(em.Plan([passes])).report("html").content.decode()


def test_an_execution_of_an_earlier_lab_has_its_reports_too(run: Run, lab: em.Lab) -> None:
    with em.Lab(history=lab.history.folder) as later:
        address = f"{later.server.url}/api/v1/reports/{run.execution_id}?format=junit"
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert answer.read() == run.report("junit").content
            assert answer.headers.get_filename() == run.report("junit").name == f"{run.execution_id}.xml"
        with urllib.request.urlopen(f"{later.server.url}/api/v1/executions/{run.execution_id}") as answer:
            assert b"to report on" in answer.read()
        with pytest.raises(HTTPError) as refused:
            urllib.request.urlopen(f"{later.server.url}/api/v1/reports/550e8400-e29b-41d4-a716-446655440000")
        with refused.value:
            assert refused.value.code == 404


def test_a_run_is_compared_with_the_last_good_one(lab: em.Lab) -> None:
    runs = []
    for _ in range(2):
        runs.append(lab.start(em.Plan([passes], name="to compare")))
        runs[-1].wait(60)
    assert "last good run" not in runs[0].report("html").content.decode()
    assert "The last good run of this plan began" in runs[1].report("html").content.decode()


def test_an_unknown_format_is_answered_with_those_that_there_are(run: Run) -> None:
    with pytest.raises(HTTPError) as refused:
        get(run, f"/api/v1/reports/{run.execution_id}?format=docx")
    assert refused.value.code == 404
    assert b"csv, html, json, junit, pdf, trace" in refused.value.read()


def test_without_the_extra_the_client_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(material: reports.Material) -> bytes:
        raise reports.MissingExtra("A report as PDF")

    broken = reports.FORMATS["pdf"]._replace(write=missing)
    monkeypatch.setitem(reports.FORMATS, "pdf", broken)
    with pytest.raises(HTTPError) as refused:
        get(run, f"/api/v1/reports/{run.execution_id}?format=pdf")
    assert refused.value.code == 501
    assert b"pip install 'execmon-lab[reports]'" in refused.value.read()


def test_no_report_is_written_unasked(lab: em.Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for name, known in reports.FORMATS.items():
        note = functools.partial(_noted, asked, name, known.write)
        monkeypatch.setitem(reports.FORMATS, name, known._replace(write=note))
    run = lab.start(em.Plan([passes]))
    assert run.wait(60).report_url is not None
    assert asked == []
    run.report("junit")
    assert asked == ["junit"]


def _noted(asked: list[str], name: str, write: Write, material: reports.Material) -> bytes:
    asked.append(name)
    return write(material)


def test_a_report_that_takes_forever_delays_no_execution(
    lab: em.Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One execution's report is being written for as long as another takes, from its start to its end."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(material: reports.Material) -> bytes:
        begun.set()
        assert go_on.wait(60)
        return b"%PDF-slow"

    first = lab.start(em.Plan([passes]))
    first.wait(60)
    monkeypatch.setitem(reports.FORMATS, "pdf", reports.FORMATS["pdf"]._replace(write=slow))
    with ThreadPoolExecutor() as others:
        report = others.submit(get, first, f"/api/v1/reports/{first.execution_id}?format=pdf")
        try:
            assert begun.wait(60)
            second = lab.start(em.Plan([passes, passes]))
            with sync.connect(second.url) as execution:
                kinds = [message.type_name() for message in execution]
            assert second.wait(60).status == "completed"
            assert kinds.count("step_completed") == 2
            assert kinds[-1] == "execution_completed"
            assert b"completed" in get(second, f"/api/v1/executions/{second.execution_id}")[1]
            assert not report.done()
        finally:
            go_on.set()
        assert report.result(60) == ("application/pdf", b"%PDF-slow")


def test_a_report_is_saved(run: Run, tmp_path: Path) -> None:
    assert run.report("junit").save(tmp_path / "junit.xml").read_text().count("<testcase") == 2
