"""The command line: what it prints, and how it exits."""

import contextlib
import json
import re
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from execmon_lab.__main__ import main
from execmon_lab.cli import app, interruptible
from execmon_lab.client import sync
from execmon_lab.devices import AdbServer
from execmon_lab.protocol import ExecutionCompleted, decode_server
from tests.processes import DEADLINE, Child, Ended, execmon_lab

PLAN = """
import execmon_lab as em

@em.module
def passes(ctx):
    ctx.log.info("hello")

@em.module
def fails(ctx):
    ctx.expect(False, "the sky is green")

@em.module
def stays(ctx):
    ctx.sleep(600)

good = em.Plan([passes])
bad = em.Plan([passes, fails])
long = em.Plan([stays])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "suite.py").write_text(PLAN)
    return tmp_path


def run(folder: Path, *arguments: str) -> Ended:
    with execmon_lab(folder, *arguments) as process:
        return process.ended()


def test_the_id_and_the_address_come_first(folder: Path) -> None:
    status, out, err = run(folder, "run", "suite:good")
    identifier, address, page, *lines = out.splitlines()
    assert re.fullmatch(r"execution [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", identifier)
    assert re.fullmatch(rf"ws://127\.0\.0\.1:\d+/ws/executions/{identifier.split()[1]}", address)
    assert re.fullmatch(rf"in a browser: http://127\.0\.0\.1:\d+/watch/{identifier.split()[1]}", page)
    assert lines[0].startswith("✓ passes")
    assert "completed: 1 passed, 0 failed, 1 steps" in lines[1]
    assert (status, err) == (0, "")


def test_a_failed_step_exits_with_1(folder: Path) -> None:
    status, out, _ = run(folder, "run", "suite:bad")
    assert "ASSERTION_FAILED: the sky is green" in out
    assert status == 1


def test_json_is_every_message_one_a_line(folder: Path) -> None:
    status, out, _ = run(folder, "run", "suite:good", "--json")
    messages = [decode_server(line) for line in out.splitlines()[2:]]
    assert {message.type_name() for message in messages} >= {"execution_state", "step_completed", "log_entry"}
    assert isinstance(messages[-1], ExecutionCompleted)
    assert json.loads(out.splitlines()[2])["type"] == "execution_state"
    assert status == 0


def test_it_waits_for_a_client_and_holds_the_server(folder: Path) -> None:
    with execmon_lab(folder, "run", "suite:good", "--wait-for-client", "--hold", "600") as process:
        process.stdout.readline()
        with sync.connect(process.stdout.readline().strip()) as execution:
            assert isinstance(list(execution)[-1], ExecutionCompleted)
        assert process.poll() is None, "the server is held"
        process.send_signal(signal.SIGINT)
        status, _, err = process.ended()
    assert (status, err) == (0, ""), "an interrupted hold leaves the run's own status"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_that_wakes_nobody_is_not_lost(number: signal.Signals) -> None:
    """Another thread takes the signal, as the system may have it, so that it breaks off no wait."""
    before = signal.getsignal(number)
    blocked, interrupted, given_up = threading.Event(), threading.Event(), threading.Event()

    def interrupt() -> None:
        blocked.wait()
        time.sleep(0.2)  # by then it is blocked, most of the time
        signal.pthread_kill(threading.get_ident(), number)
        if not interrupted.wait(60):
            given_up.set()

    other = threading.Thread(target=interrupt)
    other.start()
    with interruptible():
        blocked.set()
        with pytest.raises(KeyboardInterrupt):
            given_up.wait()
    interrupted.set()
    other.join()
    assert not given_up.is_set(), "the wait went on"
    assert signal.getsignal(number) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_exits_with_130_and_ends_all(folder: Path, number: signal.Signals) -> None:
    with execmon_lab(folder, "run", "suite:long") as process:
        process.stdout.readline()
        process.stdout.readline()
        process.send_signal(number)
        status, _, err = process.ended()
    assert status == 130
    assert "Traceback" not in err


def test_who_stops_reading_ends_it_without_a_word(folder: Path) -> None:
    with execmon_lab(folder, "run", "suite:good", "--json") as process:
        process.stdout.readline()
        process.stdout.close()
        assert (process.wait(DEADLINE), process.complaints()) == (1, "")


def test_an_interrupt_while_the_libraries_load_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    class Loading(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "execmon_lab.cli", Loading("execmon_lab.cli"))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (["run", "nothing"], 2, "use 'demo', a Python file"),
        (["run", "suite.py"], 2, "name one of them 'plan'"),
        (["run", "suite:good", "--phones", "0"], 2, "phones"),
        (["run", "demo", "--device", ""], 2, "a serial is empty"),
        (["run"], 2, "PLAN"),
        (["phone", "--size", "big"], 2, "720x1280"),
    ],
)
def test_wrong_usage_exits_with_2(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int, complaint: str
) -> None:
    monkeypatch.chdir(folder)
    told = CliRunner().invoke(app, arguments, env={"COLUMNS": "120"})
    assert (told.exit_code, complaint in told.stderr) == (status, True), told.stderr
    assert isinstance(told.exception, SystemExit), "nothing else got through"


def test_a_taken_port_is_told(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, _, err = run(folder, "run", "suite:good", "--port", str(port))
    assert (status, f"port {port}" in err) == (2, True), err


def test_what_cannot_be_written_is_no_taken_port(folder: Path) -> None:
    words = [sys.executable, "-m", "execmon_lab", "run", "suite:good"]
    home = {"XDG_DATA_HOME": str(folder)}
    with Path("/dev/full").open("w") as full, Child(words, cwd=folder, env=home, stdout=full) as process:
        assert process.wait(DEADLINE) == 1
        assert "No space left" in process.complaints()
        assert "cannot serve" not in process.complaints()


def test_no_device_exits_with_3(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with AdbServer.private() as server:
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(server.port))
        status, _, err = run(folder, "run", "suite:good", "--device", "R58M")
        assert (status, "R58M" in err) == (3, True), err
        assert run(folder, "devices")[0] == 3


def test_a_phone_for_ones_own_adb(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with AdbServer.private() as server:
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(server.port))
        with execmon_lab(folder, "phone") as process:
            serial = process.stdout.readline().split()[1]
            status, out, _ = run(folder, "run", "suite:good", "--json", "--device", serial)
            assert (status, serial in out) == (0, True)
            status, out, _ = run(folder, "devices")
            assert (status, serial in out, "available" in out) == (0, True, True)
            process.send_signal(signal.SIGINT)
            assert process.ended().status == 0


def test_labs_in_two_processes_disturb_neither_each_other_nor_the_users_adb(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with AdbServer.private() as users:
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(users.port))
        pid = users.pid
        with contextlib.ExitStack() as stack:
            words = ("run", "suite:good", "--json")
            runs = [stack.enter_context(execmon_lab(folder, *words)) for _ in range(2)]
            outcomes = [process.ended() for process in runs]
        assert [outcome.status for outcome in outcomes] == [0, 0]
        serials = [re.search(r"emulator-\d+", outcome.out) for outcome in outcomes]
        assert serials[0] is not None
        assert serials[1] is not None
        assert serials[0].group() != serials[1].group()
        assert users.client.device_list() == []
        assert users.pid == pid


@pytest.mark.parametrize(
    ("words", "version"),
    [(["api"], "asyncapi"), (["api", "asyncapi"], "asyncapi"), (["api", "openapi"], "openapi")],
)
def test_the_documents_of_the_api_are_printed(words: list[str], version: str) -> None:
    done = CliRunner().invoke(app, words)
    assert (done.exit_code, json.loads(done.stdout)[version][0]) == (0, "3")
