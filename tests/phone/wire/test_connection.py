"""The transport seen by a raw client: what it answers, what it refuses, and that nothing kills it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from execmon_lab.phone import packet, transport
from execmon_lab.phone.adbd import Adbd, bind
from execmon_lab.phone.packet import AUTH, CLSE, CNXN, HEADER, OKAY, OPEN, WRTE
from execmon_lab.phone.system.system import System

BANNER = b"host::features=shell_v2"


class Client:
    """Writes and reads packets by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, command: int, arg0: int, arg1: int, payload: bytes = b"") -> None:
        self.writer.write(packet.encode(command, arg0, arg1, payload, checked=True) + payload)
        await self.writer.drain()

    async def receive(self) -> tuple[int, int, int, bytes]:
        head = packet.decode(await self.reader.readexactly(HEADER.size))
        return head.command, head.arg0, head.arg1, await self.reader.readexactly(head.length)

    async def connect(self) -> None:
        await self.send(CNXN, packet.VERSION, packet.MAX_PAYLOAD, BANNER)
        assert (await self.receive())[0] == CNXN

    async def closed(self) -> bool:
        """Whether the phone ends the connection."""
        with contextlib.suppress(ConnectionError):
            return await self.reader.read() == b""
        return True


Connect = Callable[[], Awaitable[Client]]


@contextlib.asynccontextmanager
async def phone(*, secure: bool = False) -> AsyncIterator[tuple[Adbd, Connect]]:
    adbd = Adbd(System(serial="test"), bind(), secure=secure)
    serving = asyncio.create_task(adbd.run())
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", adbd.port)
        writers.append(writer)
        return Client(reader, writer)

    try:
        async with asyncio.timeout(30):
            yield adbd, connect
    finally:
        for writer in writers:
            writer.close()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await adbd.system.stop()


async def echoes(connect: Connect) -> bool:
    """Whether the phone still serves a new host."""
    client = await connect()
    await client.connect()
    await client.send(OPEN, 7, 0, b"shell:echo alive\0")
    command, local, remote, _ = await client.receive()
    assert (command, remote) == (OKAY, 7)
    found = await client.receive()
    await client.send(OKAY, 7, local)
    assert (await client.receive())[:3] == (CLSE, local, 7)
    return found == (WRTE, local, 7, b"alive\n")


def test_the_handshake_tells_version_size_and_features() -> None:
    async def main() -> None:
        async with phone() as (_, connect):
            client = await connect()
            await client.send(CNXN, packet.VERSION, 4096, BANNER)
            command, version, size, banner = await client.receive()
            assert (command, version, size) == (CNXN, packet.VERSION, packet.MAX_PAYLOAD)
            assert banner.startswith(b"device::ro.product.name=")
            assert b"features=shell_v2,cmd,stat_v2" in banner
            assert await echoes(connect)

    asyncio.run(main())


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\0" * 24,
        packet.encode(OPEN, 1, 0, b"shell:\0", checked=True) + b"shell:\0",
        packet.encode(WRTE, 1, 1, b""),
        packet.header(CNXN, packet.VERSION, packet.MAX_PAYLOAD, 1_000_000),
        packet.header(CNXN, packet.VERSION, packet.MAX_PAYLOAD, 4, 1) + b"host",
        packet.encode(CNXN, 1, 4096, b"host::") + b"host::",
        packet.encode(CNXN, packet.VERSION, 10, b"host::") + b"host::",
    ],
)
def test_what_is_no_handshake_ends_the_connection(garbage: bytes) -> None:
    async def main() -> None:
        async with phone() as (_, connect):
            client = await connect()
            client.writer.write(garbage)
            assert await client.closed()
            assert await echoes(connect)

    asyncio.run(main())


def test_a_connection_that_says_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "HANDSHAKE", 0.05)

    async def main() -> None:
        async with phone() as (_, connect):
            silent, half = await connect(), await connect()
            half.writer.write(packet.header(CNXN, packet.VERSION, 4096, 10)[:20])
            assert await silent.closed()
            assert await half.closed()
            assert await echoes(connect)

    asyncio.run(main())


def test_unknown_services_are_refused() -> None:
    async def main() -> None:
        async with phone() as (_, connect):
            client = await connect()
            await client.connect()
            for number, service in enumerate(
                [b"nothing:\0", b"tcp:1\0", b"\xff\xfe", b"", b"jdwp:1\0", b":"], 1
            ):
                await client.send(OPEN, number, 0, service)
                assert await client.receive() == (CLSE, 0, number, b"")

    asyncio.run(main())


