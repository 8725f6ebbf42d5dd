"""An execution in the terminal: a line for each attempt that ended, and a bar that stays below them."""

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from msgspec import UNSET
from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.segment import Segment
from rich.text import Text

from .protocol import (
    Attempt,
    ErrorMessage,
    ExecutionCompleted,
    ExecutionSnapshot,
    LogEntry,
    Message,
    Pause,
    Step,
)
from .state import FINAL, OPEN, ExecutionState

LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")

_MARKS = {
    "completed": ("✓", "green"),
    "skipped": ("–", "yellow"),
    "retried": ("↻", "yellow"),
    "failed": ("✗", "red"),
}

_MODULE_WIDTH = 24
_WHERE_WIDTH = (20, 60)
_WILL_BE_RETRIED = "  will be retried"
_BESIDES = 2 + _MODULE_WIDTH + 2 + 8 + len(_WILL_BE_RETRIED)
"""What else stands in an attempt's line: its sign, its module, the time it took, what comes of it."""


_STEERING = dict.fromkeys(
    (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "�"
)
del _STEERING[ord("\n")], _STEERING[ord("\t")]


class PlainConsole(Console):
    """A console on which somebody's text stays text: what would steer the terminal is shown as a sign."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Give what is to be printed; rich's own control codes come apart from text."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=segment.text.translate(_STEERING))


class ExecutionDisplay:
    """Shows messages of one execution as they come; a context manager, for the bar.

    Each attempt is shown once, and so are errors and the end, whether a message tells them or a later state:
    one who comes late, or comes back, sees what he missed.

    Parameters
    ----------
    console
        Where to. What is no terminal gets the lines without the bar.
    logs
        Also show the execution's own log, from this level on; none, when absent.
    """

    def __init__(self, console: Console, *, logs: str | None = None) -> None:
        self._console = console
        self._levels = _levels_from(logs)
        self._state: ExecutionState | None = None
        self._shown: set[tuple[str, int]] = set()
        self._problems: set[tuple[str, str, str]] = set()
        self._paused: dict[str, Pause] = {}
        self._ended = False
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[steps]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            expand=True,
        )
        self._task = self._progress.add_task("waiting", total=100, steps="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, message: Message) -> None:
        """Take the next message in, and show what it says."""
        if isinstance(message, ExecutionSnapshot):
            self._state = ExecutionState(message)
        elif self._state is not None:
            self._state.fold(message)
        match message:
            case ErrorMessage():
                self._problem(message.code, message.message, message.timestamp)
            case LogEntry():
                if message.level in self._levels:
                    of = "" if message.source is UNSET else f"{message.source} "
                    self._print(Text(f"    {message.level:<5} {of}{message.message}", style="dim"))
            case ExecutionCompleted():
                skipped = message.total_steps - message.successful_steps - message.failed_steps
                self._summary(
                    message.status,
                    (message.successful_steps, message.failed_steps, skipped),
                    message.duration_seconds,
                )
            case _:
                self._advance()

    def note(self, text: str) -> None:
        """Show a line that is not the execution's."""
        self._print(Text(f"~ {text}", style="yellow"))

    def _problem(self, code: str, text: str, when: str) -> None:
        if (code, text, when) not in self._problems:
            self._problems.add((code, text, when))
            self._print(Text(f"! {code}: {text}", style="bold red"))

    def _attempts(self, step: Step) -> None:
        for attempt in step.attempts:
            known = (step.step_id, attempt.attempt)
            if attempt.status != "running" and known not in self._shown:
                self._shown.add(known)
                self._line(step, attempt)

    def _pauses(self, state: ExecutionSnapshot) -> None:
        """Tell each device that has come to wait, and each that goes on."""
        paused = {pause.device_id: pause for pause in state.paused if pause.status == "paused"}
        for device_id in self._paused.keys() - paused.keys():
            if state.status not in FINAL:
                self._print(Text(f"▶ {device_id} goes on", style="yellow"))
        for device_id, pause in paused.items():
            if pause != self._paused.get(device_id):
                self._print(Text(f"‖ {_waits(pause, state)}", style="bold yellow"))
        self._paused = paused

    def _line(self, step: Step, attempt: Attempt) -> None:
        retried = attempt.status == "failed" and (step.status in OPEN or attempt != step.attempts[-1])
        sign, colour = _MARKS["retried" if retried else attempt.status]
        spent = "" if attempt.duration_seconds is None else f"{attempt.duration_seconds:.2f} s"
        line = Text(f"{sign} ", style=f"bold {colour}")
        line.append(f"{step.module_id:<{_MODULE_WIDTH}} ", style="default")
        width = min(max(self._console.width - _BESIDES, _WHERE_WIDTH[0]), _WHERE_WIDTH[1])
        line.append(f"{_cut(self._where(step), width):<{width}} ", style="dim not bold")
        line.append(f"{spent:>8}", style="not bold")
        if retried:
            line.append(_WILL_BE_RETRIED, style="dim not bold")
        self._print(line)
        reason = ": ".join(filter(None, (attempt.error_code, attempt.error_message)))
        if reason:
            self._print(self._indented(Text(reason, style=colour)))

    def _indented(self, text: Text) -> Text | Padding:
        """What is read by programs is not wrapped."""
        if self._console.is_terminal:
            return Padding(text, (0, 0, 0, 4), expand=False)
        return Text("\n").join(Text("    ").append_text(line) for line in text.split("\n"))

    def _where(self, step: Step) -> str:
        """What tells this step from its like: what its module was bound to, and its device among several."""
        several = self._state is not None and len(self._state.snapshot().devices) > 1
        return " · ".join(filter(None, (step.device_id if several else "", step.params or "")))

    def _summary(self, status: str, counts: tuple[int, int, int], seconds: float) -> None:
        """Tell the end: how many steps passed, failed, and did neither."""
        if self._ended:
            return
        self._ended = True
        passed, failed, skipped = counts
        parts = [f"{passed} passed", f"{failed} failed"]
        if skipped:
            parts.append(f"{skipped} skipped or not run")
        colour = "green" if status == "completed" and not failed else "red"
        self._progress.update(self._task, visible=False)
        spent = f"{sum(counts)} steps in {seconds:.1f} s"
        self._print(Text(f"{status}: {', '.join(parts)}, {spent}", style=f"bold {colour}"))

    def _advance(self) -> None:
        if self._state is None:
            return
        state = self._state.snapshot()
        for step in state.steps:
            self._attempts(step)
        for problem in state.errors:
            self._problem(problem.code, problem.message, problem.timestamp)
        self._pauses(state)
        statuses = [step.status for step in state.steps]
        done = sum(status not in OPEN for status in statuses)
        self._progress.update(
            self._task,
            description="paused" if self._paused else state.current_step or "waiting",
            completed=state.progress_percentage,
            steps=f"{done}/{len(statuses)} steps",
        )
        if state.status in FINAL:
            passed, failed = statuses.count("completed"), statuses.count("failed")
            counts = (passed, failed, len(statuses) - passed - failed)
            self._summary(state.status, counts, state.duration_seconds or 0.0)

    def _print(self, text: Text | Padding) -> None:
        self._progress.console.print(text, highlight=False, soft_wrap=not self._console.is_terminal)


def _waits(pause: Pause, state: ExecutionSnapshot) -> str:
    module_id = next((step.module_id for step in state.steps if step.step_id == pause.step_id), None)
    why = "on the failure of" if pause.reason == "failure" else "before"
    return f"{pause.device_id} is paused {why} {module_id or 'the end'}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _levels_from(lowest: str | None) -> frozenset[str]:
    return frozenset(LEVELS[LEVELS.index(lowest) :]) if lowest else frozenset()
