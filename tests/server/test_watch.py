"""The page of an execution: what it may load, who gets it, and the log that it begins with."""

from __future__ import annotations

import http.client
import json
import re
import uuid
from collections.abc import Callable

import pytest

from execmon_lab.hub import Hub
from execmon_lab.server import KeptLog, Server
from execmon_lab.state import planned
from execmon_lab.tail import LogTail
from tests.server import messages as m
from tests.server.conftest import DEADLINE

Start = Callable[..., Server]
TOKEN = "a-token-of-some-length"


def get(server: Server, path: str, **headers: str) -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response, response.read().decode()
    finally:
        connection.close()


def test_its_policy_lets_in_nothing_inline_and_nothing_from_elsewhere(server: Server, execution: str) -> None:
    response, page = get(server, f"/watch/{execution}")
    assert (response.status, response.headers.get_content_type()) == (200, "text/html")
    policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["worker-src"] == "'self'"
    assert "unsafe" not in str(policy)
    assert not re.search(r"<style|style=|<script(?![^>]* src=)|\son\w+=", page)
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_all_that_it_names_is_there(server: Server, execution: str) -> None:
    _, page = get(server, f"/watch/{execution}")
    named = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert len(named) == 3
    types = {".js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
    for address in named:
        assert not address.startswith(("/", "http")), "a proxy may have a path of its own before it"
        response, content = get(server, f"/watch/{address}")
        assert response.status == 200
        assert response.headers.get_content_type() == types[address[-3:]]
        assert content


def test_the_worker_of_the_log_s_filter_is_a_file(server: Server) -> None:
    response, content = get(server, "/watch/assets/page.pattern.js")
    assert (response.status, response.headers.get_content_type()) == (200, "text/javascript")
    assert "onmessage" in content


def test_an_unknown_execution_has_none(server: Server) -> None:
    response, content = get(server, f"/watch/{uuid.uuid4()}")
    assert (response.status, json.loads(content)["detail"]) == (404, "there is no such execution")


@pytest.mark.parametrize("name", ["..%2Fhttp.py", "../http.py", "page.js/../../http.py", "__init__.py"])
def test_no_other_file_can_be_had(server: Server, name: str) -> None:
    assert get(server, f"/watch/assets/{name}")[0].status == 404


def test_a_name_cannot_become_part_of_the_page(server: Server, hub: Hub) -> None:
    execution_id = str(uuid.uuid4())
    hub.publish(planned(execution_id, name="<script>alert(1)</script>"))
    _, page = get(server, f"/watch/{execution_id}")
    assert "<title>&lt;script&gt;" in page


def test_without_a_valid_token_there_is_no_page_and_no_log(start: Start, execution: str) -> None:
    server = start(tokens={"ci": TOKEN}, logs=lambda _: KeptLog(()))
    for path in (f"/watch/{execution}", f"/api/v1/executions/{execution}/logs"):
        for query in ("", "?token=wrong", "?token="):
            response, content = get(server, path + query)
            assert (response.status, "<script" in content) == (401, False)
        for query in (f"?token={TOKEN}", f"?execmon_token={TOKEN}"):
            response, content = get(server, path + query)
            assert response.status == 200
            assert TOKEN not in content
        assert get(server, path, Authorization=f"Bearer {TOKEN}")[0].status == 200


def test_pages_of_other_names_are_refused(server: Server, execution: str) -> None:
    assert get(server, f"/watch/{execution}", Host="evil.example")[0].status == 403


class TestTheLog:
    def test_it_has_the_newest_lines_and_tells_how_many_are_lost(
        self, start: Start, hub: Hub, execution: str
    ) -> None:
        tail = LogTail(hub, execution, lines=2)
        server = start(logs=lambda _: KeptLog(*tail.kept()))
        lines = [m.log_entry(execution) for _ in range(3)]
        for line in lines:
            hub.publish(line)
        _, content = get(server, f"/api/v1/executions/{execution}/logs")
        log = json.loads(content)
        assert log["lost"] == 1
        assert [(entry["type"], entry["message"]) for entry in log["entries"]] == [
            ("log_entry", line.message) for line in lines[1:]
        ]

    def test_a_server_that_keeps_none_says_so(self, server: Server, execution: str) -> None:
        assert get(server, f"/api/v1/executions/{execution}/logs")[0].status == 404
        assert get(server, f"/api/v1/executions/{uuid.uuid4()}/logs")[0].status == 404


def test_the_address_of_a_page_can_be_opened(server: Server, execution: str) -> None:
    assert server.watch_url(execution) == f"http://127.0.0.1:{server.port}/watch/{execution}"
