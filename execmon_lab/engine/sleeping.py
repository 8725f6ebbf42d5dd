"""A `time.sleep` that can be ended, in place while an execution runs.

An exception that is set for a thread from outside is raised only when the thread next runs Python code, so a
module in ``time.sleep(600)`` could not be ended at its timeout. While at least one execution runs, the
function stands in for `time.sleep`; it does so only in the threads that `bind` was called in, and for all
others is the sleep that it replaced. A module that holds the function itself (``from time import sleep``
before the execution started) is out of reach.
"""

from __future__ import annotations

import operator
import threading
import time
from collections.abc import Callable
from typing import SupportsIndex

Nap = Callable[[float], None]

_here = threading.local()
_lock = threading.Lock()
_users = 0
_real: Callable[[float | SupportsIndex], None] = time.sleep


def bind(nap: Nap | None) -> None:
    """Have this thread's `time.sleep` be `nap`; None gives it the usual one back."""
    _here.nap = nap


def install() -> None:
    """Put the function in place, for one more execution."""
    global _users, _real
    with _lock:
        _users += 1
        if time.sleep is not sleep:
            _real = time.sleep
            time.sleep = sleep


def uninstall() -> None:
    """Give `time.sleep` back when the last execution has ended."""
    global _users
    with _lock:
        _users -= 1
        if _users == 0 and time.sleep is sleep:
            time.sleep = _real


def sleep(seconds: float | SupportsIndex, /) -> None:
    """Sleep as `time.sleep` does; in an attempt's thread, no longer than the attempt lives."""
    nap = getattr(_here, "nap", None)
    if nap is None:
        _real(seconds)
        return
    length = seconds if isinstance(seconds, float) else operator.index(seconds)
    if length < 0:
        raise ValueError("sleep length must be non-negative")
    nap(length)
