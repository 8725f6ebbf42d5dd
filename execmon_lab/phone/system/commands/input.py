"""input: taps, swipes, text and keys."""

from __future__ import annotations

import asyncio

from execmon_lab.phone.screen.charmap import has_keys
from execmon_lab.phone.screen.keys import code_of
from execmon_lab.phone.screen.touch import LONG_PRESS_SECONDS, MAX_SWIPE_SECONDS
from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.system.commands.arguments import ArgumentError, Arguments

_SOURCES = (
    "touchscreen",
    "touchpad",
    "keyboard",
    "mouse",
    "dpad",
    "gamepad",
    "touchnavigation",
    "trackball",
    "joystick",
    "stylus",
    "rotaryencoder",
)
_DEFAULT_SWIPE = 300
_NO_KEYS = """
Exception occurred while executing 'text':
java.lang.NullPointerException: Attempt to get length of null array
\tat com.android.server.input.InputShellCommand.sendText(InputShellCommand.java:314)
\tat com.android.server.input.InputShellCommand.runText(InputShellCommand.java:283)"""
_USAGE = """Usage: input [<source>] [-d DISPLAY_ID] <command> [<arg>...]

The sources are:
      touchnavigation
      touchscreen
      joystick
      stylus
      touchpad
      gamepad
      dpad
      mouse
      keyboard
      trackball
      rotaryencoder

[-d]: specify the display ID.
      (Default: -1 for key event, 0 for motion event if not specified.)
The commands and default sources are:
      text <string> (Default: keyboard)
      keyevent [--longpress|--doubletap|--async|--delay <duration between keycodes in ms>]
          <key code number or name> ... (Default: keyboard)
      tap <x> <y> (Default: touchscreen)
      swipe <x1> <y1> <x2> <y2> [duration(ms)] (Default: touchscreen)
      draganddrop <x1> <y1> <x2> <y2> [duration(ms)] (Default: touchscreen)
      press (Default: trackball)
      roll <dx> <dy> (Default: trackball)
      motionevent <DOWN|UP|MOVE|CANCEL> <x> <y> (Default: touchscreen)
      scroll (Default: rotaryencoder)
      keycombination [-t duration(ms)] <key code 1> <key code 2> ... (Default: keyboard)
"""


@command("input")
async def input_(process: Process) -> int:
    """Put something in, as a finger or a key would."""
    arguments = Arguments(process.argv[1:])
    if arguments.peek() in _SOURCES:
        arguments.next()
    if arguments.peek() == "-d":
        arguments.next()
        arguments.next()
    verb = arguments.next()
    try:
        return await _do(process, verb or "", arguments)
    except ArgumentError as error:
        return await process.fail(f"Error: {error}\n{_USAGE}", 255)
    except (ValueError, OverflowError) as error:
        return await process.fail(f"Error: Invalid arguments for command: {verb}\n({error})", 255)


async def _do(process: Process, verb: str, arguments: Arguments) -> int:
    system = process.system
    match verb:
        case "tap":
            x, y = (float(arguments.required()) for _ in range(2))
            system.touch.tap(x, y)
        case "swipe" | "draganddrop":
            x1, y1, x2, y2 = (float(arguments.required()) for _ in range(4))
            milliseconds = int(arguments.next() or _DEFAULT_SWIPE)
            seconds = (milliseconds if milliseconds >= 0 else _DEFAULT_SWIPE) / 1000
            await system.touch.swipe(x1, y1, x2, y2, seconds)
        case "text":
            if not arguments:
                raise ArgumentError('Argument expected after "text"')
            return await _text(process, unescape(" ".join(arguments.rest())))
        case "keyevent":
            await _keys(process, arguments)
        case "keycombination":
            if arguments.peek() == "-t":
                arguments.next()
                arguments.next()
            for code in [_code(name) for name in arguments.rest()]:
                system.keys.press(code)
        case "motionevent":
            action = arguments.required().upper()
            x, y = (float(arguments.required()) for _ in range(2)) if action != "CANCEL" else (0.0, 0.0)
            acts = {"DOWN": system.touch.down, "MOVE": system.touch.move, "UP": system.touch.up}
            if action not in (*acts, "CANCEL"):
                raise ArgumentError(f"Unknown action {action}")
            if action in acts:
                acts[action](x, y)
        case "press":
            system.keys.press(23)
        case "roll" | "scroll":
            pass
        case "":
            await process.fail(_USAGE)
            return 255
        case _:
            return await process.fail(f"Error: Unknown command: {verb}\n{_USAGE}", 255)
    return 0


async def _text(process: Process, text: str) -> int:
    """Type all of a text, or nothing where a character of it has no key: Android then falls over it."""
    if not all(map(has_keys, text)):
        return await process.fail(_NO_KEYS, 255)
    process.system.keys.text(text)
    return 0


async def _keys(process: Process, arguments: Arguments) -> None:
    long, delay = False, 0.0
    while (option := arguments.option()) is not None:
        if option == "--longpress":
            long = True
        elif option == "--delay":
            delay = min(arguments.integer() / 1000, MAX_SWIPE_SECONDS)
        elif option not in ("--doubletap", "--async"):
            raise ArgumentError(f"Unsupported option: {option}")
    names = arguments.rest()
    if not names:
        raise ArgumentError('Argument expected after "keyevent"')
    codes = [_code(name) for name in names]
    for index, code in enumerate(codes):
        if index and delay:
            await asyncio.sleep(delay)
        if long:
            await asyncio.sleep(LONG_PRESS_SECONDS)
        process.system.keys.press(code, long=long)


def _code(name: str) -> int:
    code = code_of(name)
    if code is None:
        raise ValueError(f"Invalid keycode: {name}")
    return code


def unescape(text: str) -> str:
    """Return the text that `input text` types: `%s` is a blank."""
    return text.replace("%s", " ")
