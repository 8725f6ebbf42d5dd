"""Behind the real jupyter-server-proxy, as a hub's user reaches a kernel's port."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect as connect_socket
from websockets.typing import Origin

import execmon_lab as em
from execmon_lab.client import Address, ConnectionLost, ExecutionError, sync
from execmon_lab.protocol import ExecutionCompleted, PreviewFrame
from execmon_lab.remote import RemoteScreenshots
from tests.browser.serving import free_port, served

from .conftest import DEADLINE, HERE, plan_for, run_script

HUB = "hub.example"


@dataclass(frozen=True)
class Jupyter:
    """A Jupyter server with the proxy."""

    port: int
    token: str

    def proxied(self, run: em.Run, host: str = "127.0.0.1") -> str:
        """The address of a run's endpoint as the proxy has it, with the token that the proxy wants."""
        port, path = run.url.removeprefix("ws://127.0.0.1:").split("/", 1)
        return f"ws://{host}:{self.port}/proxy/{port}/{path}?token={self.token}"


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    home, port = tmp_path_factory.mktemp("jupyter"), free_port()
    server = Jupyter(port, secrets.token_hex(16))
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "XDG_DATA_HOME")
    command = [
        sys.executable,
        "-m",
        "jupyter_server",
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.jpserver_extensions={'jupyter_server_proxy': True}",
        "--ServerApp.allow_remote_access=True",  # as a hub's servers have it: called by another name
        f"--ServerApp.root_dir={home}",
        f"--IdentityProvider.token={server.token}",
    ]
    up = f"http://127.0.0.1:{port}/api?token={server.token}"
    with served(command, up, home / "server.log", {name: home / name.lower() for name in folders}):
        yield server


@pytest.fixture(scope="module")
def guarded(make_lab: Callable[..., em.Lab]) -> em.Lab:
    """A lab in server mode."""
    return make_lab(tokens={"ci": "our-secret"})


@em.module(timeout=60)
def endless_module(ctx: em.Context) -> None:
    ctx.sleep(600)


def test_our_client_follows_a_run_to_its_end(jupyter: Jupyter, lab: em.Lab) -> None:
    run = lab.start(plan_for(lab))
    with sync.connect(jupyter.proxied(run)) as execution:
        [device] = [device.device_id for device in execution.state.devices]
        execution.subscribe(device)
        execution.start_preview(device, "low")
        messages = []
        for message in execution:
            messages.append(message)
            if sum(isinstance(m, PreviewFrame) for m in messages) == 3:
                execution.stop_preview(device)
        assert execution.state.status == "completed"
    kinds = [message.type_name() for message in messages if message.GUARANTEED]
    assert kinds == ["step_completed", "step_failed", "step_completed", "step_failed", "execution_completed"]
    assert isinstance(messages[-1], ExecutionCompleted), (
        "and not one message after it, nor a second connection"
    )
    assert sum(message.type_name() == "execution_state" for message in messages) == 1


def test_a_foreign_consumer_reads_everything_but_the_close_code(jupyter: Jupyter, lab: em.Lab) -> None:
    run = lab.start(plan_for(lab))
    told = run_script(sys.executable, str(HERE / "aiohttp_client.py"), jupyter.proxied(run))
    assert told["messages"][0]["type"] == "execution_state"
    assert sum(message["type"] == "preview_frame" for message in told["messages"]) >= 3
    assert told["messages"][-1]["type"] == "execution_completed"
    assert told["code"] in (1005, 1006), "the proxy keeps the code to itself"


def test_a_notebooks_view_is_fed_through_it(jupyter: Jupyter, lab: em.Lab) -> None:
    run = lab.start(em.Plan([endless_module]))
    with em.connect(jupyter.proxied(run)) as remote:
        assert remote.state.status in ("pending", "running")
        remote.cancel()
        [step] = remote.wait(DEADLINE).steps
        screenshots = RemoteScreenshots(Address.parse(jupyter.proxied(run)), None)
        picture = screenshots.screenshot(step.attempts[0].screenshot_url or "")
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_page_of_the_hub_is_of_the_servers_own_origin(
    jupyter: Jupyter, lab: em.Lab, browser_page: Page
) -> None:
    run = lab.start(plan_for(lab))
    browser_page.goto(f"http://127.0.0.1:{jupyter.port}/login?token={jupyter.token}")
    browser_page.add_script_tag(
        content=(HERE / "browser.html").read_text().split("<script>")[1].split("</script>")[0]
    )
    told = browser_page.evaluate("url => follow(url)", jupyter.proxied(run).partition("?")[0])
    assert told["messages"][-1]["type"] == "execution_completed"
    run.wait(DEADLINE)


