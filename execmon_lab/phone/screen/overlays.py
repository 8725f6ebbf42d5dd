"""What the system puts over an app: dialogs, heads-up notices, the shade, toasts and recent apps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from execmon_lab.phone.screen.apps.launcher import app_icon
from execmon_lab.phone.screen.canvas import Canvas, round_mask
from execmon_lab.phone.screen.node import Action, Node
from execmon_lab.phone.screen.text import MEDIUM
from execmon_lab.phone.screen.theme import BLACK, DARK, LIGHT, STATUS_BAR, WHITE, Palette
from execmon_lab.phone.screen.ui import CENTRE, RIGHT, Ui
from execmon_lab.phone.state.activities import Task
from execmon_lab.phone.state.notifications import Notification
from execmon_lab.phone.state.phone import PhoneState


@dataclass
class Dialog:
    """A question over everything; each button's action runs after the dialog has gone."""

    title: str
    message: str
    positive: tuple[str, Action]
    negative: tuple[str, Action] | None = None
    choice: str = ""  # words of a check box
    chosen: bool = False


def dialog(ui: Ui, asked: Dialog, close: Callable[[Action], None], changed: Action) -> Node:
    """Return the window of a dialog, the screen behind it dimmed."""
    look = ui.palette
    root = ui.node(None, "FrameLayout", 0, 0, ui.w, ui.h)
    root.paint = lambda canvas: canvas.fill(root.bounds, BLACK, 0, 0.45)
    wide = min(ui.w - 48, 420.0)
    left = (ui.w - wide) / 2
    body = ui.text_height(asked.message, wide - 48, 14.5)
    tall = 24 + 34 + 12 + body + (52 if asked.choice else 8) + 64
    top = max(STATUS_BAR + 8.0, (ui.h - tall) / 2)
    card = ui.box(
        root, left, top, wide, tall, look.surface, 28, kind="LinearLayout", id="android:id/parentPanel"
    )
    ui.label(card, left + 24, top + 22, wide - 48, asked.title, 22, weight=MEDIUM, id="android:id/alertTitle")
    ui.label(
        card,
        left + 24,
        top + 66,
        wide - 48,
        asked.message,
        14.5,
        look.on_variant,
        lines=0,
        id="android:id/message",
    )
    if asked.choice:
        y = top + 66 + body + 12

        def flip() -> None:
            asked.chosen = not asked.chosen
            changed()

        box = ui.node(
            card,
            "CheckBox",
            left + 12,
            y,
            wide - 24,
            44,
            text=asked.choice,
            tap=flip,
            checkable=True,
            checked=asked.chosen,
            id="alwaysUse",
        )

        def paint(canvas: Canvas) -> None:
            square = ui.rect(left + 24, y + 12, 20, 20)
            if asked.chosen:
                canvas.fill(square, look.primary, ui.px(3))
                canvas.icon("check", square[0] + ui.px(2), square[1] + ui.px(2), ui.px(16), look.on_primary)
            else:
                canvas.outline(square, look.on_variant, ui.px(3), ui.px(2))
            canvas.text(ui.px(left + 58), ui.px(y + 12.5), asked.choice, 14.5 * ui.scale, look.on_surface)

        box.paint = paint
    right = left + wide - 16
    buttons = [(*asked.positive, "android:id/button1")]
    if asked.negative:
        buttons.append((*asked.negative, "android:id/button2"))
    for words, action, identifier in buttons:
        room = max(72.0, ui.text_width(words, 14.5, MEDIUM) + 28)
        right -= room
        ui.button(
            card,
            right,
            top + tall - 56,
            room,
            words,
            _answering(close, action),
            size=14.5,
            id=identifier,
        )
    return root


def _answering(close: Callable[[Action], None], action: Action) -> Action:
    return lambda: close(action)


