"""Gestures on a phone: in order, never blocking, told in the log, refused with a reason."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from execmon_lab.control import AnyGesture, Key, ManualControl, Pick, Scroll, Swipe, Tap, Text, hand
from execmon_lab.devices import AdbTimeout, Device, DevicePool, DeviceSession, PrivateAdbServer
from execmon_lab.hub import Envelope, Hub
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.protocol import ExecutionCompleted, ExecutionPaused, ExecutionProgress, LogEntry
from tests.strategies import EXECUTION, fresh, stamp

Eventually = Callable[..., bool]


class Told:
    """Collects answers and log lines."""

    def __init__(self) -> None:
        self.answers: list[tuple[AnyGesture, str | None]] = []
        self.lines: list[tuple[str, str]] = []

    def hear(self, envelope: Envelope) -> None:
        if isinstance(envelope.message, LogEntry):
            assert envelope.message.module_id == "manual"
            self.lines.append((envelope.message.level, envelope.message.message))

    @property
    def refused(self) -> list[str | None]:
        return [refused for _, refused in self.answers]


@pytest.fixture
def hub() -> Hub:
    hub = Hub()
    hub.publish(fresh())
    return hub


@pytest.fixture
def told(hub: Hub) -> Told:
    told = Told()
    hub.subscribe(f"execution.{EXECUTION}.log_entry", told.hear)
    return told


@pytest.fixture
def control(pool: DevicePool, hub: Hub) -> Iterator[ManualControl]:
    control = ManualControl(pool, hub, EXECUTION)
    yield control
    control.close()


@pytest.fixture
def send(
    control: ManualControl, told: Told, phone: PhoneProcess, session: DeviceSession
) -> Callable[[AnyGesture], None]:
    size = session.size

    def _send(gesture: AnyGesture, picture: tuple[int, int] = (size[0] // 2, size[1] // 2)) -> None:
        control.send(phone.serial, gesture, picture, lambda why: told.answers.append((gesture, why)))

    return _send


Send = Callable[..., None]


def test_a_tap_on_the_picture_reaches_what_it_shows(
    send: Send, told: Told, session: DeviceSession, eventually: Eventually
) -> None:
    session.home()
    session.start(package="com.android.settings")
    width, height = session.size
    x, y = session.wait_for("About phone").bounds.center
    send(Tap(x=(x + 0.5) / width, y=(y + 0.5) / height))
    session.wait_for("Virtual Phone")
    assert eventually(lambda: told.refused == [None])
    assert told.lines == [("INFO", f"Manual: tap {x} {y}")]
    send(Key(key="back"))
    session.wait_for("About phone")


def test_on_a_turned_screen_too(
    send: Send, told: Told, session: DeviceSession, eventually: Eventually
) -> None:
    session.home()
    session.start(package="com.android.settings")
    session.shell(["settings", "put", "system", "user_rotation", "1"])
    try:
        assert eventually(lambda: session.screenshot().width == max(session.size))
        width, height = session.screenshot().size
        x, y = session.wait_for("Display").bounds.center
        send(Tap(x=(x + 0.5) / width, y=(y + 0.5) / height), (width // 2, height // 2))
        session.wait_for("Dark theme")
        assert told.lines[0] == ("INFO", f"Manual: tap {x} {y}")
    finally:
        session.shell(["settings", "put", "system", "user_rotation", "0"])
        assert eventually(lambda: session.screenshot().height == max(session.size))


def test_typing_keeps_its_order(
    send: Send, told: Told, session: DeviceSession, eventually: Eventually
) -> None:
    session.start("android.intent.action.SENDTO", data="sms:5550100")
    session.tap_on("Text message")
    for part in ("it's ", "5 ", "o'clockk"):
        send(Text(text=part))
    send(Key(key="backspace"))
    session.wait_for("it's 5 o'clock")
    assert eventually(lambda: told.refused == [None] * 4)
    session.home()


def test_a_picture_of_another_shape_is_refused(send: Send, told: Told, eventually: Eventually) -> None:
    send(Tap(x=0.5, y=0.5), (300, 300))
    assert eventually(lambda: told.answers)
    assert "300x300" in str(told.refused[0])
    assert told.lines == []


def test_after_the_end_of_the_execution_its_log_is_closed(
    send: Send, told: Told, hub: Hub, eventually: Eventually
) -> None:
    hub.publish(
        ExecutionCompleted(
            execution_id=EXECUTION,
            status="completed",
            duration_seconds=1,
            total_steps=3,
            successful_steps=3,
            failed_steps=0,
            report_url="/r",
            timestamp=stamp(9),
        )
    )
    send(Key(key="home"))
    assert eventually(lambda: told.refused == [None])
    assert told.lines == []


def test_an_unknown_device_is_refused(control: ManualControl) -> None:
    refused: list[str | None] = []
    control.send("R58M", Key(key="home"), (1, 1), refused.append)
    assert "no device R58M" in str(refused[0])


class Slow:
    """A session whose gestures take as long as a test likes."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.begun = threading.Event()
        self.done: list[str] = []
        self.size = self.rotated_size = (1000, 2000)

    def tap(self, x: int, y: int) -> None:
        self.begun.set()
        assert self.free.wait(20)
        self.done.append(f"tap {x} {y}")

    def hierarchy(self, timeout: float = 5.0) -> None:
        raise AdbTimeout("adb shell uiautomator dump", timeout)

    def swipe(self, x1: int, y1: int, x2: int, y2: int, duration: float = 0.3) -> None:
        self.done.append(f"swipe {x1} {y1} {x2} {y2}")

    def text(self, text: str) -> None:
        self.done.append(f"text {text}")

    def key(self, key: str | int) -> None:
        self.done.append(f"key {key}")

    def interrupt(self, reason: str = "") -> None:
        self.free.set()


