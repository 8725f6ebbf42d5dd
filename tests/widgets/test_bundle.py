"""The built front end: one module, small, that asks nobody for more."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

import execmon_lab.widgets

STATIC = Path(execmon_lab.widgets.__file__).parent / "static"
#: Each widget sends its whole front end to the page.
KILOBYTES = 60


@pytest.fixture
def bundle() -> dict[str, str]:
    """The built files, by name."""
    return {path.name: path.read_text() for path in sorted(STATIC.iterdir())}


def test_it_is_one_module_and_one_style_sheet(bundle: dict[str, str]) -> None:
    assert set(bundle) == {"widget.css", "widget.js", "part.js"}
    for name in ("widget.js", "part.js"):
        assert re.search(r"export\s*\{.*\bas default\b.*\}", bundle[name])
        assert not re.search(r"\bimport\b\s*[\"'{(*]", bundle[name])
    assert "@import" not in bundle["widget.css"]


def test_it_is_small(bundle: dict[str, str]) -> None:
    size = sum(len(gzip.compress(text.encode())) for text in bundle.values())
    assert size <= KILOBYTES * 1024


def test_a_part_has_no_code_of_its_own(bundle: dict[str, str]) -> None:
    assert len(bundle["part.js"]) < 1000


def test_it_names_no_other_host(bundle: dict[str, str]) -> None:
    for text in bundle.values():
        assert not re.search(r"https?://(?!www\.w3\.org/)", text)


def test_it_makes_no_code_of_text(bundle: dict[str, str]) -> None:
    """Hosts such as VS Code forbid it, as the server's own page does."""
    for text in bundle.values():
        assert not re.search(r"\beval\(|\bnew Function\b|(?<![.\w])Function\(", text)


def test_its_colours_come_from_the_hosts_theme(bundle: dict[str, str]) -> None:
    for use in re.findall(r"var\(--jp-[\w-]+[^;}]*", bundle["widget.css"]):
        assert re.match(r"var\(--jp-[\w-]+,\s*\S", use), f"nothing to fall back to: {use}"
    assert {"--vscode-foreground", "--vscode-editor-background"} <= set(
        re.findall(r"--vscode-[\w-]+", bundle["widget.css"])
    )
