"""``sync:``: files between host and phone.

Source: ``docs/dev/sync.md`` and ``file_sync_protocol.h`` in AOSP's ``packages/modules/adb``.
"""

from __future__ import annotations

import asyncio
import errno
import posixpath
import stat
import struct
from collections.abc import Awaitable, Callable

from execmon_lab.phone.files import Entry, FileSystem
from execmon_lab.phone.services.registry import Phone, Request, service
from execmon_lab.phone.shell.process import decode, encode
from execmon_lab.phone.transport import Stream

REQUEST = struct.Struct("<4sI")
STAT_V1 = struct.Struct("<4sIII")
STAT_V2 = struct.Struct("<4sIQQIIIIQqqq")
DENT_V1 = struct.Struct("<4sIIII")
DENT_V2 = struct.Struct("<4sIQQIIIIQqqqI")
SEND_V2 = struct.Struct("<4sII")
RECV_V2 = struct.Struct("<4sI")

MAX_PATH = 1024
MAX_DATA = 64 * 1024
COMPRESSED = 0x7
DRY_RUN = 0x80000000


class SyncError(Exception):
    """The host asked for something that the protocol does not have."""


class Session:
    """One ``sync:`` stream.

    Parameters
    ----------
    uid
        User that files are written as.
    """

    def __init__(self, files: FileSystem, stream: Stream, uid: int) -> None:
        self._files = files
        self._stream = stream
        self._uid = uid
        self._verbs: dict[bytes, Callable[[str], Awaitable[None]]] = {
            b"STAT": self._stat_v1,
            b"STA2": lambda path: self._stat_v2(b"STA2", path, follow=True),
            b"LST2": lambda path: self._stat_v2(b"LST2", path, follow=False),
            b"LIST": self._list_v1,
            b"LIS2": self._list_v2,
            b"SEND": self._send_v1,
            b"SND2": self._send_v2,
            b"RECV": self._receive,
            b"RCV2": self._receive_v2,
        }

    async def run(self) -> None:
        """Serve requests until QUIT or the end of the stream."""
        try:
            while True:
                verb, length = REQUEST.unpack(await self._stream.readexactly(REQUEST.size))
                if verb == b"QUIT":
                    return
                if verb not in self._verbs:
                    raise SyncError(f"unknown command {verb.hex()}")
                if length > MAX_PATH:
                    raise SyncError("path too long")
                await self._verbs[verb](decode(await self._stream.readexactly(length)))
        except SyncError as error:
            await self._fail(str(error))

    async def _fail(self, text: str) -> None:
        message = encode(text)
        await self._stream.write(REQUEST.pack(b"FAIL", len(message)), message)

    # Looking

    async def _stat_v1(self, path: str) -> None:
        entry = self._entry(path, follow=False)
        if isinstance(entry, int):
            await self._stream.write(STAT_V1.pack(b"STAT", 0, 0, 0))
        else:
            size, mtime = entry.size & 0xFFFFFFFF, int(entry.mtime) & 0xFFFFFFFF
            await self._stream.write(STAT_V1.pack(b"STAT", entry.mode, size, mtime))

    async def _stat_v2(self, verb: bytes, path: str, *, follow: bool) -> None:
        entry = self._entry(path, follow=follow)
        if isinstance(entry, int):
            await self._stream.write(STAT_V2.pack(verb, entry, *[0] * 10))
        else:
            await self._stream.write(STAT_V2.pack(verb, 0, *_fields(entry)))

    async def _list_v1(self, path: str) -> None:
        for name, entry in self._children(path):
            size, mtime = entry.size & 0xFFFFFFFF, int(entry.mtime) & 0xFFFFFFFF
            head = DENT_V1.pack(b"DENT", entry.mode, size, mtime, len(name))
            await self._stream.write(head, name)
        await self._stream.write(DENT_V1.pack(b"DONE", 0, 0, 0, 0))

    async def _list_v2(self, path: str) -> None:
        for name, entry in self._children(path):
            await self._stream.write(DENT_V2.pack(b"DNT2", 0, *_fields(entry), len(name)), name)
        await self._stream.write(DENT_V2.pack(b"DONE", *[0] * 12))

    def _entry(self, path: str, *, follow: bool) -> Entry | int:
        try:
            return self._files.stat(path, follow=follow)
        except OSError as error:
            return error.errno or errno.EIO

    def _children(self, path: str) -> list[tuple[bytes, Entry]]:
        try:
            names = [".", "..", *self._files.list(path)]
        except OSError:
            return []
        found = []
        for name in names:
            entry = self._entry(f"{path.rstrip('/')}/{name}", follow=False)
            if isinstance(entry, Entry):
                found.append((encode(name), entry))
        return found

    # Phone to host

    async def _receive_v2(self, path: str) -> None:
        _verb, flags = RECV_V2.unpack(await self._stream.readexactly(RECV_V2.size))
        if flags & COMPRESSED:
            raise SyncError("compression is not supported")
        await self._receive(path)

    async def _receive(self, path: str) -> None:
        try:
            if self._files.stat(path).is_dir:
                raise IsADirectoryError(errno.EISDIR, "Is a directory")
            data = memoryview(self._files.read(path))
        except OSError as error:
            await self._fail(f"open failed: {error.strerror}")
            return
        # Many DATA records go out as one packet, without a copy of the file.
        per_packet = self._stream.connection.max_payload // (MAX_DATA + REQUEST.size) * MAX_DATA or MAX_DATA
        for start in range(0, len(data), per_packet):
            parts: list[bytes | memoryview] = []
            for at in range(start, min(start + per_packet, len(data)), MAX_DATA):
                piece = data[at : at + MAX_DATA]
                parts += (REQUEST.pack(b"DATA", len(piece)), piece)
            await self._stream.write(*parts)
        await self._stream.write(REQUEST.pack(b"DONE", 0))

    # Host to phone

    async def _send_v1(self, spec: str) -> None:
        path, comma, mode = spec.rpartition(",")
        if not comma or not mode.isdecimal():
            raise SyncError(f"missing , in ID_SEND: {spec}")
        await self._take(path, int(mode))

    async def _send_v2(self, path: str) -> None:
        _verb, mode, flags = SEND_V2.unpack(await self._stream.readexactly(SEND_V2.size))
        if flags & COMPRESSED:
            raise SyncError("compression is not supported")
        await self._take(path, mode, dry=bool(flags & DRY_RUN))

    async def _take(self, path: str, mode: int, *, dry: bool = False) -> None:
        """Receive one file; after a failure the rest of its data is swallowed."""
        is_link = stat.S_ISLNK(mode)
        target = _Target(self._files, path, mode, self._uid, dry=dry, is_link=is_link)
        failure = ""
        try:
            target.begin()
        except OSError as error:
            failure = f"couldn't create file: {error.strerror}"
        while True:
            verb, length = REQUEST.unpack(await self._stream.readexactly(REQUEST.size))
            if verb == b"DONE":
                break
            if verb != b"DATA":
                raise SyncError(f"invalid data message: {verb.hex()}")
            if length > MAX_DATA:
                raise SyncError("oversize data message")
            while length:
                data = await self._stream.read(length)
                if not data:
                    raise asyncio.IncompleteReadError(b"", length)
                length -= len(data)
                if not failure:
                    try:
                        target.add(data)
                    except OSError as error:
                        failure = f"write failed: {error.strerror}"
        if not failure:
            try:
                target.finish(length)
            except OSError as error:
                failure = f"couldn't finish file: {error.strerror}"
        if failure:
            target.discard()
            await self._fail(failure)
        else:
            await self._stream.write(REQUEST.pack(b"OKAY", 0))