@pytest.fixture
def slow(device: Device, monkeypatch: pytest.MonkeyPatch) -> Slow:
    session = Slow()
    monkeypatch.setattr(Device, "session", lambda self, observer=None: session)
    return session


TAP = Tap(x=0, y=0)
SLOW_PICTURE = (500, 1000)


def test_what_waits_is_bounded_and_none_of_it_is_lost_unsaid(
    send: Send, told: Told, slow: Slow, eventually: Eventually
) -> None:
    send(TAP, SLOW_PICTURE)
    assert slow.begun.wait(20)
    send(Swipe(x1=0, y1=0, x2=0, y2=0.5), SLOW_PICTURE)
    for _ in range(4):
        send(Scroll(x=0.5, y=0.5, dy=0.0625), SLOW_PICTURE)
    for character in "abc":
        send(Text(text=character))
    for _ in range(hand.QUEUE):
        send(Key(key="tab"))
    assert told.refused == ["the device is slow: 16 touches wait already"] * 3, "told while it is busy"
    slow.free.set()
    assert eventually(lambda: len(told.answers) == 3 + 1 + 1 + 4 + 3 + 13)
    assert slow.done[:4] == ["tap 0 0", "swipe 0 0 0 1000", "swipe 500 1000 500 500", "text abc"]
    assert slow.done[4:] == ["key KEYCODE_TAB"] * 13


def test_a_text_of_many_lines_waits_as_one_and_keeps_its_order(
    send: Send, told: Told, control: ManualControl, slow: Slow, eventually: Eventually
) -> None:
    lines = [f"line {number}" for number in range(3 * hand.QUEUE)]
    send(TAP, SLOW_PICTURE)
    assert slow.begun.wait(20)
    send(Text(text="\n".join(lines)))
    slow.free.set()
    assert eventually(lambda: told.refused == [None, None])
    typed = [f"text {line}" for line in lines]
    assert slow.done[1::2] == typed
    assert slow.done[2::2] == ["key KEYCODE_ENTER"] * (len(lines) - 1)
    assert control.script.text().splitlines()[1:3] == [
        'ctx.device.text("line 0")',
        'ctx.device.key("KEYCODE_ENTER")',
    ]


def test_what_the_device_cannot_type_is_told_and_how_far_it_came(
    send: Send, told: Told, session: DeviceSession, eventually: Eventually
) -> None:
    session.start("android.intent.action.SENDTO", data="sms:5550100")
    session.tap_on("Text message")
    send(Text(text="日本"))
    assert eventually(lambda: told.answers)
    assert "cannot type '日本'" in str(told.refused[0])
    session.find("Text message")
    assert told.lines[-1][0] == "WARN"
    send(Text(text="one\n🙂\nthree"))
    assert eventually(lambda: len(told.answers) == 2)
    assert str(told.refused[1]).startswith("of 5 parts the first 2 were typed: Android's `input` cannot type")
    session.home()


def test_the_least_turn_of_the_wheel_is_no_tap(
    send: Send, told: Told, session: DeviceSession, eventually: Eventually
) -> None:
    session.home()
    session.stop("com.android.settings")
    session.start(package="com.android.settings")
    width, height = session.size
    x, y = session.wait_for("Display").bounds.center
    send(Scroll(x=x / width, y=y / height, dy=0.002))
    assert eventually(lambda: told.refused == [None])
    session.find("Network & internet")


@pytest.fixture
def turn(session: DeviceSession, eventually: Eventually) -> Iterator[Callable[[int], None]]:
    """Turn the phone by so many quarters; it is upright again afterwards."""

    def _turn(quarters: int) -> None:
        session.shell(["settings", "put", "system", "user_rotation", str(quarters)])
        width, height = session.size
        assert eventually(
            lambda: session.rotated_size == ((height, width) if quarters % 2 else (width, height))
        )

    yield _turn
    _turn(0)


TURNED = "the device has just turned: nothing was sent"


def test_a_gesture_on_the_picture_before_a_turn_is_refused(
    send: Send, told: Told, turn: Callable[[int], None], eventually: Eventually
) -> None:
    turn(1)
    for gesture in (Tap(x=0.5, y=0.5), Swipe(x1=0.5, y1=0.5, x2=0.5, y2=0.2), Scroll(x=0.5, y=0.5, dy=0.2)):
        send(gesture)
    assert eventually(lambda: told.refused == [TURNED] * 3)
    assert [level for level, _ in told.lines] == ["INFO", "WARN"] * 3
    turn(2)
    send(Key(key="home"))
    send(Tap(x=0.99, y=0.5))
    assert eventually(lambda: told.refused[3:] == [None, None]), "half a turn has the same picture"


