"""Touches by scrcpy's control socket while its stream runs, and by the device's own commands otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from execmon_lab.control import AnyGesture, Key, ManualControl, Press, Scroll, Swipe, Tap, Text
from execmon_lab.control.gestures import KEYS
from execmon_lab.devices import DevicePool, DeviceSession
from execmon_lab.hub import Hub
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.preview import Frame, PreviewService, ScrcpySource, Wanted
from execmon_lab.preview.scrcpy import touches
from tests.strategies import EXECUTION, fresh

Eventually = Callable[..., bool]
Send = Callable[..., None]


class Commands:
    """Notes what goes by the device's own commands."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.used: list[str] = []
        for name in ("tap", "swipe", "text", "key"):
            original = getattr(DeviceSession, name)

            def noted(session: DeviceSession, *values: object, _do: Callable[..., None] = original) -> None:
                self.used.append(_do.__name__)
                _do(session, *values)

            monkeypatch.setattr(DeviceSession, name, noted)


@pytest.fixture(params=[0, 640], ids=["full size", "scaled"])
def previews(pool: DevicePool, request: pytest.FixtureRequest) -> Iterator[PreviewService]:
    with PreviewService(pool, source=lambda device: ScrcpySource(device, Wanted(request.param))) as service:
        yield service


@pytest.fixture
def watching(previews: PreviewService, phone: PhoneProcess, eventually: Eventually) -> Iterator[list[Frame]]:
    frames: list[Frame] = []
    with previews.watch(phone.serial, "low", frames.append):
        assert eventually(lambda: frames)
        yield frames


@pytest.fixture
def answers() -> list[str | None]:
    return []


@pytest.fixture
def send(
    pool: DevicePool,
    previews: PreviewService,
    phone: PhoneProcess,
    session: DeviceSession,
    answers: list[str | None],
) -> Iterator[Send]:
    hub = Hub()
    hub.publish(fresh())
    size = session.size
    control = ManualControl(pool, hub, EXECUTION, previews.touches)

    def _send(gesture: AnyGesture, picture: tuple[int, int] = size) -> None:
        control.send(phone.serial, gesture, picture, answers.append)

    yield _send
    control.close()


def settings(session: DeviceSession) -> None:
    session.home()
    session.shell("am force-stop com.android.settings")
    session.start(package="com.android.settings")
    session.wait_for("About phone")


def place(session: DeviceSession, text: str) -> dict[str, float]:
    width, height = session.size
    x, y = session.find(text).bounds.center
    return {"x": (x + 0.5) / width, "y": (y + 0.5) / height}


@pytest.mark.usefixtures("watching")
def test_every_gesture_reaches_the_phone_without_a_command(
    send: Send,
    answers: list[str | None],
    session: DeviceSession,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings(session)
    at = place(session, "About phone")
    commands = Commands(monkeypatch)
    send(Tap(**at))
    session.wait_for("Virtual Phone")
    send(Key(key="back"))
    assert eventually(lambda: len(answers) == 2)
    session.wait_for("Network & internet")
    session.start("android.intent.action.SENDTO", data="sms:5550100")
    session.wait_for("Text message")
    send(Tap(**place(session, "Text message")))
    send(Text(text="it's 5 o'clockk"))
    send(Key(key="backspace"))
    session.wait_for("it's 5 o'clock")
    assert eventually(lambda: len(answers) == 5)
    assert answers == [None] * 5
    assert commands.used == []
    session.home()


def test_a_drag_takes_its_time_and_a_turned_screen_is_hit(
    send: Send,
    answers: list[str | None],
    session: DeviceSession,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
    watching: list[Frame],
) -> None:
    session.shell(["settings", "put", "system", "user_rotation", "1"])
    try:
        session.shell("am force-stop com.android.settings")
        session.start(package="com.android.settings")
        assert eventually(lambda: watching[-1].width > watching[-1].height)
        commands = Commands(monkeypatch)
        landscape = max(session.size), min(session.size)
        before = session.wait_for("Network & internet").bounds.center[1]

        def top() -> int | None:
            found = [node for node in session.nodes() if node.text == "Network & internet"]
            return found[0].bounds.center[1] if found else None

        send(Scroll(x=0.5, y=0.6, dy=0.3), landscape)
        assert eventually(lambda: top() is None or top() < before - 50)  # type: ignore[operator]
        send(Swipe(x1=0.5, y1=0.3, x2=0.5, y2=0.9, seconds=0.3), landscape)
        assert eventually(lambda: top() == before)
        send(Press(x=0.5, y=0.99, seconds=0.6), landscape)
        assert eventually(lambda: len(answers) == 3)
        assert answers == [None] * 3
        assert commands.used == []
    finally:
        session.shell(["settings", "put", "system", "user_rotation", "0"])
        assert eventually(lambda: watching[-1].width < watching[-1].height)
        session.home()


def test_with_nobody_watching_it_goes_by_commands(
    send: Send,
    answers: list[str | None],
    session: DeviceSession,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings(session)
    at = place(session, "About phone")
    commands = Commands(monkeypatch)
    send(Tap(**at))
    session.wait_for("Virtual Phone")
    assert eventually(lambda: answers == [None])
    assert commands.used == ["tap"]
    session.home()


@pytest.mark.usefixtures("watching")
def test_a_server_that_has_gone_is_made_up_for_by_a_command(
    send: Send,
    answers: list[str | None],
    session: DeviceSession,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings(session)
    at = place(session, "About phone")
    commands = Commands(monkeypatch)

    def gone(message: bytes) -> None:
        raise touches.StreamBroken("the connection to the server ended")

    broken = touches.ScrcpyTouches(gone, session.size, session.size, lambda seconds: False)
    with pytest.raises(ConnectionError, match="ended"):
        broken.key(3)
    monkeypatch.setattr(ScrcpySource, "touches", lambda *_: broken)
    send(Tap(**at))
    session.wait_for("Virtual Phone")
    assert eventually(lambda: answers == [None])
    assert commands.used == ["tap"]
    session.home()


def test_a_drag_is_given_up_when_control_ends() -> None:
    sent: list[bytes] = []
    ending = threading.Event()

    def wait(seconds: float) -> bool:
        ending.set()
        return ending.wait(seconds)

    finger = touches.ScrcpyTouches(sent.append, (360, 640), (720, 1280), wait)
    finger.swipe(100, 100, 600, 600, 10.0)
    assert [message[1] for message in sent] == [0, 3], "down, and no longer there"


def test_every_key_that_can_be_sent_has_a_number_and_long_text_is_cut_between_characters() -> None:
    assert set(touches.KEYCODES) == set(KEYS.values())
    sent: list[bytes] = []
    touches.ScrcpyTouches(sent.append, (1, 1), (1, 1), lambda seconds: False).text("日本" * 100)
    assert [len(message) - 5 for message in sent] == [300, 300]
    assert b"".join(message[5:] for message in sent).decode() == "日本" * 100
