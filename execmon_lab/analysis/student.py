"""Student's t distribution, as far as it is needed here."""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, pi, sqrt

import numpy as np

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


def survival(t: float, freedom: int) -> float:
    """Return the probability of a value above `t`, which is 0 or more.

    The density's integral in the angle whose tangent is t / sqrt(freedom), by Gauss and Legendre's rule.

    References
    ----------
    Student, The probable error of a mean, Biometrika 6 (1908), 1-25.
    """
    begin, end = np.arctan(t / sqrt(freedom)), pi / 2
    angles = begin + (_NODES + 1) / 2 * (end - begin)
    scale = exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(pi)
    area = float(np.sum(_WEIGHTS * np.cos(angles) ** (freedom - 1))) * (end - begin) / 2
    return float(scale * area)


@lru_cache(maxsize=1024)
def upper(tail: float, freedom: int) -> float:
    """Return the value above which `tail` of the distribution lies; `tail` is under one half."""
    low, high = 0.0, 1.0
    while survival(high, freedom) > tail:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if survival(middle, freedom) > tail else (low, middle)
    return (low + high) / 2
