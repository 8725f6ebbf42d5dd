"""Reports in their formats: the same facts in each, and somebody's text stays text."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import page
import pypdf
import pytest
from hypothesis import given
from junitparser import JUnitXml
from msgspec.structs import replace

from execmon_lab.protocol import Action, ExecutionSnapshot, Message
from execmon_lab.reports import FORMATS, Material, UnknownFormat, make, words
from execmon_lab.reports.facts import Facts
from execmon_lab.reports.gather import gather
from execmon_lab.reports.spreadsheet import COLUMNS
from execmon_lab.state import ExecutionState
from tests.strategies import executions as executions_of_any_kind

from . import executions


class Reader(HTMLParser):
    """What a person reads of a page, its tags, and its attributes that could act."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self._silent = 0
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._silent += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text += data


def pdf_text(content: bytes) -> str:
    return "".join(sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(content)).pages)


def bare(text: str) -> str:
    """A text without what setting it may change: white space, and places where a line may break."""
    return re.sub(r"[\s\u200b\u2060]+", "", text)


def stated(value: Any) -> Iterator[str]:
    """Every text that facts hold, but for those that are drawn or name files."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from stated(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name not in ("status", "timeline", "timeline_text", "picture", "pictures", "before", "made"):
                yield from stated(item)


def texts(facts: Facts) -> list[str]:
    built = msgspec.to_builtins(facts, builtin_types=(bytes,))
    for step in built["steps"]:
        for attempt in step["attempts"]:
            del attempt["actions"]  # a page has room for them, paper has not
    built["comparison"].pop("execution_id")
    return [text for text in stated(built) if text]


@pytest.fixture(scope="module")
def material() -> Material:
    return executions.material()


@pytest.fixture(scope="module")
def hostile() -> Material:
    return executions.material(hostile=executions.HOSTILE)


def test_pdf_and_html_state_the_same_facts(material: Material) -> None:
    facts = texts(gather(material))
    assert len(facts) > 100
    screen, paper = (
        bare(Reader(make("html", material).content).text),
        bare(pdf_text(make("pdf", material).content)),
    )
    assert [text for text in facts if bare(text) not in screen] == []
    assert [text for text in facts if bare(text) not in paper] == []


@pytest.mark.parametrize("text", ["", executions.HOSTILE, executions.NAMES])
def test_the_pdf_has_no_error_by_a_checker_of_pdf_ua(text: str) -> None:
    content = make("pdf", executions.material(hostile=text)).content
    told = page.validate_pdf_bytes(content, profile=page.ValidationProfile.PDF_UA_1)
    assert told.failures == []
    assert told.rules.passed > 100


def test_the_checker_finds_a_pdf_without_tags_and_language(material: Material) -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(make("pdf", material).content))
    for name in ("/MarkInfo", "/Lang"):
        del writer.root_object[name]
    spoilt = io.BytesIO()
    writer.write(spoilt)
    assert not page.validate_pdf_bytes(
        spoilt.getvalue(), profile=page.ValidationProfile.PDF_UA_1
    ).is_compliant


def test_the_pdf_is_pdf_ua_and_says_its_title_and_language(material: Material) -> None:
    reader = pypdf.PdfReader(io.BytesIO(make("pdf", material).content))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert reader.metadata is not None
    assert "nightly" in str(reader.metadata.title)
    assert b"pdfuaid:part" in root["/Metadata"].get_object().get_data()


def test_names_in_chinese_arabic_and_emoji_come_out() -> None:
    material = executions.material(name=executions.NAMES)
    reader = pypdf.PdfReader(io.BytesIO(make("pdf", material).content))
    fonts = {str(font["/BaseFont"]) for sheet in reader.pages for font in _fonts(sheet)}
    assert {"NotoSansCJK", "NotoSansArabic", "NotoEmoji"} <= {
        name.split("+")[1].split("-")[0].removesuffix("sc") for name in fonts
    }
    assert b"pdfuaid:part" in reader.trailer["/Root"]["/Metadata"].get_object().get_data()
    assert "短信测试" in pdf_text(make("pdf", material).content)
    assert executions.NAMES in Reader(make("html", material).content).text


def _fonts(sheet: pypdf.PageObject) -> list[Any]:
    return [font.get_object() for font in sheet["/Resources"]["/Font"].values()]


def test_a_character_without_a_glyph_costs_the_standard_and_not_the_report(
    caplog: pytest.LogCaptureFixture,
) -> None:
    report = make("pdf", executions.material(name="unknown \U00012345 sign"))
    reader = pypdf.PdfReader(io.BytesIO(report.content))
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert "not PDF/UA-1" in pdf_text(report.content)
    assert "PDF/UA-1" in caplog.text


@pytest.mark.parametrize("format", ["html", "pdf"])
def test_hostile_text_stays_text(hostile: Material, format: str) -> None:
    content = make(format, hostile).content
    text = Reader(content).text if format == "html" else pdf_text(content)
    assert bare(text).count(bare(words.plain(executions.HOSTILE))) >= 10


def test_hostile_text_makes_no_element_of_the_page(material: Material, hostile: Material) -> None:
    tame, wild = Reader(make("html", material).content), Reader(make("html", hostile).content)
    assert wild.tags == tame.tags
    assert {name for name, _ in wild.attributes} == {name for name, _ in tame.attributes}
    assert not any(name.startswith("on") for name, _ in wild.attributes)


def test_each_picture_of_the_page_has_a_source_and_a_text(material: Material) -> None:
    pictures = re.findall("<img [^>]*>", make("html", material).content.decode())
    assert len(pictures) > 2
    for picture in pictures:
        assert {"src", "alt"} <= set(re.findall(r" ([a-z]+)=\"", picture)), picture[:200]


def test_the_page_may_ask_nothing_of_anyone(material: Material) -> None:
    reader = Reader(make("html", material).content)
    policy = next(
        value for name, value in reader.attributes if name == "content" and value and "default-src" in value
    )
    assert policy.startswith("default-src 'none'; img-src data:; script-src 'sha256-")
    assert "unsafe" not in policy
    sources = [value for name, value in reader.attributes if name in ("src", "href")]
    assert sources
    assert all(str(value).startswith("data:") for value in sources)


def test_junit_counts_what_ci_systems_show(material: Material) -> None:
    report = JUnitXml.fromstring(make("junit", material).content)
    assert [(suite.name, suite.tests, suite.failures, suite.errors, suite.skipped) for suite in report] == [
        (executions.PHONE, 3, 1, 0, 0),
        (executions.TABLET, 2, 0, 0, 2),
    ]
    root = ET.fromstring(make("junit", material).content)
    cases = {
        case.get("classname"): [child.tag for child in case if child.tag != "properties"]
        for case in root.iter("testcase")
    }
    assert cases == {
        "call_test_module": [],
        "data_test_module": ["flakyFailure"],
        "sms_test_module": ["error", "rerunFailure"],
        "skip_module": ["skipped"],
        "never_module": ["skipped"],
    }


def test_junit_holds_hostile_text(hostile: Material) -> None:
    root = ET.fromstring(make("junit", hostile).content)
    assert root.get("name") == words.plain("nightly" + executions.HOSTILE)
    assert [failure.get("message") for failure in root.iter("flakyFailure")] == [
        words.plain("no page" + executions.HOSTILE)
    ]


def test_a_trace_has_a_thread_a_device_and_an_event_an_attempt(material: Material) -> None:
    trace = json.loads(make("trace", material).content)
    events = trace["traceEvents"]
    assert {e["args"]["name"] for e in events if e["name"] == "thread_name"} == {
        executions.PHONE,
        executions.TABLET,
    }
    steps = [event for event in events if event.get("cat") == "step"]
    assert [(e["args"]["step"], e["args"]["attempt"], e["dur"]) for e in steps][:3] == [
        (1, 1, 2_000_000),
        (2, 1, 3_000_000),
        (2, 2, 1_000_000),
    ]
    assert steps[0]["ts"] == round(executions.BEGIN.timestamp() * 1e6)
    dial, wait = (event for event in events if event.get("cat") == "action")
    assert steps[0]["ts"] <= dial["ts"]
    assert dial["ts"] + dial["dur"] <= steps[0]["ts"] + steps[0]["dur"]
    assert wait["name"] == "dial / wait"


@given(executions_of_any_kind())
def test_a_trace_is_one_that_perfetto_takes(execution: tuple[ExecutionSnapshot, list[Message]]) -> None:
    """Of the events' fields each has its type, and slices of a thread lie within or after each other."""
    state = ExecutionState(execution[0])
    for message in execution[1]:
        state.fold(message)
    slices: dict[int, list[tuple[int, int]]] = {}
    for event in json.loads(make("trace", Material(state.snapshot())).content)["traceEvents"]:
        assert isinstance(event["name"], str)
        assert isinstance(event["pid"], int)
        assert isinstance(event["tid"], int)
        match event["ph"]:
            case "M":
                assert event["name"] in ("process_name", "thread_name")
                assert isinstance(event["args"]["name"], str)
            case "i":
                assert event["s"] in ("g", "p", "t")
                assert event["ts"] >= 0
            case "X":
                assert isinstance(event["ts"], int)
                assert event["dur"] >= 0
                slices.setdefault(event["tid"], []).append((event["ts"], event["dur"]))
            case other:
                raise AssertionError(other)
    for lane in slices.values():
        open_until: list[int] = []
        for begin, length in sorted(lane, key=lambda it: (it[0], -it[1])):
            while open_until and open_until[-1] <= begin:
                open_until.pop()
            assert not open_until or begin + length <= open_until[-1], "slices cross"
            open_until.append(begin + length)


