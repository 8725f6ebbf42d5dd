"""Origins, hosts and tokens (decisions, "Security")."""

import hmac
import http.client
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from execmon_lab.history.artifacts import ArtifactStore
from execmon_lab.hub import Hub
from execmon_lab.server import Server, Tokens
from tests.server.conftest import Consumer

Start = Callable[..., Server]
Join = Callable[..., Consumer]


def get(server: Server, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", path, headers=headers or {})
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    return response.status, body


class TestStandalone:
    def test_it_binds_the_loopback_alone(self, hub: Hub, artifacts: ArtifactStore) -> None:
        with pytest.raises(ValueError, match="loopback"):
            Server(hub, artifacts, host="0.0.0.0")

    @pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "file://", ""])
    def test_a_foreign_origin_is_refused(self, server: Server, execution: str, origin: str) -> None:
        with (
            pytest.raises(InvalidStatus) as refused,
            connect(server.ws_url(execution), additional_headers={"Origin": origin}),
        ):
            pass
        assert refused.value.response.status_code == 403
        assert get(server, "/api/v1/executions", {"Origin": origin})[0] == 403

    def test_its_own_origin_and_those_named_are_not(self, start: Start, join: Join) -> None:
        server = start(allowed_origins=["https://lab.example"])
        for origin in (server.url, "https://lab.example"):
            consumer = join(server, additional_headers={"Origin": origin})
            assert consumer.get()["type"] == "execution_state"

    @pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "a@b", ""])
    def test_a_foreign_host_is_refused(self, server: Server, execution: str, host: str) -> None:
        assert get(server, "/healthz", {"Host": host})[0] in (400, 403)
        assert get(server, "/api/v1/executions", {"Host": host})[0] in (400, 403)

    def test_a_foreign_host_is_refused_an_upgrade(self, server: Server, execution: str) -> None:
        with (
            pytest.raises(InvalidStatus) as refused,
            connect(server.ws_url(execution).replace("127.0.0.1", "evil.example"), sock=_socket(server)),
        ):
            pass
        assert refused.value.response.status_code == 403

    def test_a_tunnel_may_have_another_port(self, server: Server) -> None:
        for host in ("localhost:9999", "127.0.0.1", "[::1]:80"):
            assert get(server, "/healthz", {"Host": host}) == (200, {"status": "ok"})


class TestServerMode:
    @pytest.mark.parametrize(
        "query", ["", "?token=", "?token=wrong", "?token=secre", "?token=secret2", "?Token=secret"]
    )
    def test_without_a_valid_token(self, start: Start, join: Join, query: str) -> None:
        server = start(tokens={"ci": "secret"})
        consumer = join(server, query)
        error = consumer.get()
        assert (error["type"], error["code"]) == ("error", "UNAUTHORIZED")
        assert "wrong" not in json.dumps(error)
        with pytest.raises(ConnectionClosed) as closed:
            consumer.get()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
        status, body = get(server, "/api/v1/executions" + query)
        assert (status, body["status"]) == (401, 401)

    @pytest.mark.parametrize(
        ("query", "headers"),
        [
            ("?token=secret", {}),
            ("?execmon_token=secret", {}),
            ("?token=taken-by-the-proxy&execmon_token=secret", {}),
            ("", {"Authorization": "Bearer secret"}),
            ("", {"Authorization": "bearer  secret"}),
        ],
    )
    def test_with_one(self, start: Start, join: Join, query: str, headers: dict[str, str]) -> None:
        server = start(tokens={"ci": "secret"})
        assert join(server, query, additional_headers=headers).get()["type"] == "execution_state"
        assert get(server, "/api/v1/executions" + query, headers)[0] == 200

    def test_origins_and_hosts_are_free(self, start: Start, join: Join) -> None:
        server = start(tokens={"ci": "secret"})
        consumer = join(server, "?token=secret", additional_headers={"Origin": "https://hub.example"})
        assert consumer.get()["type"] == "execution_state"

    def test_a_token_is_never_logged(
        self, start: Start, join: Join, caplog: pytest.LogCaptureFixture
    ) -> None:
        server = start(tokens={"ci": "correct-horse"})
        # What the client's own library logs is not the server's.
        logging.getLogger("websockets.client").disabled = True
        with caplog.at_level(logging.DEBUG):
            join(server, "?token=correct-horse").get()
            join(server, "?token=wrong-donkey").get()
            get(server, "/api/v1/executions?token=correct-horse")
            get(server, "/api/v1/executions?token=wrong-donkey")
        logging.getLogger("websockets.client").disabled = False
        assert "correct-horse" not in caplog.text
        assert "wrong-donkey" not in caplog.text

    def test_health_needs_none(self, start: Start) -> None:
        assert get(start(tokens={"ci": "secret"}), "/healthz") == (200, {"status": "ok"})