@pytest.mark.parametrize(
    ("allowed", "origin", "welcome"),
    [((), HUB, False), ((HUB,), HUB, True), ((HUB,), "evil.example", False)],
    ids=["unknown name", "allowed name", "foreign page"],
)
def test_a_hubs_name_must_be_allowed(
    jupyter: Jupyter, make_lab: Callable[..., em.Lab], allowed: tuple[str, ...], origin: str, welcome: bool
) -> None:
    """Standalone, called by another name than its own: DNS rebinding looks just like that."""
    run = make_lab(allowed_hosts=allowed).prepare(em.Plan([endless_module]))
    first = None
    with (
        contextlib.suppress(InvalidStatus, ConnectionClosed),
        socket.create_connection(("127.0.0.1", jupyter.port)) as sock,
        connect_socket(
            jupyter.proxied(run, HUB),
            sock=sock,
            origin=Origin(f"http://{origin}:{jupyter.port}"),
            open_timeout=DEADLINE,
        ) as consumer,
    ):
        first = json.loads(consumer.recv(DEADLINE))["type"]
    assert first == ("execution_state" if welcome else None)
    run.cancel()


def test_our_client_does_not_wait_for_one_that_refuses_the_proxy(jupyter: Jupyter, lab: em.Lab) -> None:
    """The proxy takes the connection before it asks the server, and can only close it then."""
    unserved = jupyter.proxied(lab.prepare(em.Plan([endless_module]))).replace(f"/{lab.server.port}/", "/1/")
    with pytest.raises(ConnectionLost, match="before the state was told"), sync.connect(unserved):
        pass


def test_our_client_gives_up_a_server_that_is_gone_behind_the_proxy(
    jupyter: Jupyter, make_lab: Callable[..., em.Lab]
) -> None:
    lab = make_lab()
    run = lab.prepare(em.Plan([endless_module]))
    with sync.connect(jupyter.proxied(run), reconnect_seconds=1) as execution:
        lab.server.close()
        with pytest.raises(ConnectionLost):
            list(execution)


@pytest.mark.parametrize("way", ["query", "header"])
def test_a_token_of_ours_passes_beside_the_proxys_own(jupyter: Jupyter, guarded: em.Lab, way: str) -> None:
    run = guarded.prepare(em.Plan([endless_module]))
    url = jupyter.proxied(run)
    options = {"token": "our-secret"} if way == "header" else {}
    with sync.connect(url + ("&execmon_token=our-secret" if way == "query" else ""), **options) as execution:
        assert execution.state.execution_id == run.execution_id
    run.cancel()


def test_a_refusal_is_read_though_the_close_code_is_not(jupyter: Jupyter, guarded: em.Lab) -> None:
    run = guarded.prepare(em.Plan([endless_module]))
    with pytest.raises(ExecutionError) as refused, sync.connect(jupyter.proxied(run)):
        pass
    assert refused.value.code == "UNAUTHORIZED"
    told = run_script(
        sys.executable, str(HERE / "aiohttp_client.py"), jupyter.proxied(run) + "&execmon_token=wrong"
    )
    assert [message["code"] for message in told["messages"]] == ["UNAUTHORIZED"]
    run.cancel()


def test_without_the_proxys_token_nothing_reaches_us(jupyter: Jupyter, lab: em.Lab) -> None:
    run = lab.prepare(em.Plan([endless_module]))
    with pytest.raises(InvalidStatus) as refused, sync.connect(jupyter.proxied(run).partition("?")[0]):
        pass
    assert refused.value.response.status_code == 403
    run.cancel()
