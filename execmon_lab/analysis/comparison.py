"""Did it get slower? Two sets of executions beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np

from .frame import Floats, Keys, Table
from .proportions import Share, difference, share
from .shift import Ratio, benjamini_hochberg, mann_whitney, ratio, unusual
from .steps import IDENTITY, Steps, labelled, medians, undisturbed

FEWEST = 5
"""Fewest executions a side of which anything is said."""
SMALLEST = 1.05
"""Smallest ratio that is worth a word."""
LEVEL = 0.05

SLOWER, FASTER, SAME, TOO_FEW = "slower", "faster", "no change shown", "too few runs"
MORE, LESS = "fails more often", "fails less often"

Label = tuple[Any, ...]


class Failures(NamedTuple):
    """Failure rates before and after; `apart` is their difference, low and high."""

    before: Share
    after: Share
    apart: tuple[float, float, float]
    verdict: str


class Finding(NamedTuple):
    """What came of one module: `a` and `b` are its executions' medians in seconds."""

    label: Label
    a: Floats
    b: Floats
    ratio: Ratio
    p: float
    q: float
    verdict: str
    failures: Failures

    @property
    def name(self) -> str:
        """What the finding is about, in a word."""
        return " on ".join(str(part) for part in self.label)

    @property
    def sentence(self) -> str:
        """The durations' verdict in words, with its interval."""
        if self.verdict not in (SLOWER, FASTER):
            return f"{self.name}: {self.verdict}"
        told = self.ratio
        return (
            f"{self.name} is {self.verdict}: {told.ratio:.2f} times as long "
            f"(95 % interval {told.low:.2f} to {told.high:.2f}), "
            f"{len(self.a)} against {len(self.b)} runs, q {small(self.q)}"
        )

    @property
    def failing_sentence(self) -> str:
        """The failure rates' verdict in words, with its interval."""
        before, after = percent(self.failures.before.rate), percent(self.failures.after.rate)
        apart, low, high = (100 * part for part in self.failures.apart)
        return (
            f"{self.name} {self.failures.verdict}: {after} of its steps fail, before it were {before} "
            f"({apart:+.1f} points, simultaneous 95 % interval {low:+.1f} to {high:+.1f})"
        )


class Comparison:
    """What came of `compare`; shown in a cell, the verdict in words and a table.

    Attributes
    ----------
    frame
        A row a module, of the kind that came in (see `compare`).
    findings : tuple of Finding
        The same as data, in the frame's order.
    """

    def __init__(self, frame: Any, findings: Sequence[Finding]) -> None:
        self.frame = frame
        self.findings = tuple(findings)

    @property
    def slower(self) -> list[str]:
        """What takes longer than before."""
        return [finding.name for finding in self.findings if finding.verdict == SLOWER]

    @property
    def faster(self) -> list[str]:
        """What takes less time than before."""
        return [finding.name for finding in self.findings if finding.verdict == FASTER]

    @property
    def verdict(self) -> str:
        """What is shown, in words, with the intervals; a line each."""
        told = [finding.sentence for finding in self.findings if finding.verdict in (SLOWER, FASTER)]
        told += [f.failing_sentence for f in self.findings if f.failures.verdict in (MORE, LESS)]
        same = sum(finding.verdict == SAME for finding in self.findings)
        few = sum(finding.verdict == TOO_FEW for finding in self.findings)
        if same or not self.findings:
            told.append(f"No change of duration shown in {same} of {len(self.findings)}")
        if few:
            told.append(f"Too few runs to tell in {few}: at least {FEWEST} a side are needed")
        return "\n".join(f"{sentence}." for sentence in told)

    def __repr__(self) -> str:
        return self.verdict

    def _repr_html_(self) -> str:
        lines = "".join(f"<li>{escape(line)}</li>" for line in self.verdict.splitlines())
        head = "".join(f"<th>{name}</th>" for name in _HEAD)
        rows = "".join(_row(finding) for finding in self.findings)
        return f"<ul>{lines}</ul><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


_HEAD = (
    "",
    "before",
    "after",
    "ratio",
    "95 % interval",
    "q",
    "duration",
    "fail before",
    "after",
    "failures",
)
_MARKS = {SLOWER: "▲ ", FASTER: "▼ ", MORE: "▲ ", LESS: "▼ "}


