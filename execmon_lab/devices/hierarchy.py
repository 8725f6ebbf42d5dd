"""What uiautomator says is on the screen: nodes, and how one is found among them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree import ElementTree

_BOUNDS = re.compile(r"\[(-?\d+),(-?\d+)\]\[(-?\d+),(-?\d+)\]")


class Bounds(NamedTuple):
    """A rectangle on the screen, in pixels; right and bottom are just outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def center(self) -> tuple[int, int]:
        """The pixel in its middle."""
        return (self.left + self.right) // 2, (self.top + self.bottom) // 2


@dataclass(frozen=True)
class Node:
    """One element of the screen.

    Attributes
    ----------
    text, description
        What it shows, and what it is called for those who cannot see it; empty when there is none.
    resource_id
        ``package:id/name``; empty when it has none.
    cls
        Its class, for example ``android.widget.Button``.
    package
        The app that it belongs to.
    bounds
        Where it is.
    clickable, checked, enabled
        Its state.
    """

    text: str
    resource_id: str
    description: str
    cls: str
    package: str
    bounds: Bounds
    clickable: bool
    checked: bool
    enabled: bool


@dataclass(frozen=True)
class Selector:
    """What an element must have to be meant; a pattern is searched for, a text must be equal.

    Attributes
    ----------
    text, description
        A str or a compiled pattern.
    resource_id
        ``package:id/name``, or only the name.
    cls
        The class, or only its last part (``Button``).
    """

    text: str | re.Pattern[str] | None = None
    resource_id: str | None = None
    description: str | re.Pattern[str] | None = None
    cls: str | None = None

    def __post_init__(self) -> None:
        if not any((self.text, self.resource_id, self.description, self.cls)):
            raise ValueError("say what to look for: text, resource_id, description or cls")

    def matches(self, node: Node) -> bool:
        """Tell whether a node is meant."""
        return (
            _fits(self.text, node.text)
            and _fits(self.description, node.description)
            and _names(self.resource_id, node.resource_id, "/")
            and _names(self.cls, node.cls, ".")
        )

    def first(self, nodes: Iterable[Node]) -> Node | None:
        """Return the first node that is meant."""
        return next((node for node in nodes if self.matches(node)), None)

    def __str__(self) -> str:
        wanted = {
            "text": self.text,
            "resource_id": self.resource_id,
            "description": self.description,
            "cls": self.cls,
        }
        return ", ".join(f"{name}={_shown(value)}" for name, value in wanted.items() if value is not None)


def parse(xml: str) -> ElementTree.Element:
    """Read the output of ``uiautomator dump``.

    Raises
    ------
    ValueError
        When it is none.
    """
    start, end = xml.find("<?xml"), xml.rfind("</hierarchy>")
    if start < 0 or end < 0:
        raise ValueError(f"no hierarchy in what uiautomator wrote: {xml.strip()[:200]!r}")
    return ElementTree.fromstring(xml[start : end + len("</hierarchy>")].encode())


def nodes(root: ElementTree.Element) -> list[Node]:
    """Return every element, those in front after those behind them."""
    return [_node(element) for element in root.iter("node")]


def visible_text(found: Iterable[Node]) -> str:
    """Return all texts and descriptions, one a line, each element's own only once."""
    lines = (line for node in found for line in dict.fromkeys((node.text, node.description)) if line)
    return "\n".join(lines)


def _node(element: ElementTree.Element) -> Node:
    def flag(name: str) -> bool:
        return element.get(name) == "true"

    return Node(
        text=element.get("text", ""),
        resource_id=element.get("resource-id", ""),
        description=element.get("content-desc", ""),
        cls=element.get("class", ""),
        package=element.get("package", ""),
        bounds=_bounds(element.get("bounds", "")),
        clickable=flag("clickable"),
        checked=flag("checked"),
        enabled=flag("enabled"),
    )


def _bounds(text: str) -> Bounds:
    match = _BOUNDS.fullmatch(text)
    return Bounds(*map(int, match.groups())) if match else Bounds(0, 0, 0, 0)


def _fits(wanted: str | re.Pattern[str] | None, value: str) -> bool:
    if wanted is None:
        return True
    return wanted == value if isinstance(wanted, str) else wanted.search(value) is not None


def _names(wanted: str | None, name: str, separator: str) -> bool:
    """A name may be given in full, or only its last part."""
    return wanted is None or wanted in (name, name.rpartition(separator)[2])


def _shown(value: str | re.Pattern[str]) -> str:
    return repr(value) if isinstance(value, str) else f"/{value.pattern}/"
