"""The phone's file system: a POSIX-like tree held in memory, bounded in size."""

from __future__ import annotations

import errno
import os
import posixpath
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

CAPACITY = 256 * 1024 * 1024
"""Bytes that all regular files together may hold."""

NODE_COST = 256
"""Bytes charged for each file, directory or link, so that empty ones are bounded too."""

MAX_SYMLINKS = 40
CHUNK = 64 * 1024


def _error(code: int, path: str) -> OSError:
    return OSError(code, os.strerror(code), path)


@dataclass(slots=True)
class _Node:
    """One inode. ``children`` is set for a directory, ``target`` for a symlink."""

    mode: int
    uid: int
    gid: int
    mtime: float
    inode: int
    data: bytes | bytearray = b""
    children: dict[str, _Node] | None = None
    target: str = ""
    content: Callable[[], bytes] | None = None
    source: Callable[[int], bytes] | None = None

    @property
    def size(self) -> int:
        if self.children is not None:
            return 4096
        return len(self.target) if self.target else len(self.data)


@dataclass(frozen=True, slots=True)
class Entry:
    """What ``stat`` tells of one path.

    Attributes
    ----------
    path
        Absolute path as it was asked for.
    mode
        Type and permission bits (``st_mode``).
    size
        Bytes; the length of the target for a symlink; 0 for a generated file, as in ``/proc``.
    mtime
        Seconds since 1970.
    target
        Where a symlink points, otherwise empty.
    """

    path: str
    mode: int
    size: int
    mtime: float
    uid: int
    gid: int
    inode: int
    links: int = 1
    target: str = ""

    @property
    def is_dir(self) -> bool:
        """Whether this is a directory."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        """Whether this is a regular file."""
        return stat.S_ISREG(self.mode)

    @property
    def is_symlink(self) -> bool:
        """Whether this is a symbolic link."""
        return stat.S_ISLNK(self.mode)


@dataclass
class FileSystem:
    """POSIX-like tree of regular files, directories, symlinks and generated files.

    Paths are absolute; ``.`` and ``..`` are resolved. Failures are the builtin ``OSError`` family with
    ``errno`` and ``filename`` set: ``FileNotFoundError``, ``NotADirectoryError``, ``IsADirectoryError``,
    ``FileExistsError``, and plain ``OSError`` with ENOTEMPTY, ELOOP, EROFS or ENOSPC.

    Parameters
    ----------
    capacity
        Bytes the whole tree may hold; beyond it a write raises ``OSError(ENOSPC)``.
    """

    capacity: int = CAPACITY
    read_only: set[str] = field(default_factory=set)
    """Mount points, such as ``/system``, below which nothing may change."""

    def __post_init__(self) -> None:
        self._inodes = 1
        self._used = 0
        self._root = _Node(stat.S_IFDIR | 0o755, 0, 0, time.time(), 1, children={})

    @property
    def used(self) -> int:
        """Bytes in use."""
        return self._used

    @property
    def free(self) -> int:
        """Bytes that can still be written."""
        return max(0, self.capacity - self._used)

    # Looking

    def stat(self, path: str, *, follow: bool = True) -> Entry:
        """Describe ``path``; with ``follow`` false a symlink itself."""
        node = self._find(path, follow=follow)
        links = 1
        if node.children is not None:
            links = 2 + sum(child.children is not None for child in node.children.values())
        return Entry(
            path, node.mode, node.size, node.mtime, node.uid, node.gid, node.inode, links, target=node.target
        )

    def exists(self, path: str) -> bool:
        """Whether ``path`` leads to anything (a dangling symlink does not)."""
        try:
            self._find(path)
        except OSError:
            return False
        return True

    def list(self, path: str) -> list[str]:
        """Sorted names inside the directory ``path``, without ``.`` and ``..``."""
        return sorted(self._directory(path))

    def realpath(self, path: str) -> str:
        """Absolute path with every symlink resolved; the last part may be missing."""
        return self._resolve(path, follow=True)[0]

    # Reading

    def read(self, path: str) -> bytes:
        """Whole content; a device such as ``/dev/urandom`` gives one chunk."""
        node = self._find(path)
        if node.children is not None:
            raise _error(errno.EISDIR, path)
        if node.content is not None:
            return node.content()
        if node.source is not None:
            return node.source(CHUNK)
        if isinstance(node.data, bytearray):
            node.data = bytes(node.data)
        return node.data

    def source(self, path: str) -> Callable[[int], bytes] | None:
        """What gives the bytes of a character device; None for any other file."""
        return self._find(path).source

    def chunks(self, path: str, size: int = CHUNK) -> Iterator[memoryview]:
        """Content in pieces of at most ``size`` bytes; endless for a device such as ``/dev/zero``."""
        node = self._find(path)
        if node.source is not None:
            while piece := node.source(size):
                yield memoryview(piece)
            return
        view = memoryview(self.read(path))
        for start in range(0, len(view), size):
            yield view[start : start + size]

    # Changing

    def write(
        self, path: str, data: bytes, *, mode: int = 0o644, mtime: float | None = None, append: bool = False
    ) -> None:
        """Create or replace a regular file, or append to it.

        ``mode`` holds for a file that is created; an existing one keeps its own.
        """
        real, parent, name, node = self._resolve(path, follow=True)
        if node is None:
            if parent is None:
                raise _error(errno.ENOENT, path)
            if self._used + NODE_COST + len(data) > self.capacity:
                raise _error(errno.ENOSPC, path)
            node = self._add(real, parent, name, stat.S_IFREG | (mode & 0o7777))
        elif node.children is not None:
            raise _error(errno.EISDIR, path)
        elif node.source is not None:
            return
        else:
            self._check_writable(real)
        before = len(node.data)
        after = len(data) + (before if append else 0)
        self._charge(after - before, path)
        if append and before:
            if isinstance(node.data, bytes):
                node.data = bytearray(node.data)
            node.data += data
        else:
            node.data = bytes(data)
        node.content = None
        node.mtime = time.time() if mtime is None else mtime

    def mkdir(self, path: str, *, parents: bool = False, mode: int = 0o755) -> None:
        """Make a directory; with ``parents`` also what leads to it, and an existing one is no error."""
        real, parent, name, node = self._resolve(path, follow=True)
        if node is not None:
            if parents and node.children is not None:
                return
            raise _error(errno.EEXIST, path)
        if parent is None:
            if not parents:
                raise _error(errno.ENOENT, path)
            self.mkdir(posixpath.dirname(self._normal(path)), parents=True, mode=mode)
            real, parent, name, node = self._resolve(path, follow=True)
            assert parent is not None
        self._add(real, parent, name, stat.S_IFDIR | (mode & 0o7777)).children = {}

    def symlink(self, target: str, path: str) -> None:
        """Make ``path`` a symbolic link to ``target``, which need not exist."""
        self._create(path, stat.S_IFLNK | 0o777).target = target

    def generate(self, path: str, content: Callable[[], bytes]) -> None:
        """Make a file whose content is computed each time it is read, as in ``/proc``."""
        self.mkdir(posixpath.dirname(self._normal(path)), parents=True)
        self._create(path, stat.S_IFREG | 0o444).content = content

    def device(self, path: str, source: Callable[[int], bytes]) -> None:
        """Make a character device: ``source(n)`` gives up to n bytes, and writes vanish."""
        self.mkdir(posixpath.dirname(self._normal(path)), parents=True)
        self._create(path, stat.S_IFCHR | 0o666).source = source

    def remove(self, path: str, *, recursive: bool = False) -> None:
        """Remove a file, a link or an empty directory; with ``recursive`` a whole tree."""
        real, parent, name, node = self._resolve(path, follow=False)
        if node is None:
            raise _error(errno.ENOENT, path)
        if parent is None:
            raise _error(errno.EBUSY, path)
        if node.children and not recursive:
            raise _error(errno.ENOTEMPTY, path)
        self._check_writable(real)
        assert parent.children is not None
        del parent.children[name]
        parent.mtime = time.time()
        self._used -= self._weight(node)

    def rename(self, old: str, new: str) -> None:
        """Move ``old`` to ``new``, replacing a file that is there."""
        old_real, old_parent, old_name, node = self._resolve(old, follow=False)
        if node is None or old_parent is None:
            raise _error(errno.ENOENT, old)
        new_real, new_parent, new_name, present = self._resolve(new, follow=False)
        if new_parent is None:
            raise _error(errno.ENOENT, new)
        if present is node:
            return
        if (new_real + "/").startswith(old_real + "/"):
            raise _error(errno.EINVAL, new)
        self._check_writable(old_real)
        self._check_writable(new_real)
        if present is not None:
            if (present.children is None) != (node.children is None):
                raise _error(errno.EISDIR if present.children is not None else errno.ENOTDIR, new)
            self.remove(new)
        assert old_parent.children is not None
        assert new_parent.children is not None
        new_parent.children[new_name] = old_parent.children.pop(old_name)
        old_parent.mtime = new_parent.mtime = time.time()

    def chmod(self, path: str, mode: int) -> None:
        """Set the permission bits."""
        node = self._change(path)
        node.mode = stat.S_IFMT(node.mode) | (mode & 0o7777)

    def chown(self, path: str, uid: int, gid: int) -> None:
        """Set owner and group; -1 leaves one as it is."""
        node = self._change(path)
        node.uid = node.uid if uid < 0 else uid
        node.gid = node.gid if gid < 0 else gid

    def utime(self, path: str, mtime: float) -> None:
        """Set the time of the last change."""
        self._change(path).mtime = mtime

    def truncate(self, path: str, size: int) -> None:
        """Cut a file to ``size`` bytes, or fill it up with zeros."""
        data = self.read(path) if self.exists(path) else b""
        self._charge(max(0, size - len(data)), path)
        self._charge(-max(0, size - len(data)), path)
        self.write(path, data[:size].ljust(size, b"\0"))

    # Inside

    @staticmethod
    def _normal(path: str) -> str:
        if not path.startswith("/") or "\0" in path:
            raise _error(errno.ENOENT if not path else errno.EINVAL, path)
        return path

    def _resolve(self, path: str, *, follow: bool) -> tuple[str, _Node | None, str, _Node | None]:
        """Walk to ``path``: (real path, its parent or None, its name, its node or None).

        Both nodes are None when even the parent is missing.
        """
        parts = self._normal(path).split("/")[::-1]
        trail: list[tuple[str, _Node]] = [("", self._root)]
        hops = 0
        while parts:
            part = parts.pop()
            node = trail[-1][1]
            if part in ("", "."):
                continue
            if node.children is None:
                raise _error(errno.ENOTDIR, path)
            if part == "..":
                if len(trail) > 1:
                    trail.pop()
                continue
            if len(part.encode(errors="surrogateescape")) > 255:
                raise _error(errno.ENAMETOOLONG, path)
            child = node.children.get(part)
            rest = any(more not in ("", ".") for more in parts)
            if child is None:
                base = "/".join(name for name, _ in trail)
                if rest:
                    return base, None, part, None
                return f"{base}/{part}", node, part, None
            if child.target and (rest or follow or (parts and parts[0] == "")):
                hops += 1
                if hops > MAX_SYMLINKS:
                    raise _error(errno.ELOOP, path)
                if child.target.startswith("/"):
                    del trail[1:]
                parts.extend(child.target.split("/")[::-1])
                continue
            trail.append((part, child))
        real = "/".join(name for name, _ in trail) or "/"
        if len(trail) == 1:
            return real, None, "", self._root
        if path.endswith("/") and trail[-1][1].children is None:
            raise _error(errno.ENOTDIR, path)
        return real, trail[-2][1], trail[-1][0], trail[-1][1]

    def _find(self, path: str, *, follow: bool = True) -> _Node:
        node = self._resolve(path, follow=follow)[3]
        if node is None:
            raise _error(errno.ENOENT, path)
        return node

    def _directory(self, path: str) -> dict[str, _Node]:
        children = self._find(path).children
        if children is None:
            raise _error(errno.ENOTDIR, path)
        return children

    def _change(self, path: str) -> _Node:
        real, _, _, node = self._resolve(path, follow=True)
        if node is None:
            raise _error(errno.ENOENT, path)
        self._check_writable(real)
        return node

    def _create(self, path: str, mode: int) -> _Node:
        real, parent, name, node = self._resolve(path, follow=False)
        if node is not None:
            raise _error(errno.EEXIST, path)
        if parent is None:
            raise _error(errno.ENOENT, path)
        return self._add(real, parent, name, mode)

    def _add(self, real: str, parent: _Node, name: str, mode: int) -> _Node:
        self._check_writable(real)
        self._charge(NODE_COST, real)
        assert parent.children is not None
        self._inodes += 1
        node = _Node(mode, parent.uid, parent.gid, time.time(), self._inodes)
        parent.children[name] = node
        parent.mtime = node.mtime
        return node

    def _check_writable(self, real: str) -> None:
        for mount in self.read_only:
            if real == mount or real.startswith(mount.rstrip("/") + "/"):
                raise _error(errno.EROFS, real)

    def _charge(self, amount: int, path: str) -> None:
        if amount > 0 and self._used + amount > self.capacity:
            raise _error(errno.ENOSPC, path)
        self._used += amount

    def _weight(self, node: _Node) -> int:
        total = 0
        stack = [node]
        while stack:
            present = stack.pop()
            total += len(present.data) + NODE_COST
            stack.extend((present.children or {}).values())
        return total
