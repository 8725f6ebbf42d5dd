"""Connections to an adb server on which no call outlives its deadline."""

from __future__ import annotations

import math
import socket
import sys
import time
from collections.abc import Callable

import adbutils
from adbutils.errors import AdbConnectionError


class Wire(adbutils.AdbConnection):
    """One connection to an adb server; everything done on it shares one deadline.

    adbutils' own connection waits for each read anew, sleeps when it is closed, and starts an adb server on
    the default port when none answers. This one does none of that.

    Parameters
    ----------
    host, port
        Where the adb server listens.
    timeout
        Seconds from now in which all must be done; None for no bound (it still can be ended by `end`).
    Attributes
    ----------
    on_data
        Called after each read that brought something: proof that the other side lives.
    ended_by
        What `end` was given; None while nobody ended it.

    Raises
    ------
    adbutils.AdbConnectionError
        When nothing listens there.
    """

    def __init__(self, host: str, port: int, timeout: float | None) -> None:
        self._address = (host, port)
        self.extend(timeout)
        self.on_data: Callable[[], None] | None = None
        self.ended_by: Exception | None = None
        super().__init__(host, port)

    def _safe_connect(self) -> socket.socket:
        try:
            sock = socket.create_connection(self._address, timeout=self._remaining())
        except TimeoutError:
            raise
        except OSError as error:
            host, port = self._address
            raise AdbConnectionError(f"no adb server answers at {host}:{port}: {error}") from error
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def extend(self, timeout: float | None) -> None:
        """Set a new deadline: `timeout` seconds from now, or none at all."""
        self._deadline = math.inf if timeout is None else time.monotonic() + timeout

    def _remaining(self) -> float | None:
        if self._deadline == math.inf:
            return None
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("deadline passed")
        return remaining

    def armed(self) -> socket.socket:
        """Return the socket, its timeout set to what is left until the deadline.

        Raises
        ------
        TimeoutError
            When nothing is left.
        """
        sock: socket.socket = self.conn
        sock.settimeout(self._remaining())
        return sock

    def recv_into(self, view: memoryview | bytearray) -> int:
        """Read what is there, at least one byte, into `view`; 0 at the end of the stream."""
        count = self.armed().recv_into(view)
        if count and self.on_data is not None:
            self.on_data()
        return count

    def gather(self, count: int) -> None:
        """Have reads wait until `count` bytes are there, or the end: fewer of them are cheaper.

        For what ends by itself; no read returns before, also where less was asked for. Linux alone knows it.
        """
        if sys.platform == "linux":
            self.conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, count)

    def _read_fully(self, n: int) -> bytes:
        buffer = bytearray(n)
        view = memoryview(buffer)
        filled = 0
        while filled < n:
            count = self.recv_into(view[filled:])
            if count == 0:
                break
            filled += count
        return bytes(view[:filled])

    def exactly(self, n: int) -> bytes:
        """Read `n` bytes.

        Raises
        ------
        EOFError
            When the stream ends before.
        """
        data = self._read_fully(n)
        if len(data) < n:
            raise EOFError(f"the stream ended after {len(data)} of {n} bytes")
        return data

    def sendall(self, data: bytes | memoryview) -> None:
        """Send all of `data`."""
        self.armed().sendall(data)

    def request(self, service: str) -> None:
        """Ask the server for a service.

        Raises
        ------
        EOFError
            When the server, or the device behind it, hangs up.
        adbutils.AdbError
            When it refuses, with its reason.
        """
        name = service.encode()
        self.sendall(b"%04x%b" % (len(name), name))
        answer = self.exactly(4)
        if answer == b"FAIL":
            raise adbutils.AdbError(self.block())
        if answer != b"OKAY":
            raise adbutils.AdbError(f"the adb server answered {answer!r} to {service}")

    def block(self) -> str:
        """Read a text that comes with its length before it."""
        return self.exactly(int(self.exactly(4), 16)).decode(errors="replace")

    def end(self, reason: Exception) -> None:
        """End, from any thread, whatever is being waited for; `ended_by` then tells why."""
        self.ended_by = reason
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except (OSError, adbutils.AdbError):
            return  # it had ended already

    def close(self) -> None:
        """Close at once."""
        self.conn.close()


class Client(adbutils.AdbClient):
    """An adbutils client whose connections are `Wire`, so that it never starts an adb server by itself."""

    def make_connection(self, timeout: float | None = None) -> Wire:
        """Connect to the adb server.

        Parameters
        ----------
        timeout
            Seconds in which all that is done on this connection must end; 30 when absent.
        """
        return Wire(self.host, self.port, timeout or 30.0)
