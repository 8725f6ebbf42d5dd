"""Screenshots: which are kept, where, and what becomes of a run that cannot keep them."""

import re

from PIL import Image

from execmon_lab.engine import module
from execmon_lab.protocol import StepCompleted


@module
def passing(ctx):
    pass


@module
def failing(ctx):
    ctx.expect(False, "never")


def test_a_picture_is_kept_of_every_attempt_but_not_of_a_skipped_one(bench):
    @module
    def skipping(ctx):
        ctx.skip("no")

    state = bench.run(passing, failing.with_options(retries=1), skipping)

    urls = [[attempt.screenshot_url for attempt in step.attempts] for step in state.steps]
    steps = [step.step_id for step in state.steps]
    folder = "/api/v1/artifacts/screenshots"
    assert urls == [
        [f"{folder}/{steps[0]}-1.png"],
        [f"{folder}/{steps[1]}-1.png", f"{folder}/{steps[1]}-2.png"],
        [None],
    ]


def test_a_pictures_address_works_when_its_message_is_out(bench):
    sizes = []

    def look(envelope):
        with Image.open(bench.artifacts.screenshot(envelope.message.screenshot_url)) as picture:
            sizes.append(picture.size)

    bench.hub.subscribe("execution.*.step_completed", look)
    bench.run(passing)

    assert sizes == [(4, 6)]


def test_screenshots_can_be_left_out(bench):
    bench.run(passing, failing, screenshots=False)

    assert bench.pool.get("phone-1").pictures == 0
    assert bench.of(StepCompleted)[0].screenshot_url is None


def test_a_picture_that_cannot_be_kept_changes_no_verdict(bench, monkeypatch):
    def full(name, png):
        raise OSError(28, "No space left on device")

    @module
    def looking(ctx):
        ctx.expect(ctx.screenshot("here") is None, "it was not kept")

    monkeypatch.setattr(bench.artifacts, "save_screenshot", full)
    state = bench.run(passing, looking)

    assert [step.status for step in state.steps] == ["completed", "completed"]
    assert bench.logged("WARN") == [
        "No screenshot was kept: [Errno 28] No space left on device",
        "The screenshot could not be kept: [Errno 28] No space left on device",
        "No screenshot was kept: [Errno 28] No space left on device",
    ]


def test_a_module_can_keep_pictures_of_its_own(bench):
    urls = []

    @module
    def looking(ctx):
        urls.extend([ctx.screenshot(), ctx.screenshot("before sending"), ctx.screenshot("../../etc/passwd")])

    bench.run(looking)

    assert [re.sub(r".*/[0-9a-f-]{36}-", "", url) for url in urls] == [
        "1-1.png",
        "1-2-before-sending.png",
        "1-3-etc-passwd.png",
    ]
    assert all(bench.artifacts.screenshot(url).is_file() for url in urls)
