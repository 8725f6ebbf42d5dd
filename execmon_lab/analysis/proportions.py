"""Shares of steps, with intervals that know that the steps of one execution resemble each other."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from .frame import Codes, Floats


class Share(NamedTuple):
    """A share of `trials`, and the interval in which it lies."""

    successes: int
    trials: int
    rate: float
    low: float
    high: float


def wilson(successes: float, trials: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a share.

    Parameters
    ----------
    successes, trials
        How many of how many.
    confidence
        How often such an interval holds the true share.

    Returns
    -------
    tuple of float
        Low and high; 0 and 1 without trials.

    Raises
    ------
    ValueError
        When there are more successes than trials, or fewer than none.

    References
    ----------
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of the
    American Statistical Association 22 (1927), 209-212.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no share")
    if trials == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate, square = successes / trials, z * z / trials
    middle = (rate + square / 2) / (1 + square)
    half = z / (1 + square) * (rate * (1 - rate) / trials + square / (4 * trials)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def design_effect(successes: Floats, trials: Floats) -> float:
    """Tell how many times the variance of a share is what independent trials would have; at least 1.

    Parameters
    ----------
    successes, trials
        Of each cluster (execution), how many of how many.

    References
    ----------
    J. N. K. Rao and A. J. Scott, A simple method for the analysis of clustered binary data, Biometrics 48
    (1992), 577-585.
    """
    clusters, total = len(trials), float(np.sum(trials))
    if clusters < 2 or total == 0:
        return 1.0
    rate = float(np.sum(successes)) / total
    binomial = rate * (1 - rate) / total
    if binomial == 0:
        return 1.0
    residuals = successes - rate * trials
    variance = clusters / (clusters - 1) * float(np.sum(residuals**2)) / total**2
    return max(1.0, variance / binomial)


def share(successes: Floats, clusters: Codes, confidence: float = 0.95) -> Share:
    """Estimate a share of steps, which come in clusters.

    Parameters
    ----------
    successes
        Of each step, whether it counts: 0 or 1.
    clusters
        The execution to which each step belongs, as a number.
    confidence
        How often the interval holds the true share.

    Returns
    -------
    Share
        With Wilson's interval for as many independent trials as these are worth.
    """
    trials = len(successes)
    count = int(np.sum(successes))
    _, places = np.unique(clusters, return_inverse=True)
    sizes = np.bincount(places).astype(np.float64)
    effect = design_effect(np.bincount(places, weights=successes).astype(np.float64), sizes)
    low, high = wilson(count / effect, trials / effect, confidence)
    return Share(count, trials, count / trials if trials else float("nan"), low, high)


def difference(a: Share, b: Share) -> tuple[float, float, float]:
    """Return how much larger the share `b` is, with the interval of that.

    The confidence is that of the two shares' own intervals.

    References
    ----------
    R. G. Newcombe, Interval estimation for the difference between independent proportions: comparison of
    eleven methods, Statistics in Medicine 17 (1998), 873-890 (method 10).
    """
    apart = b.rate - a.rate
    below = ((b.rate - b.low) ** 2 + (a.high - a.rate) ** 2) ** 0.5
    above = ((b.high - b.rate) ** 2 + (a.rate - a.low) ** 2) ** 0.5
    return apart, apart - below, apart + above
