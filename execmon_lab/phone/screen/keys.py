"""Keys of the device and of a keyboard, by Android's numbers and names (android.view.KeyEvent)."""

from __future__ import annotations

from execmon_lab.phone.screen.node import Node
from execmon_lab.phone.screen.screen import Screen
from execmon_lab.phone.state.telephony import IDLE, RINGING

_NAMED = [
    "0",
    "UNKNOWN",
    "1",
    "SOFT_LEFT",
    "2",
    "SOFT_RIGHT",
    "3",
    "HOME",
    "4",
    "BACK",
    "5",
    "CALL",
    "6",
    "ENDCALL",
    "17",
    "STAR",
    "18",
    "POUND",
    "19",
    "DPAD_UP",
    "20",
    "DPAD_DOWN",
    "21",
    "DPAD_LEFT",
    "22",
    "DPAD_RIGHT",
    "23",
    "DPAD_CENTER",
    "24",
    "VOLUME_UP",
    "25",
    "VOLUME_DOWN",
    "26",
    "POWER",
    "27",
    "CAMERA",
    "28",
    "CLEAR",
    "55",
    "COMMA",
    "56",
    "PERIOD",
    "57",
    "ALT_LEFT",
    "58",
    "ALT_RIGHT",
    "59",
    "SHIFT_LEFT",
    "60",
    "SHIFT_RIGHT",
    "61",
    "TAB",
    "62",
    "SPACE",
    "63",
    "SYM",
    "64",
    "EXPLORER",
    "65",
    "ENVELOPE",
    "66",
    "ENTER",
    "67",
    "DEL",
    "68",
    "GRAVE",
    "69",
    "MINUS",
    "70",
    "EQUALS",
    "71",
    "LEFT_BRACKET",
    "72",
    "RIGHT_BRACKET",
    "73",
    "BACKSLASH",
    "74",
    "SEMICOLON",
    "75",
    "APOSTROPHE",
    "76",
    "SLASH",
    "77",
    "AT",
    "79",
    "HEADSETHOOK",
    "80",
    "FOCUS",
    "81",
    "PLUS",
    "82",
    "MENU",
    "83",
    "NOTIFICATION",
    "84",
    "SEARCH",
    "85",
    "MEDIA_PLAY_PAUSE",
    "86",
    "MEDIA_STOP",
    "87",
    "MEDIA_NEXT",
    "88",
    "MEDIA_PREVIOUS",
    "91",
    "MUTE",
    "92",
    "PAGE_UP",
    "93",
    "PAGE_DOWN",
    "111",
    "ESCAPE",
    "112",
    "FORWARD_DEL",
    "113",
    "CTRL_LEFT",
    "114",
    "CTRL_RIGHT",
    "122",
    "MOVE_HOME",
    "123",
    "MOVE_END",
    "124",
    "INSERT",
    "160",
    "NUMPAD_ENTER",
    "164",
    "VOLUME_MUTE",
    "176",
    "SETTINGS",
    "187",
    "APP_SWITCH",
    "207",
    "CONTACTS",
    "208",
    "CALENDAR",
    "209",
    "MUSIC",
    "210",
    "CALCULATOR",
    "219",
    "ASSIST",
    "220",
    "BRIGHTNESS_DOWN",
    "221",
    "BRIGHTNESS_UP",
    "223",
    "SLEEP",
    "224",
    "WAKEUP",
    "276",
    "SOFT_SLEEP",
    "277",
    "CUT",
    "278",
    "COPY",
    "279",
    "PASTE",
]
CODES: dict[str, int] = {name: int(number) for number, name in zip(_NAMED[::2], _NAMED[1::2], strict=True)}
CODES |= {str(digit): 7 + digit for digit in range(10)}
CODES |= {chr(65 + letter): 29 + letter for letter in range(26)}
CODES |= {f"F{number}": 130 + number for number in range(1, 13)}
CODES |= {f"NUMPAD_{digit}": 144 + digit for digit in range(10)}

_SIGNS: dict[int, str] = {7 + digit: str(digit) for digit in range(10)}
_SIGNS |= {29 + letter: chr(97 + letter) for letter in range(26)}
_SIGNS |= {144 + digit: str(digit) for digit in range(10)}
_SIGNS |= {
    17: "*",
    18: "#",
    55: ",",
    56: ".",
    62: " ",
    68: "`",
    69: "-",
    70: "=",
    71: "[",
    72: "]",
    73: "\\",
    74: ";",
    75: "'",
    76: "/",
    77: "@",
    81: "+",
}
SHIFT_ON = 0x1


