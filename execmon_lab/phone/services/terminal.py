"""A terminal's line discipline between a host and an interactive shell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from execmon_lab.phone.packet import Bytes
from execmon_lab.phone.pipe import Pipe
from execmon_lab.phone.shell.process import Reader, Writer

MAX_LINE = 4096
INTERRUPT, END, ERASE, BACKSPACE, KILL, WORD = b"\x03\x04\x7f\x08\x15\x17"


class TerminalInput(Pipe):
    """What the shell reads; it tells the terminal what Ctrl-C shall end."""

    def __init__(self) -> None:
        super().__init__()
        self._interrupt: Callable[[], Any] | None = None

    def on_interrupt(self, action: Callable[[], Any] | None) -> None:
        """Set what Ctrl-C does."""
        self._interrupt = action

    def interrupt(self) -> None:
        """Ctrl-C was pressed."""
        if self._interrupt is not None:
            self._interrupt()


class Terminal:
    """Echoes and edits lines on the way in, and turns newlines into CR LF on the way out.

    Attributes
    ----------
    input
        Whole lines for the shell to read.
    """

    def __init__(self, source: Reader, out: Writer) -> None:
        self.input = TerminalInput()
        self._source = source
        self._out = out
        self._line = bytearray()

    async def write(self, data: Bytes) -> None:
        """Show the shell's output."""
        await self._out.write(bytes(data).replace(b"\n", b"\r\n"))

    async def run(self) -> None:
        """Take keys until the host ends."""
        try:
            while data := await self._source.read(4096):
                echo = bytearray()
                for byte in data:
                    await self._key(byte, echo)
                if echo:
                    await self._out.write(echo)
        finally:
            self.input.close()

    async def _key(self, byte: int, echo: bytearray) -> None:
        line = self._line
        if byte in b"\r\n":
            echo += b"\r\n"
            await self._out.write(echo)
            echo.clear()
            await self.input.write(bytes(line) + b"\n")
            line.clear()
        elif byte == INTERRUPT:
            echo += b"^C\r\n"
            await self._out.write(echo)
            echo.clear()
            line.clear()
            self.input.interrupt()
        elif byte == END:
            if line:
                await self.input.write(bytes(line))
                line.clear()
            else:
                self.input.close()
        elif byte in (ERASE, BACKSPACE):
            self._erase(1, echo)
        elif byte == KILL:
            self._erase(len(line), echo)
        elif byte == WORD:
            self._erase(len(line) - len(line.rstrip().rpartition(b" ")[0]), echo)
        elif (byte >= 32 or byte == 9) and len(line) < MAX_LINE:
            line.append(byte)
            echo.append(byte)

    def _erase(self, count: int, echo: bytearray) -> None:
        count = min(count, len(self._line))
        if count:
            del self._line[-count:]
            echo += b"\b \b" * count
