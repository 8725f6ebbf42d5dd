"""An execution in the terminal: a line for each attempt that ended, and a bar that stays below them."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from .protocol import (
    ErrorMessage,
    ExecutionCompleted,
    ExecutionProgress,
    ExecutionSnapshot,
    LogEntry,
    Message,
    StepCompleted,
    StepFailed,
    StepStarted,
)
from .state import ExecutionState

_MARKS = {
    "completed": ("✓", "green"),
    "skipped": ("–", "yellow"),
    "retried": ("↻", "yellow"),
    "failed": ("✗", "red"),
}


class ExecutionDisplay:
    """Shows messages of one execution as they come; a context manager, for the bar.

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
            case StepStarted() | ExecutionProgress() | ExecutionSnapshot():
                self._advance()
            case StepCompleted():
                self._line(message.status, message, f"{message.duration_seconds:.2f} s", message.reason or "")
                self._advance()
            case StepFailed():
                spent = f"{message.duration_seconds:.2f} s" if message.duration_seconds else ""
                mark = "retried" if message.will_retry else "failed"
                self._line(mark, message, spent, f"{message.error_code}: {message.error_message}")
                self._advance()
            case ErrorMessage():
                self._print(Text(f"! {message.code}: {message.message}", style="bold red"))
            case LogEntry() if message.level in self._levels:
                self._print(Text(f"    {message.level:<5} {message.message}", style="dim"))
            case ExecutionCompleted():
                self._summary(message)

    def _line(self, mark: str, message: StepCompleted | StepFailed, spent: str, reason: str) -> None:
        sign, colour = _MARKS[mark]
        line = Text(f"{sign} ", style=f"bold {colour}")
        line.append(f"{message.module_id:<26}", style="default")
        line.append(f"{message.device_id:<16}", style="dim not bold")
        line.append(f"{spent:>9}", style="not bold")
        if reason:
            first, *_ = reason.splitlines()
            line.append(f"  {first}", style=f"not bold {colour}")
        if mark == "retried":
            line.append("  (will be retried)", style="dim not bold")
        self._print(line)

    def _summary(self, message: ExecutionCompleted) -> None:
        skipped = message.total_steps - message.successful_steps - message.failed_steps
        parts = [f"{message.successful_steps} passed", f"{message.failed_steps} failed"]
        if skipped:
            parts.append(f"{skipped} skipped or not run")
        colour = "green" if message.status == "completed" and not message.failed_steps else "red"
        self._progress.update(self._task, visible=False)
        spent = f"{message.total_steps} steps in {message.duration_seconds:.1f} s"
        self._print(Text(f"{message.status}: {', '.join(parts)}, {spent}", style=f"bold {colour}"))

    def _advance(self) -> None:
        if self._state is None:
            return
        state = self._state.snapshot()
        done = sum(step.status in ("completed", "failed", "skipped") for step in state.steps)
        self._progress.update(
            self._task,
            description=state.current_step or "waiting",
            completed=state.progress_percentage,
            steps=f"{done}/{len(state.steps)} steps",
        )

    def _print(self, text: Text) -> None:
        self._progress.console.print(text, highlight=False, soft_wrap=not self._console.is_terminal)


def _levels_from(lowest: str | None) -> frozenset[str]:
    levels = ["DEBUG", "INFO", "WARN", "ERROR"]
    return frozenset(levels[levels.index(lowest) :]) if lowest else frozenset()
