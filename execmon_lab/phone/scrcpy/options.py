"""The command line of scrcpy's server: the client's version, then ``key=value`` words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec

from execmon_lab.phone.state.properties import SCRCPY

MAJORS = (3, 4)
"""First numbers of the clients' versions that the phone speaks to."""

LEVELS = ("verbose", "debug", "info", "warn", "error")
CODECS = ("h264", "h265", "av1", "vp8", "vp9")
MAX_BIT_RATE = 200_000_000
KEY_SECONDS = 10.0
"""Between key frames that nobody asked for, as scrcpy sets it on Android's encoder."""

_REFUSED = {
    "crop": "cropping is not supported by this phone",
    "new_display": "new virtual displays are not supported by this phone",
    "angle": "rotating by an angle is not supported by this phone",
}
_TOLERATED = frozenset(
    (
        "audio_codec",
        "audio_source",
        "audio_dup",
        "audio_bit_rate",
        "audio_codec_options",
        "audio_encoder",
        "min_size_alignment",
        "screen_off_timeout",
        "downsize_on_error",
        "camera_id",
        "camera_size",
        "camera_facing",
        "camera_ar",
        "camera_zoom",
        "camera_fps",
        "camera_high_speed",
        "camera_torch",
        "vd_destroy_content",
        "vd_system_decorations",
        "flex_display",
        "capture_orientation",
        "display_ime_policy",
        "keep_active",
        "ignore_video_encoder_constraints",
    )
)


class OptionError(ValueError):
    """The words make no sense; the text says why, as scrcpy's server would."""


def available() -> bool:
    """Whether the phone has an encoder: PyAV is an optional part."""
    return find_spec("av") is not None


@dataclass
class Options:
    """What a client asked for; names and defaults are scrcpy's.

    Attributes
    ----------
    major : int
        First number of the client's version, which decides the framing.
    scid : int
        31 bits that name the socket; -1 for none.
    max_size : int
        Pixels of the video's longer side; 0 for no bound.
    max_fps : float
        Frames a second; 0 for no bound.
    video_bit_rate : int
        Bits a second.
    video_codec_options : float
        Seconds from one key frame to the next, for Android's ``i-frame-interval``; other options of the
        encoder are passed over.
    """

    major: int = 4
    scid: int = -1
    log_level: str = "info"
    video: bool = True
    audio: bool = True
    control: bool = True
    video_codec: str = "h264"
    video_source: str = "display"
    video_encoder: str = ""
    display_id: int = 0
    max_size: int = 0
    max_fps: float = 0.0
    video_bit_rate: int = 8_000_000
    video_codec_options: float = KEY_SECONDS
    tunnel_forward: bool = False
    show_touches: bool = False
    stay_awake: bool = False
    power_on: bool = True
    power_off_on_close: bool = False
    clipboard_autosync: bool = True
    cleanup: bool = True
    list_encoders: bool = False
    list_displays: bool = False
    list_cameras: bool = False
    list_camera_sizes: bool = False
    list_apps: bool = False
    send_device_meta: bool = True
    send_frame_meta: bool = True
    send_dummy_byte: bool = True
    send_stream_meta: bool = True
    unknown: list[str] = field(default_factory=list)

    @property
    def socket_name(self) -> str:
        """The abstract socket that client and server meet at."""
        return "localabstract:scrcpy" + (f"_{self.scid:08x}" if self.scid != -1 else "")

    @property
    def lists(self) -> bool:
        """Whether something is to be listed, and nothing to be shown."""
        listed = (self.list_encoders, self.list_displays, self.list_cameras, self.list_camera_sizes)
        return any(listed) or self.list_apps

    def scaled(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the video's size for a screen's: within `max_size`, each side as the encoder wants it."""
        width, height = size
        longer = max(width, height)
        if 0 < self.max_size < longer:
            width, height = width * self.max_size // longer, height * self.max_size // longer
        if self.major >= 4:
            return max(2, width & ~1), max(2, height & ~1)
        return _round8(width, height)


def parse(words: Sequence[str]) -> Options:
    """Read the words that follow the class name.

    Raises
    ------
    OptionError
        For another version, a word that is no pair, or a value that the server cannot read.
    """
    if not words:
        raise OptionError("Missing client version")
    version = re.fullmatch(r"(\d+)\.\d+(\.\d+)?", words[0])
    if version is None or int(version[1]) not in MAJORS:
        raise OptionError(f"The server version ({SCRCPY}) does not match the client ({words[0]})")
    options = Options(major=int(version[1]))
    for word in words[1:]:
        key, separator, value = word.partition("=")
        if not separator:
            raise OptionError(f'Invalid key=value pair: "{word}"')
        _set(options, key, value)
    return options


def _set(options: Options, key: str, value: str) -> None:
    if key in _REFUSED:
        if value:
            raise OptionError(_REFUSED[key])
    elif key == "raw_stream":
        if _truth(value):
            options.send_device_meta = options.send_frame_meta = False
            options.send_dummy_byte = options.send_stream_meta = False
    elif key == ("send_codec_meta" if options.major == 3 else "send_stream_meta"):
        options.send_stream_meta = _truth(value)
    elif key in _READERS and key != "send_stream_meta":
        try:
            setattr(options, key, _READERS[key](value))
        except ValueError as error:
            raise OptionError(f'Invalid value for {key}: "{value}" ({error})') from None
    elif key not in _TOLERATED:
        options.unknown.append(key)


def _truth(text: str) -> bool:
    return text.lower() == "true"


def _number(least: int, most: int, base: int = 10) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text, base)
        if not least <= number <= most:
            raise ValueError(f"it must be {least} to {most}")
        return number

    return read


def _rate(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1000:
        raise ValueError("it must be 0 to 1000")
    return number


def _key_seconds(text: str) -> float:
    """Read Android's ``i-frame-interval`` among ``key[:type]=value,…``."""
    pairs = dict(option.partition("=")[::2] for option in text.split(",") if option)
    seconds = [value for key, value in pairs.items() if key.partition(":")[0] == "i-frame-interval"]
    return float(seconds[0]) if seconds else KEY_SECONDS


def _one_of(*names: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in names:
            raise ValueError(f"it must be one of {', '.join(names)}")
        return text.lower()

    return read


_READERS: dict[str, Callable[[str], object]] = {
    name: _truth for name, kind in Options.__annotations__.items() if kind == "bool"
}
_READERS |= {
    "scid": _number(-1, 0x7FFFFFFF, 16),
    "log_level": _one_of(*LEVELS),
    "video_codec": _one_of(*CODECS),
    "video_source": _one_of("display", "camera"),
    "video_encoder": str,
    "display_id": _number(-1, 0x7FFFFFFF),
    "max_size": _number(0, 1 << 16),
    "max_fps": _rate,
    "video_bit_rate": _number(1, MAX_BIT_RATE),
    "video_codec_options": _key_seconds,
}


def _round8(width: int, height: int) -> tuple[int, int]:
    """Return a size in multiples of 8: the longer side rounded down, the shorter to the nearest."""
    if width % 8 == 0 and height % 8 == 0:
        return width, height
    longer = max(width, height) & ~7
    shorter = max(8, min(longer, (min(width, height) + 4) & ~7))
    return (shorter, longer) if height > width else (longer, shorter)