def _row(finding: Finding) -> str:
    told = finding.ratio
    known = not np.isnan(told.low)
    cells = (
        escape(finding.name),
        _seconds(finding.a),
        _seconds(finding.b),
        "" if np.isnan(told.ratio) else f"{told.ratio:.2f}",
        f"{told.low:.2f} to {told.high:.2f}" if known else "",
        "" if np.isnan(finding.q) else small(finding.q).removeprefix("= "),
        _MARKS.get(finding.verdict, "") + finding.verdict,
        percent(finding.failures.before.rate),
        percent(finding.failures.after.rate),
        _MARKS.get(finding.failures.verdict, "") + finding.failures.verdict,
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _seconds(values: Floats) -> str:
    return f"{np.median(values):.2f} s" if len(values) else ""


def percent(rate: float) -> str:
    """Write a share: ``3.4 %``; nothing when it is unknown."""
    return "" if np.isnan(rate) else f"{100 * rate:.1f} %"


def small(p: float) -> str:
    """Write a p or q with its sign: ``= 0.012``, ``< 0.001``."""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def compare(a: Any, b: Any, by: Sequence[str] = ("module_id",)) -> Comparison:
    """Tell what became slower or faster, and what fails more or less often, from `a` to `b`.

    The replicate is the execution, since the steps of one execution resemble each other: a module's value is
    the median of its first attempts that passed, one value an execution.

    Parameters
    ----------
    a, b
        Frames of attempts before and after (`execution_id`, `step_id`, `attempt`, `status`, `duration_s` and
        the columns of `by`).
    by
        What to tell apart.

    Returns
    -------
    Comparison
        Its `frame` has the columns of `by`; `runs_a` and `runs_b`, the executions that have a value;
        `median_a_s` and `median_b_s`, in seconds; `ratio` of the durations with `low` and `high`, its 95 %
        interval; `p`, and `q` across all rows; `verdict`: "slower" or "faster" (q under 0.05 and a ratio of
        more than 1.05, either way), "no change shown", or "too few runs" (under 5 a side);
        `failure_rate_a` and `failure_rate_b`, of the steps that were not skipped, `failure_difference` with
        `failure_low` and `failure_high` (95 % for all rows together), and `failure_verdict`.

    Raises
    ------
    MissingColumns
        When a frame lacks a column.

    See Also
    --------
    execmon_lab.analysis.shift : the statistics and where they come from.
    """
    tables = [Table(frame, [*IDENTITY, "duration_s", *by]) for frame in (a, b)]
    values = [_values(table, by) for table in tables]
    steps = [Steps(table, by) for table in tables]
    rows = [_rows(part) for part in steps]
    labels = sorted({*values[0], *values[1], *rows[0], *rows[1]}, key=lambda label: [str(p) for p in label])
    empty, none = np.zeros(0), np.zeros(0, dtype=np.intp)
    pairs = [(values[0].get(label, empty), values[1].get(label, empty)) for label in labels]
    enough = [min(len(before), len(after)) >= FEWEST for before, after in pairs]
    tests = [mann_whitney(*pair) if able else np.nan for pair, able in zip(pairs, enough, strict=True)]
    p = np.array(tests, dtype=np.float64)
    q = benjamini_hochberg(p)
    findings = []
    for i, label in enumerate(labels):
        told = _ratio(*pairs[i], enough[i])
        parts = [_ran(part, places.get(label, none)) for part, places in zip(steps, rows, strict=True)]
        findings.append(
            Finding(
                label,
                *pairs[i],
                told,
                float(p[i]),
                float(q[i]),
                duration_verdict(told.ratio, q[i]) if enough[i] else TOO_FEW,
                _failures(parts, len(labels)),
            )
        )
    return Comparison(tables[0].make(_columns(by, findings)), findings)


def duration_verdict(times: float, q: float) -> str:
    """Put a ratio and its q in words."""
    if q < LEVEL and times > SMALLEST:
        return SLOWER
    return FASTER if q < LEVEL and times < 1 / SMALLEST else SAME


def _values(table: Table, by: Sequence[str]) -> dict[Label, Floats]:
    """Return, for each group, one value an execution."""
    groups = Keys.joined([table.keys(name) for name in by])
    executions = table.keys("execution_id")
    size = max(1, len(executions.labels))
    pairs, middles = medians(undisturbed(table), groups.codes * size + executions.codes)
    owner = pairs // size
    return {label: middles[owner == place] for place, label in enumerate(groups.labels)}


def _rows(steps: Steps) -> dict[Label, Any]:
    return {label: rows[~steps.skipped[rows]] for label, rows in steps.groups.groups()}


def _ratio(a: Floats, b: Floats, enough: bool) -> Ratio:
    if enough:
        return ratio(a, b)
    known = len(a) and len(b)
    return Ratio(float(np.median(b) / np.median(a)) if known else np.nan, np.nan, np.nan)


def _ran(steps: Steps, rows: Any) -> tuple[Floats, Any]:
    return steps.failed[rows].astype(np.float64), steps.executions.codes[rows]


def _failures(parts: Sequence[tuple[Floats, Any]], rows: int) -> Failures:
    before, after = (share(failed, executions) for failed, executions in parts)
    strict = 1 - LEVEL / rows
    apart = difference(*(share(failed, executions, strict) for failed, executions in parts))
    if any(len(np.unique(executions)) < FEWEST for _, executions in parts):
        return Failures(before, after, apart, TOO_FEW)
    _, low, high = apart
    return Failures(before, after, apart, MORE if low > 0 else LESS if high < 0 else SAME)


def _columns(by: Sequence[str], findings: Sequence[Finding]) -> dict[str, Any]:
    def numbers(values: Any) -> Floats:
        return np.array(list(values), dtype=np.float64)

    columns: dict[str, Any] = labelled(by, [finding.label for finding in findings])
    columns["runs_a"] = np.array([len(finding.a) for finding in findings], dtype=np.int64)
    columns["runs_b"] = np.array([len(finding.b) for finding in findings], dtype=np.int64)
    columns["median_a_s"] = numbers(np.median(f.a) if len(f.a) else np.nan for f in findings)
    columns["median_b_s"] = numbers(np.median(f.b) if len(f.b) else np.nan for f in findings)
    columns["ratio"] = numbers(finding.ratio.ratio for finding in findings)
    columns["low"] = numbers(finding.ratio.low for finding in findings)
    columns["high"] = numbers(finding.ratio.high for finding in findings)
    columns["p"] = numbers(finding.p for finding in findings)
    columns["q"] = numbers(finding.q for finding in findings)
    columns["verdict"] = [finding.verdict for finding in findings]
    columns["failure_rate_a"] = numbers(finding.failures.before.rate for finding in findings)
    columns["failure_rate_b"] = numbers(finding.failures.after.rate for finding in findings)
    for i, name in enumerate(("failure_difference", "failure_low", "failure_high")):
        columns[name] = numbers(finding.failures.apart[i] for finding in findings)
    columns["failure_verdict"] = [finding.failures.verdict for finding in findings]
    return columns


def compare_run(attempts: Any, earlier: Any, by: Sequence[str] = ("module_id",)) -> Any:
    """Tell how one run stands beside earlier ones, for example the last good one or all good ones.

    Parameters
    ----------
    attempts
        The run: a frame of its attempts, with the columns that `compare` needs.
    earlier
        Attempts of earlier executions.
    by
        What to tell apart.

    Returns
    -------
    frame
        Of the kind that came in, a row a module of the run: the columns of `by`; `run_s`, the median of its
        first attempts that passed; `usual_s`, the median of that of the earlier executions; `earlier_runs`;
        `ratio`; `p` that an execution like the earlier ones has a value as far away (Student's t on the
        logarithms), `q` across the rows; `verdict`: "slower than usual", "faster than usual", "as usual", or
        "too few runs" (under 5).

    Raises
    ------
    MissingColumns
        When a frame lacks a column.
    ValueError
        When `attempts` has more than one execution.
    """
    now, before = (Table(frame, [*IDENTITY, "duration_s", *by]) for frame in (attempts, earlier))
    runs = len(now.keys("execution_id").labels)
    if runs > 1:
        raise ValueError(f"one run is compared with earlier ones: filter by execution_id, there are {runs}")
    values, usual = _values(now, by), _values(before, by)
    labels = [label for label, value in values.items() if len(value)]
    run = np.array([values[label][0] for label in labels], dtype=np.float64)
    known = [usual.get(label, np.zeros(0)) for label in labels]
    p = np.array(
        [
            unusual(float(np.log(value)), np.log(others)) if len(others) >= FEWEST else np.nan
            for value, others in zip(run, known, strict=True)
        ],
        dtype=np.float64,
    )
    q = benjamini_hochberg(p)
    middle = np.array([np.median(others) if len(others) else np.nan for others in known], dtype=np.float64)
    columns: dict[str, Any] = labelled(by, labels)
    columns |= {"run_s": run, "usual_s": middle}
    columns["earlier_runs"] = np.array([len(others) for others in known], dtype=np.int64)
    columns |= {"ratio": run / middle, "p": p, "q": q}
    columns["verdict"] = [_usual(*pair) for pair in zip(run / middle, q, strict=True)]
    return now.make(columns)


def _usual(times: float, q: float) -> str:
    if np.isnan(q):
        return TOO_FEW
    words = {SLOWER: "slower than usual", FASTER: "faster than usual", SAME: "as usual"}
    return words[duration_verdict(times, q)]
