"""The HTTP side: executions, devices, screenshots, and what is refused."""

import http.client
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from execmon_lab.history.artifacts import ArtifactStore
from execmon_lab.hub import Hub
from execmon_lab.server import NotNow, Server
from tests.server import messages as m
from tests.server.conftest import DEADLINE
from tests.server.raw import RawClient

Start = Callable[..., Server]


def ask(
    server: Server,
    path: str,
    method: str = "GET",
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def problem(response: http.client.HTTPResponse, content: bytes) -> dict[str, Any]:
    assert response.headers["Content-Type"] == "application/problem+json"
    said = json.loads(content)
    assert said["status"] == response.status
    assert said["detail"]
    return dict(said)


def test_executions_are_listed_and_filtered(server: Server, hub: Hub, execution: str) -> None:
    _, content = ask(server, "/api/v1/executions")
    (listed,) = json.loads(content)["executions"]
    assert (listed["execution_id"], listed["status"], listed["devices"]) == (execution, "pending", [m.DEVICE])
    hub.publish(m.progress(execution))
    assert json.loads(ask(server, "/api/v1/executions?status=pending")[1]) == {"executions": []}
    assert len(json.loads(ask(server, "/api/v1/executions?status=running")[1])["executions"]) == 1
    assert "running" in problem(*ask(server, "/api/v1/executions?status=nonsense"))["detail"]


def test_an_execution_is_told_as_its_state(server: Server, hub: Hub, execution: str) -> None:
    hub.publish(m.completed(execution))
    hub.publish(m.ended(execution))
    state = json.loads(ask(server, f"/api/v1/executions/{execution}")[1])
    assert (state["type"], state["status"], len(state["steps"])) == ("execution_state", "completed", 1)
    assert "session_id" not in state
    assert problem(*ask(server, "/api/v1/executions/nonsense"))["status"] == 404


def test_devices(server: Server) -> None:
    (device,) = json.loads(ask(server, "/api/v1/devices")[1])["devices"]
    assert (device["device_id"], device["status"]) == (m.DEVICE, "available")


class TestCancelling:
    def test_it_is_the_operators_to_do(self, start: Start, hub: Hub, execution: str) -> None:
        cancelled: list[str] = []
        server = start(cancel=cancelled.append)
        response, _ = ask(server, f"/api/v1/executions/{execution}", "DELETE")
        assert (response.status, cancelled) == (202, [execution])
        assert ask(server, "/api/v1/executions/nonsense", "DELETE")[0].status == 404
        hub.publish(m.ended(execution, "cancelled"))
        assert problem(*ask(server, f"/api/v1/executions/{execution}", "DELETE"))["status"] == 409
        assert cancelled == [execution]

    def test_a_server_that_was_not_given_it_says_so(self, server: Server, execution: str) -> None:
        assert problem(*ask(server, f"/api/v1/executions/{execution}", "DELETE"))["status"] == 501


class TestStarting:
    def test_a_registered_plan_is_started_by_name(self, start: Start, execution: str) -> None:
        server = start(plans={"demo": lambda: execution})
        response, content = ask(server, "/api/v1/executions", "POST", b'{"plan": "demo"}')
        assert (response.status, json.loads(content)) == (201, {"execution_id": execution})
        assert response.headers["Location"] == f"/api/v1/executions/{execution}"

    def test_a_plan_that_cannot_start_now_says_why_and_to_try_again(self, start: Start) -> None:
        def full() -> str:
            raise NotNow("100 runs wait for their devices already")

        server = start(plans={"demo": full})
        response, content = ask(server, "/api/v1/executions", "POST", b'{"plan": "demo"}')
        assert problem(response, content)["detail"] == "100 runs wait for their devices already"
        assert (response.status, response.headers["Retry-After"]) == (503, "10")

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b'{"plan": "import os"}', 422),
            (b'{"plan": 7}', 400),
            (b"[]", 400),
            (b"{", 400),
            (b"\xff", 400),
            (b"[" * 50_000, 400),
            (b"x" * 100_000, 413),
        ],
    )
    def test_anything_else_is_not(self, start: Start, body: bytes, status: int) -> None:
        server = start(plans={"demo": lambda: pytest.fail("it must not start")})
        assert problem(*ask(server, "/api/v1/executions", "POST", body))["status"] == status

    @pytest.mark.parametrize(
        "header", [("Content-Type", "application/json; charset=nonsense"), ("Content-Encoding", "gzip")]
    )
    def test_nor_is_a_body_that_is_not_what_its_header_says(
        self, start: Start, header: tuple[str, str]
    ) -> None:
        server = start(plans={"demo": lambda: pytest.fail("it must not start")})
        answer = ask(server, "/api/v1/executions", "POST", b'{"plan": 7}', dict([header]))
        assert problem(*answer)["status"] == 400


