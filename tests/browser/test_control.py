"""The device in hand, on its picture in JupyterLab; several side by side; the picture's figures."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from .notebook import JupyterServer, NotebookPage

LAB = "import time\nimport execmon_lab as em\n\nlab = em.Lab(phones={phones}, record=False)"
RUN = """
@em.module(timeout=300)
def waiting_module(ctx):
    ctx.sleep(280)

@em.module(timeout=60)
def quick_module(ctx):
    ctx.device.home()

plan = em.Plan([quick_module, waiting_module], name="by hand")
run = lab.start(plan)
run
"""
PHONE = "phone = lab.pool.get(lab.serials[0]).session()"

pytestmark = pytest.mark.timeout(240)


def show(jupyter: JupyterServer, page: NotebookPage, name: str, phones: int = 1) -> Locator:
    jupyter.write(name, LAB.format(phones=phones), RUN, "None")
    page.open(name)
    for _ in range(2):
        page.run_cell()
    view = page.view()
    expect(view).to_be_visible(timeout=60_000)
    view.scroll_into_view_if_needed()
    expect(view.locator(".xm-phone .xm-canvas[data-frame]")).to_be_visible(timeout=30_000)
    expect(view.locator('.xm-step-group[data-status="running"]').first).to_contain_text("waiting_module")
    return view


def click_on(page: NotebookPage, view: Locator, words: str) -> None:
    """Click where the picture shows the element with these words."""
    x, y, width, height = page.json(
        f"(lambda b, s: [*b.center, *s])(phone.wait_for({words!r}).bounds, phone.screenshot().size)"
    )
    page.page.wait_for_function(
        "([canvas, wide]) => (canvas.width > canvas.height) === wide",
        arg=[view.locator(".xm-phone .xm-canvas").element_handle(), width > height],
    )
    box = view.locator(".xm-phone .xm-canvas").bounding_box()
    assert box is not None
    position = {"x": (x + 0.5) / width * box["width"], "y": (y + 0.5) / height * box["height"]}
    view.locator(".xm-phone .xm-canvas").click(position=position)  # type: ignore[arg-type]


def test_what_is_done_to_the_picture_is_done_to_the_phone(
    jupyter: JupyterServer, lab_page: NotebookPage
) -> None:
    view = show(jupyter, lab_page, "control.ipynb")
    lab_page.execute(PHONE + "\nphone.start(package='com.android.settings')\nphone.wait_for('About phone')")
    toggle = view.get_by_role("button", name="Control", exact=True)
    expect(toggle).to_have_attribute("aria-pressed", "false")
    click_on(lab_page, view, "About phone")
    lab_page.execute("phone.find('About phone')")

    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    expect(view.locator(".xm-control-note")).to_contain_text("waiting_module is running")
    assert lab_page.json("run.view.control") is True
    click_on(lab_page, view, "About phone")
    lab_page.keep("control-tap", view)
    lab_page.execute("phone.wait_for('Virtual Phone')")
    lab_page.page.keyboard.press("Escape")
    lab_page.execute("phone.wait_for('About phone')")

    view.get_by_label("Quality").select_option("low")
    lab_page.execute("phone.shell('settings put system user_rotation 1')")
    click_on(lab_page, view, "Display")
    lab_page.execute("phone.wait_for('Dark theme')")
    lab_page.keep("control-turned", view)
    lab_page.execute("phone.shell('settings put system user_rotation 0')")

    lab_page.execute("phone.start('android.intent.action.SENDTO', data='sms:5550100')")
    click_on(lab_page, view, "Text message")
    lab_page.page.keyboard.type("It's me: 5 x 3")
    lab_page.page.keyboard.press("Backspace")
    typed = view.locator(".xm-log-message", has_text="Manual: key KEYCODE_DEL")
    expect(typed).to_be_visible()  # before the kernel is kept busy by the next line
    lab_page.execute("""phone.wait_for("It's me: 5 x ")""")
    view.get_by_role("button", name="Home", exact=True).click()
    expect(view.locator(".xm-log-message", has_text="Manual: key KEYCODE_HOME")).to_be_visible()
    expect(view.locator(".xm-log-message", has_text="Manual: tap").first).to_be_visible()
    expect(view.locator(".xm-hint")).to_be_hidden()

    view.get_by_role("button", name="Numbers").click()
    expect(view.locator(".xm-numbers")).to_contain_text("same machine", timeout=10_000)
    lab_page.keep_both("control-numbers", view)
    (stats,) = lab_page.json("[vars(one) for one in run.preview.stats()]")
    assert (stats["quality"], stats["clock"], stats["watchers"]) == ("low", "same", 1)
    assert stats["source"]
    assert stats["latency_ms"] > 0
    assert stats["drawn_per_second"] > 0
    assert lab_page.complaints == []


def test_a_click_hits_what_it_is_on_at_every_quality_and_rotation(
    jupyter: JupyterServer, lab_page: NotebookPage
) -> None:
    view = show(jupyter, lab_page, "rotations.ipynb")
    lab_page.execute(PHONE + "\nphone.start(package='com.android.settings')")
    view.get_by_role("button", name="Control", exact=True).click()
    for quality in ("low", "medium", "high"):
        view.get_by_label("Quality").select_option(quality)
        lab_page.wait_for_python(f"[one.quality for one in run.preview.stats()] == [{quality!r}]")
        for quarters in range(4):
            lab_page.execute(f"phone.shell('settings put system user_rotation {quarters}')")
            click_on(lab_page, view, "Display")
            lab_page.execute("phone.wait_for('Dark theme')")
            lab_page.page.keyboard.press("Escape")
            lab_page.execute("phone.wait_for('Network & internet')")
    lab_page.execute("phone.shell('settings put system user_rotation 0')")
    expect(view.locator(".xm-hint")).to_be_hidden()
    assert lab_page.complaints == []


def test_what_needs_no_keys_of_its_own_is_typed_too(jupyter: JupyterServer, lab_page: NotebookPage) -> None:
    view = show(jupyter, lab_page, "typing.ipynb")
    lab_page.execute(PHONE + "\nphone.start('android.intent.action.SENDTO', data='sms:5550100')")
    lab_page.wait_for_python("run.preview.stats()[0].source == 'scrcpy'")
    view.get_by_role("button", name="Control", exact=True).click()
    click_on(lab_page, view, "Text message")
    lab_page.page.keyboard.type("Grüße ")
    devtools = lab_page.page.context.new_cdp_session(lab_page.page)
    devtools.send("Input.imeSetComposition", {"text": "にほん", "selectionStart": 3, "selectionEnd": 3})
    devtools.send("Input.insertText", {"text": "日本"})
    devtools.send("Input.insertText", {"text": "🙂"})
    expect(view.locator(".xm-log-message", has_text="🙂")).to_be_visible()
    lab_page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lab_page.page.evaluate("navigator.clipboard.writeText(' and\\nmore')")
    lab_page.page.keyboard.press("Control+v")
    expect(view.locator(".xm-log-message", has_text="Manual: text 'more'")).to_be_visible()
    lab_page.keep("control-typed", view)
    lab_page.execute("phone.wait_for('Grüße 日本🙂 and'); phone.wait_for('more')")  # enter sends the first
    expect(view.locator(".xm-hint")).to_be_hidden()
    assert lab_page.complaints == []


def test_a_drag_and_the_wheel_scroll_the_phone(jupyter: JupyterServer, lab_page: NotebookPage) -> None:
    view = show(jupyter, lab_page, "drag.ipynb")
    lab_page.execute(PHONE + "\nphone.start(package='com.android.settings')\nphone.wait_for('About phone')")
    lab_page.execute("phone.shell('settings put system user_rotation 1')")  # so that it does not fit
    expect(view.locator(".xm-phone.xm-landscape")).to_be_visible(timeout=20_000)
    lab_page.execute(
        "tops = lambda: [n.bounds.center[1] for n in phone.nodes() if n.text == 'Network & internet']\n"
        "[before] = tops()"
    )
    view.get_by_role("button", name="Control", exact=True).click()
    canvas = view.locator(".xm-phone .xm-canvas")
    box = canvas.bounding_box()
    assert box is not None
    scrolled = lab_page.page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop")
    lab_page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.6)
    lab_page.page.mouse.wheel(0, 60)
    scrolls = view.locator(".xm-log-message", has_text="Manual: scroll")
    expect(scrolls).to_have_count(1)  # before the kernel is kept busy by the next line
    lab_page.wait_for_python("all(top < before - 50 for top in tops())")
    assert lab_page.page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop") == scrolled
    lab_page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.3)
    lab_page.page.mouse.down()
    lab_page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.9, steps=5)
    lab_page.page.mouse.up()
    expect(view.locator(".xm-log-message", has_text="Manual: swipe")).to_have_count(1)
    lab_page.wait_for_python("tops() == [before]")


def test_a_touch_that_the_kernel_hears_of_too_late_is_refused_and_told(
    jupyter: JupyterServer, lab_page: NotebookPage
) -> None:
    view = show(jupyter, lab_page, "late.ipynb")
    lab_page.execute(PHONE + "\nphone.start(package='com.android.settings')\nphone.wait_for('About phone')")
    lab_page.execute("import execmon_lab.widgets.touches as touches; touches.STALE_SECONDS = -1")
    view.get_by_role("button", name="Control", exact=True).click()
    view.get_by_role("button", name="Back", exact=True).click()
    expect(view.locator(".xm-hint")).to_contain_text("nothing was sent")
    lab_page.keep("control-refused", view)
    lab_page.execute("phone.find('About phone')")


def test_several_devices_side_by_side(jupyter: JupyterServer, lab_page: NotebookPage) -> None:
    view = show(jupyter, lab_page, "grid.ipynb", phones=3)
    serials = lab_page.json("lab.serials")
    lab_page.execute("run.preview.limit(frames_per_second=6)")
    view.locator(".xm-preview").get_by_label("Device", exact=True).select_option("all devices")
    for serial in serials:
        tile = view.locator(f'.xm-tile[data-device="{serial}"]')
        expect(tile.locator("canvas[data-frame]")).to_be_visible(timeout=30_000)
        expect(tile).to_contain_text("waiting_module")
    lab_page.wait_for_python("len(run.preview.stats()) == 3")
    lab_page.execute(
        "for serial in lab.serials:\n"
        "    motion = 'am start -n com.execmon.motion/.MotionActivity --ei fps 15'\n"
        "    lab.pool.get(serial).session().shell(motion)"
    )
    lab_page.wait_for_python("sum(one.sent_per_second for one in run.preview.stats()) > 4")
    view.get_by_role("button", name="Numbers").click()
    lab_page.keep_both("grid", view)
    stats = lab_page.json("[vars(one) for one in run.preview.stats()]")
    assert {one["quality"] for one in stats} == {"low"}
    assert sum(one["sent_per_second"] for one in stats) <= 6.5
    lab_page.wait_for_python("all(one.captured_per_second < 6 for one in run.preview.stats())", seconds=60)

    view.locator(f'.xm-tile[data-device="{serials[1]}"]').click()
    expect(view.locator(f'.xm-phone canvas[aria-label="Screen of {serials[1]}"]')).to_be_visible(
        timeout=30_000
    )
    lab_page.wait_for_python(f"[one.device_id for one in run.preview.stats()] == [{serials[1]!r}]")
    assert lab_page.complaints == []
