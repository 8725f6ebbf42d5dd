"""The stopwatch: what goes on at once counts once, and nothing counts after it was frozen."""

from execmon_lab.engine.stopwatch import Stopwatch


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_counts_while_at_least_one_goes_on() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    clock.now = 1.0
    watch.start()
    clock.now = 2.0
    watch.start()
    clock.now = 4.0
    watch.stop()
    clock.now = 5.0
    assert watch.seconds == 4.0
    watch.stop()
    clock.now = 50.0
    assert watch.seconds == 4.0
    watch.start()
    clock.now = 51.5
    watch.stop()
    assert watch.seconds == 5.5


def test_frozen_it_counts_what_was_under_way_until_then() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    watch.start()
    clock.now = 2.0
    watch.freeze()
    clock.now = 9.0
    watch.stop()
    watch.start()
    clock.now = 10.0
    assert watch.seconds == 2.0
