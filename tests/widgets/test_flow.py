"""How many frames are under way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.widgets.flow import PACE_SECONDS, SILENCE_SECONDS, WINDOW, Flow


def run(seconds: float, acknowledge: bool, fps: float = 15.0) -> list[float]:
    """The moments at which frames went out, of a source that has one ready whenever it may be sent."""
    flow, now, sent = Flow(), 0.0, []
    while now < seconds:
        ready = flow.ready(now)
        if ready > now:
            now = ready
            continue
        number = flow.send(now)
        sent.append(now)
        if acknowledge and number % 4 == 0:
            flow.acknowledge(number, now + 0.02)
        now += 1 / fps
    return sent


def test_with_acknowledgements_every_frame_goes_at_once() -> None:
    assert len(run(10, acknowledge=True)) >= 150


def test_without_any_the_picture_goes_on_at_fourteen_of_fifteen_frames() -> None:
    sent = run(10, acknowledge=False)
    assert len([now for now in sent if now > 2]) >= 14 * 8
    assert all(
        later - now >= PACE_SECONDS * 0.99
        for now, later in zip(sent[WINDOW:], sent[WINDOW + 1 :], strict=False)
    )


@given(st.lists(st.integers(-5, 50), max_size=40))
def test_never_more_than_a_window_while_pages_answer(acknowledged: list[int]) -> None:
    flow, now, sent = Flow(), 100.0, 0
    flow.acknowledge(0, now)
    best = 0
    for number in acknowledged:
        now += 0.001
        while flow.ready(now) <= now:
            sent = flow.send(now)
        assert sent - best <= WINDOW
        flow.acknowledge(number, now)
        best = max(best, min(number, sent))


def test_a_page_that_fell_silent_gives_way_to_the_timer() -> None:
    flow = Flow()
    flow.acknowledge(0, 100.0)
    for _ in range(WINDOW):
        assert flow.ready(100.0) == 100.0
        flow.send(100.0)
    assert flow.ready(100.1) == 100.0 + SILENCE_SECONDS
