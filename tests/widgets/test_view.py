"""The widget in the kernel: what it sends, what it obeys, what a saved notebook keeps of it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from execmon_lab.control import Tap
from execmon_lab.history.artifacts import ArtifactStore
from execmon_lab.hub import Hub
from execmon_lab.protocol import DeviceStatus, ExecutionSnapshot, StepFailed
from execmon_lab.widgets import ExecutionView
from execmon_lab.widgets.static_html import render
from tests.steered import FakeRun
from tests.strategies import EXECUTION, Script, fresh, stamp
from tests.widgets.conftest import FakeManual, FakePreview, Page, log_entry

Make = Callable[..., tuple[ExecutionView, Page]]


@pytest.fixture
def make(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Make views whose page is a stand-in; they are closed in the end."""
    views = []

    def _make(**options: Any) -> tuple[ExecutionView, Page]:
        page = Page()
        monkeypatch.setattr(
            ExecutionView, "send", lambda self, content, buffers=None: page.send(content, buffers)
        )
        view = ExecutionView(execution_id=EXECUTION, hub=hub, **options)
        views.append(view)
        return view, page

    yield _make
    for view in views:
        view.close()


def say(view: ExecutionView, **content: Any) -> None:
    view._handle_custom_msg({"page": "p", **content}, [])


def test_a_page_is_welcomed_and_then_told_what_happens(make: Make, hub: Hub) -> None:
    view, page = make()
    say(view, kind="hello")
    page.wait(lambda page: page.of("snapshot"))
    hub.publish(log_entry("hello"))
    page.wait(lambda page: page.messages())
    assert page.of("snapshot")[0][0]["page"] == "p"
    assert page.messages()[-1]["message"] == "hello"


def test_displaying_it_sends_a_snapshot_and_a_picture_unasked(make: Make) -> None:
    preview = FakePreview()
    view, page = make(preview=preview)
    view._repr_mimebundle_()
    assert preview.open == [("emulator-5554", "medium")]
    preview.watches[0].show(b"picture")
    page.wait(lambda page: page.of("snapshot") and page.of("frame"))
    content, buffers = page.of("frame")[0]
    assert content | {"timestamp": ""} == {
        "kind": "frame",
        "device_id": "emulator-5554",
        "quality": "medium",
        "width": 2,
        "height": 3,
        "number": 1,
        "timestamp": "",
        "source": "fake",
        "again": False,
    }
    assert buffers == [b"picture"]


def test_the_pages_commands_are_obeyed(make: Make) -> None:
    cancelled: list[bool] = []
    preview = FakePreview()
    view, _ = make(preview=preview, cancel=lambda: cancelled.append(True))
    say(view, kind="watch", streams=[{"device_id": "emulator-5554", "quality": "high"}])
    say(view, kind="drawn", number=4)
    say(view, kind="cancel")
    assert preview.open == [("emulator-5554", "high")]
    assert cancelled == [True]
    assert view.may_cancel


def test_a_page_steers_and_what_python_switches_reaches_it(make: Make) -> None:
    run = FakeRun()
    view, page = make(steering=run)
    assert (view.may_steer, view.pause_on_failure) == (True, False)
    say(view, kind="steer", id=1, order={"do": "pause"})
    say(view, kind="steer", id=2, order={"do": "pause_on_failure", "on": True})
    assert run.told == [("pause", None)]
    assert view.pause_on_failure
    assert [content["refused"] for content, _ in page.of("steered")] == [None, None]
    run.pause_on_failure = False
    view.flush(0.0)
    assert not view.pause_on_failure


@pytest.mark.parametrize(
    "content",
    [
        {"kind": "reboot"},
        {"kind": "watch", "streams": [{"device_id": "d", "quality": "ultra"}]},
        {"kind": "drawn", "number": "four"},
        {"kind": "steer", "id": 1, "order": {"do": "pause"}},
        {"kind": "cancel"},
        {"kind": "watch", "streams": []},
        {"kind": "drawn", "number": 4},
        {},
    ],
)
def test_what_is_no_command_or_not_allowed_does_nothing(make: Make, content: dict[str, Any]) -> None:
    view, page = make()
    say(view, **content)
    assert page.sent == []
    assert not view.may_cancel


def test_screenshots_come_from_the_artifacts_and_from_nowhere_else(make: Make, tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "artifacts")
    url = store.save_screenshot("one.png", b"png")
    (tmp_path / "secret.png").write_bytes(b"secret")
    view, page = make(artifacts=store)
    say(view, kind="screenshot", url=url)
    say(view, kind="screenshot", url="/api/v1/artifacts/screenshots/../../secret.png")
    say(view, kind="screenshot", url="/etc/passwd")
    found = [(content["found"], buffers) for content, buffers in page.of("screenshot")]
    assert found == [(True, [b"png"]), (False, []), (False, [])]


