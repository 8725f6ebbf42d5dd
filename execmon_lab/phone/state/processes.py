"""The process table: what `ps` and `pidof` show, and what `kill` and `am force-stop` end."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

ROOT, SYSTEM, RADIO, SHELL = 0, 1000, 1001, 2000
FIRST_APP_UID = 10000


@dataclass
class ProcessEntry:
    """A row of the table.

    Attributes
    ----------
    pid, ppid, uid : int
        as the kernel has them.
    name : str
        Command line as `ps` shows it in NAME; the package's name for an app.
    started : float
        Wall clock in seconds.
    on_kill : callable or None
        Called with the signal number when the process is killed.
    """

    pid: int
    ppid: int
    uid: int
    name: str
    started: float = field(default_factory=time.time)
    on_kill: Callable[[int], None] | None = None

    @property
    def user(self) -> str:
        """Name of the owner, such as `shell` or `u0_a123`."""
        return user_name(self.uid)


def user_name(uid: int) -> str:
    """Return Android's name of a uid."""
    known = {
        ROOT: "root",
        SYSTEM: "system",
        RADIO: "radio",
        SHELL: "shell",
        1036: "logd",
        1041: "audioserver",
    }
    if uid >= FIRST_APP_UID:
        return f"u0_a{uid - FIRST_APP_UID}"
    return known.get(uid, str(uid))


_BOOT = (
    (1, 0, ROOT, "init"),
    (2, 0, ROOT, "[kthreadd]"),
    (141, 1, ROOT, "ueventd"),
    (163, 1, 1036, "logd"),
    (165, 1, SYSTEM, "servicemanager"),
    (170, 1, ROOT, "vold"),
    (301, 1, ROOT, "zygote64"),
    (318, 1, 1041, "audioserver"),
    (322, 1, SYSTEM, "surfaceflinger"),
    (340, 1, ROOT, "netd"),
    (412, 1, SHELL, "adbd"),
    (571, 301, SYSTEM, "system_server"),
)


class ProcessTable:
    """Processes of the phone, by pid."""

    def __init__(self) -> None:
        self._entries: dict[int, ProcessEntry] = {}
        self._next = 0
        self.reset()

    def reset(self) -> None:
        """Leave only what runs right after a boot."""
        self._entries = {pid: ProcessEntry(pid, ppid, uid, name) for pid, ppid, uid, name in _BOOT}
        self._next = 700

    def spawn(
        self, name: str, uid: int, *, ppid: int | None = None, on_kill: Callable[[int], None] | None = None
    ) -> int:
        """Add a process and return its pid; apps are children of the zygote."""
        pid = self._next
        self._next = pid + 1 if pid < 32767 else 2000
        while self._next in self._entries:
            self._next += 1
        parent = ppid if ppid is not None else (301 if uid >= FIRST_APP_UID else 412)
        self._entries[pid] = ProcessEntry(pid, parent, uid, name, on_kill=on_kill)
        return pid

    def kill(self, pid: int, signal_number: int = signal.SIGKILL) -> None:
        """Remove a process, telling its owner.

        Raises
        ------
        ProcessLookupError
            There is no such process.
        """
        entry = self._entries.pop(pid, None)
        if entry is None:
            raise ProcessLookupError(f"{pid}: No such process")
        if entry.on_kill is not None:
            entry.on_kill(signal_number)

    def end(self, pid: int) -> None:
        """Forget a process that has ended by itself."""
        self._entries.pop(pid, None)

    def get(self, pid: int) -> ProcessEntry | None:
        """Return the entry of a pid, if it is alive."""
        return self._entries.get(pid)

    def pids(self, name: str) -> list[int]:
        """Return the pids of all processes of that name."""
        return [entry.pid for entry in self._entries.values() if entry.name == name]

    def items(self) -> Iterator[ProcessEntry]:
        """Yield the entries in order of pid."""
        yield from [self._entries[pid] for pid in sorted(self._entries)]
