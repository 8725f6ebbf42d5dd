"""Somebody else's WebSocket, and nothing but the specification: four consumers follow a real run."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Page

import execmon_lab as em
from tests.fields import FIELDS

from .conftest import DEADLINE, Told, plan_for


@pytest.fixture
def told(lab: em.Lab, consumer: Callable[[str], Told]) -> Told:
    """What a consumer was told of a whole run."""
    run = lab.start(plan_for(lab))
    told = consumer(run.url)
    run.wait(DEADLINE)
    return told


def of(told: Told, kind: str) -> list[Told]:
    return [message for message in told["messages"] if message["type"] == kind]


def test_a_foreign_consumer_follows_a_run(told: Told, lab: em.Lab) -> None:
    first, last = told["messages"][0], told["messages"][-1]
    assert first["type"] == "execution_state"
    assert [step["module_id"] for step in first["steps"]] == [
        "looked_at_module",
        "second_time_module",
        "failing_module",
    ]
    assert first["acknowledgement"] == "transport"

    for message in told["messages"][1:]:
        assert set(message) - {"type"} == FIELDS[message["type"]], message["type"]
    assert {message["type"] for message in told["messages"][1:]} == set(FIELDS) - {"error"}

    guaranteed = [m for m in told["messages"] if m["type"] in ("step_completed", "step_failed")]
    assert [(m["type"], m["module_id"]) for m in guaranteed] == [
        ("step_completed", "looked_at_module"),
        ("step_failed", "second_time_module"),
        ("step_completed", "second_time_module"),
        ("step_failed", "failing_module"),
    ]
    assert [(m["retry_attempt"], m["will_retry"]) for m in of(told, "step_failed")] == [(1, True), (1, False)]
    assert (last["type"], last["status"]) == ("execution_completed", "completed")
    assert (last["total_steps"], last["successful_steps"], last["failed_steps"]) == (3, 2, 1)
    assert "naïve – “quoted” 日本 🙂" in [entry["message"] for entry in of(told, "log_entry")]

    percentages = [message["progress_percentage"] for message in of(told, "execution_progress")]
    assert percentages == sorted(percentages)
    assert percentages[-1] == 100
    assert {status["device_id"] for status in of(told, "device_status")} == set(lab.serials)

    frames = of(told, "preview_frame")
    assert len(frames) >= 3
    head, _, data = frames[0]["frame_data"].partition(",")
    assert head == "data:image/jpeg;base64"
    picture = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
    assert (picture.format, picture.size) == ("JPEG", (frames[0]["width"], frames[0]["height"]))
    moments = [message["timestamp"] for message in told["messages"] if "timestamp" in message]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", moment) for moment in moments)

    assert told["code"] == 1000, "closed once everything was acknowledged, by Pongs that nobody wrote"


def test_the_browser_draws_the_frames(lab: em.Lab, browser_page: Page, site: tuple[str, str]) -> None:
    run = lab.start(plan_for(lab))
    browser_page.goto(f"{site[0]}/browser.html")
    told = browser_page.evaluate("url => follow(url)", run.url)
    frame = of(told, "preview_frame")[0]
    assert browser_page.evaluate("frame => size(frame)", frame) == [frame["width"], frame["height"]]
    run.wait(DEADLINE)


def test_a_page_of_a_foreign_origin_is_refused(
    lab: em.Lab, browser_page: Page, site: tuple[str, str]
) -> None:
    run = lab.prepare(plan_for(lab))
    browser_page.goto(f"{site[1]}/browser.html")
    assert browser_page.evaluate("url => follow(url)", run.url) == {"messages": [], "code": 1006}
    run.cancel()


def test_a_refused_browser_reads_the_reason(lab: em.Lab, browser_page: Page, site: tuple[str, str]) -> None:
    browser_page.goto(f"{site[0]}/browser.html")
    told = browser_page.evaluate("url => follow(url)", lab.server.ws_url("seven"))
    assert [(m["type"], m["code"]) for m in told["messages"]] == [("error", "INVALID_EXECUTION_ID")]
    assert told["code"] == 4404
