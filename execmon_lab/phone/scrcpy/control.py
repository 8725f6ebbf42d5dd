"""What a client's control messages do to the phone.

Source: ``Controller.java`` of scrcpy 4.1.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from execmon_lab.phone.scrcpy import messages
from execmon_lab.phone.scrcpy.messages import CANCEL, DOWN, MOVE, UP, ControlError, Message
from execmon_lab.phone.scrcpy.options import Options
from execmon_lab.phone.screen.charmap import can_compose
from execmon_lab.phone.state.intents import LAUNCHER, MAIN, NEW_TASK, Intent
from execmon_lab.phone.system.system import System

KEY_BACK, KEY_POWER, KEY_COPY, KEY_CUT, KEY_PASTE = 4, 26, 278, 277, 279
NOTCH = 64.0  # dp that one notch of a wheel scrolls
MAX_NOTCHES = 16
PRIMARY_BUTTON = 1
CLIPBOARD_POLL_SECONDS = 0.1

Say = Callable[[str, str], None]
"""Takes a level and a line for the server's log."""


class Controller:
    """Carries out the messages of one client.

    Parameters
    ----------
    system
        The phone.
    options
        What the client asked for.
    video_size
        Size of the present video, which positions refer to; None where there is none.
    reset_video
        Makes the video begin anew.
    say
        Writes to the server's log.
    answer
        Takes device messages for the client.
    """

    def __init__(
        self,
        system: System,
        options: Options,
        *,
        video_size: Callable[[], tuple[int, int] | None],
        reset_video: Callable[[], None],
        say: Say,
        answer: Callable[[bytes], None],
    ) -> None:
        self._system = system
        self._options = options
        self._video_size = video_size
        self._reset_video = reset_video
        self._say = say
        self._answer = answer
        self._finger: int | None = None  # the pointer that is down; the phone feels one at a time
        self._copied = system.clipboard

    async def run(self, reader: messages.Reader) -> None:
        """Carry out messages until the client leaves.

        Raises
        ------
        ControlError
            When it sends what is no message.
        """
        try:
            while True:
                self._do(await messages.read(reader, self._options.major))
                await asyncio.sleep(0)  # a flood leaves others their turn
        except asyncio.IncompleteReadError:
            return
        finally:
            if self._finger is not None:
                self._system.touch.cancel()

    async def watch_clipboard(self) -> None:
        """Tell the client whatever is copied on the phone, where it asked for that."""
        while self._options.clipboard_autosync:
            await asyncio.sleep(CLIPBOARD_POLL_SECONDS)
            self._sync_clipboard()

    def _sync_clipboard(self) -> None:
        if self._system.clipboard != self._copied:
            self._copied = self._system.clipboard
            self._answer(messages.clipboard(self._copied))

    def _do(self, message: Message) -> None:
        system, fields = self._system, message.fields
        match message.kind:
            case messages.KEYCODE:
                action, code, _repeat, meta = fields
                if action == DOWN:
                    system.keys.press(code, meta=meta)
            case messages.TEXT:
                self._type(message.text)
            case messages.TOUCH:
                self._touch(fields)
            case messages.SCROLL:
                self._scroll(fields)
            case messages.BACK_OR_SCREEN_ON:
                if fields[0] == DOWN:
                    system.keys.press(KEY_BACK if system.display.on else KEY_POWER)
            case messages.EXPAND_NOTIFICATIONS | messages.EXPAND_SETTINGS:
                system.notifications.open_shade(True)
            case messages.COLLAPSE:
                system.notifications.open_shade(False)
            case messages.GET_CLIPBOARD:
                self._get_clipboard(fields[0])
            case messages.SET_CLIPBOARD:
                self._set_clipboard(message)
            case messages.DISPLAY_POWER:
                # The panel goes dark while the picture goes on; a virtual phone has no panel.
                self._say("info", f"Device display turned {'on' if fields[0] else 'off'}")
            case messages.ROTATE:
                system.display.rotate((system.display.rotation & 1) ^ 1)
            case messages.START_APP:
                self._start_app(message.text)
            case messages.RESET_VIDEO:
                self._say("info", "Video capture reset")
                self._reset_video()
            case messages.UHID_CREATE | messages.UHID_INPUT | messages.UHID_DESTROY:
                pass  # a phone without UHID ignores these
            case messages.HARD_KEYBOARD_SETTINGS | messages.SCAN_FILE:
                pass
            case _:
                raise ControlError(f"Unexpected message type: {message.kind}")

    def _type(self, text: str) -> None:
        """Type what the keyboard has keys for; the rest is left out, and complained of as Java counts it."""
        for character in text:
            if can_compose(character):
                self._system.keys.text(character)
                continue
            units = character.encode("utf-16-be")
            for unit in (units[:2], units[2:]):
                if unit:
                    self._say("warn", f"Could not inject char u+{unit.hex()}")

    def _point(self, x: int, y: int, width: int, height: int) -> tuple[float, float] | None:
        """Return a place of the video as one of the screen; None when it refers to a former size."""
        size = self._video_size()
        if size is None:
            return float(x), float(y)
        if size != (width, height):
            return None
        screen = self._system.display.rotated_size
        return x * screen[0] / width, y * screen[1] / height

    def _touch(self, fields: tuple[int, ...]) -> None:
        action, pointer, x, y, width, height, _pressure, button, buttons = fields
        point = self._point(x, y, width, height)
        if point is None or (button | buttons) & ~PRIMARY_BUTTON:
            return
        touch = self._system.touch
        if action == DOWN and self._finger in (None, pointer):  # again, where its lifting was never told
            self._finger = pointer
            touch.down(*point)
        elif pointer != self._finger:
            return
        elif action == MOVE:
            touch.move(*point)
        elif action == UP:
            self._finger = None
            touch.up(*point)
        elif action == CANCEL:
            self._finger = None
            touch.cancel()

    def _scroll(self, fields: tuple[int, ...]) -> None:
        x, y, width, height, _across, down, _buttons = fields
        point = self._point(x, y, width, height)
        if point is not None:
            self._system.touch.scroll(*point, -down / 0x8000 * MAX_NOTCHES * NOTCH)

    def _get_clipboard(self, copy: int) -> None:
        if copy in (messages.COPY, messages.CUT):
            self._system.keys.press(KEY_COPY if copy == messages.COPY else KEY_CUT)
        if not self._options.clipboard_autosync:
            self._answer(messages.clipboard(self._system.clipboard))
        else:
            self._sync_clipboard()

    def _set_clipboard(self, message: Message) -> None:
        sequence, paste = message.fields
        self._system.clipboard = self._copied = message.text
        self._say("info", "Device clipboard set")
        if paste:
            self._system.keys.press(KEY_PASTE)
        if sequence:
            self._answer(messages.clipboard_taken(sequence))

    def _start_app(self, name: str) -> None:
        system = self._system
        stop, name = name.startswith("+"), name.removeprefix("+")
        if name.startswith("?"):
            wanted = name[1:].lower()
            found = [p for p in system.packages.launchable() if p.label.lower().startswith(wanted)]
        else:
            found = [p for p in system.packages.launchable() if p.name == name]
        if len(found) != 1:
            self._say("warn", f'{"No" if not found else "No unique"} app found for "{name}"')
            return
        package = found[0]
        if stop:
            system.activities.force_stop(package.name)
        assert package.launcher is not None
        self._say("info", f'Starting app "{package.label}" [{package.name}] on display 0...')
        component = (package.name, package.launcher.name)
        system.launch(Intent(MAIN, categories=[LAUNCHER], component=component, flags=NEW_TASK))
