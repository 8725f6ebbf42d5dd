"""A device's own log: read line by line, each message once, whatever becomes of the device meanwhile."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.devices import Device, DevicePool, PrivateAdbServer
from execmon_lab.devices.logcat import BadFilter, Logcat, LogcatLine, Reader, checked, parsed
from execmon_lab.phone.process import PhoneProcess

Eventually = Callable[..., bool]

LINE = LogcatLine(1_763_000_000_123_456, 1234, 1240, "W", "My App", "careful: it is hot")


def written(line: LogcatLine) -> str:
    """A message as logcat writes it, a line for each of its own."""
    seconds, micros = divmod(line.at, 1_000_000)
    head = f"{seconds:>19}.{micros:06} {line.pid:5} {line.tid:5} {line.priority} {line.tag:<8}: "
    return "".join(f"{head}{text}\n" for text in line.message.split("\n"))


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        LogcatLine(1_000_000, 1, 1, "F", "x", ""),
        LogcatLine(LINE.at, 99_999, 100_000, "E", "AndroidRuntime", "\tat a.b.C.d(C.java:1)"),
        LogcatLine(LINE.at, 1, 1, "I", "a:b", "c: d"),
    ],
)
def test_a_line_is_read_as_it_was_written(line: LogcatLine) -> None:
    assert parsed(written(line).rstrip("\n")) == line


@pytest.mark.parametrize(
    "text", ["--------- beginning of main", "", "logcat: something else", "12.5 1 2 W tag: x"]
)
def test_what_is_no_line_is_passed_over(text: str) -> None:
    assert parsed(text) is None


messages = st.lists(
    st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=20), min_size=1, max_size=4
).map("\n".join)


@given(st.lists(messages, max_size=5), st.data())
def test_however_the_bytes_come_each_message_is_whole(texts: list[str], data: st.DataObject) -> None:
    lines = [LogcatLine(LINE.at + n, 7, 8, "W", "tag", text) for n, text in enumerate(texts)]
    sent = "".join(map(written, lines)).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=5)))
    found: list[LogcatLine] = []
    reader = Reader(found.append)
    for begin, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        if begin < end:
            reader.feed(sent[begin:end])
    reader.feed(b"")
    assert found == lines


@pytest.mark.parametrize("spec", ["*:W", "MyApp:D *:S", "MyApp", "a.b-c/d:v".replace("v", "V")])
def test_what_logcat_understands_is_a_filter(spec: str) -> None:
    assert checked(spec) == spec


@pytest.mark.parametrize("spec", ["", "  ", "*:X", "tag:", "a:b:W", "*:W :E"])
def test_what_it_does_not_is_refused_with_an_example(spec: str) -> None:
    with pytest.raises(BadFilter, match=r'as in "MyApp:D \*:W"'):
        checked(spec)


class Heard:
    """What is told of a device's log."""

    def __init__(self, device: Device, spec: str = "Test:V *:S") -> None:
        self.lines: list[tuple[LogcatLine, float]] = []
        self.failures: list[str] = []
        self.logcat = Logcat(
            device, spec, lambda line, at: self.lines.append((line, at)), self.failures.append
        )

    @property
    def messages(self) -> list[str]:
        return [line.message for line, _ in self.lines]


@pytest.fixture
def heard(device: Device) -> Iterator[Heard]:
    heard = Heard(device)
    yield heard
    heard.logcat.close()


def log(device: Device, message: str, priority: str = "w", tag: str = "Test") -> None:
    device.session().shell(["log", "-p", priority, "-t", tag, message])


def test_it_is_told_what_comes_from_its_start_on(
    heard: Heard, device: Device, eventually: Eventually
) -> None:
    log(device, "before")
    time.sleep(0.3)  # what is left of the way between the clocks
    began = time.time()
    heard.logcat.start(began)
    log(device, "first\nof two lines")
    log(device, "another's", tag="Other")
    log(device, "second", "v")
    assert eventually(lambda: len(heard.lines) >= 2)
    assert heard.messages == ["first\nof two lines", "second"]
    assert [line.priority for line, _ in heard.lines] == ["W", "V"]
    assert all(began - 0.5 <= at <= time.time() + 0.5 for _, at in heard.lines), "by this machine's clock"


def test_a_device_whose_clock_is_wrong_is_read_from_the_same_moment(
    heard: Heard, device: Device, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    monkeypatch.setattr("execmon_lab.devices.logcat.time.time", lambda: real() - 3600)
    began = real()
    heard.logcat.start(began - 3600)
    log(device, "an hour ahead")
    assert eventually(lambda: heard.lines)
    [(_, at)] = heard.lines
    assert began - 1 <= at + 3600 <= real() + 1


def test_nothing_is_lost_or_told_twice_when_the_connection_breaks(
    adb_server: PrivateAdbServer, own_phone: PhoneProcess, eventually: Eventually
) -> None:
    with DevicePool(adb_server, [own_phone.serial], heartbeat=0.3) as pool:
        device = pool.wait_available(own_phone.serial, timeout=30)
        heard = Heard(device)
        heard.logcat.start(time.time())
        for round in range(3):
            log(device, f"round {round}")
            assert eventually(lambda round=round: f"round {round}" in heard.messages)
            log(device, f"just before {round}")
            os.kill(adb_server.pid, signal.SIGKILL)
            pool.wait_available(own_phone.serial, timeout=30)
            assert eventually(lambda: _answers(device))
        log(device, "the end")
        assert eventually(lambda: "the end" in heard.messages)
        heard.logcat.close()
    expected = [text for n in range(3) for text in (f"round {n}", f"just before {n}")]
    assert heard.messages == [*expected, "the end"]
    assert heard.failures == []


def _answers(device: Device) -> bool:
    return device.online and device.answers()


def test_a_device_that_hangs_is_read_on_when_it_goes_on(
    adb_server: PrivateAdbServer, own_phone: PhoneProcess, eventually: Eventually
) -> None:
    with DevicePool(adb_server, [own_phone.serial], heartbeat=0.3, heartbeat_timeout=0.5) as pool:
        device = pool.wait_available(own_phone.serial, timeout=30)
        heard = Heard(device)
        heard.logcat.start(time.time())
        log(device, "before")
        assert eventually(lambda: heard.messages == ["before"])
        os.kill(own_phone.pid, signal.SIGSTOP)
        assert eventually(lambda: not device.online)
        os.kill(own_phone.pid, signal.SIGCONT)
        pool.wait_available(own_phone.serial, timeout=30)
        log(device, "after")
        assert eventually(lambda: heard.messages == ["before", "after"])
        heard.logcat.close()


def test_a_device_without_logcat_is_told_of_once(device: Device, eventually: Eventually) -> None:
    heard = Heard(device)
    heard.logcat._spec = ["-v", "no_such_format"]
    heard.logcat.start(time.time())
    assert eventually(lambda: heard.failures)
    heard.logcat.close()
    [failure] = heard.failures
    assert "no_such_format" in failure


def test_closing_ends_it_at_once_and_leaves_nothing_behind(heard: Heard, device: Device) -> None:
    heard.logcat.start(time.time())
    time.sleep(0.2)
    heard.logcat.close()
    heard.logcat.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("logcat-")]
    assert heard.failures == []


def test_one_that_was_never_started_can_be_closed(device: Device) -> None:
    Heard(device).logcat.close()
