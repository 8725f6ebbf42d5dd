"""Touches by scrcpy's control socket while its stream runs, and by the device's own commands otherwise."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.control import AnyGesture, Key, ManualControl, Press, Scroll, Swipe, Tap, Text
from execmon_lab.control.gestures import KEYS
from execmon_lab.devices import Device, DevicePool, DeviceSession, ScreenTurned
from execmon_lab.hub import Hub
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.preview import Frame, PreviewService, ScrcpySource, Wanted
from execmon_lab.preview.scrcpy import StreamBroken, touches
from execmon_lab.preview.scrcpy.replies import Replies
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


def noted(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Note what goes by the control socket."""
    original, sent = ScrcpySource.send, list[bytes]()

    def noting(source: ScrcpySource, message: bytes) -> None:
        original(source, message)
        sent.append(message)

    monkeypatch.setattr(ScrcpySource, "send", noting)
    return sent


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
def test_any_text_is_typed_what_has_no_keys_by_the_clipboard(
    send: Send,
    answers: list[str | None],
    session: DeviceSession,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session.start("android.intent.action.SENDTO", data="sms:5550100")
    session.tap_on("Text message")
    commands = Commands(monkeypatch)
    for text in ("Grüße ", "日本語 ", "🙂", "!"):
        send(Text(text=text))
        send(Key(key="right"))  # so that no two are typed as one
    assert eventually(lambda: len(answers) == 8)
    assert answers == [None] * 8
    session.wait_for("Grüße 日本語 🙂!")
    assert commands.used == []
    session.home()


@pytest.mark.usefixtures("watching")
def test_a_text_that_the_server_does_not_confirm_is_told(
    send: Send, answers: list[str | None], eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScrcpySource, "acknowledged", 0)
    monkeypatch.setattr(touches, "ACKNOWLEDGE_SECONDS", 0.2)
    send(Text(text="日本語"))
    assert eventually(lambda: answers)
    assert "did not say that it took the text" in str(answers[0])


@pytest.mark.usefixtures("watching")
def test_the_wheel_scrolls_what_is_under_it_and_touches_nothing(
    send: Send,
    answers: list[str | None],
    session: DeviceSession,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings(session)
    at = place(session, "Display")
    session.shell(["wm", "density", "420"])  # so that the list does not fit
    try:
        before = session.wait_for("Display").bounds.center[1]
        commands = Commands(monkeypatch)
        sent = noted(monkeypatch)
        send(Scroll(**at, dy=0.05))
        # Some 64 px of 1280, and whatever Android's notch is of them.
        assert eventually(lambda: 30 < before - session.find("Display").bounds.center[1] < 130)
        send(Scroll(**at, dx=0.3, dy=-0.5))
        assert eventually(lambda: session.find("Display").bounds.center[1] == before)
        assert eventually(lambda: answers == [None, None]), "which may come after what was done"
        assert commands.used == []
        assert [message[0] for message in sent] == [3, 3]
    finally:
        session.shell(["wm", "density", "reset"])
        session.home()


def test_a_gesture_on_the_picture_before_a_turn_is_refused(
    send: Send,
    answers: list[str | None],
    session: DeviceSession,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
    watching: list[Frame],
) -> None:
    commands = Commands(monkeypatch)
    session.shell(["settings", "put", "system", "user_rotation", "1"])
    try:
        assert eventually(lambda: watching[-1].width > watching[-1].height)
        send(Tap(x=0.5, y=0.5))
        assert eventually(lambda: answers == ["the device has just turned: nothing was sent"])
        assert commands.used == []
    finally:
        session.shell(["settings", "put", "system", "user_rotation", "0"])
        assert eventually(lambda: watching[-1].width < watching[-1].height)


def test_a_turn_under_the_finger_lets_go_of_what_it_touches(
    send: Send,
    answers: list[str | None],
    session: DeviceSession,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
    watching: list[Frame],
) -> None:
    settings(session)
    at = place(session, "Display")
    commands = Commands(monkeypatch)
    sent = noted(monkeypatch)
    send(Press(**at, seconds=10))
    assert eventually(lambda: sent)
    session.shell(["settings", "put", "system", "user_rotation", "1"])
    try:
        assert eventually(lambda: answers == ["the device has just turned: the touch was let go"])
        assert commands.used == []
        assert eventually(lambda: watching[-1].width > watching[-1].height)
        session.find("Network & internet")
    finally:
        session.shell(["settings", "put", "system", "user_rotation", "0"])
        assert eventually(lambda: watching[-1].width < watching[-1].height)
        session.home()


@pytest.mark.usefixtures("watching")
@pytest.mark.parametrize("gesture", [Swipe(x1=0.5, y1=0.5, x2=0.5, y2=0.3), Text(text="x" * 400)])
def test_a_gesture_that_the_server_left_in_the_middle_of_is_told_and_not_done_again(
    send: Send,
    answers: list[str | None],
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
    gesture: AnyGesture,
) -> None:
    commands = Commands(monkeypatch)
    original, sent = ScrcpySource.send, list[bytes]()

    def failing(source: ScrcpySource, message: bytes) -> None:
        sent.append(message)
        if len(sent) > 1:
            raise StreamBroken("the connection to the server ended")
        original(source, message)

    monkeypatch.setattr(ScrcpySource, "send", failing)
    send(gesture)
    assert eventually(lambda: answers)
    ended = "it was done in part, and is not done again: the connection to the server ended"
    assert (answers, commands.used, len(sent)) == ([ended], [], 2)


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

    def gone(source: ScrcpySource, message: bytes) -> None:
        raise StreamBroken("the connection to the server ended")

    monkeypatch.setattr(ScrcpySource, "send", gone)
    send(Tap(**at))
    session.wait_for("Virtual Phone")
    assert eventually(lambda: answers == [None])
    assert commands.used == ["tap"]
    session.home()


class Stream:
    """A server of which a test says what it shows."""

    def __init__(self, video: tuple[int, int] = (360, 640)) -> None:
        self.video: tuple[int, int] | None = video
        self.acknowledged = 0
        self.sent: list[bytes] = []

    def send(self, message: bytes) -> None:
        self.sent.append(message)

    def touches(
        self, screen: tuple[int, int] = (720, 1280), wait: Callable[[float], bool] = lambda seconds: False
    ) -> touches.ScrcpyTouches:
        return touches.ScrcpyTouches(self, self.video, screen, wait)


def test_a_drag_is_given_up_when_control_ends() -> None:
    stream = Stream()
    ending = threading.Event()

    def wait(seconds: float) -> bool:
        ending.set()
        return ending.wait(seconds)

    stream.touches(wait=wait).swipe(100, 100, 600, 600, 10.0)
    assert [message[1] for message in stream.sent] == [0, 3], "down, and no longer there"


def test_a_finger_under_which_the_screen_turns_is_lifted_by_the_size_that_is_now() -> None:
    stream = Stream()

    def wait(seconds: float) -> bool:
        stream.video = (640, 360)
        return False

    with pytest.raises(ScreenTurned, match="let go"):
        stream.touches(wait=wait).tap(100, 100)
    assert [message[1] for message in stream.sent] == [0, 3]
    assert struct.unpack(">HH", stream.sent[-1][18:22]) == (640, 360)


def test_a_finger_under_which_the_stream_begins_anew_is_told() -> None:
    stream = Stream()

    def wait(seconds: float) -> bool:
        stream.video = None
        return False

    with pytest.raises(touches.HalfDone, match="began anew"):
        stream.touches(wait=wait).tap(100, 100)


@pytest.mark.parametrize(
    ("by", "turns"),
    [
        ((0, 115), (0, -0x800)),  # a notch down of the 16 that fit, of a screen 720 px wide
        ((0, -115), (0, 0x800)),
        ((115, 0), (0x800, 0)),
        ((-99_999, -99_999), (-0x8000, 0x7FFF)),
    ],
)
def test_the_wheel_turns_the_way_the_content_goes(by: tuple[int, int], turns: tuple[int, int]) -> None:
    stream = Stream()
    stream.touches().scroll(360, 640, *by)
    kind, *position, across, down, buttons = struct.unpack(">BiiHHhhi", stream.sent[0])
    assert (kind, position, buttons) == (3, [180, 320, 360, 640], 0)
    assert (across, down) == pytest.approx(turns, abs=4)


@pytest.mark.parametrize(
    ("text", "kind"), [("it's 5 €", 9), ("Ünïcôdé ñ ß", 1), ("{[]}~\t", 1), ("e\u0301", 9), ("a\x07", 9)]
)
def test_a_text_goes_by_keys_where_there_are_keys_for_all_of_it(text: str, kind: int) -> None:
    stream = Stream()
    stream.acknowledged = 1 << 62
    stream.touches().text(text)
    (message,) = stream.sent
    assert message[0] == kind
    assert message.endswith(text.encode())


def test_the_app_has_time_to_read_the_clipboard_before_other_text_is_there() -> None:
    stream, waited = Stream(), list[float]()

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        stream.acknowledged = 1 << 62
        return False

    stream.touches(wait=wait).text("日本")
    assert waited[-1] == touches.PASTE_SECONDS


def test_a_stream_that_begins_anew_takes_no_positions_before_its_size_is_known(device: Device) -> None:
    source = ScrcpySource(device)
    size = device.session().size
    try:
        source.capture()
        assert source.video == size
        source.want_video(True)  # at another rate, by another session
        assert source.video is None
        assert source.touches(size, lambda seconds: False) is None
        source.capture()
        assert source.video == size
    finally:
        source.close()


def test_every_key_that_can_be_sent_has_a_number_and_long_text_is_cut_between_characters() -> None:
    assert set(touches.KEYCODES) == set(KEYS.values())
    stream = Stream()
    stream.touches().text("xé" * 200)
    assert [len(message) - 5 for message in stream.sent] == [300, 300]
    assert b"".join(message[5:] for message in stream.sent).decode() == "xé" * 200


@given(
    st.lists(st.sampled_from([b"\0\0\0\0\2hi", b"\1" + bytes(7) + b"\5", b"\2\0\1\0\1x"])), st.integers(1, 9)
)
def test_what_the_server_says_is_understood_in_any_pieces(messages: list[bytes], size: int) -> None:
    replies = Replies()
    data = b"".join(messages)
    for at in range(0, len(data), size):
        replies.feed(data[at : at + size])
    assert replies.acknowledged == (5 if any(message[0] == 1 for message in messages) else 0)


def test_what_is_no_message_of_the_server_breaks_the_stream() -> None:
    with pytest.raises(StreamBroken, match="no known kind: 7"):
        Replies().feed(b"\7")
