"""The codec: what is encoded decodes to the same, and nothing else is taken."""

from __future__ import annotations

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.phone import packet
from execmon_lab.phone.packet import COMMANDS, HEADER, PacketSocket, ProtocolError

word = st.integers(0, 2**32 - 1)
command = st.sampled_from(sorted(COMMANDS))


@given(command, word, word, st.binary(max_size=5000), st.booleans())
def test_a_header_survives(name: int, arg0: int, arg1: int, payload: bytes, checked: bool) -> None:
    head = packet.decode(packet.encode(name, arg0, arg1, payload, checked=checked))
    assert (head.command, head.arg0, head.arg1, head.length) == (name, arg0, arg1, len(payload))
    assert head.checksum == (sum(payload) if checked else 0)


@given(st.binary(min_size=24, max_size=24))
def test_any_24_bytes_are_a_header_or_a_protocol_error(data: bytes) -> None:
    try:
        head = packet.decode(data)
    except ProtocolError:
        return
    assert HEADER.pack(
        head.command, head.arg0, head.arg1, head.length, head.checksum, head.command ^ 0xFFFFFFFF
    ) == bytes(data)


@given(command, st.integers(0, 23), st.integers(1, 255))
def test_a_flipped_byte_of_command_or_magic_is_noticed(name: int, at: int, flip: int) -> None:
    data = bytearray(packet.encode(name, 1, 2, b""))
    data[at % 4 if at < 12 else 20 + at % 4] ^= flip
    with pytest.raises(ProtocolError):
        packet.decode(data)


def test_a_payload_above_the_limit_is_refused() -> None:
    packet.decode(packet.header(packet.WRTE, 1, 1, packet.MAX_PAYLOAD))
    with pytest.raises(ProtocolError, match="payload of 1048577 bytes"):
        packet.decode(packet.header(packet.WRTE, 1, 1, packet.MAX_PAYLOAD + 1))
    with pytest.raises(ProtocolError):
        packet.decode(packet.header(packet.WRTE, 1, 1, 5000), limit=packet.MAX_PAYLOAD_V1)


@given(st.lists(st.tuples(command, word, word, st.binary(max_size=4096)), max_size=8), st.integers(1, 4000))
def test_packets_survive_any_cutting(packets: list[tuple[int, int, int, bytes]], step: int) -> None:
    stream = b"".join(packet.encode(c, a, b, data, checked=True) + data for c, a, b, data in packets)

    async def main() -> list[tuple[int, int, int, bytes]]:
        near, far = socket.socketpair()
        with near, far:
            receiver = PacketSocket(near)

            async def feed() -> None:
                loop = asyncio.get_running_loop()
                far.setblocking(False)
                for at in range(0, len(stream), step):
                    await loop.sock_sendall(far, stream[at : at + step])
                far.shutdown(socket.SHUT_WR)

            feeding = asyncio.create_task(feed())
            found = []
            while (received := await receiver.receive()) is not None:
                head, payload = received
                found.append((head.command, head.arg0, head.arg1, bytes(payload)))
            await feeding
            return found

    assert asyncio.run(main()) == packets


@pytest.mark.parametrize("cut", [10, 30])
def test_an_end_within_a_packet_is_an_error(cut: int) -> None:
    async def main() -> None:
        near, far = socket.socketpair()
        with near, far:
            receiver = PacketSocket(near)
            far.sendall((packet.encode(packet.OPEN, 1, 0, b"shell:\0") + b"shell:\0")[:cut])
            far.close()
            await receiver.receive()

    with pytest.raises(ProtocolError, match="ended within"):
        asyncio.run(main())


def test_a_wrong_checksum_is_refused() -> None:
    async def main() -> None:
        near, far = socket.socketpair()
        with near, far:
            receiver = PacketSocket(near)
            far.sendall(packet.header(packet.CNXN, 1, 4096, 4, 5) + b"host")
            await receiver.receive()

    with pytest.raises(ProtocolError, match="wrong checksum"):
        asyncio.run(main())
