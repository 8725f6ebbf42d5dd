"""The commands of a session that look at the screen and touch it."""

from __future__ import annotations

import re
import time
from xml.etree import ElementTree

from PIL import Image

from . import hierarchy, screencap
from .errors import AdbError, ElementNotFound, NotTypable
from .hierarchy import Node, Selector
from .shell import TIMEOUT, Shell

Text = str | re.Pattern[str]

_DUMP = "/data/local/tmp/execmon-window.xml"
_LOOK_AGAIN = 0.25


class Screen(Shell):
    """Looks at the screen, finds elements on it, touches and types.

    An element is named by its `text`, `resource_id`, `description` or `cls`, or several of them together. A
    text must be equal; a compiled pattern is searched for. A resource id may be given without its package.
    """

    # Looking

    @property
    def size(self) -> tuple[int, int]:
        """The screen's width and height in pixels, as it is held upright."""
        answer = self.shell(["wm", "size"])
        sizes = dict(re.findall(r"(Physical|Override) size: (\d+x\d+)", answer))
        size = sizes.get("Override") or sizes.get("Physical")
        if size is None:
            raise AdbError("adb shell wm size", 0, answer)
        width, _, height = size.partition("x")
        return int(width), int(height)

    @property
    def rotated_size(self) -> tuple[int, int]:
        """The screen's width and height in pixels, as it is turned now: what touches refer to."""
        answer = self.shell(["dumpsys", "window", "displays"])
        size = re.search(r"\bcur=(\d+)x(\d+)", answer)
        if size is None:
            raise AdbError("adb shell dumpsys window displays", 0, "it tells no size (cur=)")
        return int(size[1]), int(size[2])

    def screenshot(self, timeout: float = TIMEOUT) -> Image.Image:
        """Return a picture of the screen, mode RGB, in its full size.

        Raises
        ------
        AdbError
            When the device gives none; never a black picture instead.
        """
        result = self.run(["screencap"], timeout=timeout)
        if result.exit_code:
            raise AdbError("adb shell screencap", result.exit_code, result.stderr.decode(errors="replace"))
        try:
            return screencap.locate(result.stdout).image(result.stdout).convert("RGB")
        except screencap.NoPicture as error:
            raise AdbError("adb shell screencap", 0, str(error)) from error

    def hierarchy(self, timeout: float = TIMEOUT) -> ElementTree.Element:
        """Return the tree of what is on the screen, as ``uiautomator dump`` writes it."""
        # One command: a wait for an element looks again and again, and each command is a line of the log.
        dump = self.run(f"uiautomator dump {_DUMP} && cat {_DUMP}", timeout=timeout)
        said, _, _ = (dump.stdout + dump.stderr).decode(errors="replace").partition("<?xml")
        if dump.exit_code or "ERROR" in said:
            raise AdbError("adb shell uiautomator dump", dump.exit_code, said)
        try:
            return hierarchy.parse(dump.stdout.decode(errors="replace"))
        except (ValueError, ElementTree.ParseError) as error:
            raise AdbError("adb shell uiautomator dump", 0, str(error)) from error

    def nodes(self) -> list[Node]:
        """Return every element on the screen, in the tree's order."""
        return hierarchy.nodes(self.hierarchy())

    def screen_text(self) -> str:
        """Return all texts and descriptions on the screen, one a line."""
        return hierarchy.visible_text(self.nodes())

    def find(
        self,
        text: Text | None = None,
        *,
        resource_id: str | None = None,
        description: Text | None = None,
        cls: str | None = None,
    ) -> Node:
        """Return the first such element that is on the screen now.

        Raises
        ------
        ElementNotFound
            When there is none; an AssertionError, so that the step fails as a check.
        """
        return self._await(Selector(text, resource_id, description, cls), 0.0)

    def wait_for(
        self,
        text: Text | None = None,
        *,
        resource_id: str | None = None,
        description: Text | None = None,
        cls: str | None = None,
        timeout: float = 10.0,
    ) -> Node:
        """Wait until such an element is on the screen, and return it.

        Raises
        ------
        ElementNotFound
            When there is none after `timeout` seconds; an AssertionError, so that the step fails as a check.
        """
        return self._await(Selector(text, resource_id, description, cls), timeout)

    def _await(self, wanted: Selector, timeout: float) -> Node:
        deadline = time.monotonic() + timeout
        while True:
            seen = self._look()
            node = wanted.first(seen or [])
            if node is not None:
                return node
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                break
            time.sleep(min(_LOOK_AGAIN, remaining))
        within = f" within {timeout:g} s" if timeout else ""
        shown = hierarchy.visible_text(seen or []).replace("\n", " · ") or "no text"
        raise ElementNotFound(
            f"no element with {wanted} on the screen of {self.serial}{within}; it shows: {shown}"
        )

    def _look(self) -> list[Node] | None:
        """Return what is on the screen, or None when it moves too much for uiautomator to tell."""
        try:
            return self.nodes()
        except AdbError as error:
            if "idle state" in error.output or "null root" in error.output:
                return None
            raise

    # Touching

    def tap(self, x: int, y: int) -> None:
        """Touch the screen at a pixel."""
        self.shell(["input", "tap", str(x), str(y)])

    def tap_on(
        self,
        text: Text | None = None,
        *,
        resource_id: str | None = None,
        description: Text | None = None,
        cls: str | None = None,
        timeout: float = 10.0,
    ) -> Node:
        """Wait for such an element, touch it in the middle, and return it.

        Raises
        ------
        ElementNotFound
            When there is none after `timeout` seconds.
        """
        node = self._await(Selector(text, resource_id, description, cls), timeout)
        self.tap(*node.bounds.center)
        return node

    def swipe(self, x1: int, y1: int, x2: int, y2: int, duration: float = 0.3) -> None:
        """Draw a finger from one pixel to another in `duration` seconds."""
        milliseconds = round(duration * 1000)
        self.shell(["input", "swipe", *map(str, (x1, y1, x2, y2, milliseconds))], timeout=TIMEOUT + duration)

    def text(self, text: str) -> None:
        """Type into the field that has the focus.

        Raises
        ------
        NotTypable
            When Android's keyboard has no keys for all of it, which is sure for ASCII alone.
        """
        try:
            if text:
                self.shell(["input", "text", text.replace(" ", "%s")])
        except AdbError as error:
            if text.isascii():
                raise
            raise NotTypable(text) from error

    def key(self, key: str | int) -> None:
        """Press a key, by name (``"ENTER"``, ``"KEYCODE_ENTER"``) or by number."""
        self.shell(["input", "keyevent", str(key)])

    def home(self) -> None:
        """Press the home key."""
        self.key("KEYCODE_HOME")

    def back(self) -> None:
        """Press the back key."""
        self.key("KEYCODE_BACK")
