"""Fingers on the screen: taps, long presses, drags and the gestures of the edges."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from dataclasses import dataclass, field

from execmon_lab.phone.screen.fling import SLOWEST
from execmon_lab.phone.screen.node import Node, Scroller
from execmon_lab.phone.screen.screen import Screen
from execmon_lab.phone.screen.theme import NAVIGATION_BAR, STATUS_BAR

SLOP = 8.0  # dp a finger may move in a tap
LONG_PRESS_SECONDS = 0.5
EDGE = 12.0  # dp from the left and right edge where the way back starts
SPOT_SECONDS = 0.35
STEP_SECONDS = 1 / 60
MAX_SWIPE_SECONDS = 60.0
SPEED_SECONDS = (
    0.1  # of its way before it is lifted that tell a finger's speed (android.view.VelocityTracker)
)


@dataclass
class _Finger:
    x: float
    y: float
    at: float
    last_x: float
    last_y: float
    target: Node | None
    moved: bool = False
    dragged: Scroller | None = None
    trail: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=64))  # time, y

    def speed(self) -> float:
        """Return how fast it moves down the screen now, in pixels a second."""
        now, y = self.trail[-1]
        began, start = next(
            (place for place in reversed(self.trail) if now - place[0] >= SPEED_SECONDS), self.trail[0]
        )
        return (y - start) / (now - began) if now > began else 0.0


class Touch:
    """One finger at a time."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._finger: _Finger | None = None

    @property
    def _scale(self) -> float:
        return self._screen.phone.display.density / 160

    def find(self, x: float, y: float) -> Node | None:
        """Return the node that a tap at a point of the screen, in pixels, would reach."""
        for window in reversed(self._screen.windows()):
            if window.layer == "toast":
                continue
            found = window.root.hit(int(x), int(y), lambda node: node.clickable)
            if found is not None:
                return found
            if window.layer in ("dialog", "shade", "keyboard") and window.root.hit(
                int(x), int(y), lambda _: True
            ):
                return None
        return None

    def _draggable(self, x: float, y: float) -> Node | None:
        for window in reversed(self._screen.windows()):
            found = window.root.hit(
                int(x), int(y), lambda node: node.scroller is not None or node.drag is not None
            )
            if found is not None or (window.layer == "dialog"):
                return found
        return None

    def down(self, x: float, y: float) -> None:
        """Put the finger down at a point in pixels."""
        if not self._screen.phone.display.on:
            return
        self._screen.catch()
        now = time.monotonic()
        self._finger = _Finger(x, y, now, x, y, self.find(x, y))
        self._finger.trail.append((now, y))
        self._show(x, y)

    def move(self, x: float, y: float) -> None:
        """Move the finger to a point in pixels."""
        finger = self._finger
        if finger is None:
            return
        finger.trail.append((time.monotonic(), y))
        if not finger.moved and math.hypot(x - finger.x, y - finger.y) > SLOP * self._scale:
            finger.moved = True
        if finger.moved and not self._edge(finger):
            node = self._draggable(finger.x, finger.y)
            if node is not None and node.scroller is not None:
                if node.scroller.move((finger.last_y - y) / self._scale):
                    self._screen.phone.core.changed()
                finger.dragged = node.scroller
        finger.last_x, finger.last_y = x, y
        self._show(x, y)

    def up(self, x: float, y: float) -> None:
        """Lift the finger at a point in pixels."""
        self.move(x, y)
        finger, self._finger = self._finger, None
        self._hide_soon()
        if finger is None:
            return
        if not finger.moved:
            self._press(finger.target, time.monotonic() - finger.at)
            return
        dx, dy = x - finger.x, y - finger.y
        edge = self._edge(finger)
        if edge:
            self._gesture(edge, dx / self._scale, dy / self._scale)
        elif finger.dragged is not None:
            speed = -finger.speed() / self._scale
            if abs(speed) >= SLOWEST:
                self._screen.fling(finger.dragged, speed)
        else:
            node = self._draggable(finger.x, finger.y)
            if node is not None and node.drag is not None:
                node.drag(dx, dy)

    def cancel(self) -> None:
        """Take the finger away without the effect of lifting it."""
        self._finger = None
        self._hide_soon()

    def scroll(self, x: float, y: float, distance: float) -> None:
        """Scroll what lies under a point in pixels by a distance in dp, as a mouse wheel does."""
        self._screen.catch()
        node = self._draggable(x, y) if self._screen.phone.display.on else None
        if node is not None and node.scroller is not None and node.scroller.move(distance):
            self._screen.phone.core.changed()

    def tap(self, x: float, y: float) -> Node | None:
        """Tap a point in pixels; returns the node that took it."""
        if not self._screen.phone.display.on:
            return None
        self._screen.catch()
        node = self.find(x, y)
        self._show(x, y)
        self._press(node, 0)
        self._hide_soon()
        return node

    async def swipe(self, x1: float, y1: float, x2: float, y2: float, seconds: float) -> None:
        """Draw the finger from one point to another, pixels, within a time."""
        seconds = min(max(0.0, seconds), MAX_SWIPE_SECONDS)
        steps = max(1, round(seconds / STEP_SECONDS))
        self.down(x1, y1)
        for step in range(1, steps + 1):
            await asyncio.sleep(seconds / steps)
            share = step / steps
            self.move(x1 + (x2 - x1) * share, y1 + (y2 - y1) * share)
        self.up(x2, y2)

    def _show(self, x: float, y: float) -> None:
        """Mark the finger's place where the setting asks for it."""
        if self._screen.phone.settings.get("system", "show_touches") == "1":
            self._screen.spot = (int(x), int(y))

    def _hide_soon(self) -> None:
        if self._screen.spot is not None:
            self._screen.phone.core.later(SPOT_SECONDS, self._hide)

    def _hide(self) -> None:
        if self._finger is None:
            self._screen.spot = None

    def _press(self, node: Node | None, seconds: float) -> None:
        if node is None or node.tap is None:
            return
        if seconds >= LONG_PRESS_SECONDS and node.long_press is not None:
            node.long_press()
        else:
            node.tap()
        self._screen.phone.core.changed()

    def _edge(self, finger: _Finger) -> str:
        """Return the name of the edge the finger came from, where that edge has a gesture."""
        width, height = self._screen.phone.display.rotated_size
        if finger.y >= height - NAVIGATION_BAR * self._scale:
            return "bottom"
        if finger.y < STATUS_BAR * self._scale:
            return "top"
        if self._screen.recents or self._screen.view.record.activity.screen == "launcher":
            return ""
        sideways = abs(finger.last_x - finger.x) > abs(finger.last_y - finger.y)
        return "side" if sideways and not EDGE * self._scale <= finger.x < width - EDGE * self._scale else ""

    def _gesture(self, edge: str, dx: float, dy: float) -> None:
        screen = self._screen
        if edge == "bottom" and dy < -40:
            screen.home()
        elif edge == "top" and dy > 40:
            screen.phone.notifications.open_shade(True)
        elif edge == "side" and abs(dx) > 40:
            screen.back()
