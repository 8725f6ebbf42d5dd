"""Signs of life for pages, when there is nothing else to say."""

from __future__ import annotations

from execmon_lab.widgets.pulse import PULSE_SECONDS, Pulse


def kinds(pulse: Pulse, now: float, *, sent: bool = False) -> list[str]:
    return [parcel.content["kind"] for parcel in pulse.collect(now, sent=sent)[0]]


def test_nothing_is_said_before_a_page_has_spoken() -> None:
    assert Pulse().collect(1e9, sent=False) == ([], None)


def test_a_sign_comes_when_nothing_else_does() -> None:
    pulse = Pulse()
    pulse.begin(100)
    assert kinds(pulse, 105) == []
    assert kinds(pulse, 100 + PULSE_SECONDS) == ["alive"]
    assert kinds(pulse, 101 + PULSE_SECONDS) == []
    assert kinds(pulse, 100 + 2 * PULSE_SECONDS) == ["alive"]


def test_whatever_is_sent_is_a_sign() -> None:
    pulse = Pulse()
    pulse.begin(100)
    assert pulse.collect(105, sent=True) == ([], 105 + PULSE_SECONDS)
    assert kinds(pulse, 104 + PULSE_SECONDS) == []
    assert kinds(pulse, 105 + PULSE_SECONDS) == ["alive"]


def test_a_second_page_does_not_put_it_off() -> None:
    pulse = Pulse()
    pulse.begin(100)
    pulse.begin(109)
    assert kinds(pulse, 110) == ["alive"]


def test_after_the_good_bye_it_is_silent() -> None:
    pulse = Pulse()
    pulse.begin(100)
    assert pulse.end().content == {"kind": "closed"}
    assert pulse.collect(1e9, sent=False) == ([], None)
