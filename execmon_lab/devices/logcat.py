"""The device's own log, followed line by line through whatever becomes of the device.

Source: ``logcat -v threadtime -v epoch -v usec`` of AOSP's ``system/logging``, Android 7 and later.
"""

from __future__ import annotations

import functools
import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from .command import shell_line, shell_text
from .device import Device
from .errors import AdbError, DeviceError, SessionClosed
from .shellv2 import follow

log = logging.getLogger(__name__)

OPEN_SECONDS = 10.0
"""Within which a device must begin to answer."""

AWAY_SECONDS = 0.5
"""How often it is looked whether a device that is away should be awaited further."""

LIVED_SECONDS = 5.0
"""A logcat that ends before is not begun anew: it cannot do what it was asked."""

SETTLED_SECONDS = 0.03
"""After this long without a byte a line has ended that may have had another part."""

_CLOCK = "for i in 1 2 3 4 5; do date +%s.%N; done"
_LINE = re.compile(r" *(\d+)\.(\d{6}) +(\d+) +(\d+) ([VDIWEFA]) (.*?) *: (.*)")
_SPEC = re.compile(r"[^\s:]+(:[VDIWEFS])?")


class BadFilter(ValueError):
    """A filter that logcat would not understand; the text says what it does."""


@dataclass(frozen=True)
class LogcatLine:
    """One message in the device's log.

    Attributes
    ----------
    at
        When it was written, by the device's clock: microseconds since the epoch.
    priority
        One of ``V D I W E F``.
    message
        May have several lines.
    """

    at: int
    pid: int
    tid: int
    priority: str
    tag: str
    message: str

    def goes_on_in(self, other: LogcatLine) -> bool:
        """Tell whether another is the next line of the same message: logcat writes each on its own."""
        return replace(other, message=self.message) == self


def checked(spec: str) -> str:
    """Return a filter as it was given, once it is known to be one.

    Raises
    ------
    BadFilter
        When it is none.
    """
    words = spec.split() if isinstance(spec, str) else []
    wrong = next((word for word in words if not _SPEC.fullmatch(word)), None)
    if not words or wrong is not None:
        raise BadFilter(
            f"{wrong or spec!r} is no logcat filter: give tags, each with its lowest level (V D I W E F, "
            'S for none of it), as in "MyApp:D *:W"'
        )
    return spec


class Reader:
    """Makes lines of what logcat writes.

    Parameters
    ----------
    take
        Given each message, once it is whole.
    """

    def __init__(self, take: Callable[[LogcatLine], None]) -> None:
        self._take = take
        self._rest = b""
        self._waiting: LogcatLine | None = None

    def feed(self, data: bytes) -> None:
        """Read on; nothing says that no more is to be expected for now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for text in lines:
            line = parsed(text.decode(errors="replace").rstrip("\r"))
            if line is not None:
                self._put(line)
        if not data:
            self._flush()

    def _put(self, line: LogcatLine) -> None:
        waiting = self._waiting
        if waiting is not None and waiting.goes_on_in(line):
            self._waiting = replace(waiting, message=f"{waiting.message}\n{line.message}")
            return
        self._flush()
        self._waiting = line

    def _flush(self) -> None:
        if self._waiting is not None:
            self._take(self._waiting)
            self._waiting = None


def parsed(text: str) -> LogcatLine | None:
    """Read a line of logcat's output; None when it is none of the log ("--------- beginning of main")."""
    match = _LINE.fullmatch(text)
    if match is None:
        return None
    seconds, micros, pid, tid, priority, tag, message = match.groups()
    at = int(seconds) * 1_000_000 + int(micros)
    return LogcatLine(at, int(pid), int(tid), "F" if priority == "A" else priority, tag, message)


