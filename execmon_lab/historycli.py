"""`execmon-lab history`: what was kept, in a terminal."""

from __future__ import annotations

import functools
import json
import re
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, TypeVar

import typer
from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .history import History, HistoryError, Retention, StoredExecution, UnknownRun, tables
from .protocol import encode, timestamp
from .terminal import LEVELS, PlainConsole

if TYPE_CHECKING:
    from .protocol import Attempt, Step

T = TypeVar("T")

USAGE = 2

app = typer.Typer(help="What ran before: list, show, compare, export, import, prune.", no_args_is_help=True)

Folder = Annotated[
    Path | None,
    typer.Option(
        "--history",
        help="The history's folder; the user's own, when absent.",
        metavar="FOLDER",
        file_okay=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Id = Annotated[
    str, typer.Argument(help="An execution's UUID, its first letters, or 'last'.", metavar="EXECUTION")
]

_MARKS = {
    "completed": ("✓", "green"),
    "failed": ("✗", "red"),
    "cancelled": ("■", "yellow"),
    "interrupted": ("!", "red"),
    "skipped": ("–", "yellow"),
    "running": ("▶", "cyan"),
    "pending": ("·", "dim"),
}
STATUSES = frozenset(_MARKS) - {"skipped", "pending"}
"""What an execution of a history may be; a step may be more."""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


@app.command("list")
def list_runs(
    name: Annotated[list[str] | None, typer.Option(help="Only of this plan; may be given again.")] = None,
    status: Annotated[
        list[str] | None, typer.Option(help="Only with this status; may be given again.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only from this day or time on (UTC).", metavar="DATE")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Only before this day or time.", metavar="DATE")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Only the newest; 0 for all.")] = 20,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """List the executions, the newest first."""
    unknown = ", ".join(sorted(set(status or ()) - STATUSES))
    if unknown:
        raise typer.BadParameter(f"{unknown}: it is one of {', '.join(sorted(STATUSES))}")
    history = History(folder)
    rows = told(
        lambda: history.rows(
            tables.EXECUTIONS, name=name or None, status=status or None, since=since, until=until
        )
    )
    shown = rows[::-1][: limit or None]
    if as_json:
        _print_json([_jsonable(row) for row in shown])
        return
    if not rows:
        filtered = name or status or since or until
        _say(f"nothing {'that fits ' if filtered else ''}is kept in {history.folder}")
        return
    table = _table("execution", "plan", "began (UTC)", "took", "steps", "devices", status=True)
    for row in shown:
        table.add_row(
            _mark(_outcome(row)),
            row["execution_id"][:8],
            Text((row["name"] or "–") + (" (made up)" if row["made_up"] else "")),
            f"{row['started_at'].astimezone(UTC):%Y-%m-%d %H:%M}",
            _took(row["duration_s"]),
            _counts(row),
            _devices(row["devices"]),
        )
    _show(table)
    if len(shown) < len(rows):
        _say(f"{len(rows) - len(shown)} older ones: --limit 0 shows all", style="dim")


@app.command()
def show(
    execution: Id,
    logs: Annotated[
        Literal["DEBUG", "INFO", "WARN", "ERROR"] | None,
        typer.Option(help="Also its log, from this level on.", case_sensitive=False),
    ] = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Show one execution: its steps with every attempt, its errors, its devices."""
    found = find(History(folder), execution)
    wanted = LEVELS[LEVELS.index(logs) :] if logs else ()
    if as_json:
        _print_json(_as_json(found, wanted))
        return
    console = PlainConsole()
    head = Text.assemble(
        _mark(_status(found)), " ", (found.name or "Execution", "bold"), f"  {found.execution_id}"
    )
    console.print(head, soft_wrap=True)
    statuses = [step.status for step in found.state.steps]
    counts = {
        "status": found.status,
        "total_steps": len(statuses),
        "successful_steps": statuses.count("completed"),
        "failed_steps": statuses.count("failed"),
    }
    when = Text(f"  began {_when(found.started_at)}, took {_took(found.duration_s)}, ")
    console.print(when + _counts(counts), highlight=False)
    for device in found.state.devices:
        facts = _facts(found.devices.get(device.device_id, {}))
        console.print(Padding(Text(f"{device.device_id}  {facts}", style="dim"), (0, 0, 0, 2)))
    for problem in found.state.errors:
        console.print(Text(f"  ! {problem.code}: {problem.message}", style="bold red"))
    _show(_steps(found))
    shots = list(found.screenshots.values())
    if found.recording is not None:
        console.print(Text(f"  recording: {found.recording}", style="dim"), soft_wrap=True)
    if shots:
        console.print(Text(f"  {len(shots)} screenshots in {shots[0].parent}", style="dim"), soft_wrap=True)
    if wanted:
        console.print()
        for line in found.logs:
            if line.level in wanted:
                text = f"{line.timestamp[11:23]}  {line.level:<5} {line.module_id}: {line.message}"
                console.print(Text(text), soft_wrap=True)


@app.command()
def compare(
    before: Annotated[str, typer.Argument(help="An execution, or the days FROM..UNTIL.", metavar="BEFORE")],
    after: Annotated[str, typer.Argument(help="The same.", metavar="AFTER")],
    name: Annotated[str | None, typer.Option(help="Of the days' executions, those of this plan.")] = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Tell what became slower or faster, or fails more or less often; needs the `analysis` extra."""
    history = History(folder)
    try:
        from .analysis import compare as compared

        sides = [history.attempts(**_chosen(history, which, name)) for which in (before, after)]
    except ModuleNotFoundError as error:
        fail(str(error))
    result = compared(*sides)
    if as_json:
        _print_json({"verdict": result.verdict, "modules": _records(result.frame)})
        return
    console = PlainConsole()
    console.print(Text(result.verdict, style="bold"))
    table = _table("module", "runs", "before", "after", "ratio (95 %)", "failing")
    for row in _records(result.frame):
        table.add_row(
            Text(str(row["module_id"])),
            f"{row['runs_a']} / {row['runs_b']}",
            _took(row["median_a_s"]),
            _took(row["median_b_s"]),
            Text(_interval(row["ratio"], row["low"], row["high"]) + "\n") + _verdict(row["verdict"]),
            Text(f"{_percent(row['failure_rate_a'])} → {_percent(row['failure_rate_b'])}\n")
            + _verdict(row["failure_verdict"]),
        )
    _show(table)


@app.command()
def export(
    execution: Id,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file; EXECUTION.execmon.zip, when absent.")
    ] = None,
    folder: Folder = None,
) -> None:
    """Write one execution, with its screenshots and recording, to a file for another machine."""
    history = History(folder)
    found = find(history, execution)
    path = told(lambda: history.export(found.execution_id, output))
    typer.echo(str(path))


@app.command("import")
def import_runs(
    files: Annotated[list[Path], typer.Argument(help="What 'export' wrote.", metavar="FILE…")],
    folder: Folder = None,
) -> None:
    """Take in executions from other machines."""
    history = History(folder)
    for file in files:
        typer.echo(told(functools.partial(history.import_run, file)).execution_id)


@app.command()
def prune(
    days: Annotated[float | None, typer.Option(help="Keep what ended in so many days.")] = None,
    max_size: Annotated[
        str | None, typer.Option(help="Keep the newest of so much, as 20GB.", metavar="SIZE")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be deleted.")] = False,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Delete old executions with their screenshots and recordings; what runs is always kept."""
    if days is None and max_size is None:
        raise typer.BadParameter("say what to keep: --days, --max-size, or both")
    try:
        keep = Retention(days=days, max_bytes=_bytes(max_size) if max_size is not None else None)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    history = History(folder)
    surplus = {run.execution_id: run.size for run in told(lambda: history.surplus(keep))}
    gone = list(surplus) if dry_run else told(lambda: history.prune(keep))
    freed = sum(surplus.get(execution_id, 0) for execution_id in gone)
    if as_json:
        _print_json({"deleted": gone, "bytes": freed, "dry_run": dry_run})
        return
    for execution_id in gone:
        typer.echo(execution_id)
    verb = "would be deleted" if dry_run else "deleted"
    _say(f"{len(gone)} execution{'s' * (len(gone) != 1)} {verb}, {freed / (1 << 20):.1f} MB", style="bold")


# Finding


def find(history: History, word: str) -> StoredExecution:
    """Find an execution by what a user calls it (see `Id`); ends the command where there is none."""
    return told(lambda: history.execution(_id_of(history, word)))


def _id_of(history: History, word: str) -> str:
    known = [row["execution_id"] for row in told(lambda: history.rows(tables.EXECUTIONS))]
    if word == "last" and known:
        return str(known[-1])
    fits = [found for found in known if found.startswith(word.lower())]
    if not fits:
        fail(f"no execution {word} in {history.folder}; 'execmon-lab history list' lists them")
    if len(fits) > 1:
        fail(f"{word} is the beginning of {len(fits)} executions: {', '.join(fits[:5])}")
    return str(fits[0])


def _chosen(history: History, word: str, name: str | None) -> dict[str, Any]:
    """Read an execution, or a span of days, as filters."""
    since, dots, until = word.partition("..")
    if not dots:
        return {"execution_id": _id_of(history, word)}
    span = {"since": since or None, "until": until or None, "name": name}
    rows = told(functools.partial(history.rows, tables.EXECUTIONS, **span))
    if not rows:
        fail(f"no execution {f'of {name} ' if name else ''}began in {word}")
    return {"execution_id": [row["execution_id"] for row in rows]}


def told(ask: Callable[[], T]) -> T:
    """Ask the history; what is wrong is told, and ends the command."""
    try:
        return ask()
    except UnknownRun as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error))
    except (HistoryError, ValueError, TypeError) as error:
        fail(str(error))


def fail(text: str) -> NoReturn:
    """End the command, and say why."""
    PlainConsole(stderr=True).print(text, style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(USAGE)


def _bytes(text: str) -> int:
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no size: write it as 500MB or 20GB")
    return int(float(found[1]) * _UNITS[found[2].upper()])


# Showing


def _table(*columns: str, status: bool = False) -> Table:
    """Begin a table that a terminal of 80 columns can show."""
    table = Table(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold"
    )
    if status:
        table.add_column("", width=1)
    right = ("took", "before", "after", "runs")
    whole = (*right, "execution", "attempt", "began (UTC)")
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in right else "left"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=column in whole)
    return table


def _steps(found: StoredExecution) -> Table:
    several = len(found.state.devices) > 1
    table = _table(*(["device"] if several else []), "step", "attempt", "took", "what happened", status=True)
    for step in found.state.steps:
        for attempt in step.attempts or (None,):
            table.add_row(*_cells(step, attempt, found, several))
    return table


def _cells(step: Step, attempt: Attempt | None, found: StoredExecution, several: bool) -> list[Text | str]:
    first = attempt is None or attempt is step.attempts[0]
    status: str = step.status if attempt is None else attempt.status
    if status == "running" and found.status == "interrupted":
        status = "interrupted"
    said = attempt and ": ".join(filter(None, (attempt.error_code, attempt.error_message)))
    params = step.params if isinstance(step.params, str) else ""
    return [
        _mark(status),
        *([Text(step.device_id if first else "")] if several else []),
        Text("\n").join([Text(step.module_id), *([Text(params, style="dim")] if params else [])])
        if first
        else "",
        "" if attempt is None else str(attempt.attempt),
        _took(attempt.duration_seconds if attempt is not None else None),
        Text(said or ("" if status == "completed" else status), style=_MARKS[status][1]),
    ]


def _outcome(row: dict[str, Any]) -> str:
    return "failed" if row["status"] == "completed" and row["failed_steps"] else str(row["status"])


def _status(found: StoredExecution) -> str:
    return "failed" if found.status == "completed" and not found.passed else found.status


def _mark(status: str) -> Text:
    sign, style = _MARKS[status]
    return Text(sign, style=style)


def _counts(row: dict[str, Any]) -> Text:
    text = Text(f"{row['successful_steps']}/{row['total_steps']} passed")
    if row["failed_steps"]:
        text.append(f", {row['failed_steps']} failed", style="red")
    if row["status"] not in ("completed", "failed"):
        text.append(f", {row['status']}", style=_MARKS[row["status"]][1])
    return text


def _facts(known: dict[str, str]) -> str:
    """What a device is, in a line: a maker and a model say by themselves what they are."""
    return " · ".join(
        value if name in ("manufacturer", "model") else f"{name} {value}" for name, value in known.items()
    )


def _devices(joined: str) -> Text:
    serials = joined.split(", ")
    return Text(joined if len(serials) <= 2 else f"{len(serials)} devices")


def _when(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z" if at is not None else "–"


def _took(seconds: float | None) -> str:
    if seconds is None or seconds != seconds:
        return "–"
    return f"{seconds:.2f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def _percent(rate: float | None) -> str:
    return "–" if rate is None or rate != rate else f"{100 * rate:.0f} %"


def _interval(ratio: float | None, low: float | None, high: float | None) -> str:
    if ratio is None or low is None or high is None or ratio != ratio:
        return "–"
    return f"{ratio:.2f}" if low != low else f"{ratio:.2f} ({low:.2f} to {high:.2f})"


def _verdict(text: str) -> Text:
    style = {"slower": "red", "fails more often": "red", "faster": "green", "fails less often": "green"}
    return Text(text, style=style.get(text, "dim"))


def _records(frame: Any) -> list[dict[str, Any]]:
    found = frame.to_dicts() if hasattr(frame, "to_dicts") else frame.to_dict("records")
    return [{name: _jsonable_value(value) for name, value in row.items()} for row in found]


def _jsonable(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _jsonable_value(value) for name, value in row.items()}


def _jsonable_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return timestamp(value)
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and value != value else value


def _as_json(found: StoredExecution, levels: Iterable[str]) -> dict[str, Any]:
    wanted = frozenset(levels)
    return {
        "execution_id": found.execution_id,
        "status": found.status,
        "started_at": timestamp(found.started_at),
        "ended_at": timestamp(found.ended_at) if found.ended_at is not None else None,
        "duration_s": found.duration_s,
        "made_up": found.made_up,
        "devices": found.devices,
        "recording": str(found.recording) if found.recording is not None else None,
        "screenshots": {url: str(path) for url, path in found.screenshots.items()},
        "state": json.loads(encode(found.state)),
        "logs": [json.loads(encode(line)) for line in found.logs if line.level in wanted] if wanted else [],
    }


def _print_json(content: object) -> None:
    sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def _say(text: str, style: str = "") -> None:
    PlainConsole().print(text, style=style, highlight=False, markup=False, soft_wrap=True)


def _show(table: Table) -> None:
    console = PlainConsole()
    console.print()
    console.print(table)
    console.print()
