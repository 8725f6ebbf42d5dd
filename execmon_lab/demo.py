"""The demo plan: 15 steps over four modules, on a virtual phone.

Two of its steps meet the phone's own world: mobile data takes two seconds to attach after it was switched on,
so that the first attempt at a page finds no internet and the second one loads it; and a number that ends in
99 is not in service, so that a call to it fails for good.
"""

import re
from collections.abc import Sequence

from .engine import Context, Plan, module

ANSWERED = re.compile(r"^\d\d:\d\d$")
PAUSE = 0.4
"""Seconds between two taps, so that who watches can follow; the phone needs none."""
_CALL_TOLD = re.compile(r"^\d\d:\d\d$|not in service|^Busy$|^Call ended$")


@module(timeout=30, retries=1)
def call_test_module(ctx: Context, number: str) -> None:
    """Call a number; it answers, and the call lasts until we hang up."""
    with ctx.action("dial"):
        ctx.device.start("android.intent.action.CALL", data=f"tel:{number}")
    with ctx.action("talk"):
        told = ctx.device.wait_for(_CALL_TOLD).text
        ctx.expect(ANSWERED.match(told), f"the call to {number} is answered (the phone says: {told})")
        ctx.expect(
            "mCallState=2" in ctx.device.shell("dumpsys telephony.registry"), "the line is off the hook"
        )
    with ctx.action("hang up"):
        ctx.device.tap_on(description="End call")
        ctx.device.wait_for("Call ended")


@module(timeout=30, retries=1)
def sms_test_module(ctx: Context, to: str, text: str) -> None:
    """Write a message; it is sent, and answered."""
    with ctx.action("compose"):
        ctx.device.start("android.intent.action.SENDTO", data=f"sms:{to}")
        ctx.device.tap_on("Text message")
        ctx.device.text(text)
    with ctx.action("send"):
        ctx.device.tap_on(description="Send SMS")
        ctx.device.wait_for(re.compile("Sent"))
    ctx.expect(text in ctx.device.screen_text(), "the message is in the conversation")
    with ctx.action("read the answer"):
        ctx.device.wait_for(f"Thanks, got: {text}")


@module(timeout=30, retries=1)
def data_test_module(ctx: Context, url: str, shows: str, mobile_data: bool = True) -> None:
    """Switch mobile data as wanted, open a page, and find a text on it."""
    switch = "enable" if mobile_data else "disable"
    with ctx.action("open the page"):
        ctx.device.shell(f"svc data {switch} && am start -a android.intent.action.VIEW -d {url}")
    ctx.device.wait_for(shows, timeout=3)


@module(timeout=30, retries=1)
def ui_interaction_module(ctx: Context, package: str, taps: Sequence[str], shows: str) -> None:
    """Start an app, tap through it by what stands on the screen, and find a text."""
    with ctx.action("start"):
        ctx.device.home()
        ctx.device.stop(package)
        ctx.device.start(package=package)
        ctx.sleep(PAUSE)
    for label in taps:
        with ctx.action(f"tap {label}"):
            ctx.device.tap_on(label)
            ctx.sleep(PAUSE)
    ctx.device.wait_for(shows)


SETTINGS = "com.android.settings"


def plan() -> Plan:
    """Make the demo plan."""
    return Plan(
        [
            ui_interaction_module.with_args(package=SETTINGS, taps=["About phone"], shows="Virtual Phone"),
            call_test_module.with_args(number="5550123"),
            sms_test_module.with_args(to="5550100", text="Hello from the lab"),
            data_test_module.with_args(url="http://example.test/", shows="Example Domain"),
            ui_interaction_module.with_args(package=SETTINGS, taps=["Display", "Dark theme"], shows="On"),
            sms_test_module.with_args(to="5550142", text="Is this thing on?"),
            data_test_module.with_args(url="http://nowhere.test/", shows="This site can't be reached"),
            data_test_module.with_args(url="http://news.test/", shows="No internet", mobile_data=False),
            data_test_module.with_args(url="http://news.test/", shows="The Daily Test"),
            call_test_module.with_args(number="5550142"),
            call_test_module.with_args(number="5550199"),
            ui_interaction_module.with_args(
                package="com.android.calculator2", taps=["6", "×", "7", "="], shows="42"
            ),
            data_test_module.with_args(url="http://status.test/", shows="Connected over Mobile data"),
            sms_test_module.with_args(to="5550177", text="Nearly done"),
            ui_interaction_module.with_args(package=SETTINGS, taps=["Display", "Dark theme"], shows="Off"),
        ],
        name="demo",
    )
