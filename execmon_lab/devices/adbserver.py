"""The adb server that devices are reached through: a private one, or the user's own."""

from __future__ import annotations

import collections
import logging
import os
import signal
import socket
import subprocess
import threading
import time
from types import TracebackType
from typing import IO, Self

import adbutils

from .errors import ServerError
from .wire import Client, Wire

log = logging.getLogger(__name__)

DEFAULT_PORT = 5037
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

# The shell ends the server when its own standard input ends, which happens however this process dies.
# Its own output is closed, so that the pipe ends when the server does.
_LEASH = '"$@" </dev/null & echo $!; exec >/dev/null 2>&1; read -r _; kill -9 $!'


class AdbServer:
    """Where an adb server listens, and whose it is; made by `private` or `user`.

    Attributes
    ----------
    host : str
    port : int
    client : adbutils.AdbClient
        A client of this server that never starts a server by itself.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.client = Client(host, port)

    @staticmethod
    def private(port: int = 0) -> PrivateAdbServer:
        """Start an adb server of our own, which sees no USB, no mDNS and no emulator it was not told of.

        Parameters
        ----------
        port
            On 127.0.0.1; 0 takes a free one.

        Raises
        ------
        ServerError
            When the port is taken, or the adb binary does not run.
        """
        return PrivateAdbServer(port)

    @staticmethod
    def user() -> AdbServer:
        """Use the user's own adb server, where ``ANDROID_ADB_SERVER_ADDRESS`` and ``…_PORT`` say it is.

        It is started when none runs, never restarted, and never ended.

        Raises
        ------
        ServerError
            When there is none and it cannot be started.
        """
        host = os.environ.get("ANDROID_ADB_SERVER_ADDRESS") or os.environ.get("ANDROID_ADB_SERVER_HOST")
        server = AdbServer(
            host or "127.0.0.1", int(os.environ.get("ANDROID_ADB_SERVER_PORT") or DEFAULT_PORT)
        )
        server.ensure()
        return server

    @property
    def address(self) -> str:
        """Where it listens, as ``host:port``."""
        return f"{self.host}:{self.port}"

    def ensure(self) -> None:
        """Start the server when none listens; a running one is left alone, whatever its version.

        Raises
        ------
        ServerError
            When it cannot be started.
        """
        if self._listens():
            return
        if self.host not in _LOOPBACK:
            raise ServerError(
                f"no adb server answers at {self.address}; "
                "start it there, or unset ANDROID_ADB_SERVER_ADDRESS"
            )
        # Nothing listens, so there is nothing that this could kill and replace.
        command = [adbutils.adb_path(), "-P", str(self.port), "start-server"]
        try:
            subprocess.run(command, check=True, timeout=20, capture_output=True, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.SubprocessError) as error:
            said = (getattr(error, "stderr", None) or b"").decode(errors="replace")
            raise ServerError(f"no adb server could be started on {self.address}: {said or error}") from error

    def connect(self, timeout: float | None) -> Wire:
        """Open a connection; everything done on it must end within `timeout` seconds (None: no bound)."""
        return Wire(self.host, self.port, timeout)

    def _listens(self) -> bool:
        try:
            socket.create_connection((self.host, self.port), timeout=2).close()
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Let go of the server; the user's own runs on."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class PrivateAdbServer(AdbServer):
    """An adb server that lives exactly as long as this object, or this process, however that ends.

    The listening socket is ours and is handed to the server, so that no port is ever guessed, and a server
    that died is back on the same port without anybody else having had a chance to take it.
    """

    def __init__(self, port: int = 0) -> None:
        try:
            self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        except OSError as error:
            raise ServerError(
                f"port {port} for the adb server is taken; choose another, or 0 for any"
            ) from error
        super().__init__("127.0.0.1", self._listener.getsockname()[1])
        self._answered = False
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._said: collections.deque[str] = collections.deque(maxlen=20)
        self._spawn()
        self._watcher = threading.Thread(target=self._watch, name=f"adb-server-{self.port}", daemon=True)
        self._watcher.start()
        self._await_answer()

    @property
    def pid(self) -> int:
        """The process that is the server now."""
        return self._pid

    def ensure(self) -> None:
        """Do nothing: a private server that died is restarted by its watcher."""

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name != "ADB_TRACE"}
        return inherited | {
            "ANDROID_ADB_SERVER_PORT": str(self.port),
            "ADB_MDNS": "0",
            "ADB_USB": "0",
            # Below the first port: somebody else's emulator is none of ours.
            "ADB_LOCAL_TRANSPORT_MAX_PORT": "5554",
        }

    def _spawn(self) -> None:
        """Start the server on its leash; its pid comes as the first line."""
        listener = self._listener.fileno()
        server = [adbutils.adb_path(), "-L", f"acceptfd:{listener}", "nodaemon", "server"]
        self._leash = subprocess.Popen(
            ["/bin/sh", "-c", _LEASH, "adb-leash", *server],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[listener],
            env=self._environment(),
            start_new_session=True,  # an interrupt typed at the terminal is not for the server
        )
        self._pid = int(self._output.readline())

    @property
    def _output(self) -> IO[bytes]:
        assert self._leash.stdout is not None
        return self._leash.stdout

    def _watch(self) -> None:
        """Restart the server whenever it ends, more slowly when it ends at once."""
        pause = 0.0
        while True:
            began = time.monotonic()
            for line in self._output:
                self._said.append(line.decode(errors="replace").rstrip())
            # The output has ended, so the server has.
            self._slip()
            if not self._answered:
                self._listener.close()  # whoever waits for the first answer is told by this
                return
            if self._closing.wait(pause):
                return
            log.warning("the adb server on port %d ended; starting it again", self.port)
            lived = time.monotonic() - began
            pause = 0.0 if lived > 5 else min(pause + 0.1, 2.0)
            with self._lock:
                if self._closing.is_set():
                    return
                self._spawn()

    def _slip(self) -> None:
        """Let the leash go and wait for it."""
        assert self._leash.stdin is not None
        self._leash.stdin.close()
        self._leash.wait()
        self._output.close()

    def _await_answer(self) -> None:
        try:
            with self.connect(timeout=10) as wire:
                wire.request("host:version")
                wire.block()
            self._answered = True
        except (OSError, EOFError, adbutils.AdbError) as error:
            self.close()
            said = " / ".join(self._said) or str(error)
            raise ServerError(f"the adb server did not start: {said}") from error

    def close(self) -> None:
        """End the server and wait until it is gone; closing twice is no error."""
        with self._lock:
            if self._closing.is_set():
                return
            self._closing.set()
            if not self._output.closed:
                try:
                    os.kill(self._pid, signal.SIGKILL)
                except ProcessLookupError:
                    log.debug("the adb server had ended by itself")
        self._watcher.join(timeout=5)
        self._listener.close()
