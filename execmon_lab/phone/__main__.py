"""``python -m execmon_lab.phone``: one virtual phone as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from execmon_lab.phone.adbd import Adbd, bind
from execmon_lab.phone.process import check_size
from execmon_lab.phone.system.system import System

SIZE = (720, 1280)
DENSITY = 320


async def run(
    *,
    port: int = 0,
    adb_ports: Sequence[int] = (),
    size: tuple[int, int] = SIZE,
    density: int = DENSITY,
    secure: bool = False,
    authorized_keys: Path | None = None,
    has_encoder: bool = True,
    ready: Callable[[int, str], None] | None = None,
    until_eof: bool = False,
) -> None:
    """Be a phone until SIGTERM, SIGINT or cancellation.

    Parameters
    ----------
    port
        Where to listen on 127.0.0.1: odd, outside 5554 to 5585; 0 takes a free one.
    adb_ports
        Ports of the adb servers that shall list the phone.
    size, density
        The screen, in pixels and dots per inch.
    secure
        Whether a host needs an RSA key that was accepted on the screen, or stands in ``authorized_keys``.
    has_encoder
        Whether the phone can make video of its screen.
    ready
        Called with the port and the serial when the phone can be reached.
    until_eof
        Whether to end when the standard input does, so that the phone does not outlive its parent.

    Raises
    ------
    ValueError
        For a port that cannot be a phone's, or a file of keys that cannot be read.
    OSError
        When the port is taken.
    """
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 3000))  # the shell's functions may call functions
    sock = bind(port)
    try:
        serial = f"EXECMON{sock.getsockname()[1]}"
        system = System(serial=serial, size=size, density=density, has_encoder=has_encoder)
        adbd = Adbd(system, sock, adb_ports=adb_ports, secure=secure, keys=authorized_keys)
    except BaseException:
        sock.close()
        raise
    await system.start()
    serving = asyncio.create_task(adbd.run())
    with _ended_by(serving.cancel, until_eof=until_eof):
        if ready is not None:
            ready(adbd.port, adbd.serial)
        try:
            await serving
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            await system.stop()


@contextlib.contextmanager
def _ended_by(end: Callable[[], object], *, until_eof: bool) -> Iterator[None]:
    """Call ``end`` on SIGTERM, SIGINT, and at the end of the standard input."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)

    def on_input() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            end()

    if until_eof:
        loop.add_reader(0, on_input)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        if until_eof:
            loop.remove_reader(0)


def parse_size(text: str) -> tuple[int, int]:
    """``720x1280`` as a pair of numbers.

    Raises
    ------
    ValueError
        For anything else, or a side below 240 or above 4096 pixels.
    """
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise ValueError(f"a size is written as 720x1280, not {text!r}")
    size = int(width), int(height)
    check_size(size)
    return size


def _say_ready(port: int, serial: str) -> None:
    sys.stdout.write(json.dumps({"port": port, "serial": serial}) + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; its first line of output is JSON with ``port`` and ``serial``."""
    parser = argparse.ArgumentParser(prog="python -m execmon_lab.phone", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="odd port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--adb-port", type=int, action="append", default=[], help="adb server to appear at")
    parser.add_argument("--size", type=parse_size, default=SIZE, help="screen, as 720x1280")
    parser.add_argument("--density", type=int, default=DENSITY, help="dots per inch")
    parser.add_argument("--secure", action="store_true", help="ask before a host may debug")
    parser.add_argument("--authorized-keys", type=Path, help="file of accepted keys, appended to")
    parser.add_argument("--no-encoder", action="store_true", help="be a phone that cannot make video")
    parser.add_argument("--until-eof", action="store_true", help="end when the standard input does")
    parser.add_argument("--log-level", default="warning", choices=["debug", "info", "warning", "error"])
    given = parser.parse_args(arguments)
    logging.basicConfig(
        level=given.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        asyncio.run(
            run(
                port=given.port,
                adb_ports=given.adb_port,
                size=given.size,
                density=given.density,
                secure=given.secure,
                authorized_keys=given.authorized_keys,
                has_encoder=not given.no_encoder,
                ready=_say_ready,
                until_eof=given.until_eof,
            )
        )
    except (ValueError, OSError) as error:
        sys.stderr.write(f"phone: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
