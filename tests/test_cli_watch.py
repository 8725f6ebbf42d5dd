"""`execmon-lab serve` and `execmon-lab watch`: an execution followed from another process."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from typer.testing import CliRunner

from execmon_lab.cli import app
from execmon_lab.client import sync
from tests.client.relay import Relay
from tests.processes import Child, Ended, execmon_lab

PLAN = """
import execmon_lab as em

@em.module
def passes(ctx):
    ctx.log.info("hello")
    ctx.log.error("oh dear")

@em.module
def fails(ctx):
    ctx.expect(False, "the sky is green")

@em.module
def stays(ctx):
    ctx.sleep(600)

@em.module(retries=1)
def second_time(ctx):
    ctx.expect(ctx.attempt > 1, "this is the second time")

good = em.Plan([passes], name="good")
bad = em.Plan([passes, fails])
retried = em.Plan([second_time])
long = em.Plan([passes, stays])
"""
NOBODY = "550e8400-e29b-41d4-a716-446655440000"
DEADLINE = 60.0


def run(folder: Path, *arguments: str, **environment: str) -> Ended:
    with execmon_lab(folder, *arguments, **environment) as process:
        return process.ended()


@dataclass
class Service:
    """A server that runs in another process."""

    process: Child
    folder: Path
    url: str
    greeting: str
    token: str | None = None

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection(
            "127.0.0.1", int(self.url.rpartition(":")[2]), timeout=DEADLINE
        )
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        content = json.loads(response.read())
        connection.close()
        return response.status, content

    def start(self, plan: str) -> str:
        """Start a registered plan; return the execution's WebSocket address."""
        status, content = self.ask("POST", "/api/v1/executions", {"plan": plan})
        assert status == 201
        return f"{self.url.replace('http', 'ws')}/ws/executions/{content['execution_id']}"

    def state(self, address: str) -> dict[str, Any]:
        return self.ask("GET", f"/api/v1/executions/{address.rpartition('/')[2]}")[1]

    def cancel(self, address: str) -> None:
        self.ask("DELETE", f"/api/v1/executions/{address.rpartition('/')[2]}")

    def watch(self, *arguments: str, **environment: str) -> Ended:
        return run(self.folder, "watch", *arguments, **environment)

    def watching(self, *arguments: str) -> Child:
        return execmon_lab(self.folder, "watch", *arguments)


