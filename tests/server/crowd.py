"""A crowd of clients in a process of its own, each of which knocks once, in waves.

Run with an address, how many, and how many at once; it says how many were upgraded, told why they are
refused, and closed.
"""

import socket
import struct
import sys
from urllib.parse import urlsplit

from victim import handshake  # beside it, as both are run as scripts

REFUSAL, CLOSE = b'"CONNECTION_LIMIT"', struct.pack("!H", 4429)
ABORT = struct.pack("ii", 1, 0)
"""SO_LINGER: leave at once, without a closed connection's minutes in the kernel."""


def knock(address: tuple[str, int], request: bytes, many: int) -> int:
    """Send so many requests, and count those that were answered as they must be."""
    clients = [socket.create_connection(address, timeout=20) for _ in range(many)]
    for client in clients:
        client.sendall(request)
    refused = 0
    for client in clients:
        answer = b""
        while CLOSE not in answer and (data := client.recv(4096)):
            answer += data
        refused += answer.startswith(b"HTTP/1.1 101 ") and answer.count(REFUSAL) == 1
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        client.close()
    return refused


def main(url: str, many: str, at_once: str) -> None:
    parts = urlsplit(url)
    address, request = (parts.hostname or "", parts.port or 0), handshake(url)
    waves = int(many) // int(at_once)
    print(sum(knock(address, request, int(at_once)) for _ in range(waves)))


if __name__ == "__main__":
    main(*sys.argv[1:])