def test_actions_that_cross_by_a_rounded_millisecond_are_nested_all_the_same() -> None:
    told = (
        (("outer", "inner"), 0.5, 0.5),
        (("outer", "inner"), 0.9, 0.401),
        (("outer",), 0.9, 0.8995),
        (("next",), 1.5, 0.601),
        (("late",), 2.5, 0.2),
    )
    actions = tuple(
        Action(path=path, status="completed", duration_seconds=seconds, timestamp=executions.at(end))
        for path, end, seconds in told
    )
    first, *_ = executions.state().steps
    attempt = replace(first.attempts[0], actions=actions)
    state = replace(executions.state(), steps=(replace(first, attempts=(attempt,)),))
    events = json.loads(make("trace", Material(state)).content)["traceEvents"]
    begin = round(executions.BEGIN.timestamp() * 1e6)
    assert [
        (e["name"], (e["ts"] - begin) // 1000, (e["ts"] + e["dur"] - begin) // 1000)
        for e in events
        if e.get("cat") == "action"
    ] == [
        ("outer / inner", 0, 500),
        ("outer / inner", 500, 900),
        ("outer", 0, 900),
        ("next", 900, 1500),
        ("late", 1800, 2000),
    ]


def test_csv_has_a_row_an_attempt(material: Material) -> None:
    rows = list(csv.DictReader(io.StringIO(make("csv", material).content.decode("utf-8-sig"))))
    assert [(row["step"], row["attempt"], row["attempt_status"]) for row in rows] == [
        ("1", "1", "completed"),
        ("2", "1", "failed"),
        ("2", "2", "completed"),
        ("3", "1", "failed"),
        ("3", "2", "failed"),
        ("4", "1", "skipped"),
        ("5", "", ""),
    ]
    assert [row["duration_s"] for row in rows[:3]] == ["2", "3", "1"]
    assert rows[3]["error_code"] == "ADB_TIMEOUT"


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1"])
def test_no_cell_of_a_csv_is_a_formula(text: str) -> None:
    first, *others = executions.state().steps
    state = replace(executions.state(), steps=(replace(first, module_id=text, params=text), *others))
    [row, *_] = csv.DictReader(io.StringIO(make("csv", Material(state)).content.decode("utf-8-sig")))
    for cell in (row["module_id"], row["params"]):
        assert cell == "'" + words.plain(text) or not cell.lstrip().startswith(("=", "+", "-", "@"))


def test_csv_holds_hostile_text_and_any_script(hostile: Material) -> None:
    rows = list(csv.reader(io.StringIO(make("csv", hostile).content.decode("utf-8-sig"))))
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert rows[1][3] == words.plain("call_test_module" + executions.HOSTILE)
    named = executions.material()
    first = replace(named.state.steps[0], module_id=executions.NAMES)
    named = Material(replace(named.state, steps=(first,)))
    assert executions.NAMES in make("csv", named).content.decode("utf-8-sig")


def test_json_is_the_state(material: Material) -> None:
    assert msgspec.json.decode(make("json", material).content, type=ExecutionSnapshot) == material.state


def test_an_unknown_format_is_told_with_those_that_there_are(material: Material) -> None:
    with pytest.raises(UnknownFormat, match="pdf, html, junit, csv, trace, json"):
        make("docx", material)


@pytest.mark.parametrize("format", FORMATS)
def test_a_report_is_saved_under_its_own_name(format: str, material: Material, tmp_path: Path) -> None:
    report = make(format, material)
    path = report.save(tmp_path)
    assert path == tmp_path / report.name
    assert path.read_bytes() == report.content
    assert report.save(tmp_path / "other").name == "other"
    assert executions.EXECUTION in path.name


def test_a_report_shows_itself_in_a_notebook(material: Material) -> None:
    bundle = make("html", material)._repr_mimebundle_()
    assert 'sandbox="allow-scripts"' in bundle["text/html"]
    assert "application/pdf" in make("pdf", material)._repr_mimebundle_()