@contextlib.contextmanager
def serve(folder: Path, *arguments: str, until: int = signal.SIGINT) -> Iterator[Service]:
    """Run a server until a signal, upon which it ends in order and leaves nothing behind."""
    (folder / "suite.py").write_text(PLAN)
    with execmon_lab(folder, "serve", *arguments) as process:
        url = process.stdout.readline().strip()
        yield Service(process, folder, url, process.stdout.readline().strip())
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(until)
        outcome = process.ended()
        gone, alive = psutil.wait_procs(children, timeout=DEADLINE)
        assert (alive, bool(gone)) == ([], True)
        assert (outcome.status, outcome.err) == (0, "")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server with a virtual phone, and the plans of `PLAN`."""
    plans = [
        word for name in ("good", "bad", "retried", "long") for word in ("--plan", f"{name}=suite:{name}")
    ]
    with serve(tmp_path_factory.mktemp("served"), *plans) as service:
        yield service


# serve


def test_its_url_comes_first_and_then_what_it_has(service: Service) -> None:
    assert service.url.startswith("http://127.0.0.1:")
    assert "emulator-" in service.greeting
    assert "plans: demo, good, bad, retried, long" in service.greeting
    assert service.process.stdout.readline() == f"in a browser: {service.url}/watch/<execution_id>\n"
    assert service.ask("GET", "/healthz") == (200, {"status": "ok"})


def test_clients_start_what_is_registered_and_nothing_else(service: Service) -> None:
    address = service.start("good")
    assert service.watch(address).status == 0
    assert service.state(address)["name"] == "good"
    status, problem = service.ask("POST", "/api/v1/executions", {"plan": "suite:good"})
    assert (status, "registered are: bad, demo, good" in problem["detail"]) == (422, True)


def test_runs_wait_for_the_device_in_the_order_in_which_they_were_asked_for(service: Service) -> None:
    addresses = [service.start(plan) for plan in ("long", "good", "bad")]
    assert service.state(addresses[1])["status"] == "pending"
    with service.watching(addresses[1]) as waiting:
        service.cancel(addresses[0])
        assert [service.watch(addresses[0]).status, waiting.ended().status] == [1, 0]
    assert service.watch(addresses[2]).status == 1
    states = [service.state(address) for address in addresses]
    assert [state["status"] for state in states] == ["cancelled", "completed", "completed"]
    assert states[0]["timestamp"] <= states[1]["started_at"] <= states[2]["started_at"]


def test_a_run_that_waits_can_be_cancelled(service: Service) -> None:
    first, second = service.start("long"), service.start("good")
    service.cancel(second)
    service.cancel(first)
    assert service.watch(second).status == 1
    assert [step["status"] for step in service.state(second)["steps"]] == ["pending"]
    assert service.watch(service.start("good")).status == 0


def test_tokens_come_from_a_file_that_may_change(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("ci first\n")
    options = ["--token-file", str(tokens), "--plan", "good=suite:good", "--host", "0.0.0.0"]
    with serve(tmp_path, *options, until=signal.SIGTERM) as service:
        assert service.ask("GET", "/api/v1/devices")[0] == 401
        service.token = "first"
        address = service.start("good")
        refused = service.watch(address)
        assert (refused.status, "UNAUTHORIZED" in refused.err) == (2, True)
        assert service.watch(address, "--token", "first").status == 0
        assert service.watch(f"{address}?execmon_token=first").status == 0
        tokens.write_text("ci second-one\n")
        assert service.watch(address, "--token", "first").status == 2
        assert service.watch(address, EXECMON_TOKEN="second-one").status == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--plan", "good"], "is not NAME=PLAN"),
        (["--plan", "x=nothing"], "use 'demo', a Python file"),
        (["--token-file", "missing"], "No such file"),
        (["--token-file", "empty"], "no token in it"),
        (["--host", "0.0.0.0"], "loopback"),
        (["--port", "99999"], "65535"),
    ],
)
def test_wrong_usage_of_serve_exits_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], complaint: str
) -> None:
    (tmp_path / "empty").write_text("# nobody\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("signal.signal", lambda *_: None)  # it is this process's own here
    told = CliRunner().invoke(app, ["serve", *arguments], env={"COLUMNS": "120"})
    assert (told.exit_code, type(told.exception)) == (2, SystemExit), told.stderr
    assert complaint in " ".join(told.stderr.split()), told.stderr


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = run(tmp_path, "serve", "--port", str(port))
    assert (outcome.status, f"port {port}" in outcome.err) == (2, True)


# watch


def test_an_execution_is_followed_to_its_end(service: Service) -> None:
    blocker, address = service.start("long"), service.start("retried")
    with service.watching(address) as watching:
        service.cancel(blocker)
        outcome = watching.ended()
    first, reason, second, summary = outcome.out.splitlines()
    assert first.startswith("↻ second_time")
    assert reason == "    ASSERTION_FAILED: this is the second time"
    assert second.startswith("✓ second_time")
    assert summary.startswith("completed: 1 passed, 0 failed, 1 steps in ")
    assert (outcome.status, outcome.err) == (0, "")


def test_of_one_that_has_ended_the_outcome_is_shown(service: Service) -> None:
    address = service.start("bad")
    while service.state(address)["status"] in ("pending", "running"):
        time.sleep(0.05)
    outcome = service.watch(address.replace("ws:", "http:"))
    assert outcome.status == 1
    passed, failed, reason, summary = outcome.out.splitlines()
    assert passed.startswith("✓ passes")
    assert failed.startswith("✗ fails")
    assert reason == "    ASSERTION_FAILED: the sky is green"
    assert "1 passed, 1 failed, 2 steps" in summary


def test_logs_are_shown_from_a_level_on(service: Service) -> None:
    blocker, address = service.start("long"), service.start("good")
    with (
        service.watching(address, "--logs", "info") as all_of_them,
        service.watching(address, "--logs", "ERROR") as errors_alone,
        sync.connect(address) as execution,
    ):
        execution.next()
        wait_for_connections(service, 3)
        service.cancel(blocker)
        info, error = all_of_them.ended().out, errors_alone.ended().out
    assert ("hello" in info, "oh dear" in info) == (True, True)
    assert ("hello" in error, "oh dear" in error) == (False, True)


def wait_for_connections(service: Service, wanted: int) -> None:
    port = int(service.url.rpartition(":")[2])
    deadline = time.monotonic() + DEADLINE
    while True:
        found = psutil.Process(service.process.pid).net_connections("tcp")
        served = [c for c in found if c.laddr.port == port and c.status == psutil.CONN_ESTABLISHED]
        if len(served) >= wanted:
            return
        assert time.monotonic() < deadline, served
        time.sleep(0.05)


def test_a_lost_connection_is_told_and_had_again(service: Service) -> None:
    address = service.start("long")
    with Relay(address) as relay, service.watching(relay.url) as watching:
        assert watching.stdout.readline().startswith("✓ passes")
        relay.cut()
        assert watching.stdout.readline().startswith("~ connection lost")
        assert watching.stdout.readline().startswith("~ connected again")
        service.cancel(address)
        outcome = watching.ended()
    assert outcome.status == 1
    assert outcome.out.count("passes") == 0, "no attempt is shown twice"
    assert "CANCELLED" in outcome.out


def test_an_interrupt_exits_with_130_and_leaves_the_execution(service: Service) -> None:
    address = service.start("long")
    with service.watching(address) as watching:
        watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        outcome = watching.ended()
    assert (outcome.status, "Traceback" in outcome.err) == (130, False)
    assert service.state(address)["status"] == "running"
    service.cancel(address)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (f"/ws/executions/{NOBODY}", "INVALID_EXECUTION_ID"),
        ("/ws/executions/seven", "INVALID_EXECUTION_ID"),
        ("/ws/executions/", "looks like ws://"),
        (f"/api/v1/executions/{NOBODY}", "looks like ws://"),
    ],
)
def test_what_cannot_be_followed_exits_with_2_and_the_reason(
    service: Service, path: str, reason: str
) -> None:
    outcome = service.watch(service.url + path)
    assert (outcome.status, reason in outcome.err, "Traceback" in outcome.err) == (2, True, False), (
        outcome.err
    )


def test_no_server_exits_with_2(tmp_path: Path) -> None:
    outcome = run(tmp_path, "watch", f"ws://127.0.0.1:1/ws/executions/{NOBODY}")
    assert (outcome.status, "cannot reach http://127.0.0.1:1" in outcome.err) == (2, True), outcome.err


def test_a_wrong_level_exits_with_2(tmp_path: Path) -> None:
    outcome = run(tmp_path, "watch", "ws://h/ws/executions/x", "--logs", "loud")
    assert (outcome.status, "loud" in outcome.err) == (2, True)
