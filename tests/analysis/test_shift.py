"""Two samples of durations beside each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from execmon_lab.analysis.shift import (
    EXACT,
    benjamini_hochberg,
    hodges_lehmann,
    mann_whitney,
    ranks,
    ratio,
    unusual,
)
from execmon_lab.analysis.student import survival, upper

few = st.lists(st.integers(1, 40).map(float), min_size=1, max_size=30)


@settings(deadline=None)
@given(few, few)
def test_mann_and_whitneys_p_is_scipys(a: list[float], b: list[float]) -> None:
    exact = max(len(a), len(b)) <= EXACT and len({*a, *b}) == len(a) + len(b)
    if len({*a, *b}) == 1:
        assert mann_whitney(np.array(a), np.array(b)) == 1.0
        return
    method = "exact" if exact else "asymptotic"
    expected = stats.mannwhitneyu(a, b, method=method).pvalue
    assert mann_whitney(np.array(a), np.array(b)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("sizes", [(5, 5), (5, 12), (25, 25), (30, 26)])
def test_without_ties(sizes: tuple[int, int]) -> None:
    random = np.random.default_rng(3)
    a, b = (random.normal(shift, 1, size) for shift, size in zip((0, 0.5), sizes, strict=True))
    method = "exact" if max(sizes) <= EXACT else "asymptotic"
    assert mann_whitney(a, b) == pytest.approx(stats.mannwhitneyu(a, b, method=method).pvalue, abs=1e-9)


def test_nothing_is_no_evidence() -> None:
    assert mann_whitney(np.zeros(0), np.array([1.0])) == 1.0


@given(few)
def test_ranks_are_scipys(values: list[float]) -> None:
    assert ranks(np.array(values)).tolist() == stats.rankdata(values).tolist()


def test_the_shift_is_the_median_of_the_differences() -> None:
    assert hodges_lehmann(np.array([1.0, 2.0, 4.0]), np.array([3.0, 7.0])) == 2.5  # of -1 1 2 3 5 6


def test_the_ratio_turns_round_with_the_sides() -> None:
    random = np.random.default_rng(4)
    a, b = np.exp(random.normal(0, 0.1, 9)), np.exp(random.normal(0.2, 0.1, 9))
    forth, back = ratio(a, b), ratio(b, a)
    assert forth.low < forth.ratio < forth.high
    assert forth.ratio == pytest.approx(1 / back.ratio)
    assert forth == ratio(a, b), "the same data gives the same interval"


def test_one_value_has_no_interval() -> None:
    told = ratio(np.array([2.0]), np.array([3.0]))
    assert told == pytest.approx((1.5, 0.0, float("inf")))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_q_is_scipys(p: list[float]) -> None:
    expected = stats.false_discovery_control(p)
    assert benjamini_hochberg(np.array(p)) == pytest.approx(expected)


def test_what_was_not_tested_does_not_count() -> None:
    told = benjamini_hochberg(np.array([0.01, np.nan, 0.04]))
    assert told == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)


@pytest.mark.parametrize("freedom", [1, 2, 4, 19, 400])
@pytest.mark.parametrize("t", [0.0, 0.3, 2.1, 30.0])
def test_students_tail_is_scipys(t: float, freedom: int) -> None:
    assert survival(t, freedom) == pytest.approx(stats.t.sf(t, freedom), abs=1e-9)
    if t:
        assert upper(float(stats.t.sf(t, freedom)), freedom) == pytest.approx(t, rel=1e-6)


def test_one_more_value_of_the_same_kind_is_not_unusual() -> None:
    random = np.random.default_rng(5)
    found = sum(unusual(random.normal(), random.normal(size=8)) < 0.05 for _ in range(2000))
    assert 70 <= found <= 130
    assert unusual(9.0, random.normal(size=8)) < 0.001
    assert unusual(1.0, np.ones(8)) == 1.0
    assert unusual(2.0, np.ones(8)) == 0.0
    assert unusual(2.0, np.ones(1)) == 1.0
