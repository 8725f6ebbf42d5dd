"""Selectors of UiAutomator: which nodes a description means.

The fields and how they compare: androidx.test.uiautomator.UiSelector; the nesting as uiautomator2 sends it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from execmon_lab.phone.screen.node import Node

MAX_NESTING = 16
Selector = dict[str, Any]
_Test = Callable[[Node, Any], bool]


class SelectorError(ValueError):
    """The selector makes no sense."""


def _contains(value: str, wanted: Any) -> bool:
    return str(wanted).lower() in value.lower()


def _starts(value: str, wanted: Any) -> bool:
    return value.lower().startswith(str(wanted).lower())


def _matches(value: str, wanted: Any) -> bool:
    try:
        return re.fullmatch(str(wanted), value, re.DOTALL) is not None
    except re.error as error:
        raise SelectorError(f"java.util.regex.PatternSyntaxException: {error}") from error


_TESTS: dict[str, _Test] = {
    "text": lambda node, wanted: node.text == wanted,
    "textContains": lambda node, wanted: _contains(node.text, wanted),
    "textMatches": lambda node, wanted: _matches(node.text, wanted),
    "textStartsWith": lambda node, wanted: _starts(node.text, wanted),
    "className": lambda node, wanted: node.kind == wanted,
    "classNameMatches": lambda node, wanted: _matches(node.kind, wanted),
    "description": lambda node, wanted: node.description == wanted,
    "descriptionContains": lambda node, wanted: _contains(node.description, wanted),
    "descriptionMatches": lambda node, wanted: _matches(node.description, wanted),
    "descriptionStartsWith": lambda node, wanted: _starts(node.description, wanted),
    "checkable": lambda node, wanted: node.checkable is wanted,
    "checked": lambda node, wanted: node.checked is wanted,
    "clickable": lambda node, wanted: node.clickable is wanted,
    "longClickable": lambda node, wanted: (node.long_press is not None) is wanted,
    "scrollable": lambda node, wanted: node.scrollable is wanted,
    "enabled": lambda node, wanted: node.enabled is wanted,
    "focusable": lambda node, wanted: node.focusable is wanted,
    "focused": lambda node, wanted: node.focused is wanted,
    "selected": lambda node, wanted: node.selected is wanted,
    "packageName": lambda node, wanted: node.package == wanted,
    "packageNameMatches": lambda node, wanted: _matches(node.package, wanted),
    "resourceId": lambda node, wanted: node.identifier == wanted,
    "resourceIdMatches": lambda node, wanted: _matches(node.identifier, wanted),
}
_STRUCTURE = ("mask", "childOrSibling", "childOrSiblingSelector", "instance", "index")


def find(roots: list[Node], selector: Selector, nesting: int = 0) -> list[Node]:
    """Return all nodes that a selector means, in order of the tree.

    Raises
    ------
    SelectorError
        It names an unknown field, a bad expression, or nests too deep.
    """
    if nesting > MAX_NESTING or not isinstance(selector, dict):
        raise SelectorError("the selector is malformed or nested too deep")
    parents = _parents(roots)
    found = _pick(
        [node for root in roots for node in root.walk() if _fits(node, selector, parents)], selector
    )
    kinds, inner = selector.get("childOrSibling") or [], selector.get("childOrSiblingSelector") or []
    for kind, below in zip(kinds, inner, strict=False):
        places: list[Node] = []
        for node in found:
            holder = node if kind == "child" else parents.get(id(node))
            if holder is not None:
                places.extend(holder.children)
        plain = {key: value for key, value in below.items() if key != "instance"}
        seen: dict[int, Node] = {}
        for place in places:
            for node in find([place], plain, nesting + 1):
                seen.setdefault(id(node), node)
        found = _pick(list(seen.values()), below)
    return found


def _pick(nodes: list[Node], selector: Selector) -> list[Node]:
    instance = selector.get("instance")
    return nodes if instance is None else nodes[int(instance) : int(instance) + 1]


def _fits(node: Node, selector: Selector, parents: dict[int, Node]) -> bool:
    for field, wanted in selector.items():
        if field == "index":
            parent = parents.get(id(node))
            if parent is not None and (wanted >= len(parent.children) or parent.children[wanted] is not node):
                return False
        elif field not in _STRUCTURE:
            test = _TESTS.get(field)
            if test is None:
                raise SelectorError(f"unknown field {field!r}")
            if not test(node, wanted):
                return False
    return True


def _parents(roots: list[Node]) -> dict[int, Node]:
    def pairs(node: Node) -> Iterator[tuple[int, Node]]:
        for child in node.children:
            yield id(child), node
            yield from pairs(child)

    return {key: parent for root in roots for key, parent in pairs(root)}
