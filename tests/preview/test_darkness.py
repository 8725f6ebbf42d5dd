"""A picture that goes black is told of, once, with the reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image

from execmon_lab.devices import Device, DevicePool, DeviceSession, PrivateAdbServer
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.preview import BestSource, ImagePicture, Preference, PreviewService, VideoPacket
from execmon_lab.preview.darkness import OFF, PROTECTED, UNEXPLAINED, Darkness, reason
from execmon_lab.protocol import Level

Eventually = Callable[..., bool]
Told = list[tuple[str, Level, str]]


def shown(colour: str, bars: str = "black") -> ImagePicture:
    """A screen of one colour between its two bars."""
    image = Image.new("RGB", (720, 1280), bars)
    image.paste(Image.new("RGB", (720, 1280 - 72 - 96), colour), (0, 72))
    return ImagePicture(image)


@pytest.fixture
def told() -> Told:
    return []


def windows(*listed: str) -> str:
    """What a device says that is awake."""
    return "\n".join(("POWER MANAGER (dumpsys power)", "  mWakefulness=Awake", "", *listed, ""))


APP = """
  Window #4 Window{3e1b5c8 u0 com.bank/com.bank.LoginActivity}:
    mDisplayId=0 rootTaskId=9 mSession=Session{5d1e 1234:u0a10123} mClient=android.os.BinderProxy@9f0
    mOwnerUid=10123 showForAllUsers=false package=com.bank appop=NONE
    mAttrs={(0,0)(fillxfill) sim={adjust=resize} ty=BASE_APPLICATION fmt=TRANSLUCENT wanim=0x10302fe
      fl=LAYOUT_IN_SCREEN SECURE LAYOUT_INSET_DECOR SPLIT_TOUCH HARDWARE_ACCELERATED
      pfl=FORCE_DRAW_STATUS_BAR_BACKGROUND FIT_INSETS_CONTROLLED
      fitSides=}
    mHasSurface=true isReadyForDisplay()=true mWindowRemovalAllowed=false
    isOnScreen=true
    isVisible=true
""".strip("\n")
APP_OF_ANDROID_7 = """
  Window #4 Window{41e2a458 u0 com.bank/com.bank.LoginActivity}:
    mDisplayId=0 stackId=1 mSession=Session{b3fd20e0 750:u0a10007} mClient=android.os.BinderProxy@b40599e0
    mAttrs=WM.LayoutParams{(0,0)(fillxfill) sim=#120 ty=1 fl=#81812100 fmt=-3 wanim=0x10301f5}
    mHasSurface=true mShownFrame=[0.0,0.0][720.0,1280.0] isReadyForDisplay()=true
""".strip("\n")
BAR = """
  Window #2 Window{b3f8a6f u0 StatusBar}:
    mAttrs={(0,0)(fillx72) gr=TOP CENTER_VERTICAL ty=STATUS_BAR fmt=TRANSLUCENT
      fl=NOT_FOCUSABLE TOUCHABLE_WHEN_WAKING HARDWARE_ACCELERATED DRAWS_SYSTEM_BAR_BACKGROUNDS
      pfl=COLOR_SPACE_AGNOSTIC}
    mHasSurface=true isReadyForDisplay()=true
    isOnScreen=true
""".strip("\n")
SECURE = PROTECTED.format(window="com.bank/com.bank.LoginActivity")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (windows(BAR, APP), ("WARN", SECURE)),
        (windows(BAR, APP_OF_ANDROID_7), ("WARN", SECURE)),
        (windows(BAR, APP.replace(" SECURE", "")), ("INFO", UNEXPLAINED)),
        (windows(BAR, APP_OF_ANDROID_7.replace("81812100", "81810100")), ("INFO", UNEXPLAINED)),
        (windows(BAR, APP.replace("isOnScreen=true", "isOnScreen=false")), ("INFO", UNEXPLAINED)),
        (windows(BAR, APP.replace("mHasSurface=true", "mHasSurface=false")), ("INFO", UNEXPLAINED)),
        (windows(BAR, APP.replace("fl=LAY", "pfl=LAY")), ("INFO", UNEXPLAINED)),
        (windows("  mCurrentFocus=null"), ("INFO", UNEXPLAINED)),
        (windows(APP).replace("Awake", "Asleep"), ("WARN", OFF)),
        (windows(APP).replace("Awake", "Dozing"), ("WARN", OFF)),
        ("", ("INFO", UNEXPLAINED)),
    ],
)
def test_the_device_says_why(said: str, why: tuple[Level, str]) -> None:
    assert reason(said) == why


def test_what_the_device_does_not_explain_is_told_once_each_time(device: Device, told: Told) -> None:
    darkness = Darkness(device, lambda *line: told.append(line))
    for picture in (shown("navy"), shown("black", "white"), shown("black"), shown("white"), shown("#0b0b0b")):
        darkness.look(picture)
    assert told == [(device.serial, "INFO", UNEXPLAINED)] * 2


@pytest.mark.parametrize("prefer", ["screencap", "scrcpy"])
def test_a_screen_that_is_off_is_told(
    device: Device,
    session: DeviceSession,
    phone: PhoneProcess,
    told: Told,
    prefer: Preference,
    eventually: Eventually,
) -> None:
    session.home()
    source = BestSource(device, prefer=prefer, tell=lambda *line: told.append(line))
    source.capture()
    assert told == []
    session.key("SLEEP")
    try:
        assert eventually(lambda: source.capture() and told)
        for _ in range(3):
            source.capture()
    finally:
        session.key("WAKEUP")
    assert told == [(phone.serial, "WARN", OFF)]
    source.close()


def test_it_is_told_of_a_video_that_is_only_handed_on(
    pool: DevicePool, session: DeviceSession, phone: PhoneProcess, told: Told, eventually: Eventually
) -> None:
    session.home()
    packets: list[VideoPacket] = []

    def make(device: Device) -> BestSource:
        return BestSource(device, prefer="screencap", tell=lambda *line: told.append(line))

    with (
        PreviewService(pool, source=make) as previews,
        previews.watch_video(phone.serial, packets.append),
    ):
        for _ in range(2):
            assert eventually(lambda: packets)
            told.clear()
            session.key("SLEEP")
            try:
                assert eventually(lambda: told)
            finally:
                session.key("WAKEUP")
            assert told == [(phone.serial, "WARN", OFF)]
            seen = packets[-1].number
            assert eventually(
                lambda seen=seen: any(packet.key and packet.number > seen for packet in packets)
            )


@pytest.mark.parametrize("prefer", ["screencap", "scrcpy"])
def test_a_protected_window_is_named(
    device: Device,
    session: DeviceSession,
    phone: PhoneProcess,
    told: Told,
    prefer: Preference,
    eventually: Eventually,
) -> None:
    window = "com.android.settings/com.android.settings.password.ChooseLockPassword"
    session.home()
    source = BestSource(device, prefer=prefer, tell=lambda *line: told.append(line))
    source.capture()
    try:
        session.shell("am start -n com.android.settings/.password.ChooseLockPassword")
        assert eventually(lambda: source.capture() and told)
    finally:
        session.home()
        source.close()
    assert told == [(phone.serial, "WARN", PROTECTED.format(window=window))]


def test_a_device_that_is_away_is_not_asked(adb_server: PrivateAdbServer, told: Told) -> None:
    with DevicePool(adb_server, ["R58M"]) as pool:
        Darkness(pool.get("R58M"), lambda *line: told.append(line)).look(shown("black"))
    assert told == []
