"""An adb server's port with somebody in between, who can spoil the video that passes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

Spoil = Callable[[bytes], bytes | None]
"""Takes what passes towards the client; returns what passes instead, or None to let nothing more pass."""


class Tamper:
    """Forwards connections to a port of this machine; the video sockets of scrcpy pass through `spoil`.

    Attributes
    ----------
    port : int
        Where it listens.
    spoil : callable or None
        Used on the video that passes from now on; None lets it pass.
    videos : int
        How many video sockets were opened so far.
    hang : bytes or None
        Who asks for a service with these words in it gets no answer from now on.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.spoil: Spoil | None = None
        self.videos = 0
        self.hang: bytes | None = None
        self._seen: set[bytes] = set()
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self._sockets += [client, server]
            flags = {"video": False, "hangs": False}
            for work in (self._up, self._down):
                thread = threading.Thread(target=work, args=(client, server, flags), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _up(self, client: socket.socket, server: socket.socket, flags: dict[str, bool]) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(1 << 16):
                at = data.find(b"localabstract:scrcpy_")
                if at >= 0:
                    name = data[at : at + 29]
                    flags["video"] = name not in self._seen
                    self._seen.add(name)
                if self.hang is not None and self.hang in data:
                    flags["hangs"] = True
                server.sendall(data)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _down(self, client: socket.socket, server: socket.socket, flags: dict[str, bool]) -> None:
        opened = False
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 16):
                if flags["hangs"]:
                    continue
                if flags["video"]:
                    if not opened and data.startswith(b"FAIL"):
                        flags["video"] = False  # the reason may come by itself
                        self._seen.clear()
                    elif not opened:
                        opened = True
                        self.videos += 1
                    if self.spoil is not None and opened:
                        spoiled = self.spoil(data)
                        if spoiled is None:
                            continue
                        data = spoiled
                client.sendall(data)
        if flags["hangs"]:
            return
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
