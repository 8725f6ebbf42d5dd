"""Shares of steps and their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from execmon_lab.analysis.proportions import Share, design_effect, difference, share, wilson


@given(st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_is_scipys(pair: tuple[int, int]) -> None:
    successes, trials = pair
    if trials == 0:
        assert wilson(0, 0) == (0.0, 1.0)
        return
    expected = stats.binomtest(successes, trials).proportion_ci(method="wilson")
    assert wilson(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(("successes", "trials"), [(3, 2), (-1, 2)])
def test_no_share(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson(successes, trials)


def test_newcombes_worked_example() -> None:
    """Table II (a) of the paper: 56/70 against 48/80 by method 10."""
    one, other = (Share(s, n, s / n, *wilson(s, n)) for s, n in ((48, 80), (56, 70)))
    assert difference(one, other) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_independent_steps_have_no_design_effect() -> None:
    random = np.random.default_rng(1)
    assert design_effect(random.binomial(10, 0.3, 4000).astype(float), np.full(4000, 10.0)) < 1.1


def test_steps_that_all_agree_are_worth_one() -> None:
    outcomes = np.repeat([1.0, 0.0, 1.0, 0.0] * 50, 5)
    clusters = np.repeat(np.arange(200), 5)
    assert design_effect(np.array([5.0, 0.0] * 100), np.full(200, 5.0)) == pytest.approx(5, rel=0.02)
    told = share(outcomes, clusters)
    assert (told.successes, told.trials, told.rate) == (500, 1000, 0.5)
    assert (told.low, told.high) == pytest.approx(wilson(100, 200), abs=0.002)


def test_a_share_of_nothing_is_unknown() -> None:
    told = share(np.zeros(0), np.zeros(0, dtype=np.intp))
    assert np.isnan(told.rate)
    assert (told.low, told.high) == (0.0, 1.0)


def test_the_interval_holds_the_true_share_of_clustered_steps() -> None:
    random = np.random.default_rng(2)
    clusters = np.repeat(np.arange(40), 5)
    held = 0
    for _ in range(1000):
        rates = random.beta(2, 8, 40)  # the executions' own rates, 0.2 in the mean
        told = share((random.random(200) < rates[clusters]).astype(float), clusters)
        held += told.low <= 0.2 <= told.high
    assert held >= 930
