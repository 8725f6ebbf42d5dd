"""One run as one file, that another machine can open.

A ZIP file: ``run.json`` (what it is, and the version of this form), ``state.json`` (an `execution_state`
message), ``log.jsonl`` (a `log_entry` message a line), ``screenshots/`` and ``recording/``. Nothing in one is
trusted: not a name, not a size, not a value.
"""

from __future__ import annotations

import os
import re
import shutil
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import msgspec

from ..protocol import ExecutionSnapshot, InvalidMessage, LogEntry, decode_server, encode
from .artifacts import SCREENSHOTS, ArtifactStore
from .errors import HistoryError
from .keeping import Record

FORMAT = "execmon-lab run"
VERSION = 1
"""Of the form that this program writes, and the newest that it reads."""

MOST_BYTES = 8 << 30
"""The most that an archive may hold, unpacked."""
MOST_TEXT = 1 << 30
"""The most that its log may hold, unpacked."""
MOST_FILES = 200_000

_BLOCK = 1 << 20
_LINE = 1 << 20
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9%._-]{0,199}")


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What ``run.json`` says: `version` is that of the form."""

    format: str
    version: int
    execution_id: str
    record: Record


class BadArchive(HistoryError):
    """A file is no run's archive, or not as it must be; the text says where."""


def write(
    path: Path,
    state: ExecutionSnapshot,
    record: Record,
    logs: Iterable[LogEntry],
    screenshots: Iterable[Path],
    recording: Path | None,
) -> None:
    """Write a run to a file, which is there whole or not at all.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    head = Head(format=FORMAT, version=VERSION, execution_id=state.execution_id, record=record)
    half = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("run.json", msgspec.json.encode(head))
            archive.writestr("state.json", encode(state))
            with archive.open("log.jsonl", "w", force_zip64=True) as log:
                for entry in logs:
                    log.write(encode(entry) + b"\n")
            pictures = [("screenshots", shot) for shot in screenshots]
            pictures += [("recording", file) for file in _files(recording)]
            for folder, file in pictures:
                archive.write(file, f"{folder}/{file.name}", zipfile.ZIP_STORED)  # compressed as they are
        os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)


def _files(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    return sorted(file for file in folder.iterdir() if file.is_file() and file.suffix != ".mp4")


class Archive:
    """A run's archive that is read; a context manager.

    Raises
    ------
    BadArchive
        Whatever is wrong with it.
    OSError
        When there is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        try:
            self._zip = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise BadArchive(f"{path} is no run's archive: {error}") from error
        try:
            self._check()
            self.head = self._head()
            self.state = self._state()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def _check(self) -> None:
        names = self._zip.namelist()
        if len(names) > MOST_FILES or len(set(names)) != len(names):
            raise self._bad(f"it holds {len(names)} files, or one of them twice")
        for name in names:
            folder, _, plain = name.rpartition("/")
            known = name in ("run.json", "state.json", "log.jsonl")
            if not known and not (folder in ("screenshots", "recording") and _PLAIN.fullmatch(plain)):
                raise self._bad(f"{name!r} has no place in it")

    def _head(self) -> Head:
        try:
            head = msgspec.json.decode(self._text("run.json"), type=Head)
            uuid.UUID(head.execution_id)
        except (msgspec.DecodeError, ValueError) as error:
            raise self._bad(f"run.json: {error}") from error
        if head.format != FORMAT:
            raise self._bad(f"its format is {head.format!r}")
        if head.version > VERSION:
            raise self._bad(f"a newer execmon_lab wrote it (version {head.version}): update to read it")
        if head.record.status not in ("completed", "failed", "cancelled", "interrupted"):
            raise self._bad(f"run.json: no run ends as {head.record.status!r}")
        return head

    def _state(self) -> ExecutionSnapshot:
        try:
            state = decode_server(self._text("state.json"))
        except InvalidMessage as error:
            raise self._bad(f"state.json: {error}") from error
        if not isinstance(state, ExecutionSnapshot) or state.execution_id != self.head.execution_id:
            raise self._bad("state.json is not the state of the execution that run.json names")
        if len({step.step_id for step in state.steps}) != len(state.steps):
            raise self._bad("state.json has a step twice")
        return state

    def logs(self) -> Iterator[LogEntry]:
        """Give its log, the oldest line first."""
        try:
            stream = self._zip.open("log.jsonl")
        except KeyError:
            return
        with stream:
            read = 0
            for number, line in enumerate(iter(lambda: stream.readline(_LINE), b""), 1):
                read += len(line)
                if read > MOST_TEXT:
                    raise self._bad("its log is too large")
                try:
                    entry = decode_server(line)
                except InvalidMessage as error:
                    raise self._bad(f"log.jsonl, line {number}: {error}") from error
                if not isinstance(entry, LogEntry) or entry.execution_id != self.head.execution_id:
                    raise self._bad(f"log.jsonl, line {number} is no line of this execution's log")
                yield entry

    def unpack(self, folder: Path) -> tuple[dict[str, Path], Path | None]:
        """Write its pictures into a folder of their own.

        Returns
        -------
        tuple
            The screenshots by name, those alone that the state knows; and the recording's folder.
        """
        urls = (attempt.screenshot_url for step in self.state.steps for attempt in step.attempts)
        wanted = {url.removeprefix(SCREENSHOTS) for url in urls if url is not None}
        screenshots: dict[str, Path] = {}
        recording: Path | None = None
        for info in self._zip.infolist():
            part, _, name = info.filename.rpartition("/")
            if part == "recording" or (part == "screenshots" and name in wanted):
                target = folder / part / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with self._zip.open(info) as source, target.open("xb") as file:
                    self._copy(source, file)
                if part == "recording":
                    recording = target.parent
                else:
                    screenshots[name] = target
        return screenshots, recording

    def _copy(self, source: IO[bytes], target: IO[bytes]) -> None:
        while block := source.read(_BLOCK):
            self._count(len(block))
            target.write(block)

    def _text(self, name: str) -> bytes:
        try:
            with self._zip.open(name) as stream:
                text = stream.read(MOST_TEXT + 1)
        except KeyError:
            raise self._bad(f"it has no {name}") from None
        except zipfile.BadZipFile as error:
            raise self._bad(f"{name}: {error}") from error
        if len(text) > MOST_TEXT:
            raise self._bad(f"{name} is too large")
        return text

    def _count(self, read: int) -> None:
        """What a file's header says of its size is not believed."""
        self._read += read
        if self._read > MOST_BYTES:
            raise self._bad(f"it holds more than {MOST_BYTES >> 30} GiB")

    def _bad(self, what: str) -> BadArchive:
        return BadArchive(f"{self._path} is no run's archive: {what}")


def place(
    screenshots: dict[str, Path], recording: Path | None, execution_id: str, store: ArtifactStore
) -> list[Path]:
    """Move unpacked pictures to where artifacts are; return what is there now.

    Raises
    ------
    BadArchive
        When one is there already.
    """
    moves = [(path, store.root / "screenshots" / name) for name, path in screenshots.items()]
    if recording is not None:
        moves.append((recording, store.recording(execution_id)))
    for _, target in moves:
        if target.exists():
            raise BadArchive(f"the history has {target.name} already")
    for source, target in moves:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(source, target)
    return [target for _, target in moves]
