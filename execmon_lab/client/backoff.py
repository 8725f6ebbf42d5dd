"""How long to wait before connecting again (specification, "Reconnection Handling")."""

import random
from collections.abc import Iterator

FIRST_SECONDS = 0.25
MOST_SECONDS = 30.0


def delays(first: float = FIRST_SECONDS, most: float = MOST_SECONDS) -> Iterator[float]:
    """Give waiting times without end: each twice the one before, up to a bound, and then by chance less.

    Chance keeps a thousand clients of a server that went down from coming back in the same moment.

    Parameters
    ----------
    first, most
        The bound of the first, and of every delay, in seconds.
    """
    bound = first
    while True:
        yield random.uniform(bound / 2, bound)
        bound = min(bound * 2, most)
