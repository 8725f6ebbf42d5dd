"""The devices' own logs in a run's: with its steps, in the history, and for those who asked for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

import execmon_lab as em
from execmon_lab import runlogcat
from execmon_lab.client import sync
from execmon_lab.hub import Envelope
from execmon_lab.protocol import LogEntry
from execmon_lab.runlogcat import LINES_PER_SECOND

Eventually = Callable[..., bool]


@em.module(timeout=30)
def crashing_module(ctx: em.Context) -> None:
    ctx.device.start("android.intent.action.SENDTO", data="sms:5550100")
    ctx.device.shell(["log", "-p", "i", "-t", "MyApp", "all is well"])
    ctx.device.shell(["am", "crash", "com.android.messaging"])
    ctx.sleep(0.5)


@em.module(timeout=30)
def calm_module(ctx: em.Context) -> None:
    ctx.sleep(0.3)


def after(lab: em.Lab, said: str) -> em.Module:
    """Make a module that waits until the device's own log has come to a line."""
    come = threading.Event()

    def listen(envelope: Envelope) -> None:
        message = envelope.message
        if isinstance(message, LogEntry) and message.source == "logcat" and said in message.message:
            come.set()

    lab.hub.subscribe(">", listen, shaped=False)

    @em.module(timeout=60)
    def waiting_module(ctx: em.Context) -> None:
        assert come.wait(60)

    return waiting_module


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[em.Lab]:
    with em.Lab(history=tmp_path_factory.mktemp("history"), record=False) as lab:
        yield lab


def of_device(run: em.Run) -> list[LogEntry]:
    return [entry for entry in run.kept_log.entries if entry.source == "logcat"]


def test_a_crash_on_the_device_is_found_beside_the_step_that_it_happened_in(lab: em.Lab) -> None:
    run = lab.start(em.Plan([calm_module, crashing_module, after(lab, "FATAL EXCEPTION")]))
    state = run.wait(60)
    step = state.steps[1]
    [crash] = [entry for entry in of_device(run) if entry.level == "ERROR"]
    assert crash.message.startswith("AndroidRuntime: FATAL EXCEPTION: main\nProcess: com.android.messaging")
    assert "\n\tat android.os.Handler.dispatchMessage" in crash.message
    assert (crash.module_id, crash.step_id, crash.attempt) == ("crashing_module", step.step_id, 1)
    [attempt] = step.attempts
    assert str(attempt.started_at) <= crash.timestamp <= str(attempt.ended_at)
    assert not [entry for entry in of_device(run) if "all is well" in entry.message], "warnings and errors"

    frame = lab.history.logs(execution_id=run.execution_id, source="logcat", backend="polars")
    assert frame["message"].to_list() == [entry.message for entry in of_device(run)]
    assert list(lab.history.execution(run.execution_id).logs) == [*run.kept_log.entries]


def test_the_plan_says_what_is_read(lab: em.Lab) -> None:
    more = lab.start(em.Plan([crashing_module, after(lab, "all is well")], logcat="MyApp:I *:S"))
    more.wait(60)
    assert [(entry.level, entry.message) for entry in of_device(more)] == [("INFO", "MyApp: all is well")]
    none = lab.start(em.Plan([crashing_module], logcat=None))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("logcat-")]
    none.wait(60)
    assert of_device(none) == []
    with pytest.raises(ValueError, match="no logcat filter"):
        em.Plan([calm_module], logcat="everything please:")


def test_a_plain_client_is_sent_none_of_it(lab: em.Lab) -> None:
    heard: dict[bool, list[LogEntry]] = {}
    run = lab.prepare(em.Plan([crashing_module, after(lab, "FATAL EXCEPTION")]))
    connected = threading.Barrier(3, timeout=30)

    def listen(full: bool) -> None:
        with sync.connect(run.url, full=full) as execution:
            connected.wait()
            heard[full] = [message for message in execution if isinstance(message, LogEntry)]

    listeners = [threading.Thread(target=listen, args=(full,)) for full in (False, True)]
    for listener in listeners:
        listener.start()
    connected.wait()
    run.start()
    for listener in listeners:
        listener.join(60)
    assert any(entry.source == "logcat" for entry in heard[True])
    assert [e.message for e in heard[False]] == [e.message for e in heard[True] if e.source != "logcat"]


def test_it_ends_with_the_run(lab: em.Lab, eventually: Eventually) -> None:
    run = lab.start(em.Plan([calm_module]))
    run.wait(60)
    assert eventually(
        lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("logcat-")]
    )
    lab.pool.get(lab.serials[0]).session().shell(["log", "-p", "e", "-t", "MyApp", "too late"])
    assert not [entry for entry in of_device(run) if "too late" in entry.message]


def test_a_run_that_never_starts_leaves_nothing(lab: em.Lab) -> None:
    run = lab.prepare(em.Plan([calm_module]))
    run.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("logcat-")]


def test_lines_beyond_the_bound_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([1.0] * (LINES_PER_SECOND + 7) + [1.5, 2.0, 2.0])
    monkeypatch.setattr(runlogcat.time, "monotonic", lambda: next(seconds))
    budget = runlogcat._Budget()
    assert [budget.spend() for _ in range(LINES_PER_SECOND + 7)].count(True) == LINES_PER_SECOND
    assert budget.report() == 0, "not within the second"
    assert budget.report() == 7
