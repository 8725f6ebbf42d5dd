"""A device's own video in JupyterLab, decoded by the page; and JPEG where it cannot be."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Locator, expect

from .notebook import JupyterServer, NotebookPage, waiting_run
from .screens import difference, screencap

LAB = """
import time
import execmon_lab as em

lab = em.Lab()
phone = lab.pool.get(lab.serials[0]).session()
"""
#: Mean difference of two pictures, of 255, that the encoder may make.
CODEC_ERROR = 6.0

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def view(jupyter: JupyterServer, lab_page: NotebookPage, request: pytest.FixtureRequest) -> Locator:
    """The view of a run on one phone; the figures are shown."""
    name = f"{request.node.name}.ipynb"
    jupyter.write(name, LAB, waiting_run("video"), "None")
    lab_page.open(name)
    for _ in range(2):
        lab_page.run_cell()
    view = lab_page.view()
    expect(view).to_be_visible(timeout=60_000)
    view.scroll_into_view_if_needed()
    view.get_by_role("button", name="Numbers").click()
    return view


def comes_by(view: Locator, how: str) -> None:
    expect(view.locator(".xm-numbers")).to_contain_text(how, timeout=30_000)


def goes_on(page: NotebookPage, view: Locator, frames: int = 10) -> None:
    canvas = view.locator(".xm-phone .xm-canvas")
    page.page.wait_for_function(
        "([canvas, wanted]) => Number(canvas.dataset.frame) >= wanted",
        arg=[canvas.element_handle(), int(canvas.get_attribute("data-frame") or 0) + frames],
        timeout=30_000,
    )


def shows_the_screen(page: NotebookPage, view: Locator, name: str) -> None:
    apart: list[float] = []
    for _ in range(20):
        before, shown = screencap(page), page.picture(view)
        apart.append(min(difference(shown, before), difference(shown, screencap(page))))
        if apart[-1] < CODEC_ERROR:
            break
        page.page.wait_for_timeout(250)
    page.keep(f"video-{name}", view)
    assert apart[-1] < CODEC_ERROR, f"mean differences of the canvas and the screen: {apart}"


def test_the_page_decodes_what_the_phone_made(lab_page: NotebookPage, view: Locator) -> None:
    comes_by(view, "scrcpy h264 → page")
    lab_page.execute("phone.start(package='com.android.settings'); phone.wait_for('About phone')")
    shows_the_screen(lab_page, view, "upright")
    lab_page.execute("phone.shell('settings put system user_rotation 1')")
    expect(view.locator(".xm-phone.xm-landscape")).to_be_visible(timeout=20_000)
    shows_the_screen(lab_page, view, "turned")
    lab_page.execute("phone.shell('settings put system user_rotation 0')")

    lab_page.execute("phone.shell('am start -n com.execmon.motion/.MotionActivity --ei fps 15')")
    goes_on(lab_page, view, 20)
    (stats,) = lab_page.json("[vars(one) for one in run.preview.stats()]")
    assert (stats["source"], stats["codec"], stats["clock"]) == ("scrcpy", "h264", "same")
    assert (stats["width"], stats["height"]) == (720, 1280)
    assert stats["latency_ms"] > 0
    assert stats["bytes_per_second"] > 0
    with lab_page.busy_kernel(2):
        goes_on(lab_page, view, 20)
    comes_by(view, "scrcpy h264 → page")
    assert lab_page.complaints == []


LINE = "[id(line) for line in run.view._pictures._lines.values()]"
#: A browser that takes half a second to say what it can decode.
THOUGHTFUL = """
const able = VideoDecoder.isConfigSupported.bind(VideoDecoder);
VideoDecoder.isConfigSupported = async config => {
    await new Promise(done => setTimeout(done, 500));
    return able(config);
};
"""
LOSE = "for line in run.view._pictures._lines.values(): line._sequence += 1"
SPOIL = """
from execmon_lab.widgets.video import VideoLine
send = VideoLine.send
def spoil(line, now, number):
    parcel = send(line, now, number)
    if parcel.content["key"]:
        return parcel
    VideoLine.send = send
    return type(parcel)(parcel.content, (parcel.buffers[0][:12] + bytes(range(256)) * 8,))