def heads_up(phone: PhoneState, ui: Ui, notice: Notification, tap: Action) -> Node:
    """Return the window of a notice at the top of the screen."""
    look = ui.palette
    wide = min(ui.w - 20, 480.0)
    left, top = (ui.w - wide) / 2, STATUS_BAR + 4
    root = ui.node(None, "FrameLayout", left, top, wide, 84, tap=tap, id="expandableNotificationRow")

    def paint(canvas: Canvas) -> None:
        for spread, alpha in ((4, 0.05), (2, 0.08)):
            canvas.fill(
                ui.rect(left - spread, top - spread + 3, wide + 2 * spread, 84 + 2 * spread),
                BLACK,
                ui.px(24 + spread),
                alpha,
            )
        canvas.fill(root.bounds, look.background, ui.px(24))

    root.paint = paint
    _notice(phone, ui, root, left, top, wide, notice)
    return root


def _notice(
    phone: PhoneState, ui: Ui, parent: Node, left: float, top: float, wide: float, notice: Notification
) -> None:
    look = ui.palette
    package = phone.packages.get(notice.package)
    if package is not None:
        app_icon(ui, parent, left + 16, top + 20, 40, package)
    label = package.label if package else notice.package
    ui.label(
        parent, left + 70, top + 12, wide - 150, label, 11.5, look.on_variant, id="android:id/app_name_text"
    )
    ago = time.strftime("%H:%M", time.localtime(notice.posted))
    ui.label(parent, left + wide - 76, top + 12, 60, ago, 11.5, look.on_variant, align=RIGHT)
    ui.label(parent, left + 70, top + 28, wide - 90, notice.title, 15, weight=MEDIUM, id="android:id/title")
    ui.label(parent, left + 70, top + 50, wide - 90, notice.text, 14, look.on_variant, id="android:id/text")


def toast(ui: Ui, words: str) -> Node:
    """Return the window of a toast."""
    wide = min(ui.w - 48, ui.text_width(words, 14) + 44)
    left, top = (ui.w - wide) / 2, ui.bottom - 72
    root = ui.box(
        ui.node(None, "FrameLayout", left, top, wide, 44), left, top, wide, 44, DARK.surface_high, 22
    )
    ui.label(root, left + 22, top + 12, wide - 44, words, 14, WHITE, align=CENTRE, id="android:id/message")
    return root