def test_a_body_that_breaks_off_leaves_no_traceback(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    server = start(plans={"demo": lambda: pytest.fail("it must not start")})
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as sock:
        head = (
            "POST /api/v1/executions HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9"
        )
        sock.sendall(f"{head}\r\n\r\n".encode())
        assert sock.recv(100).startswith(b"HTTP/1.1 100")  # it is read from here on
    server.close()
    assert "Traceback" not in caplog.text


def test_an_address_without_anything_names_what_there_is(server: Server, execution: str) -> None:
    assert "/openapi.json" in problem(*ask(server, "/nonsense"))["detail"]
    assert "DELETE or GET" in problem(*ask(server, f"/api/v1/executions/{execution}", "PUT"))["detail"]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /healthz?token=secret more HTTP/1.1", 400),
        (b"GET /healthz?token=secret HTTP/1.1\r\nHost: localhost\r\nContent-Length: secret", 400),
        (b"GET /healthz?token=secret HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000, 431),
    ],
)
def test_what_is_no_request_is_told_so_and_not_said_again(server: Server, head: bytes, status: int) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as sock:
        sock.sendall(head + b"\r\n\r\n")
        response = http.client.HTTPResponse(sock)
        response.begin()
        content = response.read()
    assert problem(response, content)["status"] == status
    assert b"secret" not in content


class TestScreenshots:
    PNG = b"\x89PNG" + bytes(range(256)) * 4

    @pytest.fixture
    def address(self, artifacts: ArtifactStore) -> str:
        return artifacts.save_screenshot("step_001.png", self.PNG)

    def test_whole(self, server: Server, address: str) -> None:
        response, content = ask(server, address)
        assert (response.status, response.headers["Content-Type"], content) == (200, "image/png", self.PNG)
        assert response.headers["X-Content-Type-Options"] == "nosniff"

    def test_not_again_when_it_is_known(self, server: Server, address: str) -> None:
        etag = ask(server, address)[0].headers["ETag"]
        response, content = ask(server, address, headers={"If-None-Match": etag})
        assert (response.status, content) == (304, b"")

    def test_in_parts(self, server: Server, address: str) -> None:
        response, content = ask(server, address, headers={"Range": "bytes=4-7"})
        assert (response.status, content) == (206, self.PNG[4:8])
        assert ask(server, address, headers={"Range": "bytes=99999-"})[0].status == 416

    @pytest.mark.parametrize(
        "name",
        [
            "../secret",
            "..%2fsecret",
            "%2e%2e/secret",
            "%2e%2e%2fsecret",
            "..%5csecret",
            "%252e%252e%252fsecret",
            "..%c0%afsecret",
            "%2fetc%2fpasswd",
            "/etc/passwd",
            "step_001.png%00.txt",
            "step_001.png/",
            "./step_001.png",
            "",
            ".",
            "link.png",
            "nothing.png",
        ],
    )
    def test_no_path_leads_outside(self, server: Server, address: str, tmp_path: Path, name: str) -> None:
        (tmp_path / "secret").write_text("secret")
        (tmp_path / "screenshots" / "link.png").symlink_to(tmp_path / "secret")
        response = raw(server, f"GET /api/v1/artifacts/screenshots/{name} HTTP/1.1")
        assert response.split(b" ")[1] in (b"404", b"400")
        assert b"secret" not in response.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("path", ["executions", "reports"])
@pytest.mark.parametrize(
    "name", ["..%2f..%2fsecret", "%2e%2e", "..%5c..", "%00", "..%c0%af", "{}", "x" * 4000]
)
def test_a_name_that_is_no_execution_reaches_nothing(server: Server, path: str, name: str) -> None:
    answer = raw(server, f"GET /api/v1/{path}/{name} HTTP/1.1")
    assert answer.split(b" ")[1] in (b"400", b"404")