def code_of(name: str) -> int | None:
    """Return a key's number by its number or name, with or without `KEYCODE_`; None when unknown."""
    try:
        return int(name, 0)
    except ValueError:
        return CODES.get(name.upper().removeprefix("KEYCODE_"))


class Keys:
    """What each key does."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._selected = 0

    def press(self, code: int, *, meta: int = 0, long: bool = False) -> None:
        """Press and release a key."""
        phone, screen = self._screen.phone, self._screen
        if code in (24, 25, 91, 164):
            self._volume({24: 1, 25: -1}.get(code, 0))
        elif code == 26:
            phone.display.power(not phone.display.on)
        elif code in (223, 276):
            phone.display.power(False)
        elif code == 224:
            phone.display.power(True)
        elif code == 5:
            self._call()
        elif code == 6:
            if not phone.telephony.hang_up():
                phone.display.power(False)
        elif code == 79 and phone.telephony.state == RINGING:
            phone.telephony.answer()
        elif not phone.display.on:
            return
        elif code == 3:
            screen.home()
        elif code in (4, 111):
            screen.back()
        elif code == 187:
            screen.show_recents(not screen.recents)
        elif code == 83:
            phone.notifications.open_shade(not phone.notifications.shade_open)
        elif code in (176, 207, 210, 64, 65):
            self._launch(code)
        elif code in (220, 221):
            step = 26 if code == 221 else -26
            phone.settings.put(
                "system", "screen_brightness", str(min(255, max(1, phone.display.brightness + step)))
            )
        else:
            self._edit(code, meta)

    def text(self, text: str) -> None:
        """Type text into the field that has the focus; without one it is lost, as on a real phone."""
        field = self._screen.focus
        if field is not None:
            field.insert(text)
            self._screen.phone.core.changed()

    def _edit(self, code: int, meta: int) -> None:
        screen, field = self._screen, self._screen.focus
        if code in (19, 20, 61) or (code in (21, 22, 23, 66, 160) and field is None):
            self._walk(code, meta)
            return
        if field is None:
            sign = _SIGNS.get(code)
            if sign is not None:
                screen.view.key(sign)
        elif code in (66, 160):
            field.enter()
        elif code in (67, 112):
            field.delete(forward=code == 112)
        elif code == 28:
            field.set("")
        elif code in (21, 22):
            field.move(1 if code == 22 else -1)
        elif code in (122, 123):
            field.move(len(field.value) if code == 123 else -len(field.value))
        elif code == 279:
            field.insert(screen.phone.clipboard)
        elif code in (277, 278):
            screen.phone.clipboard = field.value
            if code == 277:
                field.set("")
        elif code in _SIGNS:
            sign = _SIGNS[code]
            field.insert(sign.upper() if meta & SHIFT_ON else sign)
        screen.phone.core.changed()

    def _walk(self, code: int, meta: int) -> None:
        """Move the selection over what can be tapped, and tap it."""
        nodes = [node for node in self._screen.active.root.walk() if node.clickable]
        if not nodes:
            return
        if code in (23, 66, 160):
            node = nodes[self._selected % len(nodes)]
            if node.tap is not None:
                node.tap()
        else:
            back = code in (19, 21) or (code == 61 and meta & SHIFT_ON)
            self._selected = (self._next(nodes) + (-1 if back else 1)) % len(nodes)
            node = nodes[self._selected]
            if node.kind == "android.widget.EditText" and node.tap is not None:
                node.tap()
        self._screen.phone.core.changed()

    def _next(self, nodes: list[Node]) -> int:
        focused = [index for index, node in enumerate(nodes) if node.focused]
        return focused[0] if focused else self._selected

    def _call(self) -> None:
        telephony = self._screen.phone.telephony
        if telephony.state == RINGING:
            telephony.answer()
        elif telephony.state == IDLE:
            self._screen.view.key("CALL")

    def _volume(self, step: int) -> None:
        settings = self._screen.phone.settings
        level = settings.number("system", "volume_music", 0) + step if step else 0
        settings.put("system", "volume_music", str(min(15, max(0, level))))
        self._screen.phone.notifications.toast(f"Media volume {min(15, max(0, level))}")

    def _launch(self, code: int) -> None:
        names = {176: "settings", 207: "contacts", 210: "calculator2", 64: "chrome", 65: "messaging"}
        package = self._screen.phone.packages.get(f"com.android.{names[code]}")
        if package is not None and package.launcher is not None:
            self._screen.view.open("", component=(package.name, package.launcher.name))
