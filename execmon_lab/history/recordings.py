"""The index of what was recorded: of each device, when there is which picture.

The pictures are in files of their own (`ArtifactStore.recording`); the index says what is in them, for who
asks of many runs at once.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable

import msgspec

from .tables import PICTURES, Filters


class RecordingIndex(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded of one device.

    Attributes
    ----------
    ended_at
        Milliseconds since the epoch.
    bytes
        Of the file.
    marks
        Of each picture the number, counted from 1, and when it was captured, in milliseconds since the
        epoch; the oldest first.
    """

    device_id: str
    ended_at: int
    bytes: int
    marks: tuple[tuple[int, int], ...]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[tuple[int, int]]).decode

_PUT = """
INSERT OR REPLACE INTO recordings (execution, device_id, started_at, ended_at, pictures, bytes, marks)
SELECT id, ?, ?, ?, ?, ?, ? FROM executions WHERE execution_id = ?
"""


def put(execution_id: str, indices: Iterable[RecordingIndex], db: sqlite3.Connection) -> None:
    """Write the index of an execution's recording; one without pictures says nothing."""
    db.executemany(
        _PUT,
        [
            (
                index.device_id,
                index.marks[0][1],
                index.ended_at,
                len(index.marks),
                index.bytes,
                zlib.compress(_encode(_differences(index.marks))),
                execution_id,
            )
            for index in indices
            if index.marks
        ],
    )


def read(db: sqlite3.Connection, execution: int) -> tuple[RecordingIndex, ...]:
    """Read the index of an execution's recording, by its `id`."""
    found = db.execute(
        "SELECT device_id, ended_at, bytes, marks FROM recordings WHERE execution = ? ORDER BY device_id",
        (execution,),
    )
    return tuple(
        RecordingIndex(device_id=device, ended_at=ended, bytes=size, marks=_marks(body))
        for device, ended, size, body in found
    )


def lay_out(db: sqlite3.Connection, filters: Filters) -> None:
    """Put the pictures that may be wanted where `tables.PICTURES` finds them."""
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute("DROP TABLE IF EXISTS temp.pictures")
    db.execute(
        "CREATE TEMP TABLE pictures (execution, device_id, number, at, "
        "PRIMARY KEY (execution, device_id, number)) WITHOUT ROWID"
    )
    meaning = {name: PICTURES.filters[name] for name in ("execution_id", "name", "device_id")}
    meaning |= {"since": "p.ended_at >= {}", "until": "p.started_at < {}"}
    known = {name: wanted for name, wanted in filters.items() if name in meaning}
    where, arguments = PICTURES.where(known, meaning)  # type: ignore[arg-type]
    found = db.execute(
        "SELECT p.execution, p.device_id, p.marks FROM executions e "
        f"CROSS JOIN recordings p ON p.execution = e.id WHERE {where}",
        arguments,
    )
    for execution, device_id, body in found:
        rows = [(execution, device_id, number, at) for number, at in _marks(body)]
        db.executemany("INSERT OR IGNORE INTO temp.pictures VALUES (?, ?, ?, ?)", rows)


def _differences(marks: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """From picture to picture little changes, which compresses well."""
    before = ((0, 0), *marks)
    return [(number - n, at - t) for (number, at), (n, t) in zip(marks, before, strict=False)]


def _marks(body: bytes) -> tuple[tuple[int, int], ...]:
    marks, number, at = [], 0, 0
    for further, later in _decode(zlib.decompress(body)):
        number, at = number + further, at + later
        marks.append((number, at))
    return tuple(marks)
