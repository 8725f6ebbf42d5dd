"""Scrubbing over ten minutes of recording in JupyterLab, beside plain ipywidgets: from cursor to frame.

Both sides show the same recording in one notebook, and go to another moment in turns: our timeline by a
click, and what a notebook's user writes by a key (a slider of ipywidgets whose callback sets the picture of
an `Image`). Measured in the page, from the press to the picture, decoded; of a recording of H.264, whose
pictures are decoded from a key frame on, ours also to the first that is shown on the way there. Run it as
``python tests/benchmarks/bench_scrub.py [--quick] [jpeg|h264…]``; it fails when a target is missed.
"""

from __future__ import annotations

import argparse
import io
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))

from execmon_lab.phone.scrcpy.encoder import Encoder
from execmon_lab.phone.screen.screen import Frame
from execmon_lab.preview import Wanted
from execmon_lab.preview.recording import Keep, TrackWriter, track_path
from execmon_lab.preview.scrcpy.session import KEY_SECONDS
from tests.browser.jupyterlab import jupyter_server, launch_chromium
from tests.browser.notebook import NotebookPage

MINUTES = 10
DEVICE = "emulator-5554"
SIZE = (540, 960)
VIDEO_SIZE = (1080, 1920)
VIDEO_FPS = 15
#: Of it so many seconds are coded, again and again.
VIDEO_SECONDS = 20
#: So much that a picture has about as many bytes as one of a phone's screen.
GRAIN = 6
TARGET_MS = 100.0
#: Presses on one side before it is the other's turn.
BLOCK = 6
#: From scrolling one side in sight to the press: a page that is still being painted answers late.
REST_MS = 250
#: Steps of this share of the whole come everywhere, and never twice to one place.
GOLDEN = 0.618
BEGAN = 1_760_000_000.0

VIEW = """
from datetime import UTC, datetime, timedelta
import ipywidgets
from execmon_lab.hub import Hub
from execmon_lab.preview.recording import Recording
from execmon_lab.protocol import Attempt, DeviceSummary, ExecutionSnapshot, Step, timestamp
from execmon_lab.widgets import ExecutionView

EXECUTION = "550e8400-e29b-41d4-a716-446655440000"
recording = Recording({folder!r})
stamp = lambda seconds: timestamp(datetime.fromtimestamp({began} + seconds, UTC))
steps = tuple(
    Step(
        step_id=f"step-{{n}}", device_id={device!r}, module_id="ui_interaction_module", status="completed",
        attempts=(Attempt(
            attempt=1, status="completed", duration_seconds=9.5,
            started_at=stamp(10 * n), ended_at=stamp(10 * n + 9.5),
        ),),
    )
    for n in range({steps})
)
hub = Hub()
hub.publish(ExecutionSnapshot(
    execution_id=EXECUTION, status="completed", progress_percentage=100, current_step=None, steps=steps,
    devices=(DeviceSummary(device_id={device!r}, status="available", last_seen=stamp(0)),),
    started_at=stamp(0), duration_seconds={seconds}, timestamp=stamp({seconds}),
))
ExecutionView(execution_id=EXECUTION, hub=hub, recording=recording)
"""
PLAIN = """
slider = ipywidgets.FloatSlider(min=0, max={seconds}, step=0.1, layout={{"width": "90%"}})
picture = ipywidgets.Image(format="jpeg", width=260)
def show(change):
    picture.value = recording.frame_at({device!r}, {began} + change["new"]).jpeg
slider.observe(show, "value")
show({{"new": 0}})
ipywidgets.VBox([slider, picture])
"""

