"""What the runs say together: durations, retries, flakiness, comparisons, trends, where the time goes.

    from execmon_lab import analysis

    analysis.compare(before, after)              # did it get slower?
    analysis.trend(attempts, "sms_test_module")  # since when?
    analysis.failure_rates(attempts)             # on which device?

Every function takes a frame that narwhals knows (of pandas, polars and others) and returns one of the same
kind. Times are UTC, durations seconds. Needs the `analysis` extra.
"""

try:
    from .comparison import Comparison, Finding, compare, compare_run
    from .durations import durations, slowest
    from .frame import MissingColumns
    from .made_up import STORY, made_up, made_up_frames, make_up
    from .reliability import failure_rates, flakiness, retries
    from .timeuse import critical_path, time_use
    from .trend import Change, Trend, changes, trend
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "the analysis needs numpy and narwhals: pip install 'execmon-lab[analysis]'", name=error.name
    ) from error

__all__ = [
    "STORY",
    "Change",
    "Comparison",
    "Finding",
    "MissingColumns",
    "Trend",
    "changes",
    "compare",
    "compare_run",
    "critical_path",
    "durations",
    "failure_rates",
    "flakiness",
    "made_up",
    "made_up_frames",
    "make_up",
    "retries",
    "slowest",
    "time_use",
    "trend",
]
