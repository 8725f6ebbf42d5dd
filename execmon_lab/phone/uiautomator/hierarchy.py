"""The screen's tree as XML, in the shape of `uiautomator dump`."""

from __future__ import annotations

import re
from xml.sax.saxutils import quoteattr

from execmon_lab.phone.screen.node import Node
from execmon_lab.phone.screen.screen import Screen
from execmon_lab.phone.system.system import System

HEADER = "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>"
MAX_DEPTH = 50
_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2


def _attribute(text: str) -> str:
    """Return a quoted value, a dot in place of each character that XML cannot hold."""
    return quoteattr(_FORBIDDEN.sub(".", text), {'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})


def _word(value: bool) -> str:
    return "true" if value else "false"


def _unfriendly(node: Node) -> bool:
    """Whether a node can be tapped but tells nobody what it is."""
    if not (node.clickable and node.enabled):
        return False
    return not any(item.text or item.description for item in node.walk())


def _write(node: Node, index: int, depth: int, compressed: bool, parts: list[str]) -> None:
    left, top, right, bottom = node.visible
    naf = ' NAF="true"' if _unfriendly(node) else ""
    parts.append(
        f'<node{naf} index="{index}" text={_attribute(node.text)} resource-id={_attribute(node.identifier)} '
        f'class="{node.kind}" package="{node.package}" content-desc={_attribute(node.description)} '
        f'checkable="{_word(node.checkable)}" checked="{_word(node.checked)}" '
        f'clickable="{_word(node.clickable)}" '
        f'enabled="{_word(node.enabled)}" focusable="{_word(node.focusable)}" '
        f'focused="{_word(node.focused)}" '
        f'scrollable="{_word(node.scrollable)}" long-clickable="{_word(node.long_press is not None)}" '
        f'password="{_word(node.password)}" selected="{_word(node.selected)}" '
        f'bounds="[{left},{top}][{right},{bottom}]"'
    )
    children = _important(node.children) if compressed else node.children
    if not children or depth <= 1:
        parts.append(" />")
        return
    parts.append(">")
    for number, child in enumerate(children):
        _write(child, number, depth - 1, compressed, parts)
    parts.append("</node>")


def _important(nodes: list[Node]) -> list[Node]:
    """Return nodes that say or do something, in place of those that only hold others."""
    found: list[Node] = []
    for node in nodes:
        if node.text or node.description or node.focusable or node.checkable:
            found.append(node)
        else:
            found.extend(_important(node.children))
    return found


def roots(screen: Screen) -> list[Node]:
    """Return the roots of all windows, the one with the focus first."""
    active = screen.active
    return [active.root, *(window.root for window in screen.windows() if window.root is not active.root)]


def dump(
    system: System, *, compressed: bool = False, everything: bool = False, depth: int = MAX_DEPTH
) -> str:
    """Return the tree of the window that has the focus.

    Parameters
    ----------
    compressed
        Leave out nodes that only hold others.
    everything
        All windows: the bars and the keyboard too.
    depth
        How deep the tree may go.
    """
    parts = [HEADER, f'<hierarchy rotation="{system.display.rotation}">']
    chosen = roots(system.screen) if everything else roots(system.screen)[:1]
    for index, root in enumerate(chosen):
        _write(root, index, depth, compressed, parts)
    parts.append("</hierarchy>")
    return "".join(parts)


def dump_windows(system: System) -> str:
    """Return all windows of all displays, as `uiautomator dump --windows` does."""
    kinds = {"app": 1, "keyboard": 2, "status": 3, "heads_up": 3, "shade": 3, "toast": 3, "dialog": 3}
    active = system.screen.active
    parts = [HEADER, '<displays><display id="0">']
    for index, window in enumerate(reversed(system.screen.windows())):
        left, top, right, bottom = window.root.visible
        parts.append(
            f'<window index="{index}" id="{index + 1}" title={_attribute(window.layer)} '
            f'bounds="[{left},{top}][{right},{bottom}]" '
            f'active="{_word(window.root is active.root)}" type="{kinds[window.layer]}" layer="{index}" '
            f'focused="{_word(window.root is active.root)}"><hierarchy rotation="{system.display.rotation}">'
        )
        _write(window.root, 0, MAX_DEPTH, False, parts)
        parts.append("</hierarchy></window>")
    parts.append("</display></displays>")
    return "".join(parts)