#: Notes when something was pressed, when there was another picture after it, and when the right one.
#: JupyterLab makes anew what was scrolled out of sight: no element is held on to.
CLOCK = """() => {
    window.clock = {};
    for (const press of ["pointerdown", "keydown"])
        addEventListener(press, () => { clock = {pressed: performance.now()}; }, {capture: true});
    const shown = () => { clock.shown ??= performance.now(); };
    const drawn = () => { shown(); clock.drawn ??= performance.now(); };
    new MutationObserver(changes => {
        const names = changes.filter(({target}) => target.matches(".xm-phone .xm-past-canvas"))
            .map(({attributeName}) => attributeName);
        if (names.length) shown();
        if (names.includes("data-at")) drawn();
    }).observe(document.body, {subtree: true, attributes: true, attributeFilter: ["data-at", "data-number"]});
    document.addEventListener("load", ({target}) => {
        if (target.matches?.(".widget-image")) target.decode().then(drawn, drawn);
    }, {capture: true});
}"""
#: Counts the pictures that are drawn, and notes when the pointer last moved.
COUNTER = """() => {
    Object.assign(window, {count: 0, last: 0, moved: 0});
    const canvas = document.querySelector(".xm-phone .xm-past-canvas");
    new MutationObserver(() => { count += 1; last = performance.now(); })
        .observe(canvas, {attributes: true, attributeFilter: ["data-number"]});
    addEventListener("pointermove", () => { moved = performance.now(); }, {capture: true});
}"""
TOOK = "() => clock.drawn === undefined ? null : [clock.shown - clock.pressed, clock.drawn - clock.pressed]"


def record(folder: Path) -> tuple[int, int]:
    """Write ten minutes by the real writer, at the rate a run is recorded with; return pictures and bytes."""
    keep = Keep()
    writer = TrackWriter(track_path(folder, DEVICE), DEVICE, keep.max_bytes)
    grain = Image.effect_noise(SIZE, GRAIN).convert("RGB")
    count = round(MINUTES * 60 * keep.fps)
    for number in range(count):
        picture = grain.copy()
        ImageDraw.Draw(picture).text((60, 200), f"picture {number}", font_size=64, fill=(255, 240, 200))
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=70)
        writer.append(BEGAN + number / keep.fps, SIZE, file.getvalue())
    writer.close(BEGAN + MINUTES * 60)
    return count, track_path(folder, DEVICE).stat().st_size


def record_video(folder: Path) -> tuple[int, int]:
    """Write ten minutes of H.264 as a phone makes it when asked by us; return pictures and bytes."""
    writer = TrackWriter(track_path(folder, DEVICE), DEVICE, 1 << 30)
    grain = Image.effect_noise(VIDEO_SIZE, GRAIN).convert("RGBA")
    encoder = Encoder(VIDEO_SIZE, Wanted().bit_rate, VIDEO_FPS, KEY_SECONDS)
    units = []
    for number in range(VIDEO_FPS * VIDEO_SECONDS):
        picture = grain.copy()
        ImageDraw.Draw(picture).text((60, 200 + number), f"picture {number}", font_size=96, fill="white")
        [packet] = encoder.encode(
            Frame(*VIDEO_SIZE, picture.tobytes(), number), number * 1_000_000 // VIDEO_FPS
        )
        units.append((encoder.config.data + packet.data if packet.key else packet.data, packet.key))
    count = MINUTES * 60 * VIDEO_FPS
    for number, (data, key) in zip(range(count), itertools.cycle(units), strict=False):
        writer.append_video(BEGAN + number / VIDEO_FPS, VIDEO_SIZE, data, key=key)
    writer.close(BEGAN + MINUTES * 60)
    return count, track_path(folder, DEVICE).stat().st_size


RECORD: dict[str, Callable[[Path], tuple[int, int]]] = {"jpeg": record, "h264": record_video}


class Took(NamedTuple):
    """How many ms passed from a press until another picture was there, and until the right one."""

    shown: float
    drawn: float


def click(page: Page, track: Locator, share: float) -> Took:
    """Click at a share of the timeline; return how long it took until the picture was there."""
    track.scroll_into_view_if_needed()
    page.wait_for_timeout(REST_MS)
    box = track.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
    return took(page)


def key(page: Page, handle: Locator) -> Took:
    """Move the slider by half a second; return how long it took until the picture was there.

    A cell that becomes the active one takes the focus from what is in it, and the key would go astray.
    """
    handle.scroll_into_view_if_needed()
    handle.focus()
    page.wait_for_timeout(REST_MS)
    while not handle.evaluate("handle => handle === document.activeElement"):
        handle.focus()
        page.wait_for_timeout(REST_MS)
    page.keyboard.press("PageUp")
    return took(page)