def shade(phone: PhoneState, ui: Ui, act: Callable[[Notification], Action], close: Action) -> Node:
    """Return the notification shade: quick settings and the notices."""
    look = LIGHT if ui.palette is LIGHT else DARK
    root = ui.node(None, "FrameLayout", 0, 0, ui.w, ui.h, tap=close, id="notification_panel")
    root.paint = lambda canvas: canvas.fill(root.bounds, (0x12, 0x16, 0x22), 0, 0.9)
    links = phone.connectivity
    tiles = (
        ("Internet", "wifi", links.wifi_enabled, lambda: links.set_wifi(not links.wifi_enabled)),
        ("Mobile data", "data", links.mobile_enabled, lambda: links.set_mobile(not links.mobile_enabled)),
        ("Airplane mode", "airplane", links.airplane, lambda: links.set_airplane(not links.airplane)),
        (
            "Auto-rotate",
            "refresh",
            phone.settings.get("system", "accelerometer_rotation") == "1",
            lambda: _flip(phone, "system", "accelerometer_rotation"),
        ),
    )
    top = STATUS_BAR + 16.0
    ui.label(
        root,
        20,
        top,
        ui.w - 40,
        time.strftime("%a, %b ") + str(time.localtime().tm_mday),
        15,
        WHITE,
        id="date",
    )
    top += 34
    wide = (ui.w - 40) / 2
    for index, (words, icon, on, tap) in enumerate(tiles):
        x, y = 16 + (wide + 8) * (index % 2), top + 68 * (index // 2)
        fill = look.primary_container if on else (0x3A, 0x40, 0x4E)
        ink = look.on_primary_container if on else WHITE
        tile = ui.box(
            root,
            x,
            y,
            wide,
            60,
            fill,
            26,
            kind="android.widget.Switch",
            tap=tap,
            checkable=True,
            checked=on,
            description=words,
        )
        ui.icon(tile, x + 18, y + 19, 22, icon, ink)
        ui.label(tile, x + 50, y + 20, wide - 60, words, 14, ink, MEDIUM, id="tile_label")
    top += 68 * 2 + 12
    notices = phone.notifications.items[: max(1, int((ui.h - top - 80) // 92))]
    for notice in notices:
        row = ui.box(
            root, 12, top, ui.w - 24, 84, look.background, 22, tap=act(notice), id="expandableNotificationRow"
        )
        _notice(phone, ui, row, 12, top, ui.w - 24, notice)
        top += 92
    if notices:
        ui.button(
            root,
            ui.w - 124,
            top,
            108,
            "Clear all",
            phone.notifications.clear,
            fill=(0x3A, 0x40, 0x4E),
            colour=WHITE,
            id="dismiss_text",
        )
    else:
        ui.label(root, 16, top + 12, ui.w - 32, "No notifications", 14, (0xB8, 0xBE, 0xCA), align=CENTRE)
    return root


def _flip(phone: PhoneState, namespace: str, key: str) -> None:
    phone.settings.put(namespace, key, "0" if phone.settings.get(namespace, key) == "1" else "1")


def recents(
    phone: PhoneState,
    ui: Ui,
    pictures: dict[int, Image.Image],
    choose: Callable[[Task], Action],
    close: Callable[[Task], Action],
    leave: Action,
) -> Node:
    """Return the overview of recent apps: a card each."""
    root = ui.node(None, "FrameLayout", 0, 0, ui.w, ui.h, tap=leave, id="overview_panel")
    root.paint = lambda canvas: canvas.blend(root.bounds, (0x22, 0x2C, 0x52), (0x5A, 0x3E, 0x6B))
    tasks = [task for task in reversed(phone.activities.tasks) if task.top.activity.screen != "launcher"][:3]
    if not tasks:
        ui.label(root, 0, ui.h / 2 - 12, ui.w, "No recent items", 18, WHITE, align=CENTRE, id="empty_message")
        return root
    columns = len(tasks)
    wide = min(ui.w * 0.62, (ui.w - 32) / columns - 12)
    tall = min(ui.h * 0.62, wide * ui.h / ui.w)
    start = (ui.w - columns * (wide + 12) + 12) / 2
    for index, task in enumerate(tasks):
        x, y = start + (wide + 12) * index, (ui.h - tall) / 2
        package = task.top.package
        card = ui.box(
            root, x, y, wide, tall, WHITE, 18, tap=choose(task), description=package.label, id="task"
        )
        picture = pictures.get(task.identifier)
        if picture is not None:
            ui.shape(card, _thumbnail(ui, card, picture))
        app_icon(ui, card, x + wide / 2 - 20, y - 52, 40, package)
        ui.icon_button(
            root,
            x + wide / 2 - 20,
            y + tall + 8,
            "close",
            close(task),
            description=f"Dismiss {package.label}",
            size=40,
            glyph=20,
            colour=WHITE,
            fill=(0x4A, 0x4F, 0x72),
        )
    return root


def _thumbnail(ui: Ui, card: Node, picture: Image.Image) -> Callable[[Canvas], None]:
    def paint(canvas: Canvas) -> None:
        left, top, right, bottom = card.bounds
        small = picture.resize((right - left, bottom - top), Image.Resampling.BILINEAR, reducing_gap=2.0)
        canvas.image.paste(small, (left, top), round_mask(right - left, bottom - top, ui.px(18)))

    return paint


def palette_of(phone: PhoneState) -> Palette:
    """Return the theme of the system's own windows."""
    return DARK if phone.settings.get("secure", "ui_night_mode") == "2" else LIGHT
