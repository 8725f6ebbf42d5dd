"""Commands on a device."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from execmon_lab.devices import (
    AdbError,
    AdbTimeout,
    Command,
    Device,
    DeviceSession,
    SessionClosed,
)

Eventually = Callable[..., bool]


def test_a_command_gives_what_it_wrote_its_last_newline_kept(session: DeviceSession) -> None:
    assert session.shell(["echo", "hello"]) == "hello\n"


def test_words_reach_the_device_as_they_are(session: DeviceSession) -> None:
    words = ["it's", "a  b", "$HOME", "`id`", "*", "ü€", '"']
    assert session.shell(["echo", *words]) == " ".join(words) + "\n"


def test_a_line_is_for_the_devices_shell(session: DeviceSession) -> None:
    assert session.shell("echo one; echo two | wc -l").split() == ["one", "1"]


def test_output_errors_and_exit_code_come_apart(session: DeviceSession) -> None:
    result = session.run("echo out; echo err >&2; exit 7")
    assert result == (b"out\n", b"err\n", 7)


def test_an_exit_code_is_an_error_with_what_the_command_complained_of(session: DeviceSession) -> None:
    with pytest.raises(AdbError, match="failed with exit code 3: no way") as caught:
        session.shell("echo no way >&2; exit 3")
    assert caught.value.code == "ADB_ERROR"
    assert caught.value.exit_code == 3
    assert caught.value.output == "no way\n"


def test_an_exit_code_may_be_let_pass(session: DeviceSession) -> None:
    assert session.shell("echo out; exit 3", check=False) == "out\n"


@pytest.mark.parametrize("size", [0, 1, 100_000, 3_000_000])
def test_what_goes_in_comes_out(session: DeviceSession, size: int) -> None:
    data = bytes(i % 251 for i in range(size))
    assert session.run("cat", stdin=data, timeout=60).stdout == data


def test_exec_out_is_untouched(session: DeviceSession) -> None:
    assert session.exec_out(["printf", r"a\r\n\0b"]) == b"a\r\n\0b"


def test_a_property_is_read(session: DeviceSession) -> None:
    assert session.getprop("sys.boot_completed") == "1"
    assert session.getprop("no.such.property") == ""


def test_a_command_past_its_deadline_is_told_as_the_specification_does(session: DeviceSession) -> None:
    with pytest.raises(AdbTimeout, match=r"^ADB command timed out after 0\.3 seconds$") as caught:
        session.shell("sleep 60", timeout=0.3)
    assert caught.value.code == "ADB_TIMEOUT"
    assert caught.value.command == "adb shell sleep 60"


def test_output_does_not_put_the_deadline_off(session: DeviceSession) -> None:
    with pytest.raises(AdbTimeout):
        session.shell("while true; do echo tick; sleep 0.05; done", timeout=0.5)


class TestTheObserver:
    def test_it_is_told_at_the_start_and_at_the_end(self, device: Device) -> None:
        told: list[tuple[str, str, int | None]] = []
        device.session(lambda c: told.append((c.message, c.outcome, c.exit_code))).run("exit 4")
        message = "Executing ADB command: adb shell exit 4"
        assert told == [(message, "running", None), (message, "completed", 4)]

    def test_it_is_told_how_long_and_from_when(self, device: Device) -> None:
        told: list[Command] = []
        device.session(told.append).shell("sleep 0.1")
        assert told[-1].duration_seconds is not None
        assert told[-1].duration_seconds >= 0.1
        assert told[-1].started.tzinfo is not None

    def test_it_is_told_of_the_fault(self, device: Device) -> None:
        told: list[Command] = []
        with pytest.raises(AdbTimeout):
            device.session(told.append).shell("sleep 60", timeout=0.1)
        assert told[-1].outcome == "failed"
        assert isinstance(told[-1].error, AdbTimeout)

    def test_its_failure_is_its_own(self, device: Device, caplog: pytest.LogCaptureFixture) -> None:
        def fail(command: Command) -> None:
            raise RuntimeError("the observer is broken")

        assert device.session(fail).shell("echo on") == "on\n"
        assert "the observer of adb shell echo on failed" in caplog.text


class TestInterrupting:
    def test_a_session_that_is_interrupted_is_over(self, device: Device, eventually: Eventually) -> None:
        running = threading.Event()
        session = device.session(lambda command: running.set())
        caught: list[BaseException] = []

        def step() -> None:
            try:
                session.shell("sleep 60", timeout=90)
            except SessionClosed as error:
                caught.append(error)

        thread = threading.Thread(target=step)
        thread.start()
        assert running.wait(20)
        session.interrupt("the module took too long")
        thread.join(20)
        assert [str(error) for error in caught] == ["the module took too long"]
        with pytest.raises(SessionClosed):
            session.shell("true")
        with pytest.raises(SessionClosed):
            session.screenshot()

    def test_others_go_on(self, device: Device) -> None:
        one, other = device.session(), device.session()
        one.interrupt()
        assert other.shell("echo on") == "on\n"

    def test_a_device_that_is_interrupted_goes_on_with_the_next(self, device: Device) -> None:
        running = threading.Event()
        session = device.session(lambda command: running.set())

        def interrupt() -> None:
            running.wait(20)
            device.session().shell("sleep 0.1")  # the other command has reached the device by now
            device.interrupt()

        threading.Thread(target=interrupt).start()
        with pytest.raises(SessionClosed, match="were interrupted"):
            session.shell("sleep 60", timeout=90)
        assert session.shell("echo on") == "on\n"
