"""An execution that runs elsewhere: the same widget, fed by the WebSocket client."""

from __future__ import annotations

import http.server
import threading
import urllib.request
from pathlib import Path

import msgspec
import pytest
from websockets.exceptions import InvalidHandshake

import execmon_lab as em
from execmon_lab.client import ConnectionLost, ExecutionError
from execmon_lab.preview import Frame
from execmon_lab.protocol import Attempt, ExecutionSnapshot
from execmon_lab.protocol.clock import moment
from execmon_lab.widgets import ExecutionView
from tests.client.relay import Relay
from tests.remote.conftest import DEADLINE, Eventually, Page, endless_module, failing_module, quick_module


def without_moments(state: ExecutionSnapshot) -> ExecutionSnapshot:
    """The message that a fold saw last differs: frames and rates are each connection's own."""
    return msgspec.structs.replace(state, timestamp="")


def test_a_run_elsewhere_is_followed_to_its_end(lab: em.Lab, no_leaks: None) -> None:
    run = lab.prepare(em.Plan([quick_module, failing_module], name="elsewhere"))
    with em.connect(run.url) as remote:
        assert remote.execution_id == run.execution_id
        assert remote.url == run.url
        assert (remote.state.status, remote.done) == ("pending", False)
        run.start()
        state = remote.wait(DEADLINE)
        assert remote.done
        assert [step.status for step in state.steps] == ["completed", "failed"]
        assert without_moments(state) == without_moments(run.state)
        assert repr(remote) == f"RemoteRun(completed, 2 steps, {run.execution_id})"