class Logcat:
    """Follows a device's log in a thread, every message once, through whatever becomes of the device.

    Parameters
    ----------
    device
        Whose; there or not.
    spec
        Which messages, as logcat's command line has it (``"MyApp:D *:W"``).
    take
        Given each message and when it was written by this machine's clock, in seconds since the epoch.
    fail
        Told why the log cannot be read, after which it is not.
    """

    def __init__(
        self,
        device: Device,
        spec: str,
        take: Callable[[LogcatLine, float], None],
        fail: Callable[[str], None],
    ) -> None:
        self._device = device
        self._spec = checked(spec).split()
        self._take = take
        self._fail = fail
        self._lane = device.lane()
        self._closing = threading.Event()
        self._ahead = 0  # of this machine's clock, the device's, in microseconds
        self._last = 0
        self._known: set[LogcatLine] = set()
        self._thread: threading.Thread | None = None

    def start(self, since: float) -> None:
        """Begin with what is written from this moment on (seconds since the epoch); returns at once."""
        run = functools.partial(self._run, round(since * 1_000_000))
        self._thread = threading.Thread(target=run, name=f"logcat-{self._device.serial}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, from any thread; returns at once."""
        self._closing.set()
        self._lane.close(SessionClosed(f"the log of {self._device.serial} is read no more"))

    def close(self) -> None:
        """End, and wait until it has; twice is no error."""
        self.stop()
        if self._thread is not None:
            self._thread.join()

    def _run(self, since: int) -> None:
        measured = False
        while not self._closing.is_set():
            began = time.monotonic()
            try:
                if not measured:
                    self._ahead, measured = self._measure(), True
                    self._last = since + self._ahead
                self._follow()
            except AdbError as error:
                if time.monotonic() < began + LIVED_SECONDS:
                    self._fail(str(error))
                    return
            except DeviceError as error:
                log.debug("the log of %s is read on later: %s", self._device.serial, error)
                self._closing.wait(AWAY_SECONDS)
                while not self._closing.is_set() and not self._device.wait_online(AWAY_SECONDS):
                    pass

    def _measure(self) -> int:
        """Return how far the device's clock is ahead of this machine's.

        The answer that was quickest on its way tells best; what is left of the way makes a line late, not
        early: it comes behind what caused it.
        """
        found: list[int] = []

        def take(data: bytes) -> None:
            now = time.time()
            for told in data.split()[-1:]:
                try:
                    found.append(round((float(told) - now) * 1_000_000))
                except ValueError:
                    log.info("%s does not tell the time: %r", self._device.serial, told)

        text = shell_text(_CLOCK)
        with self._lane.service(f"shell,v2,raw:{_CLOCK}", text, OPEN_SECONDS) as (wire, command):
            command.exit_code = follow(wire, take, OPEN_SECONDS).exit_code
        return max(found, default=0)

    def _follow(self) -> None:
        seconds, micros = divmod(self._last, 1_000_000)
        since = f"{seconds}.{micros:06}"
        words = ["logcat", "-v", "threadtime", "-v", "epoch", "-v", "usec", "-T", since, *self._spec]
        line = shell_line(words)
        # What it repeats of the moment at which it was cut off.
        told, resumed = frozenset(self._known), self._last
        reader = Reader(lambda found: self._hear(found, resumed, told))
        with self._lane.service(f"shell,v2,raw:{line}", shell_text(line), OPEN_SECONDS) as (wire, command):
            wire.extend(None)
            ended = follow(wire, reader.feed, SETTLED_SECONDS)
            command.exit_code = ended.exit_code
        raise AdbError(command.text, ended.exit_code, ended.stderr.decode(errors="replace") or "it ended")

    def _hear(self, line: LogcatLine, resumed: int, told: frozenset[LogcatLine]) -> None:
        header = replace(line, message="")
        if line.at < resumed or header in told:
            return
        if line.at > self._last:
            self._last = line.at
            self._known.clear()
        if line.at == self._last:
            self._known.add(header)
        self._take(line, (line.at - self._ahead) / 1_000_000)