class _Target:
    """A file or symlink that is being received."""

    def __init__(
        self, files: FileSystem, path: str, mode: int, uid: int, *, dry: bool, is_link: bool
    ) -> None:
        self._files = files
        self._path = path
        self._mode = mode
        self._uid = uid
        self._dry = dry
        self._is_link = is_link
        self._link = b""

    def begin(self) -> None:
        """Make the folders that lead to it, and an empty file."""
        if self._dry:
            return
        self._files.mkdir(posixpath.dirname(self._path), parents=True)
        if not self._is_link:
            entry = self._files.stat(self._path, follow=False) if self._files.exists(self._path) else None
            if entry is not None and entry.is_symlink:
                self._files.remove(self._path)
            self._files.write(self._path, b"")

    def add(self, data: bytes) -> None:
        """Append to it."""
        if self._is_link:
            self._link += data
            if len(self._link) > MAX_PATH:
                raise OSError(errno.ENAMETOOLONG, "File name too long")
        elif not self._dry:
            self._files.write(self._path, data, append=True)

    def finish(self, mtime: int) -> None:
        """Set its mode and time, seconds since 1970."""
        if self._dry:
            return
        if self._is_link:
            if self._files.exists(self._path):
                self._files.remove(self._path)
            self._files.symlink(decode(self._link.rstrip(b"\0")), self._path)
            return
        # Users and others get what the owner has, as adbd does it.
        bits = self._mode & 0o777
        bits |= bits >> 3 & 0o070
        bits |= bits >> 3 & 0o007
        self._files.chmod(self._path, bits)
        self._files.chown(self._path, self._uid, self._uid)
        self._files.utime(self._path, mtime)

    def discard(self) -> None:
        """Remove what was received so far."""
        if not self._dry and self._files.exists(self._path) and self._files.stat(self._path).is_file:
            try:
                self._files.remove(self._path)
            except OSError:
                return


def _fields(entry: Entry) -> tuple[int, ...]:
    """Device, inode, mode, links, uid, gid, size, and three times, as stat and dent version 2 want them."""
    time = int(entry.mtime)
    return (
        1,
        entry.inode,
        entry.mode,
        entry.links,
        entry.uid,
        entry.gid,
        entry.size,
        time,
        time,
        time,
    )


@service("sync")
async def _sync(phone: Phone, stream: Stream, request: Request) -> None:
    await stream.accept()
    await Session(phone.system.files, stream, phone.uid).run()