def test_writes_wait_for_the_acknowledgement() -> None:
    async def main() -> None:
        async with phone() as (_, connect):
            client = await connect()
            await client.connect()
            await client.send(OPEN, 1, 0, b"source:3000000\0")
            _, local, _, _ = await client.receive()
            total = 0
            while total < 3_000_000:
                command, _, _, data = await client.receive()
                assert command == WRTE
                assert len(data) <= packet.MAX_PAYLOAD
                total += len(data)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await client.reader.readexactly(1)
                await client.send(OKAY, 1, local)
            assert (await client.receive())[0] == CLSE

    asyncio.run(main())


def test_who_writes_without_acknowledgement_loses_the_stream() -> None:
    async def main() -> None:
        async with phone() as (_, connect):
            client = await connect()
            await client.connect()
            await client.send(OPEN, 1, 0, b"shell:sleep 100\0")
            _, local, _, _ = await client.receive()
            for _ in range(4):
                await client.send(WRTE, 1, local, b"x" * 1_000_000)
            answers = []
            while not answers or answers[-1] != CLSE:
                answers.append((await client.receive())[0])
            assert answers.count(OKAY) == 1
            assert await echoes(connect)

    asyncio.run(main())


def test_the_number_of_streams_is_bounded() -> None:
    async def main() -> None:
        async with phone() as (adbd, connect):
            client = await connect()
            await client.connect()
            for number in range(1, transport.MAX_STREAMS + 20):
                await client.send(OPEN, number, 0, b"track-jdwp\0")
            refused = 0
            while refused < 19:
                command, _, _, _ = await client.receive()
                refused += command == CLSE
            assert len(next(iter(adbd.connections)).streams) <= transport.MAX_STREAMS

    asyncio.run(main())


def test_packets_for_streams_that_are_not_there() -> None:
    async def main() -> None:
        async with phone() as (_, connect):
            client = await connect()
            await client.connect()
            await client.send(OKAY, 5, 99)
            await client.send(CLSE, 5, 99)
            await client.send(OPEN, 0, 0, b"shell:\0")
            await client.send(AUTH, 3, 0, b"x")
            await client.send(WRTE, 5, 99, b"data")
            assert await client.receive() == (CLSE, 0, 5, b"")
            assert await echoes(connect)

    asyncio.run(main())


def test_a_flood_of_damaged_packets_kills_nothing() -> None:
    """Valid conversations with random bytes changed, from a fixed seed."""
    chance = random.Random(20261123)
    services = [
        b"shell,v2,raw:cat\0",
        b"sync:\0",
        b"shell:\0",
        b"exec:cat\0",
        b"reverse:forward:tcp:1;tcp:2\0",
    ]

    async def attack(connect: Connect) -> None:
        client = await connect()
        data = bytearray(packet.encode(CNXN, packet.VERSION, 4096, BANNER) + BANNER)
        for number in range(1, 8):
            service = chance.choice(services)
            data += packet.encode(OPEN, number, 0, service) + service
            junk = chance.randbytes(chance.randrange(200))
            data += packet.encode(WRTE, number, number, junk) + junk
        for _ in range(chance.randrange(4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with contextlib.suppress(ConnectionError):
            client.writer.write(data[: chance.randrange(len(data))] if chance.random() < 0.3 else data)
            await client.writer.drain()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    await client.reader.read()
        client.writer.close()

    async def main() -> None:
        async with phone() as (_, connect):
            for _ in range(100):
                await attack(connect)
            assert await echoes(connect)

    asyncio.run(main())


def test_without_a_signature_nothing_opens() -> None:
    async def main() -> None:
        async with phone(secure=True) as (_, connect):
            client = await connect()
            await client.send(CNXN, packet.VERSION, 4096, BANNER)
            command, kind, _, token = await client.receive()
            assert (command, kind, len(token)) == (AUTH, packet.AUTH_TOKEN, 20)
            await client.send(AUTH, packet.AUTH_SIGNATURE, 0, bytes(256))
            assert (await client.receive())[0] == AUTH
            await client.send(OPEN, 1, 0, b"shell:\0")
            assert await client.closed()

    asyncio.run(main())


def test_ports_that_cannot_be_a_phone() -> None:
    for port in (5555, 5585, 21998):
        with pytest.raises(ValueError, match="odd and outside"):
            bind(port)
    with bind() as sock:
        assert sock.getsockname()[1] % 2 == 1
