"""One device's part of an execution: it takes steps, runs their attempts, and tells their outcomes."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable

from ..devices import Device, DeviceError, DeviceSession
from ..protocol import ErrorCode
from .attempt import Attempt
from .course import Course
from .gate import Gate
from .outcome import Outcome
from .plan import Pending
from .queue import StepQueue
from .reporter import Reporter

log = logging.getLogger(__name__)

LOST_SECONDS = 1.0
"""How long a device must be away before the step on it, whatever it is doing, is ended."""
PICTURE_SECONDS = 5.0
"""How long the picture at an attempt's end may take."""
PATIENCE_SECONDS = 2.0
"""How long the next step waits for a module that was given up to end."""

# A cancelled execution is told within a second.
CANCELLED_PICTURE_SECONDS = 0.4
CANCELLED_PATIENCE_SECONDS = 0.3

_POLL_SECONDS = 0.1


class Runner:
    """Runs steps on one device, in one thread at a time.

    An attempt that is given up (deadline, lost device, cancel) keeps its thread until that has ended; a new
    thread tells the verdict at once and goes on with the plan.

    Parameters
    ----------
    course
        What all runners of the execution share.
    device
        Where the steps run.
    queue
        Where they come from.
    expect
        Told of each new deadline (`Watchdog.expect`).
    on_end
        Called when nothing more will run here.

    Attributes
    ----------
    gate : Gate
        Where it waits between two steps.
    """

    def __init__(
        self,
        course: Course,
        device: Device,
        queue: StepQueue,
        expect: Callable[[float], None],
        on_end: Callable[[Runner], None],
    ) -> None:
        self.device = device
        self.gave_up = False
        self.threads: list[threading.Thread] = []
        self._course = course
        self._reporter = Reporter(course.execution_id, device.serial, course.hub)
        self.queue = queue
        self.gate = Gate(course.execution_id, device, course.hub, course.changed)
        self._expect = expect
        self._on_end = on_end
        self._lock = threading.Lock()
        self._current: Attempt | None = None
        self._camera: DeviceSession | None = None
        self._away_since: float | None = None
        self._loss_told = False

    # Looked after by the watchdog

    @property
    def deadline(self) -> float:
        """When the running attempt must have ended, monotonic; infinity where none runs."""
        attempt = self._current
        return math.inf if attempt is None or attempt.over else attempt.deadline

    def check(self, now: float) -> None:
        """Give up the running attempt if it is past its deadline, or its device is lost."""
        lost = self._is_lost(now)
        with self._lock:
            attempt = self._current
        if attempt is None or attempt.over:
            return
        if now >= attempt.deadline:
            seconds = attempt.planned.module.timeout
            self._give_up(
                attempt,
                f"Module execution exceeded its timeout of {seconds:g} seconds",
                ErrorCode.MODULE_TIMEOUT,
            )
        elif lost and not attempt.restarts_device:
            self._give_up(attempt, self._lost_message, ErrorCode.DEVICE_DISCONNECTED)

    def cancel(self) -> None:
        """Give up what is under way; the run is stopping already."""
        camera = self._camera
        if camera is not None:
            camera.interrupt()
        with self._lock:
            attempt = self._current
        if attempt is not None:
            self._give_up(attempt, "The execution was cancelled", ErrorCode.CANCELLED)

    def _is_lost(self, now: float) -> bool:
        if self.device.online:
            self._away_since = None
            return False
        if self._away_since is None:
            self._away_since = now
        return now - self._away_since >= LOST_SECONDS

    def _give_up(self, attempt: Attempt, message: str, code: ErrorCode) -> None:
        if attempt.give_up(Outcome("failed", message, code, attempt.position() or None)):
            self._spawn(attempt)

    # The thread

    def start(self) -> None:
        """Begin to take steps, or begin again."""
        self.gave_up = False
        self._spawn(None)

    def _spawn(self, given_up: Attempt | None) -> None:
        name = f"execution-{self._course.execution_id[:8]}-{self.device.serial}"
        thread = threading.Thread(target=self._work, args=(given_up,), name=name, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _work(self, given_up: Attempt | None) -> None:
        try:
            if not self._take_steps(given_up):
                return
            self._close_remaining()
        except Exception:
            log.exception("the engine failed on %s", self.device.serial)
            self._course.stop("failed")
            self._quit()
        self._on_end(self)

    def _take_steps(self, attempt: Attempt | None) -> bool:
        """Run attempt after attempt, from one that was given up; False when another thread has gone on."""
        while True:
            retry = self._conclude(attempt) if attempt is not None else None
            pending = self._keep(retry) or self._next()
            if pending is None:
                return True
            attempt = self._begin(pending)
            if attempt is None:
                self.queue.give_back(pending)
            elif not attempt.run():
                return False

    def _keep(self, retry: Pending | None) -> Pending | None:
        """Run a retry here and now, unless the device is away: then whoever comes first has it."""
        if retry is None or (self.device.online and not self._course.cancelled):
            return retry
        self.queue.give_back(retry)
        return None

    def _next(self) -> Pending | None:
        """Take the next step; one that is asked for by hand also where the device is away, to tell it."""
        while self.gate.shut or self._is_ready():
            pending = self.queue.take(self.gate)
            if pending is None or pending.by_hand or self.device.online:
                return pending
            self.queue.give_back(pending)
        self._quit()
        return None

    def _quit(self) -> None:
        with self.gate.changed:
            self.gate.depart(None)

    def _begin(self, pending: Pending) -> Attempt | None:
        """Make the next attempt; None when the execution was cancelled in the meantime."""
        course, planned = self._course, pending.planned
        course.progress.begin(planned.module.module_id)
        attempt = Attempt(course.execution_id, pending, self.device, course.hub, course.screenshots)
        with self._lock:
            if course.cancelled:
                return None
            self._current = attempt
        self._expect(attempt.deadline)
        return attempt

    # What came of it

    def _conclude(self, attempt: Attempt) -> Pending | None:
        """Tell an attempt's outcome, and return the next attempt of the step if there is one."""
        outcome = attempt.outcome
        assert outcome is not None
        picture = self._picture(attempt, outcome)
        retry = self._will_retry(attempt, outcome)
        if not retry:
            self._settle(attempt, outcome)
        self._reporter.attempt(attempt, outcome, picture, will_retry=retry)
        self._loss_told = outcome.code == ErrorCode.DEVICE_DISCONNECTED
        attempt.close()
        with self._lock:
            self._current = None
        patience = CANCELLED_PATIENCE_SECONDS if self._course.cancelled else PATIENCE_SECONDS
        if attempt.thread is not threading.current_thread() and not attempt.reap(patience):
            self._abandon(attempt)
        if retry:
            return attempt.pending.again()
        self._course.progress.step_ended(attempt.pending)
        self.queue.done()
        return None

    def _settle(self, attempt: Attempt, outcome: Outcome) -> None:
        """Note a step's outcome, and what follows from it, before it is told."""
        course = self._course
        with course.changed:
            course.settle(attempt.pending, self.device.serial, outcome.status)
            hold = course.pause_on_failure and not course.stopping
            self.gate.settle(attempt, outcome, hold=hold)
            held = self.gate.failed
        if outcome.status == "failed" and course.plan.stop_on_failure and not held:
            course.stop("failed")

    def _will_retry(self, attempt: Attempt, outcome: Outcome) -> bool:
        if outcome.status != "failed" or attempt.pending.retries <= 0:
            return False
        lost = outcome.code == ErrorCode.DEVICE_DISCONNECTED
        return not (self._course.cancelled or (lost and self._course.stopping))

    def _picture(self, attempt: Attempt, outcome: Outcome) -> str | None:
        """Keep the screen as it is at the verdict; whatever goes wrong with that, the verdict stands."""
        lost = outcome.code == ErrorCode.DEVICE_DISCONNECTED or not self.device.online
        if not self._course.plan.screenshots or outcome.status == "skipped" or lost:
            return None
        self._camera = self.device.session()
        timeout = CANCELLED_PICTURE_SECONDS if self._course.cancelled else PICTURE_SECONDS
        try:
            return self._course.screenshots.keep(attempt.name, self._camera.screenshot(timeout=timeout))
        except (DeviceError, OSError, ValueError) as error:
            self._reporter.log_of(attempt, "WARN", f"No screenshot was kept: {error}")
            return None
        finally:
            self._camera.interrupt()
            self._camera = None

    def _abandon(self, attempt: Attempt) -> None:
        self._course.abandon(attempt)
        text = f"The module could not be ended and was left behind; it is at\n{attempt.position()}".rstrip()
        self._reporter.log_of(attempt, "WARN", text)

    # When the device is away

    @property
    def _lost_message(self) -> str:
        return f"Device {self.device.serial} disconnected during execution"

    def _is_ready(self) -> bool:
        """Wait for a device that is away; False when it has not returned in time."""
        if self.device.online or self.queue.exhausted(self.gate):
            return True
        began = time.monotonic()
        timeout = self._course.device_timeout
        if not self._loss_told:
            self._reporter.error(ErrorCode.DEVICE_DISCONNECTED, self._lost_message)
            self._loss_told = True
        self._reporter.log(
            "WARN", f"{self.device.serial} is away; waiting up to {timeout:g} s for its return"
        )
        while not (self.gate.shut or self.queue.exhausted(self.gate)):
            waited = time.monotonic() - began
            if self.device.wait_online(_POLL_SECONDS):
                self._reporter.log("INFO", f"{self.device.serial} is back after {waited:.1f} s")
                self._loss_told = False
                return True
            if waited >= timeout:
                self._reporter.log("ERROR", f"{self.device.serial} did not return within {timeout:g} s")
                self.gave_up = True
                return False
        return True

    def _close_remaining(self) -> None:
        """Tell of steps that were to run and will not: left without a device, or an announced retry."""
        for pending in self.queue.leave():
            if not self._course.stopping:
                code, message = ErrorCode.DEVICE_DISCONNECTED, f"{self._lost_message} and did not return"
            elif pending.attempt > 1:
                code, message = ErrorCode.CANCELLED, "The execution was stopped before this attempt"
            else:
                continue
            self._reporter.not_run(pending, Outcome("failed", message, code))
            self._course.settle(pending, self.device.serial, "failed")
            self._course.progress.step_ended(pending)