VideoLine.send = spoil
"""


def test_faults_of_the_stream_are_mended_and_several_are_enough(
    lab_page: NotebookPage, view: Locator
) -> None:
    comes_by(view, "scrcpy h264 → page")
    lab_page.execute("phone.shell('am start -n com.execmon.motion/.MotionActivity --ei fps 15')")
    for fault in (LOSE, SPOIL):
        lab_page.execute(fault)
        goes_on(lab_page, view, 30)
        comes_by(view, "scrcpy h264 → page")
    by_jpeg = view.locator(".xm-numbers", has_text="→ jpeg")
    for _ in range(60):
        if by_jpeg.count():
            break
        lab_page.execute(LOSE)
        lab_page.page.wait_for_timeout(500)
    comes_by(view, "→ jpeg")
    goes_on(lab_page, view)
    assert lab_page.complaints == []


@pytest.fixture
def lab_page_with_a_decoder_that_may_fall_barren(lab_page: NotebookPage) -> None:
    lab_page.page.add_init_script(
        """window.VideoDecoder = class extends VideoDecoder {
            decode(chunk) { if (!window.barren) super.decode(chunk); }
        };"""
    )


@pytest.mark.usefixtures("lab_page_with_a_decoder_that_may_fall_barren")
def test_a_decoder_that_gives_no_picture_is_given_up_also_while_a_cell_blocks(
    lab_page: NotebookPage, request: pytest.FixtureRequest
) -> None:
    view = request.getfixturevalue("view")
    comes_by(view, "scrcpy h264 → page")
    lab_page.execute("phone.shell('am start -n com.execmon.motion/.MotionActivity --ei fps 15')")
    goes_on(lab_page, view)
    with lab_page.busy_kernel(2):
        lab_page.page.evaluate("window.barren = true")
        comes_by(view, "→ jpeg")
        comes_by(view, "given up: the browser's decoder gives no picture")
        expect(view.locator(".xm-veil")).to_be_hidden()
        goes_on(lab_page, view, 20)
    assert lab_page.complaints == []


def test_after_run_all_it_comes_though_the_next_cell_blocks(
    jupyter: JupyterServer, lab_page: NotebookPage
) -> None:
    word = jupyter.folder / "enough"
    wait = f"import os\nwhile not os.path.exists({str(word)!r}):\n    time.sleep(0.05)"
    move = "phone.shell('am start -n com.execmon.motion/.MotionActivity --ei fps 15')"
    jupyter.write("run-all.ipynb", f"{LAB}\n{move}", waiting_run("run all"), wait)
    lab_page.open("run-all.ipynb")
    lab_page.run_all()
    view = lab_page.view()
    try:
        expect(view).to_be_visible(timeout=60_000)
        view.scroll_into_view_if_needed()
        view.get_by_role("button", name="Numbers").click()
        comes_by(view, "scrcpy h264 → page")
        goes_on(lab_page, view)
        lab_page.cancel(view)
        assert lab_page.kernel_is_busy(), "and was so all the time"
    finally:
        word.touch()
    assert lab_page.complaints == []


def test_a_second_browser_joins_the_stream(
    jupyter: JupyterServer, chromium: Browser, lab_page: NotebookPage, view: Locator
) -> None:
    comes_by(view, "scrcpy h264 → page")
    line = lab_page.json(LINE)
    lab_page.save()  # the other takes the outputs from the file
    context = chromium.new_context(viewport={"width": 1400, "height": 1100})
    context.add_init_script(THOUGHTFUL)
    second = NotebookPage(jupyter, context.new_page())
    second.open(lab_page.page.evaluate("window.panel().context.path"))
    other = second.view()
    other.scroll_into_view_if_needed()
    other.get_by_role("button", name="Numbers").click()
    comes_by(other, "scrcpy h264 → page")
    goes_on(second, other, 2)
    watchers = lab_page.json("lab.preview.stats()[lab.serials[0]].watchers")
    assert watchers <= 2, "one stream for both, and the recorder"
    assert lab_page.json(LINE) == line, "and it did not begin anew"
    context.close()
    goes_on(lab_page, view, 2)


@pytest.fixture
def lab_page_without_decoder(lab_page: NotebookPage) -> None:
    lab_page.page.add_init_script("delete window.VideoDecoder;")


@pytest.mark.usefixtures("lab_page_without_decoder")
def test_without_a_decoder_it_is_jpeg(lab_page: NotebookPage, request: pytest.FixtureRequest) -> None:
    view = request.getfixturevalue("view")
    comes_by(view, "screencap → jpeg")
    goes_on(lab_page, view, 2)
    assert lab_page.json("[one.codec for one in run.preview.stats()]") == ["jpeg"]
    assert lab_page.complaints == []
