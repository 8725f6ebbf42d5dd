"""What a module is given: its device, its log, and the verbs of a step."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn, Protocol

from ..devices import DeviceSession
from ..protocol import Level
from .outcome import Skipped
from .plan import PlannedStep
from .screenshots import Screenshots


class Attempt(Protocol):
    """What a context needs of the attempt behind it."""

    session: DeviceSession
    planned: PlannedStep
    number: int
    execution_id: str
    screenshots: Screenshots

    @property
    def name(self) -> str:
        """A file name without its ending, which no other attempt has."""

    @property
    def over(self) -> bool:
        """Whether the verdict has been given."""

    def log(self, level: Level, text: str) -> None:
        """Tell a line of the log."""

    def begin_action(self, name: str) -> None:
        """Begin a named part of the attempt, inside those that are open."""

    def end_action(self, *, failed: bool) -> None:
        """Tell that the innermost open action has ended."""

    def sleep(self, seconds: float) -> None:
        """Sleep, no longer than the attempt lives."""


class Log:
    """Lines of the execution's log, told live (specification, "Live Log Entry").

    As with `logging`, further arguments are put into the text by ``%``.
    """

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    def debug(self, text: object, *args: object) -> None:
        """Log at level DEBUG."""
        self._log("DEBUG", text, args)

    def info(self, text: object, *args: object) -> None:
        """Log at level INFO."""
        self._log("INFO", text, args)

    def warn(self, text: object, *args: object) -> None:
        """Log at level WARN."""
        self._log("WARN", text, args)

    warning = warn

    def error(self, text: object, *args: object) -> None:
        """Log at level ERROR; the attempt goes on."""
        self._log("ERROR", text, args)

    def _log(self, level: Level, text: object, args: tuple[object, ...]) -> None:
        self._attempt.log(level, str(text) % args if args else str(text))


class Context:
    """One attempt of a step, as its module sees it.

    Attributes
    ----------
    device : DeviceSession
        The device that the step runs on, for as long as the attempt lives.
    log : Log
        The execution's log.
    params : mapping
        What the module was bound to by `Module.with_args`.
    attempt : int
        Which attempt this is, from 1.
    execution_id, step_id, module_id : str
        As messages carry them.
    """

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._failures: list[str] = []
        self._pictures = 0
        self.device: DeviceSession = attempt.session
        self.log = Log(attempt)
        self.params: Mapping[str, Any] = attempt.planned.module.params
        self.attempt = attempt.number
        self.execution_id = attempt.execution_id
        self.step_id = attempt.planned.step_id
        self.module_id = attempt.planned.module.module_id

    def __repr__(self) -> str:
        return f"<Context of {self._attempt}>"

    @property
    def cancelled(self) -> bool:
        """Whether the attempt is over (timeout, cancel, lost device), for loops that end by themselves."""
        return self._attempt.over

    @contextlib.contextmanager
    def action(self, name: str) -> Iterator[None]:
        """Name a part of the step: ``with ctx.action("compose"):``. Actions may hold others.

        It is told when it ends, with its duration, and as failed when an exception leaves it.
        """
        self._attempt.begin_action(name)
        failed = True
        try:
            yield
            failed = False
        except Skipped:
            failed = False
            raise
        finally:
            self._attempt.end_action(failed=failed)

    def expect(self, condition: object, message: str, *, soft: bool = False) -> None:
        """Check something.

        Parameters
        ----------
        condition
            What must be true.
        message
            What is expected, as the failure tells it.
        soft
            Go on after a failure; the attempt fails at its end, with all that failed.

        Raises
        ------
        AssertionError
            With `message`, when `condition` is not true.
        """
        if condition:
            return
        if not soft:
            raise AssertionError(message)
        self._failures.append(message)
        self.log.warn("Check failed: %s", message)

    def check_expectations(self) -> None:
        """Raise what soft checks have found; the engine does so when the module has returned.

        Raises
        ------
        AssertionError
            Naming every check that failed.
        """
        failures, self._failures = self._failures, []
        if len(failures) == 1:
            raise AssertionError(failures[0])
        if failures:
            raise AssertionError(f"{len(failures)} checks failed: {'; '.join(failures)}")

    def screenshot(self, name: str | None = None) -> str | None:
        """Keep a picture of the screen as it is now, besides the one that every attempt leaves.

        Parameters
        ----------
        name
            Becomes part of the file's name.

        Returns
        -------
        str or None
            Its address on the server; None when it could not be kept, which the log then tells.
        """
        image = self.device.screenshot()
        self._pictures += 1
        label = re.sub(r"[^A-Za-z0-9_-]+", "-", name or "").strip("-")[:60]
        file = "-".join(filter(None, (self._attempt.name, str(self._pictures), label)))
        try:
            url = self._attempt.screenshots.keep(file, image)
        except OSError as error:
            self.log.warn("The screenshot could not be kept: %s", error)
            return None
        self.log.info("Screenshot %s", url)
        return url

    def skip(self, reason: str) -> NoReturn:
        """End the step here as skipped, which is neither passed nor failed."""
        raise Skipped(reason)

    def sleep(self, seconds: float) -> None:
        """Wait; ends at once when the attempt does."""
        self._attempt.sleep(seconds)