def test_it_is_shown_by_the_same_widget(
    lab: em.Lab, endless: em.Run, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    with em.connect(endless.url) as remote:
        page = Page(remote, monkeypatch)
        assert eventually(lambda: page.of("snapshot"))
        data, _ = remote._repr_mimebundle_()
        assert "application/vnd.jupyter.widget-view+json" in data
        assert "quick_module" in data["text/html"]
        assert remote.view is remote.view


def test_a_page_gets_pictures_while_it_looks(
    lab: em.Lab, endless: em.Run, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    [serial] = lab.serials
    with em.connect(endless.url) as remote:
        page = Page(remote, monkeypatch)
        page.watch(serial, quality="low")
        assert eventually(lambda: page.of("frame"))
        content, buffers = page.of("frame")[0]
        assert (content["device_id"], content["quality"]) == (serial, "low")
        assert buffers[0][:3] == b"\xff\xd8\xff"
        assert 0 < content["width"] < content["height"]
        assert serial in lab.preview.stats()
        page.watch()
        assert eventually(lambda: serial not in lab.preview.stats())


def test_two_qualities_share_the_better_picture(lab: em.Lab, endless: em.Run, eventually: Eventually) -> None:
    [serial] = lab.serials
    frames: dict[str, list[Frame]] = {"low": [], "high": []}
    with em.connect(endless.url) as remote:
        previews = remote._link.previews
        low = previews.watch(serial, "low", frames["low"].append, lambda _: None)
        assert eventually(lambda: frames["low"])
        small = frames["low"][0].width
        high = previews.watch(serial, "high", frames["high"].append, lambda _: None)
        assert eventually(lambda: any(frame.width == 720 for frame in frames["high"]))
        assert {frame.quality for frame in frames["high"]} == {"high"}
        assert {frame.quality for frame in frames["low"]} == {"low"}
        assert small < 720
        for watch in (high, high, low):
            watch.close()
        assert eventually(lambda: serial not in lab.preview.stats())


def test_an_unknown_device_is_a_problem_of_its_watcher_alone(
    endless: em.Run, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    with em.connect(endless.url) as remote:
        page = Page(remote, monkeypatch)
        page.watch("nobody")
        assert eventually(lambda: page.of("problem"))
        assert "nobody" in page.of("problem")[0][0]["message"]
        assert remote.state.errors == ()


def test_screenshots_come_through_the_kernel(
    lab: em.Lab, endless: em.Run, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    def first_attempt() -> tuple[Attempt, ...]:
        return tuple(a for a in remote.state.steps[0].attempts if a.screenshot_url)

    with em.connect(endless.url) as remote:
        assert eventually(first_attempt)
        page = Page(remote, monkeypatch)
        for url in (first_attempt()[0].screenshot_url, "/api/v1/artifacts/screenshots/none.png", "http://x/"):
            page.say("screenshot", url=url)
        found = page.of("screenshot")
        assert [content["found"] for content, _ in found] == [True, False, False]
        assert found[0][1][0].startswith(b"\x89PNG")


def test_a_page_finds_what_the_device_showed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    with em.Lab(history=tmp_path) as lab:
        run = lab.start(em.Plan([quick_module]))
        with em.connect(run.url) as remote:
            began = run.wait(DEADLINE).started_at
            assert began is not None
            [serial] = lab.serials
            assert eventually(lambda: run.recording.index(serial))
            at = moment(began).timestamp()
            assert remote.recording.frame_at(serial, at).jpeg == run.recording.frame_at(serial, at).jpeg
            page = Page(remote, monkeypatch)
            assert page.view.may_seek
            page.say("seek", id=3, device_id=serial, at=at * 1000)
            [(content, buffers)] = page.of("past")
            assert (content["id"], content["found"], buffers[0][:3]) == (3, True, b"\xff\xd8\xff")


@pytest.mark.parametrize("by", ["method", "page"])
def test_it_can_be_cancelled(lab: em.Lab, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    run = lab.start(em.Plan([endless_module]))
    with em.connect(run.url) as remote:
        if by == "method":
            remote.cancel()
        else:
            page = Page(remote, monkeypatch)
            page.say("cancel", id=7)
            assert [(told["id"], told["refused"]) for told, _ in page.of("cancelled")] == [(7, None)]
        assert remote.wait(DEADLINE).status == "cancelled"
        remote.cancel()  # of one that has ended: no error
    assert run.wait(DEADLINE).status == "cancelled"


def test_a_page_is_told_why_it_was_not_cancelled(endless: em.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with Relay(endless.url) as relay, em.connect(relay.url) as remote:
        page = Page(remote, monkeypatch)
        relay.refusing = True
        page.say("cancel", id=7)
        [(told, _)] = page.of("cancelled")
        assert told["id"] == 7
        assert told["refused"]
    assert not endless.done


def test_closing_leaves_the_execution_as_it_is(endless: em.Run, no_leaks: None) -> None:
    remote = em.connect(endless.url)
    with pytest.raises(TimeoutError):
        remote.wait(0.05)
    remote.close()
    remote.close()
    assert remote.done
    with pytest.raises(ConnectionLost):
        remote.wait(DEADLINE)
    assert not endless.done


def test_a_lost_connection_is_shown_and_had_again(
    lab: em.Lab, endless: em.Run, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    [serial] = lab.serials
    with Relay(endless.url) as relay, em.connect(relay.url) as remote:
        page = Page(remote, monkeypatch)
        page.watch(serial)
        assert eventually(lambda: page.of("frame"))
        relay.refusing = True
        relay.cut()
        assert eventually(lambda: any("connection lost" in line for line in page.log()))
        assert "connection was lost" in page.of("problem")[0][0]["message"]
        frames = len(page.of("frame"))
        relay.refusing = False
        assert eventually(lambda: any("connected again" in line for line in page.log()))
        assert eventually(lambda: len(page.of("frame")) > frames)
        endless.cancel()
        assert remote.wait(DEADLINE).status == "cancelled"
        assert remote.state.errors == ()


def test_a_connection_lost_for_good_is_an_error_of_this_side(
    endless: em.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Relay(endless.url) as relay, em.connect(relay.url, reconnect_seconds=0.3) as remote:
        relay.refusing = True
        relay.cut()
        with pytest.raises(ConnectionLost):
            remote.wait(DEADLINE)
        [problem] = remote.state.errors
        assert (problem.code, "no more will be heard" in problem.message) == ("CONNECTION_LOST", True)


def test_of_one_that_has_ended_there_is_the_outcome(
    lab: em.Lab, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    run = lab.start(em.Plan([quick_module]))
    run.wait(DEADLINE)
    with em.connect(run.url) as remote:
        assert remote.wait(DEADLINE) == run.state
        page = Page(remote, monkeypatch)
        assert eventually(lambda: page.of("snapshot"))
        page.watch(lab.serials[0])
        assert eventually(lambda: page.of("problem"))
        assert "ended" in page.of("problem")[0][0]["message"]


def test_a_run_of_an_earlier_server_is_shown_with_what_its_device_showed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    with em.Lab(history=tmp_path) as lab:
        run = lab.start(em.Plan([quick_module], name="earlier"))
        ended = run.wait(DEADLINE)
        [serial] = lab.serials
        assert eventually(lambda: run.recording.index(serial)), "a quick run may end before its first picture"
    with em.Lab(history=tmp_path) as lab:
        with em.connect(lab.server.ws_url(run.execution_id)) as remote:
            assert remote.wait(DEADLINE).steps == ended.steps
            page = Page(remote, monkeypatch)
            assert eventually(lambda: page.of("snapshot"))
            assert not page.view.may_steer
            assert ended.started_at is not None
            assert remote.recording.frame_at(serial, moment(ended.started_at).timestamp()).jpeg
        with urllib.request.urlopen(lab.server.watch_url(run.execution_id)) as answer:
            assert "<title>earlier" in answer.read().decode()


def test_a_token_opens_the_socket_the_screenshots_and_the_cancelling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    with em.Lab(history=tmp_path, tokens={"ci": "secret"}) as lab:
        run = lab.start(em.Plan([quick_module, endless_module]))
        with pytest.raises(ExecutionError, match="UNAUTHORIZED"):
            em.connect(run.url)
        with em.connect(run.url.replace("ws:", "http:"), token="secret") as remote:
            assert eventually(lambda: remote.state.steps[0].status == "completed")
            remote.cancel()
            step, _ = remote.wait(DEADLINE).steps
            page = Page(remote, monkeypatch)
            page.say("screenshot", url=step.attempts[0].screenshot_url)
            assert page.of("screenshot")[0][0]["found"]
        with em.connect(f"{run.url}?execmon_token=secret") as remote:
            assert "secret" not in repr(remote) + remote.url
            assert remote.state.status == "cancelled"


def test_what_is_no_execution_is_told_at_once(lab: em.Lab, endless: em.Run, no_leaks: None) -> None:
    with pytest.raises(ValueError, match="ws://host:port/ws/executions/"):
        em.connect(lab.server.url)
    with pytest.raises(ExecutionError, match="INVALID_EXECUTION_ID"):
        em.connect(lab.server.ws_url("550e8400-e29b-41d4-a716-446655440000"))
    with pytest.raises(OSError, match="Connect call failed"):
        em.connect(f"ws://127.0.0.1:1/ws/executions/{endless.execution_id}")
    web = http.server.HTTPServer(("127.0.0.1", 0), Silent)
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    with pytest.raises(InvalidHandshake):
        em.connect(f"ws://127.0.0.1:{web.server_port}/ws/executions/{endless.execution_id}")
    web.shutdown()
    web.server_close()
    thread.join()


class Silent(http.server.SimpleHTTPRequestHandler):
    """A web server that has no such page."""

    def log_message(self, *_: object) -> None:
        pass


def test_a_run_elsewhere_is_paused_walked_through_and_resumed(lab: em.Lab) -> None:
    run = lab.prepare(em.Plan([quick_module, failing_module, quick_module], name="steered"))
    run.pause()
    run.start()
    with em.connect(run.url) as remote:
        remote.step()
        run.wait(DEADLINE, or_paused=True)
        assert [step.status for step in run.state.steps] == ["completed", "pending", "pending"]
        first, failed = (step.step_id for step in run.state.steps[:2])
        with pytest.raises(OSError, match="failing_module has not run yet"):
            remote.retry(failed)
        with pytest.raises(OSError, match="nobody is no device of this execution"):
            remote.pause("nobody")
        assert remote.retry(first) is remote
        remote.resume(lab.serials[0])
        assert run.wait(DEADLINE).status == remote.wait(DEADLINE).status == "completed"
        assert len(remote.state.steps[0].attempts) == 2
        assert remote.state == run.state
        with pytest.raises(OSError, match="has ended"):
            remote.pause()
        with remote.retry(first) as again:
            assert again.execution_id != run.execution_id
            assert again.state.continues == run.execution_id
            assert again.wait(DEADLINE).status == "completed"


def test_the_view_of_a_run_elsewhere_steers_it(lab: em.Lab) -> None:
    run = lab.prepare(em.Plan([quick_module]))
    with em.connect(run.url) as remote:
        assert remote.view.may_steer
        assert remote.view.pause_on_failure is None
        remote.view._hear(None, {"kind": "steer", "page": "p", "id": 1, "order": {"do": "pause"}}, [])
        assert [pause.status for pause in run.state.paused] == ["pausing"]
    run.cancel()


def test_a_step_of_a_run_that_has_ended_there_runs_again_and_is_shown_below(
    lab: em.Lab, monkeypatch: pytest.MonkeyPatch, no_leaks: None
) -> None:
    run = lab.start(em.Plan([quick_module], name="once"))
    [step] = run.wait(DEADLINE).steps
    with em.connect(run.url) as remote:
        page = Page(remote, monkeypatch)
        page.say("steer", id=1, order={"do": "retry", "step_id": step.step_id})
        [(answer, _)] = page.of("steered")
        assert (answer["refused"], answer["continued"]) == (None, True)
        again = page.view.again
        assert isinstance(again, ExecutionView)
        assert repr(again) == "ExecutionView('once (again)')"
        lab.runs[-1].wait(DEADLINE)
    assert lab.runs[-1].state.continues == run.execution_id


def test_the_view_of_a_run_that_may_only_be_looked_at_has_no_way_to_steer(tmp_path: Path) -> None:
    plan = em.Plan([quick_module])
    with em.Lab(history=tmp_path, record=False, view_only=True, plans={"quick": plan}) as lab:
        with urllib.request.urlopen(f"{lab.server.url}/api/v1/executions", b'{"plan": "quick"}') as answer:
            assert answer.status == 201
        run = lab.prepare(plan)
        with em.connect(run.url) as remote:
            assert not remote.view.may_steer
            assert not remote.view.may_cancel
            with pytest.raises(OSError, match="cannot steer"):
                remote.pause()
            with pytest.raises(OSError, match="cannot cancel"):
                remote.cancel()
