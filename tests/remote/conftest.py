"""A lab, a run that goes on in it, and what a page would see of it from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

import execmon_lab as em
from execmon_lab.client import backoff, client
from execmon_lab.widgets import ExecutionView

DEADLINE = 60.0
Eventually = Callable[..., bool]


@em.module(timeout=60)
def quick_module(ctx: em.Context) -> None:
    ctx.log.info("quick")
    ctx.device.home()


@em.module(timeout=60)
def failing_module(ctx: em.Context) -> None:
    ctx.expect(False, "the sky is green")


@em.module(timeout=60)
def endless_module(ctx: em.Context) -> None:
    ctx.sleep(600)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[em.Lab]:
    with em.Lab(history=tmp_path_factory.mktemp("history"), record=False) as lab:
        lab.history.holds("nothing")  # from its first reader on, SQLite keeps one descriptor more
        yield lab


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less between attempts to connect."""
    monkeypatch.setattr(client, "delays", lambda: backoff.delays(0.02, 0.1))


@pytest.fixture
def endless(lab: em.Lab) -> Iterator[em.Run]:
    """A run that goes on until it is cancelled, begun with a quick step."""
    run = lab.start(em.Plan([quick_module, endless_module], name="endless"))
    yield run
    run.cancel()
    run.wait(DEADLINE)


class Page:
    """What a page would get: the parcels that the view sends over its comm."""

    def __init__(self, run: em.RemoteRun, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parcels: list[tuple[dict[str, Any], list[bytes]]] = []
        monkeypatch.setattr(
            ExecutionView, "send", lambda _, content, buffers=(): self.parcels.append((content, buffers))
        )
        self.view = run.view
        self.say("hello")

    def say(self, kind: str, **content: Any) -> None:
        self.view._hear(None, {"kind": kind, "page": "p", **content}, [])

    def of(self, kind: str) -> list[tuple[dict[str, Any], list[bytes]]]:
        return [parcel for parcel in self.parcels if parcel[0]["kind"] == kind]

    def watch(self, *devices: str, quality: str = "medium") -> None:
        self.say("watch", streams=[{"device_id": device, "quality": quality} for device in devices])

    def log(self, *kinds: str) -> list[str]:
        batches = [
            msgspec.json.decode(buffers[0])
            for content, buffers in self.parcels
            if content["kind"] in (kinds or ("messages", "snapshot"))
        ]
        return [m["message"] for batch in batches for m in batch if m["type"] == "log_entry"]