def touch(view: ExecutionView, **changes: Any) -> None:
    content = {"kind": "touch", "id": 1, "device_id": "emulator-5554", "at": time.time() * 1000}
    say(view, **content | {"gesture": {"do": "tap", "x": 0.5, "y": 0.5}, "picture": [2, 3]} | changes)


def test_control_is_off_until_the_user_switches_it_on(make: Make) -> None:
    manual = FakeManual()
    view, page = make(manual=manual)
    assert (view.may_control, view.control) == (True, False)
    touch(view)
    say(view, kind="control", on=True)
    assert view.control
    touch(view)
    touch(view, gesture={"do": "tap", "x": 2, "y": 0})
    assert [content["refused"] for content, _ in page.of("touched")] == ["control is switched off", None]
    assert manual.sent == [("emulator-5554", Tap(x=0.5, y=0.5), (2, 3))]
    view.close()
    assert manual.closed
    assert not view.control
    say(view, kind="control", on=True)
    assert not view.control, "what is closed stays so"


def test_without_a_way_to_the_devices_there_is_no_control(make: Make) -> None:
    view, page = make()
    say(view, kind="control", on=True)
    touch(view)
    assert (view.may_control, view.control) == (False, False)
    assert page.sent == []


@pytest.mark.usefixtures("no_leaks")
def test_closing_ends_threads_watches_and_subscriptions(make: Make, hub: Hub) -> None:
    preview = FakePreview()
    view, page = make(preview=preview)
    view._repr_mimebundle_()
    hub.publish(log_entry("before"))
    view.close()
    view.close()
    hub.publish(log_entry("after"))
    assert preview.open == []
    assert [message["message"] for message in page.messages()] == ["before"], "what was heard is still sent"


def test_a_closed_view_still_answers_a_page_that_is_loaded_again(make: Make, hub: Hub) -> None:
    preview = FakePreview()
    view, page = make(preview=preview)
    say(view, kind="watch", streams=[{"device_id": "emulator-5554", "quality": "medium"}])
    preview.watches[0].show(b"last")
    page.wait(lambda page: page.of("frame"))
    view.close()
    page.sent.clear()
    say(view, kind="hello", page="again")
    say(view, kind="watch", page="again", streams=[{"device_id": "emulator-5554", "quality": "medium"}])
    assert [content["page"] for content, _ in page.of("snapshot")] == ["again"]
    assert page.of("frame")[0][1] == [b"last"]


def finish(hub: Hub) -> None:
    script = Script()
    step = fresh().steps[0]
    script.start(step, 1)
    script.fail(step, 1, again=False)
    script.end(3, 1, cancelled=False)
    for message in script.messages:
        hub.publish(message)


def test_the_final_state_and_the_last_picture_are_saved_with_the_notebook(make: Make, hub: Hub) -> None:
    preview = FakePreview()
    view, page = make(preview=preview)
    view._repr_mimebundle_()
    preview.watches[0].show(b"last")
    page.wait(lambda page: page.of("frame"))
    assert view.saved == {}
    finish(hub)
    page.wait(lambda page: page.messages() and view.saved)
    assert view.saved["state"]["status"] == "completed"
    assert view.saved["state"]["type"] == "execution_state"
    assert view.saved["picture"]["jpeg"] == b"last"


def test_its_text_is_the_same_in_every_run(make: Make) -> None:
    view, _ = make()
    data, _ = view._repr_mimebundle_()
    assert data["text/plain"] == repr(view) == "ExecutionView(None)"
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == view.model_id


def test_static_html_tells_what_happened_and_trusts_no_text(hub: Hub) -> None:
    step = fresh().steps[0]
    hub.publish(
        StepFailed(
            execution_id=EXECUTION,
            device_id=step.device_id,
            step_id=step.step_id,
            module_id=step.module_id,
            error_code="ASSERTION_FAILED",
            error_message="<script>alert(1)</script>",
            retry_attempt=1,
            will_retry=False,
            timestamp=stamp(1),
            duration_seconds=1.5,
        )
    )
    hub.publish(DeviceStatus(device_id=step.device_id, status="offline", last_seen=stamp(2)))
    state: ExecutionSnapshot = hub.snapshot(EXECUTION)
    html = render(state, b"jpeg")
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert "ASSERTION_FAILED" in html
    assert "1 failed · 2 to come" in html
    assert "data:image/jpeg;base64,anBlZw==" in html
    assert html.count("<tr>") == 1 + len(state.steps)
    assert "<style" not in html
    assert f'data-execmon="{EXECUTION}"' in html
    assert "Not ended yet" in html
    assert "<img" not in render(state)
    over = render(replace(state, status="cancelled"))
    assert "1 failed · 2 not run" in over
    bare = re.sub(r'\sstyle="[^"]*"', "", over)
    assert "<strong>✗</strong> <strong>Execution</strong>: cancelled" in bare, "without colours"
