"""Clients that watch a device over WebSockets, in a process of their own.

``watchers.py URL DEVICE READING STALLED`` prints once a second how many frames each of those who read has
had, until its input ends.
"""

from __future__ import annotations

import asyncio
import json
import sys

from websockets.asyncio.client import ClientConnection, connect


async def begin(url: str, device: str) -> ClientConnection:
    """Ask for the device's picture."""
    socket = await connect(url, max_size=None, compression=None)
    await socket.recv()
    await socket.send(json.dumps({"type": "start_preview", "device_id": device, "quality": "medium"}))
    return socket


async def count(socket: ClientConnection, counts: list[int], place: int) -> None:
    """Count a client's frames."""
    async for message in socket:
        counts[place] += '"preview_frame"' in str(message[:40])


async def main(url: str, device: str, reading: int, stalled: int) -> None:
    """Watch until the input ends."""
    sockets = [await begin(url, device) for _ in range(reading + stalled)]
    counts = [0] * reading
    tasks = [asyncio.create_task(count(sockets[place], counts, place)) for place in range(reading)]
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    while not ended.done():
        print(json.dumps(counts), flush=True)
        await asyncio.sleep(1)
    for task in tasks:
        task.cancel()
    for socket in sockets:
        socket.transport.abort()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