def test_a_turn_while_the_screen_is_looked_at_is_seen(
    send: Send,
    told: Told,
    turn: Callable[[int], None],
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look = DeviceSession.hierarchy

    def turning(session: DeviceSession, timeout: float = 5.0) -> object:
        turn(3)
        return look(session, timeout)

    monkeypatch.setattr(DeviceSession, "hierarchy", turning)
    send(Tap(x=0.5, y=0.5))
    assert eventually(lambda: told.refused == [TURNED])


@pytest.mark.usefixtures("no_leaks")
def test_closing_refuses_what_waits_and_ends_the_thread(
    control: ManualControl, told: Told, phone: PhoneProcess, slow: Slow
) -> None:
    refused: list[str | None] = []
    for _ in range(3):
        control.send(phone.serial, TAP, (1, 2), refused.append)
    assert slow.begun.wait(20)
    control.close()
    control.close()
    control.send(phone.serial, TAP, (1, 2), refused.append)
    assert refused[-1] == "control was switched off"
    assert refused.count("control was switched off") == 3


def test_its_thread_ends_when_nothing_comes_and_begins_again(
    send: Send, told: Told, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    def threads() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("control-")]

    monkeypatch.setattr(hand, "IDLE_SECONDS", 0.1)
    for count in (1, 2):
        send(Key(key="home"))
        assert eventually(lambda: len(told.answers) == count)  # noqa: B023
        assert eventually(lambda: threads() == [])


def test_a_device_that_goes_takes_what_waited_with_it(
    adb_server: PrivateAdbServer, own_phone: PhoneProcess, hub: Hub, told: Told, eventually: Eventually
) -> None:
    with DevicePool(adb_server, [own_phone.serial]) as pool:
        device = pool.wait_available(own_phone.serial, timeout=30)
        control = ManualControl(pool, hub, EXECUTION)
        refused: list[str | None] = []
        width, height = device.session().size
        for _ in range(3):
            control.send(
                own_phone.serial, Swipe(x1=0, y1=0, x2=1, y2=1, seconds=10), (width, height), refused.append
            )
            control.send(own_phone.serial, Key(key="home"), (1, 1), refused.append)
        assert eventually(lambda: told.lines)
        own_phone.kill()
        assert eventually(lambda: len(refused) == 6)
        assert all(refused)
        assert told.lines[-1][0] == "WARN"
        assert eventually(lambda: not device.online)
        control.send(own_phone.serial, Key(key="home"), (1, 1), refused.append)
        assert refused[-1] == "the device is offline"
        control.close()


def test_what_is_done_by_hand_becomes_code_and_a_pick_touches_nothing(
    send: Send, told: Told, control: ManualControl, session: DeviceSession, eventually: Eventually
) -> None:
    session.home()
    session.stop("com.android.settings")
    session.start(package="com.android.settings")
    width, height = session.size
    x, y = session.wait_for("About phone").bounds.center
    place = {"x": (x + 0.5) / width, "y": (y + 0.5) / height}
    send(Pick(**place))
    assert eventually(lambda: told.refused == [None])
    session.find("About phone")
    assert told.lines == []
    send(Tap(**place))
    send(Key(key="back"))
    send(Text(text="It's"))
    assert eventually(lambda: len(told.answers) == 4)
    send(Text(text=" me"))
    assert eventually(lambda: len(told.answers) == 5)
    assert control.script.text() == "\n".join(
        [
            'ctx.device.tap_on("About phone")',
            'ctx.device.tap_on("About phone")',
            "ctx.device.back()",
            'ctx.device.text("It\'s me")',
        ]
    )
    assert control.script.text("another") == ""
    changed: list[bool] = []
    control.script.on_change = lambda: changed.append(True)
    control.script.clear()
    assert (control.script.lines, changed) == ((), [True])


def test_while_a_step_runs_the_screen_is_not_looked_at(
    send: Send, told: Told, control: ManualControl, hub: Hub, phone: PhoneProcess, eventually: Eventually
) -> None:
    hub.publish(
        ExecutionProgress(
            execution_id=EXECUTION, progress_percentage=0, current_step="call_test_module", timestamp=stamp(1)
        )
    )
    send(Tap(x=0.5, y=0.5))
    send(Pick(x=0.5, y=0.5))
    assert eventually(lambda: told.refused == [None, hand.NOT_IDLE])
    assert control.script.text() == "ctx.device.tap(360, 640)"
    hub.publish(
        ExecutionPaused(
            execution_id=EXECUTION,
            device_id=phone.serial,
            status="paused",
            reason="requested",
            timestamp=stamp(2),
        )
    )
    send(Pick(x=0.5, y=0.5))
    assert eventually(lambda: told.refused == [None, hand.NOT_IDLE, None])
