"""The phone's adb daemon: listens for hosts, makes itself known to adb servers, serves what they open."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from execmon_lab.phone.auth import KeyStore, PublicKey
from execmon_lab.phone.packet import PacketSocket
from execmon_lab.phone.services import control, framebuffer, network, registry, shell, sync  # noqa: F401
from execmon_lab.phone.shell import toybox  # noqa: F401  registers the generic commands
from execmon_lab.phone.shell.kernel import ShellKernel
from execmon_lab.phone.system import commands  # noqa: F401  registers Android's own
from execmon_lab.phone.transport import Connection, Stream

if TYPE_CHECKING:
    from execmon_lab.phone.system.system import System

logger = logging.getLogger(__name__)

FEATURES = (
    "shell_v2,cmd,stat_v2,ls_v2,fixed_push_mkdir,apex,abb_exec,fixed_push_symlink_timestamp,"
    "remount_shell,track_app,sendrecv_v2"
)
CLAIMED_PORTS = range(5554, 5586)
"""Every adb server that starts takes the emulators on these ports for its own."""

REGISTER_EVERY = 1.0
REBOOT_PAUSE = 1.0
MAX_CONNECTIONS = 32


def bind(port: int = 0) -> socket.socket:
    """A listening socket on 127.0.0.1 whose port suits an emulator.

    Parameters
    ----------
    port
        0 for a free one. An emulator's port is odd: its serial is ``emulator-<port - 1>``.

    Raises
    ------
    ValueError
        For an even port, or one that belongs to every adb server.
    OSError
        When the port is taken.
    """
    if port and (port % 2 == 0 or port in CLAIMED_PORTS):
        raise ValueError(f"the phone's port must be odd and outside 5554 to 5585, not {port}")
    rejected = []
    try:
        while True:
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
                found = sock.getsockname()[1]
                if found % 2 and found not in CLAIMED_PORTS:
                    sock.listen(64)
                    sock.setblocking(False)
                    return sock
            except OSError:
                sock.close()
                raise
            rejected.append(sock)
    finally:
        for other in rejected:
            other.close()


def _close(sock: socket.socket, task: asyncio.Task[None]) -> None:
    sock.close()


class Adbd:
    """The daemon of one phone.

    Parameters
    ----------
    system
        The phone itself.
    sock
        Listening socket, see `bind`.
    adb_ports
        Ports of the adb servers on 127.0.0.1 that shall list this phone.
    secure
        Whether a host must show an RSA key that was accepted.
    keys
        File of accepted keys; None keeps them in memory.
    """

    def __init__(
        self,
        system: System,
        sock: socket.socket,
        *,
        adb_ports: Iterable[int] = (),
        secure: bool = False,
        keys: Path | None = None,
    ) -> None:
        self.system = system
        self.kernel = ShellKernel(system)
        self.secure = secure
        self.keys = KeyStore(keys)
        self.port: int = sock.getsockname()[1]
        self.adb_ports = tuple(adb_ports)
        self.connections: set[Connection] = set()
        self._sock = sock
        self._tasks: set[asyncio.Task[None]] = set()
        self._restarting: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._up.set()
        system.on_reboot.append(self._on_reboot)

    @property
    def serial(self) -> str:
        """Name under which adb lists the phone."""
        return f"emulator-{self.port - 1}"

    @property
    def uid(self) -> int:
        """User that commands run as: 0 root, 2000 shell."""
        return 0 if self.system.properties.get("service.adb.root") == "1" else 2000

    async def run(self) -> None:
        """Serve until cancelled; everything is closed then."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._accept())
                for port in self.adb_ports:
                    group.create_task(self._register(port))
        finally:
            self._sock.close()
            await self._drop_all()
            if self._restarting is not None:
                self._restarting.cancel()
            await self.kernel.close()

    def restart(self) -> None:
        """Drop all hosts; they may come back at once."""
        self._restart_after(0.0, reboot=False)

    # What a connection needs

    def banner(self) -> bytes:
        """The payload of CNXN: what the phone is and can do."""
        names = ("ro.product.name", "ro.product.model", "ro.product.device")
        values = [f"{name}={self.system.properties.get(name)}" for name in names]
        return f"device::{';'.join(values)};features={FEATURES}".encode()

    async def authorize(self, key: PublicKey) -> bool:
        """Ask the person who holds the phone."""
        return await self.system.authorize(key.name, key.fingerprint)

    async def serve(self, stream: Stream, service: str) -> None:
        """Run the service that a host opened."""
        handler, request = registry.find(service)
        logger.debug("open %s", service[:200])
        await handler(self, stream, request)

    # Inside

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            sock, address = await loop.sock_accept(self._sock)
            if len(self._tasks) >= MAX_CONNECTIONS or not self._up.is_set():
                sock.close()
                continue
            task = asyncio.create_task(self._connection(sock, f"{address[0]}:{address[1]}"))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            # A task that is cancelled before its first step closes nothing itself.
            task.add_done_callback(functools.partial(_close, sock))

    async def _connection(self, sock: socket.socket, name: str) -> None:
        connection = Connection(PacketSocket(sock), self, name)
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)

    async def _drop_all(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _on_reboot(self, reason: str) -> None:
        logger.info("reboot %s", reason)
        self._restart_after(REBOOT_PAUSE, reboot=True)

    def _restart_after(self, pause: float, *, reboot: bool) -> None:
        if self._restarting is None or self._restarting.done():
            self._restarting = asyncio.create_task(self._restart(pause, reboot=reboot))

    async def _restart(self, pause: float, *, reboot: bool) -> None:
        self._up.clear()
        try:
            await self._drop_all()
            if reboot:
                await self.kernel.close()
            await asyncio.sleep(pause)
        finally:
            self._up.set()

    async def _register(self, adb_port: int) -> None:
        """Tell an adb server again and again that the phone is here; it ignores what it knows."""
        text = f"host:emulator:{self.port}"
        request = f"{len(text):04x}{text}".encode()
        while True:
            await self._up.wait()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(2):
                    _reader, writer = await asyncio.open_connection("127.0.0.1", adb_port)
                    try:
                        writer.write(request)
                        await writer.drain()
                        await _reader.read(1)  # the server closes when it has read
                    finally:
                        writer.close()
            await asyncio.sleep(REGISTER_EVERY)
