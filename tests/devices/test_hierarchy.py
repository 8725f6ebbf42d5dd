"""What uiautomator says, read."""

import re

import pytest

from execmon_lab.devices.hierarchy import Bounds, Selector, nodes, parse, visible_text

DUMP = """UI hierchary dumped to: /dev/tty
<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>
<hierarchy rotation="0">
  <node index="0" text="" resource-id="" class="android.widget.FrameLayout" package="com.example"
        content-desc="" checked="false" clickable="false" enabled="true" bounds="[0,0][720,1280]">
    <node index="0" text="Send" resource-id="com.example:id/send" class="android.widget.Button"
          package="com.example" content-desc="Send message" checked="false" clickable="true" enabled="false"
          bounds="[600,1100][720,1220]" />
    <node index="1" text="Mobile data" resource-id="com.example:id/data" class="android.widget.Switch"
          package="com.example" content-desc="Mobile data" checked="true" clickable="true" enabled="true"
          bounds="[-10,40][110,100]" />
  </node>
</hierarchy>
"""


def test_every_field_is_read() -> None:
    _, send, data = nodes(parse(DUMP))
    assert (send.text, send.description, send.resource_id) == ("Send", "Send message", "com.example:id/send")
    assert (send.cls, send.package) == ("android.widget.Button", "com.example")
    assert (send.clickable, send.checked, send.enabled) == (True, False, False)
    assert data.checked
    assert data.bounds == Bounds(-10, 40, 110, 100)
    assert send.bounds.center == (660, 1160)


def test_the_visible_text_has_each_elements_own_once() -> None:
    assert visible_text(nodes(parse(DUMP))) == "Send\nSend message\nMobile data"


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        (Selector(text="Send"), "Send"),
        (Selector(text=re.compile("^Mob")), "Mobile data"),
        (Selector(text="Mob"), None),
        (Selector(resource_id="send"), "Send"),
        (Selector(resource_id="com.example:id/send"), "Send"),
        (Selector(resource_id="end"), None),
        (Selector(description="Send message"), "Send"),
        (Selector(cls="Switch"), "Mobile data"),
        (Selector(cls="android.widget.Button", text="Send"), "Send"),
        (Selector(cls="Switch", text="Send"), None),
    ],
)
def test_an_element_is_found_by_all_that_is_said_of_it(selector: Selector, found: str | None) -> None:
    node = selector.first(nodes(parse(DUMP)))
    assert (node.text if node else None) == found


def test_a_selector_that_says_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="say what to look for"):
        Selector()


def test_what_is_no_hierarchy_is_refused_with_what_it_is() -> None:
    with pytest.raises(ValueError, match="could not get idle state"):
        parse("ERROR: could not get idle state.")
