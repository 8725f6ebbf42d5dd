"""How a report writes times and other people's text."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.reports import words

from . import executions


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_can_stand_in_xml_and_utf8(text: str) -> None:
    element = ET.Element("a")
    element.text = words.plain(text)
    read = ET.fromstring(ET.tostring(element, encoding="utf-8"))
    assert (read.text or "") == words.plain(text)


@given(st.text(st.characters(categories=["L", "N", "P", "S"], include_characters="\n\t ")))
def test_readable_text_is_left_as_it_is(text: str) -> None:
    assert words.plain(text) == text


def test_what_turns_the_direction_of_text_becomes_visible() -> None:
    assert words.plain("a\u202eb\x1bc") == "a\\u202eb\\x1bc"


def test_what_no_font_has_becomes_visible() -> None:
    assert (
        words.plain("\ufdd0\ue000\U0001ffff\U000f0000\ud800🚀")
        == "\\ufdd0\\ue000\\U0001ffff\\U000f0000\\ud800🚀"
    )


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(None, ""), (0.421, "0.42 s"), (12.46, "12.5 s"), (59.96, "0:59"), (187, "3:07"), (3723, "1:02:03")],
)
def test_durations(seconds: float | None, told: str) -> None:
    assert words.duration(seconds) == told


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [(2.0, 1.6, "+0.40 s (+25 %)"), (1.2, 1.6, "−0.40 s (−25 %)"), (1.0, 0.0, "+1.00 s"), (1.0, None, "")],
)
def test_changes(now: float, before: float | None, told: str) -> None:
    assert words.change(now, before) == told


def test_an_execution_with_a_failed_step_did_not_pass() -> None:
    state = executions.state()
    assert state.status == "completed"
    assert words.verdict(state) == ("failed", "Failed")
    assert words.outcome(state) == "2 of 5 steps passed, 1 failed, 1 skipped, 1 not run, in 10.0 s."
