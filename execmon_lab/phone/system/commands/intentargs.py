"""The arguments that describe an intent, as `am` takes them."""

from __future__ import annotations

from collections.abc import Callable

from execmon_lab.phone.state.intents import Intent, parse_component
from execmon_lab.phone.system.commands.arguments import ArgumentError, Arguments

_EXTRAS: dict[str, Callable[[str], object]] = {
    "--es": str,
    "-e": str,
    "--ei": int,
    "--el": int,
    "--ez": lambda word: word.lower() in ("true", "t", "1"),
    "--ef": float,
    "--ed": float,
    "--eu": str,
    "--ecn": str,
    "--eia": str,
    "--esa": str,
    "--esal": str,
    "--eial": str,
    "--ela": str,
    "--efa": str,
}
_FLAGS = {
    "--activity-brought-to-front": 0x00400000,
    "--activity-clear-top": 0x04000000,
    "--activity-clear-task": 0x00008000,
    "--activity-clear-when-task-reset": 0x00080000,
    "--activity-exclude-from-recents": 0x00800000,
    "--activity-no-animation": 0x00010000,
    "--activity-no-history": 0x40000000,
    "--activity-no-user-action": 0x00040000,
    "--activity-previous-is-top": 0x01000000,
    "--activity-reorder-to-front": 0x00020000,
    "--activity-reset-task-if-needed": 0x00200000,
    "--activity-single-top": 0x20000000,
    "--activity-task-on-home": 0x4000,
    "--exclude-stopped-packages": 0x10,
    "--include-stopped-packages": 0x20,
    "--receiver-foreground": 0x10000000,
    "--receiver-registered-only": 0x40000000,
    "--receiver-replace-pending": 0x20000000,
    "--debug-log-resolution": 0x8,
    "--grant-read-uri-permission": 0x1,
    "--grant-write-uri-permission": 0x2,
    "--receiver-include-background": 0x01000000,
}


def read_intent(arguments: Arguments, options: dict[str, int]) -> tuple[Intent, dict[str, list[str]]]:
    """Read an intent and the options beside it.

    Parameters
    ----------
    options
        Options of the command itself, with the number of values each takes.

    Returns
    -------
    The intent, and the values of the options that were given.

    Raises
    ------
    ArgumentError
        An option is unknown or lacks its value.
    """
    intent = Intent()
    given: dict[str, list[str]] = {}
    while arguments:
        word = arguments.required()
        if word in options:
            given[word] = [arguments.required(word) for _ in range(options[word])]
        elif word == "-a":
            intent.action = arguments.required(word)
        elif word == "-d":
            intent.data = arguments.required(word)
        elif word == "-t":
            intent.mime = arguments.required(word)
        elif word == "-c":
            intent.categories.append(arguments.required(word))
        elif word == "-n":
            name = arguments.required(word)
            intent.component = parse_component(name)
            if intent.component is None:
                raise ArgumentError(f"Bad component name: {name}")
        elif word == "-p":
            intent.package = arguments.required(word)
        elif word == "-f":
            intent.flags |= arguments.integer()
        elif word == "-i":
            arguments.required(word)
        elif word in _EXTRAS:
            key, value = arguments.required(word), arguments.required(word)
            try:
                intent.extras[key] = _EXTRAS[word](value)
            except ValueError as error:
                raise ArgumentError(f'For input string: "{value}"') from error
        elif word == "--esn":
            intent.extras[arguments.required(word)] = None
        elif word in _FLAGS:
            intent.flags |= _FLAGS[word]
        elif word == "--selector":
            continue
        elif word.startswith("-"):
            raise ArgumentError(f"Unknown option: {word}")
        else:
            _plain(intent, word)
    return intent, given


def _plain(intent: Intent, word: str) -> None:
    """Take the argument that is an address, a component or a package."""
    if ":" in word:
        intent.data = word
        intent.action = intent.action or "android.intent.action.VIEW"
    elif "/" in word:
        intent.component = parse_component(word)
        if intent.component is None:
            raise ArgumentError(f"Bad component name: {word}")
    else:
        intent.package = word
        intent.action = intent.action or "android.intent.action.MAIN"
        intent.categories = intent.categories or ["android.intent.category.LAUNCHER"]
