"""The lab: it runs plans on a virtual phone, and closing it ends all that it started."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import psutil
import pytest

import execmon_lab as em
from execmon_lab.client import sync
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.preview.scrcpy import jar
from execmon_lab.protocol import ExecutionCompleted, ExecutionSnapshot, LogEntry, StepCompleted
from tests import processes


@em.module(timeout=20)
def call_test_module(ctx: em.Context) -> None:
    ctx.log.info("about to go home")
    ctx.device.home()


@em.module(timeout=20)
def endless_module(ctx: em.Context) -> None:
    ctx.sleep(600)


@em.module(timeout=60, retries=1)
def patient_module(ctx: em.Context) -> None:
    ctx.log.info("working")
    for _ in range(3):
        ctx.device.shell("sleep 0.5")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[em.Lab]:
    with em.Lab(history=tmp_path_factory.mktemp("history")) as lab:
        yield lab


def test_a_plan_runs_on_the_virtual_phone(lab: em.Lab) -> None:
    run = lab.start(em.Plan([call_test_module], name="home"))
    state = run.wait(60)
    assert (state.name, state.status, state.progress_percentage) == ("home", "completed", 100)
    [step] = state.steps
    assert (step.module_id, step.device_id, step.status) == ("call_test_module", lab.serials[0], "completed")
    assert step.attempts[0].screenshot_url is not None
    assert run.state == state
    assert run.done


def test_anyone_can_follow_it(lab: em.Lab) -> None:
    run = lab.prepare(em.Plan([call_test_module]))
    with sync.connect(run.url) as execution:
        run.start()
        messages = list(execution)
    assert isinstance(messages[0], ExecutionSnapshot)
    assert isinstance(messages[-1], ExecutionCompleted)
    assert any(isinstance(message, StepCompleted) for message in messages)
    said = [message.message for message in messages if isinstance(message, LogEntry)]
    assert "about to go home" in said
    assert "Executing ADB command: adb shell input keyevent KEYCODE_HOME" in said


def test_a_run_can_be_cancelled(lab: em.Lab) -> None:
    run = lab.start(em.Plan([endless_module, call_test_module]))
    assert not run.done
    run.cancel()
    state = run.wait(30)
    assert state.status == "cancelled"
    assert [step.status for step in state.steps] == ["failed", "pending"]


def test_waiting_too_short_is_told_and_ends_nothing(lab: em.Lab) -> None:
    run = lab.start(em.Plan([endless_module]))
    with pytest.raises(TimeoutError):
        run.wait(0.05)
    assert not run.done
    run.cancel()
    run.wait(30)


def test_the_screenshots_are_kept_in_the_history(lab: em.Lab, tmp_path: Path) -> None:
    with em.Lab(history=tmp_path) as other:
        other.start(em.Plan([call_test_module])).wait(60)
    assert len(list(tmp_path.glob("artifacts/screenshots/*.png"))) == 1


def test_two_labs_do_not_disturb_each_other(lab: em.Lab, tmp_path: Path) -> None:
    with em.Lab(history=tmp_path) as other:
        assert set(other.serials).isdisjoint(lab.serials)
        runs = [each.start(em.Plan([call_test_module])) for each in (lab, other)]
        assert [run.wait(60).status for run in runs] == ["completed", "completed"]
    assert lab.start(em.Plan([call_test_module])).wait(60).status == "completed"


def test_several_phones_run_the_plan_each_or_share_it(tmp_path: Path) -> None:
    with em.Lab(phones=2, history=tmp_path) as lab:
        each = lab.start(em.Plan([call_test_module] * 2)).wait(60)
        assert [step.device_id for step in each.steps].count(lab.serials[0]) == 2
        assert len(each.steps) == 4
        shared = lab.start(em.Plan([call_test_module] * 4, distribution="shared")).wait(60)
        assert [step.status for step in shared.steps] == ["completed"] * 4
        one = lab.start(em.Plan([call_test_module]), devices=[lab.serials[1]]).wait(60)
        assert [step.device_id for step in one.steps] == [lab.serials[1]]


def test_closing_ends_all_that_was_started(tmp_path: Path) -> None:
    threads = set(threading.enumerate())
    children = set(psutil.Process().children(recursive=True))
    lab = em.Lab(history=tmp_path)
    run = lab.start(em.Plan([endless_module]))
    watch = lab.preview.watch(lab.serials[0], "low", lambda frame: None)
    lab.close()
    lab.close()
    watch.close()
    assert run.state.status == "cancelled"
    assert set(threading.enumerate()) <= threads
    assert set(psutil.Process().children(recursive=True)) <= children
    with pytest.raises(em.LabClosed, match="make a new one"):
        lab.start(em.Plan([call_test_module]))
    assert repr(lab) == "Lab(closed)"


def test_a_run_keeps_what_its_device_showed(lab: em.Lab, tmp_path: Path) -> None:
    run = lab.start(em.Plan([patient_module]))
    run.wait(60)
    video = run.video(tmp_path / "run.mp4")
    [serial] = lab.serials
    assert run.recording.devices() == [serial]
    begin, end = run.recording.span(serial)
    assert 1 <= end - begin <= 60
    frame = run.recording.frame_at(serial, end)
    assert (frame.width, frame.height) == (720, 1280)
    with av.open(str(video)) as container:
        frames = list(container.decode(video=0))
    assert frames[0].time == 0
    assert frames[-1].time == pytest.approx(end - begin, abs=0.01)


def test_a_run_that_is_not_recorded_has_no_pictures(tmp_path: Path) -> None:
    with em.Lab(history=tmp_path, record=False) as lab:
        run = lab.start(em.Plan([call_test_module]))
        run.wait(60)
        assert lab.preview.stats() == {}
        assert run.recording.devices() == []
        with pytest.raises(LookupError, match="no pictures"):
            run.video()


@pytest.mark.parametrize(("arguments", "fps"), [({}, 12), ({"fps": 15}, 15)])
def test_the_rate_of_the_pictures_is_the_users_to_set(
    tmp_path: Path, arguments: dict[str, float], fps: float
) -> None:
    with em.Lab(history=tmp_path, **arguments) as lab:  # type: ignore[arg-type]
        assert lab.preview._fps == fps, "how fast they come is not to be asked of a busy machine"


def test_a_folder_that_takes_no_recording_is_a_warning_and_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "recordings").write_text("a file where a folder should be")
    with em.Lab(history=tmp_path) as lab:
        run = lab.start(em.Plan([patient_module]))
        assert run.wait(60).status == "completed"
        [line] = [entry for entry in run._tail.entries() if entry.module_id == "recording"]
        assert line.level == "WARN"
        assert "Nothing more is recorded" in line.message


def test_a_source_that_does_not_work_is_told_once_in_the_runs_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., bool]
) -> None:
    monkeypatch.setattr(jar, "BUILT_IN", "ro.execmon.none")
    monkeypatch.setenv(jar.ENVIRONMENT, "/nowhere/scrcpy-server")
    with em.Lab(history=tmp_path, source="scrcpy") as lab:
        run = lab.start(em.Plan([patient_module] * 2))
        assert run.wait(60).status == "completed"
        [line] = [entry for entry in run._tail.entries() if entry.module_id == "preview"]
        assert (line.level, line.device_id) == ("WARN", lab.serials[0])
        assert "shown by screencap" in line.message
        assert "there is no scrcpy server on this machine: install scrcpy" in line.message
        assert eventually(lambda: run.recording.index(lab.serials[0])), "and it was recorded all the same"


def test_completion_offers_the_names_for_users_and_each_of_them_is_there_and_explained() -> None:
    offered = [name for name in dir(em) if not name.startswith("_")]
    assert set(em.__all__) < set(offered)
    assert not [name for name in offered if not getattr(em, name).__doc__]
    assert not {"Any", "TYPE_CHECKING", "import_module"} & set(offered)


def test_what_only_some_need_is_not_imported_before_they_need_it() -> None:
    program = "import sys, execmon_lab as em; em.Lab, em.widgets, em.demo; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "execmon_lab.widgets.view" in imported
    heavy = {"av", "jinja2", "narwhals", "numpy", "pandas", "polars", "simplejpeg", "typst", "vl_convert"}
    assert not heavy & imported


@pytest.mark.parametrize("fault", ["phone killed", "phone stopped", "adb server killed"])
def test_a_fault_in_a_step_is_told_and_the_plan_goes_on(
    fault: str, tmp_path: Path, no_leaks: None, eventually: Callable[..., bool]
) -> None:
    with em.Lab(history=tmp_path, heartbeat=0.5) as lab:
        [phone] = lab.phones
        run = lab.start(em.Plan([patient_module, call_test_module]))
        assert eventually(lambda: run.state.steps[0].status == "running")
        if fault == "phone killed":
            phone.kill()
        elif fault == "phone stopped":
            phone.pause()
        else:
            os.kill(lab.pool.server.pid, signal.SIGKILL)
        assert eventually(lambda: run.state.steps[0].attempts[0].status == "failed")
        if fault == "phone killed":
            phone.restart()
        elif fault == "phone stopped":
            phone.resume()
        state = run.wait(60)
    [lost, *_] = state.errors
    assert (lost.code, lost.device_id) == ("DEVICE_DISCONNECTED", phone.serial)
    assert state.steps[0].attempts[0].error_code == "DEVICE_DISCONNECTED"
    assert state.status == "completed"
    assert [step.status for step in state.steps] == ["completed", "completed"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"devices": []}, "devices is empty"),
        ({"devices": ""}, "devices is empty"),
        ({"phones": 0}, "phones must be 1 or more"),
        ({"source": "camera"}, "source is 'camera'; there are auto, screencap, scrcpy"),
        ({"size": (0, 0)}, r"size is a width and a height of 240 to 4096 pixels, not \(0, 0\)"),
        ({"port": 70_000}, "port is 70000: give 1 to 65535, or 0 for a free one"),
        ({"heartbeat": 0}, "heartbeat is 0: give seconds, more than 0"),
        ({"fps": 16}, "fps is 16; give 10 to 15"),
    ],
)
def test_contradictions_are_told(arguments: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        em.Lab(**arguments)  # type: ignore[arg-type]


def test_a_plan_for_clients_that_is_none_is_told_before_anything_starts() -> None:
    with pytest.raises(TypeError, match="plan 'nightly' is 5: give a Plan, or a function that makes one"):
        em.Lab(plans={"nightly": 5})  # type: ignore[dict-item]


def test_a_stranger_s_serial_is_refused(lab: em.Lab) -> None:
    with pytest.raises(ValueError, match=r"no such device in this lab: emulator-1; it has emulator-\d+"):
        lab.start(em.Plan([call_test_module]), devices=["emulator-1"])


def test_what_is_no_plan_is_refused(lab: em.Lab) -> None:
    with pytest.raises(
        TypeError, match=r"a lab runs a plan, not <Module call_test_module\(\)>: make one with"
    ):
        lab.start(call_test_module)  # type: ignore[arg-type]


def test_a_start_on_a_busy_device_is_refused_and_leaves_no_run(lab: em.Lab) -> None:
    [serial] = lab.serials
    first = lab.start(em.Plan([endless_module]), devices=serial)
    known = list(lab.runs)
    with pytest.raises(em.NoDevice, match=r"is busy; .*, or have Lab\.enqueue wait"):
        lab.start(em.Plan([call_test_module]))
    assert lab.runs == known
    first.cancel()
    first.wait(20)


def test_a_failed_start_leaves_nothing_behind(lab: em.Lab, tmp_path: Path) -> None:
    threads = set(threading.enumerate())
    children = set(psutil.Process().children(recursive=True))
    with pytest.raises(OSError, match="in use"):
        em.Lab(port=lab.server.port, history=tmp_path)
    assert set(threading.enumerate()) <= threads
    assert set(psutil.Process().children(recursive=True)) <= children


_FORGETFUL = """
import execmon_lab as em
from execmon_lab.client import sync