def took(page: Page) -> Took:
    """Wait for the picture; return how long it took."""
    page.wait_for_function(TOOK, timeout=30_000, polling=20)
    return Took(*page.evaluate(TOOK))


def drag(page: Page, track: Locator, seconds: float) -> tuple[int, float]:
    """Drag over all of it; return how many pictures were drawn, and how many ms the last came late."""
    box = track.bounding_box()
    assert box is not None
    page.evaluate(COUNTER)
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 12, y)
    page.mouse.down()
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        page.mouse.move(box["x"] + 12 + (box["width"] - 40) * (1 - left / seconds), y)
    page.mouse.up()
    page.wait_for_timeout(500)
    return int(page.evaluate("count")), float(page.evaluate("last - moved"))


def measure(notebook: NotebookPage, blocks: int) -> bool:
    """Measure both sides, and print what came of it; false when the target was missed."""
    page = notebook.page
    track, slider = page.locator(".xm-track"), page.locator(".widget-slider .noUi-handle")
    notebook.view().scroll_into_view_if_needed()
    page.evaluate(CLOCK)
    ours: list[Took] = []
    plain: list[Took] = []
    shares = (0.03 + 0.94 * (number * GOLDEN % 1) for number in itertools.count())
    for _ in range(blocks):
        # The first of a block also makes another cell the notebook's active one.
        ours += [click(page, track, next(shares)) for _ in range(1 + BLOCK)][1:]
        plain += [key(page, slider) for _ in range(1 + BLOCK)][1:]
    track.scroll_into_view_if_needed()
    pictures, late = drag(page, track, 4)
    ratio = statistics.median(a.drawn / b.drawn for a, b in zip(plain, ours, strict=True))
    median = statistics.median(took.drawn for took in ours)
    met = median <= TARGET_MS
    told = f"{spread([took.drawn for took in ours])}   {'ok' if met else 'MISSED'}"
    print(f"  from the cursor to the frame    {told}")
    print(f"  to the first on the way there   {spread([took.shown for took in ours])}")
    theirs = spread([took.drawn for took in plain])
    print(f"  slider and Image of ipywidgets  {theirs}, {ratio:.1f} times ours (by pairs)")
    print(f"  dragged over it all in 4 s      {pictures / 4:.0f} pictures/s, the last {late:.0f} ms late")
    return met


def spread(times: list[float]) -> str:
    """Put a median and a high percentile into words."""
    return f"median {statistics.median(times):.0f} ms, p95 {statistics.quantiles(times, n=20)[-1]:.0f} ms"


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", choices=[[], *RECORD], metavar="jpeg|h264")
    parser.add_argument("--quick", action="store_true", help="fewer presses")
    arguments = parser.parse_args()
    met = [scrub(kind, 2 if arguments.quick else 7) for kind in arguments.kinds or RECORD]
    return 0 if all(met) else 1


def scrub(kind: str, blocks: int) -> bool:
    """Record, look back on it, and tell whether the target was met."""
    with tempfile.TemporaryDirectory() as name, jupyter_server(Path(name)) as server:
        folder = Path(name) / "recording"
        folder.mkdir()
        count, size = RECORD[kind](folder)
        each = f"{count} pictures of {size / count / 1000:.0f} kB"
        print(f"\n  {MINUTES} minutes of {kind}: {each}, {size / 1e6:.0f} MB", flush=True)
        facts = {"folder": str(folder), "began": BEGAN, "device": DEVICE, "seconds": MINUTES * 60}
        server.write("scrub.ipynb", VIEW.format(**facts, steps=MINUTES * 6), PLAIN.format(**facts))
        with sync_playwright() as playwright:
            browser = launch_chromium(playwright)
            notebook = NotebookPage(server, browser.new_page(viewport={"width": 1400, "height": 1100}))
            notebook.open("scrub.ipynb")
            notebook.run_all_and_wait()
            if notebook.errors():
                raise RuntimeError("; ".join(notebook.errors()))
            notebook.page.locator(".widget-image").wait_for()
            met = measure(notebook, blocks)
            notebook.shut_down()
            browser.close()
    return met


if __name__ == "__main__":
    sys.exit(main())
