"""Reading of command lines: letters and their values."""

from __future__ import annotations

from execmon_lab.phone.shell.process import Process

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class UsageError(Exception):
    """The command line cannot be read."""


class Options(dict[str, str]):
    """Options given, by letter or long name; flags have an empty value.

    Attributes
    ----------
    arguments
        What is not an option, in order.
    """

    arguments: list[str]

    def number(self, name: str, default: int) -> int:
        """An option's value as a number, with toybox's suffixes k, m, g."""
        return size(self[name]) if name in self else default


def options(process: Process, flags: str, *, long: tuple[str, ...] = (), stop: bool = False) -> Options:
    """Read ``process.argv`` as getopt does.

    Parameters
    ----------
    flags
        Letters; one followed by ``:`` takes a value.
    long
        Long options; one ending in ``=`` takes a value.
    stop
        Whether the first argument ends the options, as for commands that run others.

    Raises
    ------
    UsageError
        For an unknown option or a missing value.
    """
    found = Options()
    found.arguments = []
    rest = process.argv[:0:-1]
    while rest:
        argument = rest.pop()
        if argument == "--":
            found.arguments += rest[::-1]
            break
        if argument.startswith("--"):
            _long(argument[2:], long, rest, found)
        elif argument.startswith("-") and len(argument) > 1:
            _letters(argument[1:], flags, rest, found)
        else:
            found.arguments.append(argument)
            if stop:
                found.arguments += rest[::-1]
                break
    return found


def _long(text: str, known: tuple[str, ...], rest: list[str], found: Options) -> None:
    name, equals, value = text.partition("=")
    if name in known and not equals:
        found[name] = ""
    elif f"{name}=" in known:
        if not equals and not rest:
            raise UsageError(f"Missing argument to --{name}")
        found[name] = value if equals else rest.pop()
    else:
        raise UsageError(f"Unknown option '{name}'")


def _letters(text: str, flags: str, rest: list[str], found: Options) -> None:
    for index, letter in enumerate(text):
        at = flags.find(letter)
        if at < 0 or letter == ":":
            raise UsageError(f"Unknown option '{letter}'")
        if flags[at + 1 : at + 2] != ":":
            found[letter] = ""
            continue
        value = text[index + 1 :]
        if not value and not rest:
            raise UsageError(f"Missing argument to -{letter}")
        found[letter] = value or rest.pop()
        return


def size(text: str) -> int:
    """A number with an optional suffix: ``4k``, ``1M``."""
    suffix = text[-1:].lower()
    factor = {"b": 512, "k": 1024, "m": 1024**2, "g": 1024**3}.get(suffix, 0)
    try:
        return int(text[:-1]) * factor if factor else int(text)
    except ValueError:
        raise UsageError(f"bad number '{text}'") from None


def seconds(text: str) -> float:
    """A span such as ``1.5`` or ``2m``, bounded to a year."""
    unit = _UNITS.get(text[-1:])
    try:
        value = float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        raise UsageError(f"bad time '{text}'") from None
    if not 0 <= value <= 366 * 86400:
        raise UsageError(f"bad time '{text}'")
    return value