@em.module
def waits(ctx):
    ctx.sleep(60)

lab = em.Lab(history={folder!r})
run = lab.start(em.Plan([waits]))
execution = sync.connect(run.url).__enter__()
execution.start_preview(lab.serials[0])
while execution.next().type_name() != "preview_frame":
    pass
print(*(phone.pid for phone in lab.phones), lab.pool.server.pid, flush=True)
"""


def test_an_interrupted_start_leaves_no_process_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(phone: PhoneProcess) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(PhoneProcess, "_first_line", interrupted)
    children = set(psutil.Process().children(recursive=True))
    with pytest.raises(
        KeyboardInterrupt
    ) as kept:  # as a notebook keeps the last traceback, with all it holds
        em.Lab(history=tmp_path)
    assert set(psutil.Process().children(recursive=True)) <= children
    assert kept


def test_a_lab_that_was_never_closed_ends_with_its_program(
    tmp_path: Path, eventually: Callable[..., bool]
) -> None:
    script = _FORGETFUL.format(folder=str(tmp_path))
    ended = processes.run([sys.executable, "-c", script])
    assert (ended.status, ended.err) == (0, "")
    assert eventually(lambda: not any(psutil.pid_exists(int(pid)) for pid in ended.out.split()))


def test_the_users_adb_server_is_left_alone(lab: em.Lab) -> None:
    assert os.environ.get("ANDROID_ADB_SERVER_PORT") != str(lab.pool.server.port)
    assert lab.pool.server.port != 5037
