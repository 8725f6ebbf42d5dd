"""Whatever a client sends gets an answer or an effect, and harms nobody (decisions, "Bad input")."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from execmon_lab.hub import Hub
from execmon_lab.server import Server
from tests.server import messages as m
from tests.server.conftest import DEADLINE, Consumer
from tests.server.raw import RawClient

Start = Callable[..., Server]
Join = Callable[..., Consumer]

CALM = {"messages_per_second": 1e6, "messages_burst": 10**6}
"""For tests that send more than a client in its right mind."""


HANDSHAKE = "\r\n".join(
    [
        "GET /ws/executions/<id> HTTP/1.1",
        "Host: 127.0.0.1",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "",
        "",
    ]
)


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ("", ""),
        ("{", ""),
        ("null", "object"),
        ("[]", "object"),
        ("7", "object"),
        ("{}", "type"),
        ('{"type": "nonsense"}', "type"),
        ('{"type": 7}', "type"),
        ('{"type": "subscribe_device"}', "device_id"),
        ('{"type": "subscribe_device", "device_id": null}', "device_id"),
        ('{"type": "start_preview", "device_id": "x", "quality": "best"}', "quality"),
        ('{"type": "start_preview", "device_id": "x", "only_changes": 1}', "only_changes"),
        ('{"type": "ack", "seq": -1}', "seq"),
        ('{"type": "ack", "seq": "1"}', "seq"),
        ('{"type": "execution_progress"}', "type"),
        ("[" * 60_000, ""),
    ],
)
def test_an_invalid_message_is_answered_and_the_connection_lives_on(
    server: Server, join: Join, sent: str, named: str
) -> None:
    consumer = join(server)
    consumer.get()
    consumer.socket.send(sent)
    error = consumer.get()
    assert (error["type"], error["code"]) == ("error", "INVALID_MESSAGE")
    assert named in error["message"]
    consumer.say(type="subscribe_device", device_id=m.DEVICE)
    assert consumer.get()["type"] == "device_status"


def test_the_answer_is_for_its_sender_alone_and_no_error_of_the_execution(
    server: Server, join: Join, hub: Hub, execution: str
) -> None:
    sender, other = join(server), join(server)
    for consumer in (sender, other):
        consumer.get()
    sender.say(type="nonsense")
    sender.say(type="subscribe_device", device_id="nobody")
    assert [sender.get()["code"] for _ in range(2)] == ["INVALID_MESSAGE", "UNKNOWN_DEVICE"]
    hub.publish(m.completed(execution))
    assert other.get()["type"] == "step_completed"
    assert join(server).get().get("errors", []) == []


def test_a_binary_message_is_answered(server: Server, join: Join) -> None:
    consumer = join(server)
    consumer.get()
    consumer.socket.send(b'{"type": "subscribe_device", "device_id": "emulator-5554"}')
    assert consumer.get()["code"] == "INVALID_MESSAGE"


def test_text_that_is_no_utf_8_is_answered_and_closed_with_1007(server: Server, execution: str) -> None:
    with RawClient(server.ws_url(execution), answers=True) as client:
        client.get()
        client.send(b'{"type": "\xff"}')
        assert [message["code"] for message in client.rest()] == ["INVALID_MESSAGE"]
        assert client.close_code == 1007


def test_more_than_64_kib_close_with_1009(server: Server, join: Join, execution: str) -> None:
    consumer = join(server)
    consumer.get()
    consumer.socket.send(json.dumps({"type": "x" * (64 * 1024 - 20)}))
    assert consumer.get()["code"] == "INVALID_MESSAGE"
    with RawClient(server.ws_url(execution)) as client:
        client.get()
        client.send(b"x" * (64 * 1024 + 1))
        client.rest()
        assert client.close_code == 1009


def test_in_many_small_fragments_too(server: Server, execution: str) -> None:
    with RawClient(server.ws_url(execution)) as client:
        client.get()
        client.socket.sendall(Frame(Opcode.TEXT, b"x", fin=False).serialize(mask=True))
        for _ in range(20):
            client.socket.sendall(Frame(Opcode.CONT, b"x" * 4000, fin=False).serialize(mask=True))
        client.rest()
        assert client.close_code == 1009


def test_a_message_may_come_in_fragments_with_pings_between(server: Server, execution: str) -> None:
    text = json.dumps({"type": "subscribe_device", "device_id": m.DEVICE}).encode()
    with RawClient(server.ws_url(execution)) as client:
        client.get()
        client.socket.sendall(
            Frame(Opcode.TEXT, text[:10], fin=False).serialize(mask=True)
            + Frame(Opcode.PING, b"hello").serialize(mask=True)
            + Frame(Opcode.CONT, text[10:20], fin=False).serialize(mask=True)
            + Frame(Opcode.CONT, text[20:]).serialize(mask=True)
        )
        assert client.get()["type"] == "device_status"


@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.PING, Opcode.PONG])
def test_a_flood_closes_with_1008(start: Start, execution: str, opcode: Opcode) -> None:
    server = start({"messages_burst": 50, "messages_per_second": 1.0})
    with RawClient(server.ws_url(execution)) as client:
        client.get()
        client.socket.sendall(Frame(opcode, b"{}").serialize(mask=True) * 200)
        client.rest()
        assert client.close_code == 1008


class TestAnyMessage:
    """One server and one connection for all examples: what one example does must not spoil the next."""

    @pytest.fixture
    def consumer(self, start: Start, join: Join) -> Iterator[Consumer]:
        consumer = join(start(CALM))
        consumer.get()
        yield consumer
        consumer.say(type="subscribe_device", device_id="nobody")
        assert consumer.get()["code"] == "UNKNOWN_DEVICE"

    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
    fields = st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(
                ["subscribe_device", "unsubscribe_device", "start_preview", "stop_preview", "ack"]
            )
            | st.text()
            | st.none(),
            "device_id": st.sampled_from(["nobody", "nobody else"]) | json_values,
            "quality": st.sampled_from(["low", "medium", "high"]) | json_values,
            "only_changes": st.booleans() | json_values,
            "seq": st.integers() | json_values,
            "more": json_values,
        },
    )

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(sent=fields.map(json.dumps) | json_values.map(json.dumps) | st.text(st.characters(codec="utf-8")))
    def test_it_gets_an_error_or_has_an_effect(self, consumer: Consumer, sent: str) -> None:
        consumer.socket.send(sent)
        # A mark behind it: its answer comes after whatever the message itself was answered.
        consumer.say(type="subscribe_device", device_id="the mark")
        answer = consumer.get()
        silent = _type_of(sent) in ("unsubscribe_device", "stop_preview")
        if answer.get("device_id") == "the mark":
            assert silent
        else:
            assert answer["code"] in ("INVALID_MESSAGE", "UNKNOWN_DEVICE")
            assert consumer.get()["device_id"] == "the mark"


def _type_of(sent: str) -> Any:
    try:
        value = json.loads(sent)
    except ValueError:
        return None
    return value.get("type") if isinstance(value, dict) else None


class TestGarbage:
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.binary(min_size=1, max_size=300))
    def test_random_bytes_after_the_upgrade_harm_nobody(
        self, server: Server, execution: str, data: bytes
    ) -> None:
        with RawClient(server.ws_url(execution)) as client:
            client.socket.sendall(data)
            client.socket.shutdown(socket.SHUT_WR)
            client.rest()
        _healthy(server)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.binary(max_size=300))
    def test_random_bytes_instead_of_a_request_harm_nobody(self, server: Server, data: bytes) -> None:
        with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            _drain(sock)
        _healthy(server)

    def test_half_a_handshake_and_one_byte_at_a_time(self, server: Server, execution: str) -> None:
        handshake = HANDSHAKE.replace("<id>", execution).encode()
        with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as half:
            half.sendall(handshake[:50])
            with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as slow:
                slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for byte in handshake:
                    slow.sendall(bytes([byte]))
                assert slow.recv(65536).startswith(b"HTTP/1.1 101")
        _healthy(server)

    @pytest.mark.parametrize(
        "change",
        [
            ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"),
            ("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Key: short"),
            ("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "X: y"),
            ("Connection: Upgrade", "Connection: close"),
            ("HTTP/1.1", "HTTP/1.0"),
            ("GET", "POST"),
            ("Host: 127.0.0.1", "Host: 127.0.0.1\r\nHost: 127.0.0.1"),
        ],
    )
    def test_a_handshake_that_is_not_one(
        self, server: Server, execution: str, change: tuple[str, str]
    ) -> None:
        handshake = HANDSHAKE.replace("<id>", execution)
        with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as sock:
            sock.sendall(handshake.replace(*change).encode())
            answer = _drain(sock)
        assert not answer or answer.split(b" ")[1][:1] in (b"4", b"5")
        _healthy(server)

    def test_what_comes_with_the_handshake_waits_for_its_answer(
        self, server: Server, execution: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        handshake = HANDSHAKE.replace("<id>", execution).encode()
        ping = Frame(Opcode.PING, b"here").serialize(mask=True)
        for early, said in (
            (ping, b"\x8a\x04here"),
            (b"\xff" * 50, b"\x03\xea"),
        ):
            with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as sock:
                sock.sendall(handshake + early)
                sock.shutdown(socket.SHUT_WR)
                answer = _drain(sock)
            assert answer.startswith(b"HTTP/1.1 101")
            assert said in answer
        assert "Traceback" not in caplog.text

    @pytest.mark.parametrize("upgrade", [True, False])
    def test_a_head_that_can_be_read_two_ways_is_refused(
        self, server: Server, execution: str, upgrade: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        head = HANDSHAKE if upgrade else "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        head = head.replace("<id>", execution).replace("Host", "X: y\n\nHost")
        with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as sock:
            sock.sendall(head.encode())
            assert _drain(sock).startswith(b"HTTP/1.1 400")
        assert "Traceback" not in caplog.text

    def test_no_traceback_is_logged(
        self, server: Server, execution: str, hub: Hub, caplog: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(20):
            with RawClient(server.ws_url(execution)) as client:
                client.send(os.urandom(50))
                client.socket.sendall(os.urandom(200))
                hub.publish(m.completed(execution))
        _healthy(server)
        assert "Traceback" not in caplog.text


def test_handshakes_beyond_the_limit_harm_nobody_who_is_served(
    start: Start, join: Join, hub: Hub, execution: str
) -> None:
    server = start({"sockets": 60})
    served = join(server)
    served.get()
    sockets = []
    for _ in range(300):
        sock = socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE)
        sockets.append(sock)
    hub.publish(m.completed(execution))
    assert served.get()["type"] == "step_completed"
    for sock in sockets:
        sock.close()
    deadline = time.monotonic() + DEADLINE
    while not _is_healthy(server):
        assert time.monotonic() < deadline


def _drain(sock: socket.socket) -> bytes:
    received = b""
    try:
        while data := sock.recv(65536):
            received += data
    except ConnectionError:
        pass
    return received


def _is_healthy(server: Server) -> bool:
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as sock:
        with contextlib.suppress(ConnectionError):
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return _drain(sock).startswith(b"HTTP/1.1 200")


def _healthy(server: Server) -> None:
    assert _is_healthy(server)
