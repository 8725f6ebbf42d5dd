"""How many times as long: two samples of durations beside each other."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from .frame import Floats
from .student import survival, upper

EXACT = 25
"""Largest sample of which Mann and Whitney's distribution is counted out instead of taken as normal."""
RESAMPLES = 1000
_PAIRS = 4_000_000
_FEWEST = 400


class Ratio(NamedTuple):
    """How many times as long, and the interval in which that lies."""

    ratio: float
    low: float
    high: float


def ranks(values: Floats) -> Floats:
    """Return each value's rank from 1; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)


def mann_whitney(a: Floats, b: Floats) -> float:
    """Return the two-sided p that two samples come from one distribution.

    Counted out for up to `EXACT` values a side without ties, else normal with corrections for ties and
    continuity.

    References
    ----------
    H. B. Mann and D. R. Whitney, On a test of whether one of two random variables is stochastically larger
    than the other, Annals of Mathematical Statistics 18 (1947), 50-60.
    """
    n, m = len(a), len(b)
    if n == 0 or m == 0:
        return 1.0
    both = np.concatenate([a, b])
    rank = ranks(both)
    u = float(np.sum(rank[:n])) - n * (n + 1) / 2
    u = min(u, n * m - u)
    _, ties = np.unique(both, return_counts=True)
    if max(n, m) <= EXACT and ties.max() == 1:
        return min(1.0, 2 * float(_cumulated(min(n, m), max(n, m))[int(u)]))
    size = n + m
    variance = n * m / 12 * (size + 1 - float(np.sum(ties**3 - ties)) / (size * (size - 1)))
    if variance <= 0:
        return 1.0
    z = max(0.0, n * m / 2 - u - 0.5) / variance**0.5
    return min(1.0, 2 * NormalDist().cdf(-z))


@lru_cache(maxsize=256)
def _cumulated(n: int, m: int) -> Floats:
    """P(U <= u) for u from 0: the coefficients of a Gaussian binomial, summed up."""
    counts = np.zeros(n * m + 1)
    counts[0] = 1
    for i in range(1, n + 1):
        shift = m + i
        if shift <= n * m:
            counts[shift:] = counts[shift:] - counts[:-shift]
        for begin in range(i):
            counts[begin::i] = np.cumsum(counts[begin::i])
    total = np.cumsum(counts)
    return np.asarray(total / total[-1], dtype=np.float64)


def hodges_lehmann(a: Floats, b: Floats) -> float:
    """Return how much larger `b` is than `a`: the median of all differences of a pair.

    References
    ----------
    J. L. Hodges and E. L. Lehmann, Estimates of location based on rank tests, Annals of Mathematical
    Statistics 34 (1963), 598-611.
    """
    return float(np.median(np.subtract.outer(b, a)))


def ratio(a: Floats, b: Floats, confidence: float = 0.95, seed: int = 0) -> Ratio:
    """Estimate how many times as long `b` takes as `a`.

    Parameters
    ----------
    a, b
        Durations in seconds, each of an execution; all above 0.
    confidence
        How often the interval holds the true ratio.
    seed
        Of the resampling, so that the same data gives the same interval.

    Returns
    -------
    Ratio
        Hodges and Lehmann's shift of the logarithms, with a bootstrap interval of percentiles, expanded for
        small samples.

    References
    ----------
    B. Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 7 (1979), 1-26.
    T. C. Hesterberg, What teachers should know about the bootstrap, The American Statistician 69 (2015),
    371-386 (expanded percentiles).
    """
    logs = np.log(a), np.log(b)
    shift = hodges_lehmann(*logs)
    smaller = min(len(a), len(b))
    if smaller < 2:
        return Ratio(float(np.exp(shift)), 0.0, float("inf"))
    drawn = _resampled(*logs, np.random.default_rng(seed))
    reach = (smaller / (smaller - 1)) ** 0.5 * upper((1 - confidence) / 2, smaller - 1)
    tail = NormalDist().cdf(-reach)
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Ratio(float(np.exp(shift)), float(np.exp(low)), float(np.exp(high)))


def _resampled(a: Floats, b: Floats, random: np.random.Generator) -> Floats:
    pairs = len(a) * len(b)
    count = int(np.clip(_PAIRS // pairs, _FEWEST, RESAMPLES))
    middle = sorted({(pairs - 1) // 2, pairs // 2})
    chunk = max(1, _PAIRS // pairs)
    drawn = []
    for begin in range(0, count, chunk):
        size = min(chunk, count - begin)
        left = a.astype(np.float32)[random.integers(len(a), size=(size, len(a)))]
        right = b.astype(np.float32)[random.integers(len(b), size=(size, len(b)))]
        apart = (right[:, :, None] - left[:, None, :]).reshape(size, pairs)
        drawn.append(np.partition(apart, middle, axis=1)[:, middle].mean(axis=1))
    return np.concatenate(drawn).astype(np.float64)


def benjamini_hochberg(p: Floats) -> Floats:
    """Return the q of each p: the share of false finds when all up to it are taken as finds.

    A NaN among them is no test: it stays, and does not count.

    References
    ----------
    Y. Benjamini and Y. Hochberg, Controlling the false discovery rate: a practical and powerful approach to
    multiple testing, Journal of the Royal Statistical Society B 57 (1995), 289-300.
    """
    count = int(np.sum(~np.isnan(p)))
    order = np.argsort(p)[:count][::-1]
    scaled = p[order] * count / np.arange(count, 0, -1)
    q = np.full(len(p), np.nan)
    q[order] = np.minimum(1.0, np.minimum.accumulate(scaled))
    return q


def unusual(value: float, usual: Floats) -> float:
    """Return the two-sided p that one more value is of the same normal distribution as the usual ones.

    References
    ----------
    Student, The probable error of a mean, Biometrika 6 (1908), 1-25: the difference of a new value and the
    mean, by the deviation that such a difference has.
    """
    count = len(usual)
    if count < 2:
        return 1.0
    deviation = float(np.std(usual, ddof=1)) * (1 + 1 / count) ** 0.5
    apart = abs(value - float(np.mean(usual)))
    if deviation == 0:
        return 1.0 if apart == 0 else 0.0
    return min(1.0, 2 * survival(apart / deviation, count - 1))
