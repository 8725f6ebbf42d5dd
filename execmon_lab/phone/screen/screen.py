"""The screen: the windows from back to front, the picture they make, and who gets a touch."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from PIL import Image

from execmon_lab.phone.screen import apps as apps
from execmon_lab.phone.screen import keyboard, overlays, statusbar
from execmon_lab.phone.screen.canvas import Canvas
from execmon_lab.phone.screen.field import Field
from execmon_lab.phone.screen.fling import Fling
from execmon_lab.phone.screen.node import Action, Node, Scroller
from execmon_lab.phone.screen.overlays import Dialog
from execmon_lab.phone.screen.theme import NAVIGATION_BAR, STATUS_BAR, WHITE, Colour
from execmon_lab.phone.screen.transition import Scene, Stage
from execmon_lab.phone.screen.ui import Ui
from execmon_lab.phone.screen.view import VIEWS, View
from execmon_lab.phone.state.activities import Record, Task
from execmon_lab.phone.state.intents import VIEW as VIEW_ACTION
from execmon_lab.phone.state.intents import Intent
from execmon_lab.phone.state.notifications import Notification
from execmon_lab.phone.state.phone import PhoneState

MAX_PICTURES = 6
IDLE_SECONDS = 10.0  # accessibility waits no longer (androidx.test.uiautomator.UiDevice)


@dataclass(frozen=True)
class Frame:
    """A picture of the screen.

    Attributes
    ----------
    width, height : int
        Pixels, as the phone is held now.
    data : bytes
        RGBA, row by row from the top, `width * height * 4` bytes.
    version : int
        Rises with each picture that differs from the one before.
    """

    width: int
    height: int
    data: bytes
    version: int


@dataclass(frozen=True)
class Window:
    """A window and its tree.

    `layer` is `app`, `keyboard`, `status`, `heads_up`, `shade`, `toast` or `dialog`.
    """

    layer: str
    root: Node


class Screen:
    """What the phone shows."""

    def __init__(self, phone: PhoneState) -> None:
        self.phone = phone
        self.keyboard = keyboard.Keyboard(phone.core.changed)
        self.dialogs: list[Dialog] = []
        self.recents = False
        self._windows: tuple[Hashable, list[Window]] = (None, [])
        self._body: tuple[Hashable, Image.Image | None, bytes] = (None, None, b"")
        self._frame: tuple[Hashable, Frame | None] = (None, None)
        self._count = 0
        self._pictures: dict[int, Image.Image] = {}
        self._stage = Stage(phone.settings.animation_scale)
        self._fling: Fling | None = None
        self._flung: Record | None = None  # whose list goes on by itself
        self.spot: tuple[int, int] | None = None  # where a finger is, for the setting "Show taps"
        phone.activities.on_start = self.view_of
        phone.core.on_change = lambda: self._stage.note(self._scene())

    def reset(self) -> None:
        """Forget dialogs and pictures, as a reboot does."""
        self.dialogs.clear()
        self.recents = False
        self._pictures.clear()
        self._fling = None
        self._stage.cut()

    # what shows

    @property
    def view(self) -> View:
        """The screen of the activity in front."""
        return self.view_of(self.phone.activities.front)

    def view_of(self, record: Record) -> View:
        """Return an activity's screen, made on first use."""
        if record.view is None:
            record.view = VIEWS.get(record.activity.screen, VIEWS["app"])(self.phone, record)
        view: View = record.view
        return view

    @property
    def focus(self) -> Field | None:
        """The field that takes text now."""
        view: View | None = self.phone.activities.front.view  # while the screen is being made there is none
        return None if self.recents or self.dialogs or view is None else view.focus

    @property
    def keyboard_shown(self) -> bool:
        """Whether the keyboard shows."""
        return self.focus is not None and self.view.keyboard and not self.phone.notifications.shade_open

    def _ui(self, package: str, covered: float = 0) -> Ui:
        display = self.phone.display
        return Ui(display.rotated_size, display.density, overlays.palette_of(self.phone), package, covered)

    def _stamp(self) -> Hashable:
        """Return all that the picture below the status bar depends on."""
        phone = self.phone
        view = self.view
        notices = phone.notifications
        return (
            phone.core.version,
            phone.display.rotated_size,
            view.stamp(),
            notices.heads_up,
            notices.present_toast,
            len(self.dialogs),
            self.recents,
            self.spot,
        )

    def _scene(self) -> Scene:
        """Return what of the screen comes and goes by an animation."""
        display, notices = self.phone.display, self.phone.notifications
        task, front = self.phone.activities.tasks[-1], self.phone.activities.front
        scale, (_, height) = display.density / 160, display.rotated_size
        covered = keyboard.height(height / scale) + NAVIGATION_BAR if self.keyboard_shown else 0
        return Scene(
            display.rotated_size,
            task.identifier,
            front.token,
            front.activity.screen == "launcher",
            self.recents,
            id(self.dialogs[-1]) if self.dialogs else None,
            notices.shade_open,
            round(height - covered * scale) if covered else 0,
            notices.heads_up.key if notices.heads_up else "",
            notices.present_toast,
        )

    # what moves

    def fling(self, scroller: Scroller, speed: float) -> None:
        """Let a list go on by itself, at a speed in dp a second."""
        self._flung = self.phone.activities.front
        self._fling = Fling(scroller, speed, self.phone.settings.animation_scale("animator_duration_scale"))

    def catch(self) -> None:
        """Stop what goes on by itself."""
        self._move()
        self._fling = None

    def _move(self) -> None:
        """Bring what goes on by itself to where it is by now."""
        if self._fling is not None:
            if not self._fling.go() or self._flung is not self.phone.activities.front:
                self._fling = self._flung = None
            self.phone.core.changed()

    async def idle(self) -> None:
        """Wait until nothing goes on by itself any more, as accessibility does before it looks."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(IDLE_SECONDS):
                while self._fling is not None:
                    await asyncio.sleep(min(self._fling.left, 0.05))
                    self._move()

    def windows(self) -> list[Window]:
        """Return the windows from the back to the front, laid out and clipped."""
        self._move()
        for _ in range(3):  # laying out may itself change something, such as marking messages read
            stamp = self._stamp()
            if self._windows[0] == stamp:
                break
            self._windows = (stamp, self._lay_out())
        return [*self._windows[1][:1], self._status(), *self._windows[1][1:]]

    def _status(self) -> Window:
        ui = self._ui(statusbar.PACKAGE)
        root = statusbar.build(self.phone, ui, self._ink())
        root.settle((0, 0, *ui.size))
        return Window("status", root)

    def _ink(self) -> Colour:
        return (
            WHITE if self.dialogs or self.recents or self.phone.notifications.shade_open else self.view.bars
        )

    def _lay_out(self) -> list[Window]:
        phone, notices = self.phone, self.phone.notifications
        found: list[Window] = []
        view = self.view
        display = phone.display
        shown = self.keyboard_shown
        ui = Ui(display.rotated_size, display.density, view.palette, self.phone.activities.front.package.name)
        covered = keyboard.height(ui.h) if shown else 0.0
        ui = Ui(display.rotated_size, display.density, view.palette, ui.package, covered)
        if self.recents:
            recents_ui = self._ui("com.android.launcher3")
            root = overlays.recents(phone, recents_ui, self._pictures, self._choose, self._close, self._leave)
            found.append(Window("app", root))
        else:
            found.append(Window("app", view.build(ui)))
        if shown and view.focus is not None:
            keys = self._ui(keyboard.PACKAGE, covered)
            found.append(Window("keyboard", self.keyboard.build(keys, view.focus, view.palette)))
        system = self._ui(statusbar.PACKAGE, covered)
        if notices.heads_up is not None and not notices.shade_open:
            notice = notices.heads_up
            found.append(Window("heads_up", overlays.heads_up(phone, system, notice, self._open(notice))))
        if notices.shade_open:
            root = overlays.shade(phone, system, self._open, lambda: notices.open_shade(False))
            found.append(Window("shade", root))
        if notices.present_toast:
            found.append(Window("toast", overlays.toast(system, notices.present_toast)))
        if self.dialogs:
            asked = self.dialogs[-1]
            root = overlays.dialog(
                system, asked, lambda action: self._answer(asked, action), phone.core.changed
            )
            found.append(Window("dialog", root))
        for window in found:
            window.root.settle((0, 0, *ui.size))
        return found

    @property
    def active(self) -> Window:
        """The window that has the focus: a dialog, the shade, or the app."""
        windows = self.windows()
        return next(
            (window for window in reversed(windows) if window.layer in ("dialog", "shade")), windows[0]
        )

    # the picture

    def frame(self) -> Frame:
        """Return the picture of now; the same object as long as nothing has changed."""
        phone = self.phone
        size = phone.display.rotated_size
        if not phone.display.on:
            self._stage.cut()
            return self._keep(("off", size), size, lambda: bytes((0, 0, 0, 255)) * (size[0] * size[1]))
        self.windows()
        stamp, scene = self._windows[0], self._scene()
        bar = (statusbar.stamp(phone), self._ink())
        step = self._stage.step(scene)

        def draw() -> bytes:
            body = self._draw(stamp, size)
            picture = self._stage.picture(scene, step, body)
            height = round(STATUS_BAR * phone.display.density / 160)
            strip = Canvas(picture.crop((0, 0, size[0], height)))
            self._status().root.draw(strip)
            rest = self._body[2] if picture is body else picture.crop((0, height, *size)).tobytes()
            return strip.image.tobytes() + rest

        return self._keep((stamp, bar, step), size, draw)

    def _keep(self, key: Hashable, size: tuple[int, int], draw: Callable[[], bytes]) -> Frame:
        if self._frame[0] != key or self._frame[1] is None:
            self._count += 1
            self._frame = (key, Frame(*size, draw(), self._count))
        frame = self._frame[1]
        assert frame is not None
        return frame

    def _draw(self, stamp: Hashable, size: tuple[int, int]) -> Image.Image:
        """Return all but the status bar, drawn anew when `stamp` is new."""
        if self._body[0] == stamp and self._body[1] is not None:
            return self._body[1]
        image = Image.new("RGBA", size, (0, 0, 0, 255))
        canvas = Canvas(image)
        windows = self._windows[1]
        if self.recents or not self.phone.activities.front.activity.secure:
            windows[0].root.draw(canvas)
        if not self.recents:
            self._remember(image, clean=len(windows) == 1)
        covered = any(window.layer == "keyboard" for window in windows)
        for window in windows[1:]:
            window.root.draw(canvas)
        ui = self._ui(statusbar.PACKAGE)
        statusbar.pill(ui, canvas, self.view.palette.on_surface if covered else self._ink())
        if self.spot is not None:
            x, y = self.spot
            for radius, alpha in ((ui.px(15), 0.35), (ui.px(11), 0.5)):
                canvas.fill((x - radius, y - radius, x + radius, y + radius), WHITE, radius, alpha)
        height = round(STATUS_BAR * self.phone.display.density / 160)
        self._body = (stamp, image, image.crop((0, height, *size)).tobytes())
        return image

    def _remember(self, image: Image.Image, *, clean: bool) -> None:
        """Keep the picture of the app in front for the overview, if possible without what covers it."""
        tasks = self.phone.activities.tasks
        if tasks[-1].top.activity.secure:
            self._pictures.pop(tasks[-1].identifier, None)
        elif clean or tasks[-1].identifier not in self._pictures:
            self._pictures[tasks[-1].identifier] = image
        alive = {task.identifier for task in tasks}
        for identifier in list(self._pictures):
            if identifier not in alive or len(self._pictures) > MAX_PICTURES:
                del self._pictures[identifier]

    # what the overlays do

    def ask(self, asked: Dialog) -> None:
        """Show a dialog."""
        self.phone.display.power(True)
        self.dialogs.append(asked)
        self.phone.core.changed()

    def withdraw(self, asked: Dialog) -> None:
        """Take a dialog away unanswered."""
        if asked in self.dialogs:
            self.dialogs.remove(asked)
            self.phone.core.changed()

    def _answer(self, asked: Dialog, action: Action) -> None:
        self.withdraw(asked)
        action()

    def _open(self, notice: Notification) -> Action:
        def tap() -> None:
            self.phone.notifications.open_shade(False)
            self.phone.notifications.cancel(notice.key)
            self.recents = False
            if notice.target:
                self.phone.launch(Intent(VIEW_ACTION, notice.target))

        return tap

    def show_recents(self, shown: bool) -> None:
        """Show or leave the overview of recent apps."""
        self.recents = shown
        self.phone.core.changed()

    def _choose(self, task: Task) -> Action:
        def tap() -> None:
            self.recents = False
            self.phone.activities.bring(task)

        return tap

    def _close(self, task: Task) -> Action:
        def tap() -> None:
            for record in list(task.records):
                self.phone.activities.finish(record)

        return tap

    def _leave(self) -> None:
        self.show_recents(False)

    def back(self) -> None:
        """Go back one step: overlay, keyboard, inside of the app, activity."""
        notices = self.phone.notifications
        if self.dialogs:
            asked = self.dialogs[-1]
            self._answer(asked, asked.negative[1] if asked.negative else lambda: None)
        elif notices.shade_open:
            notices.open_shade(False)
        elif self.recents:
            self._leave()
        elif self.keyboard_shown:
            self.view.keyboard = False
            self.phone.core.changed()
        elif not self.view.back():
            self.view.finish()

    def home(self) -> None:
        """Go to the home screen."""
        self.recents = False
        self.phone.notifications.open_shade(False)
        self.phone.activities.home()