def raw(server: Server, *lines: str) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as sock:
        sock.sendall(("\r\n".join([*lines, f"Host: 127.0.0.1:{server.port}"]) + "\r\n\r\n").encode())
        received = b""
        while data := sock.recv(65536):
            received += data
        return received


def test_every_answer_closes_its_connection(server: Server, execution: str) -> None:
    for path in ("/healthz", "/nothing", f"/ws/executions/{execution}", "/api/v1/executions"):
        response, _ = ask(server, path)
        assert response.headers["Connection"] == "close"


def test_what_is_not_there_is_a_problem(server: Server, execution: str) -> None:
    assert problem(*ask(server, "/nothing"))["status"] == 404
    assert problem(*ask(server, "/healthz", "POST"))["status"] == 405
    assert problem(*ask(server, f"/ws/executions/{execution}"))["status"] == 426


def test_an_upgrade_elsewhere_is_not_found(server: Server) -> None:
    answer = raw(server, "GET /elsewhere HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket")
    assert answer.startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize("request_line", ["", "GET", "GET / HTTP/9.9", "\x00\x01\x02", "GET  / HTTP/1.1"])
def test_malformed_requests_are_refused(server: Server, request_line: str) -> None:
    answer = raw(server, request_line)
    assert not answer or answer.split(b" ")[1][:1] in (b"4", b"5")


def test_a_head_that_never_ends_is_cut_off(start: Start) -> None:
    server = start({"head_bytes": 2000})
    answer = raw(server, "GET / HTTP/1.1", "X: " + "x" * 100_000)
    assert answer.startswith(b"HTTP/1.1 431")


def test_one_who_sends_no_head_is_dropped(start: Start) -> None:
    server = start({"head_seconds": 0.2})
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as sock:
        sock.sendall(b"GET / HT")
        try:
            assert sock.recv(10) == b""
        except ConnectionResetError:
            return


class TestReports:
    def test_json_is_the_state(self, server: Server, hub: Hub, execution: str) -> None:
        hub.publish(m.completed(execution))
        for query in ("", "?format=json"):
            response, content = ask(server, f"/api/v1/reports/{execution}{query}")
            assert response.headers["Content-Type"] == "application/json"
            assert len(json.loads(content)["steps"]) == 1

    def test_other_formats_are_made_by_whoever_knows_them(self, start: Start, execution: str) -> None:
        server = start(
            reports={"html": lambda state: ("text/html", "some.html", state.execution_id.encode())}
        )
        response, content = ask(server, f"/api/v1/reports/{execution}?format=html")
        assert (response.headers["Content-Type"], content) == ("text/html", execution.encode())
        assert response.headers["Content-Disposition"] == 'inline; filename="some.html"'

    def test_what_cannot_be_made_is_told(self, server: Server, execution: str) -> None:
        assert "json" in problem(*ask(server, f"/api/v1/reports/{execution}?format=pdf"))["detail"]
        assert problem(*ask(server, "/api/v1/reports/nonsense"))["status"] == 404


def test_metrics_count_what_was_sent(server: Server, hub: Hub, execution: str) -> None:
    with RawClient(server.ws_url(execution), answers=True) as client:
        client.get()
        hub.publish(m.completed(execution))
        client.until("step_completed")
        response, content = ask(server, "/metrics")
        assert response.headers["Content-Type"].startswith("text/plain")
        lines = content.decode().splitlines()
        assert "execmon_connections 1.0" in lines
        assert 'execmon_messages_sent_total{type="step_completed"} 1.0' in lines
        assert 'execmon_messages_sent_total{type="execution_state"} 1.0' in lines
        hub.publish(m.ended(execution))
        client.rest()
    assert 'execmon_connections_closed_total{code="1000"} 1.0' in ask(server, "/metrics")[1].decode()


def test_metrics_ask_for_the_token_too(start: Start) -> None:
    server = start(tokens={"ci": "secret"})
    assert problem(*ask(server, "/metrics"))["status"] == 401
    assert ask(server, "/metrics?token=secret")[0].status == 200
