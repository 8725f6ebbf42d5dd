"""The bars of the system: clock, signal, data and battery above, the navigation pill below."""

from __future__ import annotations

from collections.abc import Hashable

from execmon_lab.phone.screen.canvas import Canvas
from execmon_lab.phone.screen.node import Node
from execmon_lab.phone.screen.text import MEDIUM
from execmon_lab.phone.screen.theme import GREEN, NAVIGATION_BAR, RED, STATUS_BAR, Colour
from execmon_lab.phone.screen.ui import Ui
from execmon_lab.phone.screen.view import clock_text
from execmon_lab.phone.state.connectivity import ATTACHED, ATTACHING
from execmon_lab.phone.state.phone import PhoneState

PACKAGE = "com.android.systemui"
_BARS = ("no signal", "one bar", "two bars", "three bars", "four bars")


def stamp(phone: PhoneState) -> Hashable:
    """Return all that the status bar shows; while it is equal the bar stays."""
    links = phone.connectivity
    return (
        clock_text(seconds=True),
        links.mobile,
        links.wifi,
        links.airplane,
        phone.telephony.signal,
        phone.battery.level,
        phone.battery.charging,
        len(phone.notifications.items),
    )


def build(phone: PhoneState, ui: Ui, ink: Colour) -> Node:
    """Return the status bar's window."""
    root = ui.node(None, "FrameLayout", 0, 0, ui.w, STATUS_BAR, id="status_bar")
    ui.label(root, 16, 5, 90, clock_text(seconds=True), 14, ink, MEDIUM, id="clock")
    if phone.notifications.items:
        x = 16 + ui.text_width("00:00:00", 14, MEDIUM) + 12
        ui.icon(
            root, x, 6, 15, "message", ink, description=f"{phone.notifications.items[0].title} notification"
        )
    right = _battery(phone, ui, root, ui.w - 16, ink)
    links = phone.connectivity
    if links.airplane:
        ui.icon(root, right - 18, 6, 16, "airplane", ink, description="Airplane mode.", id="airplane")
    else:
        right = _signal(phone, ui, root, right - 20, ink)
        if links.mobile == ATTACHED and links.wifi != ATTACHED:
            wide = ui.text_width("4G", 11.5, MEDIUM)
            right -= wide + 3
            ui.label(root, right, 6.5, wide + 2, "4G", 11.5, ink, MEDIUM, description="LTE", id="mobile_type")
        elif links.mobile == ATTACHING:
            right -= 18
            ui.icon(root, right, 7, 14, "data", ink, description="Mobile data connecting", id="mobile_type")
    if links.wifi == ATTACHED:
        ui.icon(root, right - 20, 6, 16, "wifi", ink, description="Wifi signal full.", id="wifi_signal")
    return root


def _battery(phone: PhoneState, ui: Ui, root: Node, right: float, ink: Colour) -> float:
    battery = phone.battery
    words = f"{battery.level}%"
    wide = ui.text_width(words, 12, MEDIUM) + 1
    charging = ", charging" if battery.charging else ""
    made = ui.node(
        root,
        "LinearLayout",
        right - 26,
        7.5,
        26,
        13,
        id="battery",
        description=f"Battery {battery.level} percent{charging}.",
    )
    fill = GREEN if battery.charging else RED if battery.level <= 15 else ink

    def paint(canvas: Canvas) -> None:
        left, top, end, bottom = made.bounds
        body = (left, top, end - ui.px(3), bottom)
        canvas.fill((end - ui.px(2.4), top + ui.px(4), end, bottom - ui.px(4)), ink, ui.px(1), 0.6)
        canvas.outline(body, ink, ui.px(3.5), ui.px(1.2))
        gap = ui.px(2.4)
        room = body[2] - body[0] - 2 * gap
        level = max(1, round(room * min(100, max(0, battery.level)) / 100))
        canvas.fill((left + gap, top + gap, left + gap + level, bottom - gap), fill, ui.px(1.6))
        if battery.charging:
            size = ui.px(11)
            canvas.icon("bolt", (body[0] + body[2] - size) // 2, (top + bottom - size) // 2, size, ink)

    made.paint = paint
    ui.label(root, right - 30 - wide, 6.2, wide + 1, words, 12, ink, MEDIUM)
    return right - 34 - wide


def _signal(phone: PhoneState, ui: Ui, root: Node, left: float, ink: Colour) -> float:
    level = phone.telephony.signal
    made = ui.node(
        root, "ImageView", left, 6, 17, 16, description=f"Phone {_BARS[level]}.", id="mobile_signal"
    )

    def paint(canvas: Canvas) -> None:
        for step in range(4):
            x = made.bounds[0] + ui.px(4.2 * step)
            high = ui.px(4 + 3 * step)
            area = (x, made.bounds[3] - ui.px(1.5) - high, x + ui.px(3), made.bounds[3] - ui.px(1.5))
            canvas.fill(area, ink, ui.px(1), 1.0 if step < level else 0.35)

    made.paint = paint
    return left - 4


def pill(ui: Ui, canvas: Canvas, ink: Colour) -> None:
    """Draw the navigation pill at the bottom edge."""
    wide = min(128.0, ui.w * 0.34)
    area = ui.rect((ui.w - wide) / 2, ui.h - NAVIGATION_BAR + 9, wide, 4)
    canvas.fill(area, ink, ui.px(2), 0.85)
