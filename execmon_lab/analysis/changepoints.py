"""Where a series changes its level."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .frame import Floats
from .shift import ranks

SHORTEST = 5
"""Fewest values on each side of a change."""
PERMUTATIONS = 999
LEVEL = 0.01
"""How often a series without a change may be said to have one."""


class ChangePoint(NamedTuple):
    """The place of the first value of the new level, and how often chance does as much."""

    at: int
    p: float


def change_points(series: Floats, level: float = LEVEL, seed: int = 0) -> list[ChangePoint]:
    """Find the places at which a series changes its level, in their order.

    The largest standardized sum of ranks' deviations (a rank CUSUM) is compared with those of random orders
    of the same values; a change found parts the series, and each part is looked at by itself.

    Parameters
    ----------
    series
        Values in the order of time.
    level
        How often a series without a change may be said to have one.
    seed
        Of the random orders.

    References
    ----------
    A. N. Pettitt, A non-parametric approach to the change-point problem, Applied Statistics 28 (1979),
    126-135.
    L. J. Vostrikova, Detecting disorder in multidimensional random processes, Soviet Mathematics Doklady 24
    (1981), 55-59 (parting).
    """
    found = most_likely(series, seed)
    if found is None or found.p > level:
        return []
    before = change_points(series[: found.at], level, seed + 1)
    after = change_points(series[found.at :], level, seed + 2)
    return [*before, found, *(ChangePoint(found.at + point.at, point.p) for point in after)]


def most_likely(series: Floats, seed: int = 0, permutations: int = PERMUTATIONS) -> ChangePoint | None:
    """Return the most likely place of a change, with its p; None for a series too short for any."""
    size = len(series)
    if size < 2 * SHORTEST:
        return None
    rank = ranks(series)
    observed = _statistic(rank[None, :])[0]
    place = int(np.argmax(observed))
    random = np.random.default_rng(seed)
    shuffled = random.permuted(np.broadcast_to(rank, (permutations, size)), axis=1)
    as_large = int(np.sum(_statistic(shuffled).max(axis=1) >= observed[place]))
    return ChangePoint(place + SHORTEST, (1 + as_large) / (1 + permutations))


def _statistic(rank: Floats) -> Floats:
    """Return, for each row and place, how far the ranks before it are from their mean, standardized."""
    size = rank.shape[1]
    places = np.arange(SHORTEST, size - SHORTEST + 1)
    sums = np.cumsum(rank - (size + 1) / 2, axis=1)[:, places - 1]
    return np.asarray(np.abs(sums) / np.sqrt(places * (size - places) / size), dtype=np.float64)