class TestTokens:
    def test_names(self) -> None:
        tokens = Tokens({"ci": "one", "ada": "two"})
        assert (tokens.name_of("two"), tokens.name_of("one"), tokens.name_of("three")) == ("ada", "ci", None)
        assert tokens.name_of("\udcff") is None

    @pytest.mark.parametrize("given", ["first", "second", "third", "firsT", "f", "", "x" * 10_000, "ü"])
    def test_whatever_is_given_the_same_comparisons_are_made(
        self, given: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each token is compared, right or wrong, as a digest of one length, and never by ``==``."""
        compared: list[tuple[int, int]] = []

        def compare(one: bytes, other: bytes) -> bool:
            compared.append((len(one), len(other)))
            return hmac.compare_digest(one, other)

        tokens = Tokens({"ci": "first", "ada": "second", "eve": "third"})
        monkeypatch.setattr("execmon_lab.server.tokens.hmac", SimpleNamespace(compare_digest=compare))
        tokens.name_of(given)
        assert compared == [(32, 32)] * 3

    @pytest.mark.parametrize("tokens", [{}, {"ci": ""}])
    def test_an_empty_token_would_let_everybody_in(self, tokens: dict[str, str]) -> None:
        with pytest.raises(ValueError, match="token"):
            Tokens(tokens)

    def test_a_file_is_read_again_when_it_changes(self, tmp_path: Path) -> None:
        path = tmp_path / "tokens"
        path.write_text("# our people\nci  one  # nightly\n\ntwo\n")
        tokens = Tokens.from_file(path)
        assert (tokens.name_of("one"), tokens.name_of("two")) == ("ci", "line-4")
        path.write_text("ci three\n")
        os.utime(path, (1, 1))
        assert (tokens.name_of("one"), tokens.name_of("three")) == (None, "ci")
        path.unlink()
        assert tokens.name_of("three") == "ci"

    def test_a_change_that_makes_no_sense_is_told_once_and_changes_nothing(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = tmp_path / "tokens"
        path.write_text("ci one\n")
        tokens = Tokens.from_file(path)
        path.write_text("ci secret\nci other\n")
        assert [tokens.name_of(token) for token in ("one", "secret", "one")] == ["ci", None, "ci"]
        (told,) = caplog.messages
        assert ("line 2" in told, "stay valid" in told, "secret" in told) == (True, True, False)
        path.write_text("ci secret\n")
        assert [tokens.name_of(token) for token in ("one", "secret")] == [None, "ci"]

    @pytest.mark.parametrize(
        ("content", "complaint"),
        [
            (b"", "no token in it"),
            (b"# nobody\n", "no token in it"),
            (b"a b c\n", "line 1: expected a name and a token"),
            (b"a one\na two\n", "line 2: the name is there twice, in line 1 too"),
            (b"\xff\xfe\n", "no text in UTF-8"),
        ],
    )
    def test_a_file_that_makes_no_sense(self, tmp_path: Path, content: bytes, complaint: str) -> None:
        path = tmp_path / "tokens"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"{path}.*{complaint}"):
            Tokens.from_file(path)


def _socket(server: Server) -> object:
    import socket

    return socket.create_connection(("127.0.0.1", server.port))
