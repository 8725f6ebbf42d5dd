"""What came of an attempt, and how an exception that left a module is told."""

from __future__ import annotations

import ast
import itertools
import linecache
import os
import reprlib
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Literal

from ..devices.errors import DeviceError
from ..protocol import ErrorCode

_PACKAGE = Path(__file__).resolve().parent.parent
_OURS = (f"{_PACKAGE / 'engine'}{os.sep}", f"{_PACKAGE / 'devices'}{os.sep}")
_CALLER = str(_PACKAGE / "engine" / "module.py")
_PLAIN = (bool, int, float, str, bytes, type(None), list, tuple, dict, set)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt.

    Attributes
    ----------
    message
        Why it was skipped or failed.
    code
        What kind of failure it was; None for the others.
    traceback
        Where the module was, without the frames of the engine.
    error
        The exception that left the module, if one did.
    """

    status: Literal["completed", "skipped", "failed"]
    message: str = ""
    code: ErrorCode | None = None
    traceback: str | None = None
    error: BaseException | None = field(default=None, repr=False, compare=False)


COMPLETED = Outcome("completed")


class AttemptEnded(BaseException):
    """Raised in a module whose attempt is over (timeout, cancel, lost device), to have it end."""


class Skipped(BaseException):
    """Raised by `Context.skip`; no ``except Exception`` of a module keeps it."""


def judge(error: BaseException) -> Outcome:
    """Tell what an exception means that left a module."""
    if isinstance(error, Skipped):
        return Outcome("skipped", _text(error))
    if isinstance(error, DeviceError):
        return Outcome("failed", str(error), error.code, _traceback(error), error)
    if isinstance(error, AssertionError):
        message = _text(error) or _asserted(error)
        return Outcome("failed", message, ErrorCode.ASSERTION_FAILED, _traceback(error), error)
    message = f"{type(error).__name__}: {_text(error)}".removesuffix(": ")
    return Outcome("failed", message, ErrorCode.MODULE_ERROR, _traceback(error), error)


def position(frame: FrameType | None) -> str:
    """Write where a thread is now, as a traceback does, without the frames of the engine."""
    if frame is None:
        return ""
    stack = traceback.StackSummary.extract(traceback.walk_stack(frame), lookup_lines=True)
    return "".join(traceback.format_list(_users(stack[::-1])))


def user_frame(error: BaseException | None) -> FrameType | None:
    """Return the innermost frame of the module that an exception left, if there is one."""
    entries = list(traceback.walk_tb(error.__traceback__ if error is not None else None))
    calls = [i for i, (frame, _) in enumerate(entries) if frame.f_code.co_filename == _CALLER]
    found = None
    for frame, _ in entries[calls[0] + 1 :] if calls else ():
        if frame.f_code.co_filename.startswith(_OURS):
            break
        found = frame
    return found


def in_devices(frame: FrameType | None) -> bool:
    """Tell whether a thread is now in the code that talks to devices, at any depth of its stack."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(_OURS[1]):
            return True
        frame = frame.f_back
    return False


def _users(stack: Sequence[traceback.FrameSummary]) -> list[traceback.FrameSummary]:
    """Return the frames below the engine's call of the module, down to where it called the engine again."""
    calls = [i for i, entry in enumerate(stack) if entry.filename == _CALLER]
    inner = stack[calls[0] + 1 :] if calls else stack
    own = itertools.takewhile(lambda e: e.filename == _CALLER or not e.filename.startswith(_OURS), inner)
    return [entry for entry in own if entry.filename != _CALLER]


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as broken:  # noqa: BLE001  (a module's own exception may do anything)
        return f"(its text cannot be had: {type(broken).__name__})"


def _traceback(error: BaseException) -> str:
    summary = traceback.TracebackException.from_exception(error, compact=True)
    if isinstance(error, DeviceError):  # its cause is ours: a socket
        summary.__cause__ = summary.__context__ = None
    _strip(summary)
    return "".join(summary.format())


def _strip(summary: traceback.TracebackException | None) -> None:
    while summary is not None:
        summary.stack = traceback.StackSummary.from_list(_users(summary.stack))
        _strip(summary.__context__)
        summary = summary.__cause__


def _asserted(error: AssertionError) -> str:
    """Say of a bare ``assert`` what it asserted, with the values of the names in it."""
    entry = error.__traceback__
    while entry is not None and entry.tb_next is not None:
        entry = entry.tb_next
    if entry is None:
        return "AssertionError"
    source = " ".join(_source(entry).split())
    asserted = source.removeprefix("assert ")
    where = f"{Path(entry.tb_frame.f_code.co_filename).name}:{entry.tb_lineno}"
    values = _values(asserted, entry.tb_frame)
    said = source if source.startswith("raise ") else f"assert {asserted}"
    return f"{said} ({', '.join([*values, where])})"


def _source(entry: TracebackType) -> str:
    """Return the lines of the expression that raised."""
    code: CodeType = entry.tb_frame.f_code
    first, last = entry.tb_lineno, entry.tb_lineno
    positions = list(code.co_positions())[entry.tb_lasti // 2 : entry.tb_lasti // 2 + 1]
    if positions:
        first, last = positions[0][0] or first, positions[0][1] or last
    lines = [linecache.getline(code.co_filename, n, entry.tb_frame.f_globals) for n in range(first, last + 1)]
    return "".join(lines)


def _values(expression: str, frame: FrameType) -> list[str]:
    try:
        tree = ast.parse(expression, mode="eval")
    except SyntaxError:
        return []
    names = dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    known = ((name, frame.f_locals[name]) for name in names if name in frame.f_locals)
    return [f"{name} = {reprlib.repr(value)}" for name, value in known if type(value) in _PLAIN]
