"""The methods that uiautomator2 calls on the phone, by the names it knows."""

from __future__ import annotations

import asyncio
import base64
import io
import time
from collections.abc import Awaitable, Callable
from typing import Any

from PIL import Image

from execmon_lab.phone.screen.node import Node
from execmon_lab.phone.system.system import System
from execmon_lab.phone.uiautomator.hierarchy import dump, roots
from execmon_lab.phone.uiautomator.selector import Selector, find

POLL_SECONDS = 0.05
MAX_WAIT_SECONDS = 300.0
STEP_SECONDS = 0.005  # a step of a swipe, androidx.test.uiautomator.UiDevice.swipe
KEYS = {
    "home": 3,
    "back": 4,
    "left": 21,
    "right": 22,
    "up": 19,
    "down": 20,
    "center": 23,
    "menu": 82,
    "search": 84,
    "enter": 66,
    "delete": 67,
    "del": 67,
    "recent": 187,
    "volume_up": 24,
    "volume_down": 25,
    "volume_mute": 164,
    "camera": 27,
    "power": 26,
}
ROTATIONS = ("natural", "left", "upsidedown", "right")


class NotFoundError(LookupError):
    """No node fits the selector."""


Method = Callable[..., Awaitable[Any]]


class Methods:
    """One instance a server; each public coroutine is a method of the protocol under its own name."""

    def __init__(self, system: System) -> None:
        self._system = system

    def get(self, name: str) -> Method | None:
        """Return a method by its name, or None."""
        method = getattr(self, name, None)
        return (
            method
            if not name.startswith("_") and name != "get" and asyncio.iscoroutinefunction(method)
            else None
        )

    # the device

    async def deviceInfo(self) -> dict[str, Any]:
        """Return size, rotation and names."""
        system = self._system
        width, height = system.display.rotated_size
        k = system.display.density / 160
        return {
            "currentPackageName": system.screen.active.root.package,
            "displayWidth": width,
            "displayHeight": height,
            "displayRotation": system.display.rotation,
            "displaySizeDpX": round(width / k),
            "displaySizeDpY": round(height / k),
            "naturalOrientation": system.display.rotation % 2 == 0,
            "productName": system.properties.get("ro.product.name"),
            "screenOn": system.display.on,
            "sdkInt": int(system.properties.get("ro.build.version.sdk")),
        }

    async def dumpWindowHierarchy(
        self, compressed: bool = False, depth: int = 50, active: bool = False
    ) -> str:
        """Return the tree of all windows, or of the active one, as XML."""
        await self._system.screen.idle()
        return dump(self._system, compressed=compressed, everything=not active, depth=depth or 50)

    async def takeScreenshot(self, scale: float = 1, quality: int = 80) -> str:
        """Return the picture as JPEG in base64."""
        frame = self._system.frame()

        def encode() -> str:
            image = Image.frombuffer(
                "RGBA", (frame.width, frame.height), frame.data, "raw", "RGBA", 0, 1
            ).convert("RGB")
            if 0 < scale < 1:
                image = image.resize((round(frame.width * scale), round(frame.height * scale)))
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", quality=min(100, max(1, quality)))
            return base64.b64encode(buffer.getvalue()).decode()

        return await asyncio.to_thread(encode)

    async def wakeUp(self) -> None:
        """Switch the display on."""
        self._system.display.power(True)

    async def sleep(self) -> None:
        """Switch the display off."""
        self._system.display.power(False)

    async def setOrientation(self, name: str) -> None:
        """Turn the display."""
        self._system.display.rotate(next((n for n, word in enumerate(ROTATIONS) if word.startswith(name)), 0))

    async def freezeRotation(self, frozen: bool = True) -> None:
        """Keep the rotation, or let it follow."""
        self._system.settings.put("system", "accelerometer_rotation", "0" if frozen else "1")

    async def openNotification(self) -> bool:
        """Pull the shade down."""
        self._system.notifications.open_shade(True)
        return True

    async def openQuickSettings(self) -> bool:
        """Pull the shade down."""
        return await self.openNotification()

    async def getClipboard(self) -> str:
        """Return the clipboard's text."""
        return self._system.clipboard

    async def setClipboard(self, label: str | None, text: str) -> None:
        """Set the clipboard's text."""
        self._system.clipboard = str(text)

    async def pasteClipboard(self) -> bool:
        """Insert the clipboard's text where the focus is."""
        self._system.keys.text(self._system.clipboard)
        return self._system.screen.focus is not None

    async def clearInputText(self) -> bool:
        """Empty the field that has the focus."""
        field = self._system.screen.focus
        if field is not None:
            field.set("")
            self._system.core.changed()
        return field is not None

    async def makeToast(self, text: str, milliseconds: int = 2000) -> bool:
        """Show a toast."""
        self._system.notifications.toast(str(text), min(60.0, milliseconds / 1000))
        return True

    async def getLastToast(self) -> str | None:
        """Return the last toast's text."""
        return self._system.notifications.last_toast or None

    async def clearLastToast(self) -> None:
        """Forget the last toast."""
        self._system.notifications.last_toast = ""

    async def getLastTraversedText(self) -> str | None:
        """Return nothing: no text is traversed."""
        return None

    async def clearLastTraversedText(self) -> None:
        """Do nothing: no text is traversed."""

    # fingers and keys

    async def click(self, x: Any, y: Any = None, milliseconds: int = 0) -> bool:
        """Tap a point, or a node."""
        if isinstance(x, dict):
            x, y = (await self._one(x)).centre
        if milliseconds:
            self._system.touch.down(float(x), float(y))
            await asyncio.sleep(min(MAX_WAIT_SECONDS, milliseconds / 1000))
            self._system.touch.up(float(x), float(y))
        else:
            self._system.touch.tap(float(x), float(y))
        return True

    async def longClick(self, selector: Selector) -> bool:
        """Press a node for long."""
        return await self.click(selector, milliseconds=600)

    async def injectInputEvent(self, action: int, x: float, y: float, meta: int = 0) -> bool:
        """Put the finger down (0), lift it (1) or move it (2)."""
        acts = {0: self._system.touch.down, 1: self._system.touch.up, 2: self._system.touch.move}
        if action not in acts:
            return False
        acts[action](float(x), float(y))
        return True

    async def swipe(self, x1: float, y1: float, x2: float, y2: float, steps: int = 55) -> bool:
        """Swipe from a point to another."""
        await self._system.touch.swipe(float(x1), float(y1), float(x2), float(y2), steps * STEP_SECONDS)
        return True

    async def drag(self, x1: float, y1: float, x2: float, y2: float, steps: int = 100) -> bool:
        """Drag from a point to another."""
        return await self.swipe(x1, y1, x2, y2, steps)

    async def swipePoints(self, points: list[float], steps: int = 100) -> bool:
        """Swipe through points, given as x and y in turn."""
        pairs = list(zip(points[::2], points[1::2], strict=False))
        if len(pairs) < 2:
            return False
        self._system.touch.down(*pairs[0])
        for x, y in pairs[1:]:
            await asyncio.sleep(min(1.0, steps * STEP_SECONDS / len(pairs)))
            self._system.touch.move(x, y)
        self._system.touch.up(*pairs[-1])
        return True

    async def pressKey(self, name: str) -> bool:
        """Press a key by its name."""
        code = KEYS.get(str(name).lower())
        if code is None:
            return False
        self._system.keys.press(code)
        return True

    async def pressKeyCode(self, code: int, meta: int = 0) -> bool:
        """Press a key by its number."""
        self._system.keys.press(int(code), meta=meta or 0)
        return True

    # nodes

    async def _all(self, selector: Selector) -> list[Node]:
        await self._system.screen.idle()
        if not self._system.display.on:
            return []
        return find(roots(self._system.screen), selector)

    async def _one(self, selector: Selector) -> Node:
        found = await self._all(selector)
        if not found:
            shown = {
                key: value for key, value in selector.items() if value not in ([], None) and key != "mask"
            }
            raise NotFoundError(f"androidx.test.uiautomator.UiObjectNotFoundException: UiSelector{shown}")
        return found[0]

    async def exist(self, selector: Selector) -> bool:
        """Whether a node fits."""
        return bool(await self._all(selector))

    async def count(self, selector: Selector) -> int:
        """Return how many nodes fit."""
        return len(await self._all(selector))

    async def objInfo(self, selector: Selector) -> dict[str, Any]:
        """Return what the first node that fits is like."""
        return describe(await self._one(selector))

    async def objInfoOfAllInstances(self, selector: Selector) -> list[dict[str, Any]]:
        """Return what all nodes that fit are like."""
        return [describe(node) for node in await self._all(selector)]

    async def waitForExists(self, selector: Selector, milliseconds: int = 10000) -> bool:
        """Wait until a node fits; False when the time is over."""
        return await self._wait(selector, True, milliseconds)

    async def waitUntilGone(self, selector: Selector, milliseconds: int = 10000) -> bool:
        """Wait until no node fits; False when the time is over."""
        return await self._wait(selector, False, milliseconds)

    async def _wait(self, selector: Selector, there: bool, milliseconds: int) -> bool:
        end = time.monotonic() + min(MAX_WAIT_SECONDS, milliseconds / 1000)
        while bool(await self._all(selector)) != there:
            if time.monotonic() >= end:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    async def getText(self, selector: Selector) -> str:
        """Return the text of a node."""
        return (await self._one(selector)).text

    async def setText(self, selector: Selector, text: str) -> bool:
        """Set the text of a field; False when the node is none."""
        node = await self._one(selector)
        if node.set_text is None:
            return False
        node.set_text(str(text))
        self._system.core.changed()
        return True

    async def clearTextField(self, selector: Selector) -> bool:
        """Empty a field."""
        return await self.setText(selector, "")

    async def dragTo(self, selector: Selector, *target: Any) -> bool:
        """Drag a node to a point or to another node."""
        x, y = (await self._one(selector)).centre
        if target and isinstance(target[0], dict):
            end, steps = (await self._one(target[0])).centre, int(target[1]) if len(target) > 1 else 100
        else:
            end, steps = (int(target[0]), int(target[1])), int(target[2]) if len(target) > 2 else 100
        return await self.swipe(x, y, *end, steps=steps)

    async def childByText(
        self, selector: Selector, child: Selector, text: str, scroll: bool = False
    ) -> Selector:
        """Return the selector of a child with a text in it."""
        return await self._child(selector, child, {"text": text}, scroll)

    async def childByDescription(
        self, selector: Selector, child: Selector, text: str, scroll: bool = False
    ) -> Selector:
        """Return the selector of a child with a description in it."""
        return await self._child(selector, child, {"description": text}, scroll)

    async def childByInstance(self, selector: Selector, child: Selector, instance: int) -> Selector:
        """Return the selector of the child with a number."""
        return _nested(selector, {**child, "instance": instance})

    async def _child(self, selector: Selector, child: Selector, inside: Selector, scroll: bool) -> Selector:
        if scroll:
            await self.scrollTo(selector, inside)
        candidates = await self._all(_nested(selector, child))
        for index, node in enumerate(candidates):
            if find([node], inside):
                return _nested(selector, {**child, "instance": index})
        raise NotFoundError(f"androidx.test.uiautomator.UiObjectNotFoundException: {inside}")

    # scrolling

    async def _scroll(self, selector: Selector, share: float) -> bool:
        node = await self._one(selector)
        scroller = next((item.scroller for item in node.walk() if item.scroller is not None), None)
        if scroller is None:
            return False
        height = (node.visible[3] - node.visible[1]) / (self._system.display.density / 160)
        moved = scroller.move(height * share)
        self._system.core.changed()
        return moved

    async def scrollForward(self, selector: Selector, vertical: bool = True, steps: int = 55) -> bool:
        """Scroll a page on; False at the end."""
        return await self._scroll(selector, 0.8)

    async def scrollBackward(self, selector: Selector, vertical: bool = True, steps: int = 55) -> bool:
        """Scroll a page back; False at the beginning."""
        return await self._scroll(selector, -0.8)

    async def scrollToEnd(
        self, selector: Selector, vertical: bool = True, swipes: int = 500, steps: int = 55
    ) -> bool:
        """Scroll to the end."""
        return await self._scroll(selector, 1000)

    async def scrollToBeginning(
        self, selector: Selector, vertical: bool = True, swipes: int = 500, steps: int = 55
    ) -> bool:
        """Scroll to the beginning."""
        return await self._scroll(selector, -1000)

    async def scrollTo(self, selector: Selector, target: Selector, vertical: bool = True) -> bool:
        """Scroll until a node fits the target; False when none does."""
        await self._scroll(selector, -1000)
        while not await self._all(target):
            if not await self._scroll(selector, 0.6):
                return False
        return True

    async def flingForward(self, selector: Selector, vertical: bool = True) -> bool:
        """Scroll far on."""
        return await self._scroll(selector, 3)

    async def flingBackward(self, selector: Selector, vertical: bool = True) -> bool:
        """Scroll far back."""
        return await self._scroll(selector, -3)

    async def flingToEnd(self, selector: Selector, vertical: bool = True, swipes: int = 500) -> bool:
        """Scroll to the end."""
        return await self._scroll(selector, 1000)

    async def flingToBeginning(self, selector: Selector, vertical: bool = True, swipes: int = 500) -> bool:
        """Scroll to the beginning."""
        return await self._scroll(selector, -1000)


def _nested(selector: Selector, child: Selector) -> Selector:
    return {
        **selector,
        "childOrSibling": [*(selector.get("childOrSibling") or []), "child"],
        "childOrSiblingSelector": [*(selector.get("childOrSiblingSelector") or []), child],
    }


def describe(node: Node) -> dict[str, Any]:
    """Return a node as uiautomator2 describes it."""

    def box(area: tuple[int, int, int, int]) -> dict[str, int]:
        return {"left": area[0], "top": area[1], "right": area[2], "bottom": area[3]}

    return {
        "bounds": box(node.visible),
        "visibleBounds": box(node.visible),
        "childCount": len(node.children),
        "className": node.kind,
        "contentDescription": node.description or None,
        "packageName": node.package,
        "resourceName": node.identifier or None,
        "text": node.text or None,
        "checkable": node.checkable,
        "checked": node.checked,
        "clickable": node.clickable,
        "enabled": node.enabled,
        "focusable": node.focusable,
        "focused": node.focused,
        "longClickable": node.long_press is not None,
        "scrollable": node.scrollable,
        "selected": node.selected,
    }
