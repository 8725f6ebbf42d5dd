"""Executions: a plan on its devices, from start to end."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from ..devices import DevicePool, NoDevice
from ..history.artifacts import ArtifactStore
from ..hub import Hub
from ..protocol import DeviceSummary, ExecutionCompleted, ExecutionSnapshot, FinalStatus, timestamp
from ..state import planned as planned_state
from . import sleeping
from .course import Course
from .gate import Paused
from .plan import Pending, Plan, PlannedStep
from .progress import Progress
from .queue import StepQueue
from .runner import Runner
from .screenshots import Screenshots
from .watchdog import Watchdog

log = logging.getLogger(__name__)

DEVICE_TIMEOUT = 60.0
"""Seconds that a lost device has to return where nothing else is said."""


_RELEASE_SECONDS = 2.0  # a device that has just run its last step is about to be given back


class ExecutionEnded(RuntimeError):
    """The execution has ended: there is nothing left of it to steer."""


class Execution:
    """A run of a plan.

    Making it tells the hub what is planned, so that consumers may connect; `start` runs it, in threads of its
    own. What comes of it is told by messages alone: subscribe to the hub, or read the state that it folds.

    It ends as ``completed`` when every step has ended (however), as ``failed`` when none of its devices was
    left or `Plan.stop_on_failure` stopped it, and as ``cancelled``. Of its `total_steps`, those that were
    skipped or never ran count neither as successful nor as failed.

    Parameters
    ----------
    plan
        What runs.
    serials
        On which devices of the pool.
    pool
        Gives the devices; they are ``busy`` from start to end.
    hub
        Where all messages go.
    artifacts
        Keeps the screenshots.
    device_timeout
        Seconds that a lost device has to return before its remaining steps fail.
    execution_id
        A UUID; a fresh one when absent.
    continues
        The execution some of whose steps this one runs again.
    expected
        Seconds that steps took in earlier runs, by `module_id` and parameters in words; None stands for any.

    Raises
    ------
    NoDevice
        When the pool has never heard of one of the devices.
    ValueError
        When there is no device, or one is named twice.
    """

    def __init__(
        self,
        plan: Plan,
        serials: Sequence[str],
        *,
        pool: DevicePool,
        hub: Hub,
        artifacts: ArtifactStore,
        device_timeout: float = DEVICE_TIMEOUT,
        execution_id: str | None = None,
        continues: str | None = None,
        expected: Mapping[tuple[str, str | None], float] | None = None,
    ) -> None:
        self.execution_id = execution_id or str(uuid.uuid4())
        self.plan = plan
        self.serials = tuple(serials)
        self._pool = pool
        self._hub = hub
        self._steps = plan.steps_for(self.serials)
        devices = {serial: pool.get(serial) for serial in self.serials}
        self._changed = threading.Condition()
        queues = self._queues()
        progress = Progress(self.execution_id, len(self._steps), self._steps[0].module.module_id, hub)
        self._course = Course(
            self.execution_id,
            plan,
            hub=hub,
            screenshots=Screenshots(artifacts),
            progress=progress,
            queues=list(queues.values()),
            changed=self._changed,
            device_timeout=device_timeout,
        )
        self._watchdog = Watchdog(progress, name=f"execution-{self.execution_id[:8]}-watchdog")
        self._runners = [
            Runner(self._course, devices[serial], queues[serial], self._watchdog.expect, self._leave)
            for serial in self.serials
        ]
        self._lock = threading.Lock()
        self._remaining = len(self._runners)
        self._began: float | None = None
        self._done = threading.Event()
        self._final: ExecutionSnapshot | None = None
        hub.publish(
            planned_state(
                self.execution_id,
                [planned.expected(expected or {}) for planned in self._steps],
                self._summaries(),
                name=plan.name,
                continues=continues,
            )
        )

    def __repr__(self) -> str:
        return f"<Execution {self.execution_id} {self.snapshot().status}>"

    def _queues(self) -> dict[str, StepQueue]:
        if self.plan.distribution == "shared":
            return dict.fromkeys(
                self.serials, StepQueue(self._steps, self._changed, takers=len(self.serials))
            )
        return {
            serial: StepQueue(
                (planned for planned in self._steps if planned.device_id == serial), self._changed
            )
            for serial in self.serials
        }

    def _summaries(self) -> list[DeviceSummary]:
        known = self._pool.snapshot()
        return [
            DeviceSummary(
                device_id=serial, status=known[serial].status, last_seen=timestamp(known[serial].last_seen)
            )
            for serial in self.serials
        ]

    # Its life

    def start(self) -> None:
        """Take the devices and begin; returns at once.

        Raises
        ------
        NoDevice
            When one of them is not available; the execution can then be started again later.
        RuntimeError
            When it was started, or cancelled, before.
        """
        with self._lock:
            if self._began is not None or self._done.is_set():
                raise RuntimeError("an execution runs only once: make a new one of its plan")
            self._pool.acquire_all(self.serials)
            self._began = time.monotonic()
        sleeping.install()
        self._watchdog.start(self._runners)
        for runner in self._runners:
            runner.start()

    @property
    def done(self) -> bool:
        """Whether it has ended, and all of it was told."""
        return self._done.is_set()

    def snapshot(self) -> ExecutionSnapshot:
        """Return its present state."""
        return self._final or self._hub.snapshot(self.execution_id)

    def wait(self, timeout: float | None = None, *, or_paused: bool = False) -> ExecutionSnapshot:
        """Wait until it has ended, and return its state then; while it is paused, the waiting goes on.

        An interrupt (Ctrl-C, the notebook's stop button) ends the waiting; the execution goes on.

        Parameters
        ----------
        timeout
            Seconds to wait; None for as long as it takes.
        or_paused
            Return also as soon as one of its devices is paused.

        Raises
        ------
        TimeoutError
            When it runs longer, which it may go on to do; the text says so where it is paused.
        """
        if or_paused:
            with self._changed:
                happened = self._changed.wait_for(lambda: self.done or bool(self.paused), timeout)
        else:
            happened = self._done.wait(timeout)
        if not happened:
            raise TimeoutError(
                f"execution {self.execution_id} has not ended after {timeout:g} s; {self._outlook()}"
            )
        return self.snapshot()

    def _outlook(self) -> str:
        paused = self.paused
        if not paused:
            return "it goes on"
        where = ", ".join(pause.device_id for pause in paused)
        return f"it is paused on {where}, and goes on when it is resumed"

    def cancel(self) -> None:
        """End it: what runs fails as ``CANCELLED``, what has not begun stays pending. Never waits."""
        with self._lock:
            if self._done.is_set():
                return
            self._course.stop("cancelled")
            unstarted = self._began is None
            if unstarted:
                self._began = time.monotonic()
                self._remaining = 0
        if unstarted:
            self._tell_end()
        else:
            for runner in self._runners:
                runner.cancel()

    # How it is steered

    @property
    def pause_on_failure(self) -> bool:
        """Whether a device waits after a step that failed for good; the plan's word at first."""
        return self._course.pause_on_failure

    @pause_on_failure.setter
    def pause_on_failure(self, wanted: bool) -> None:
        self._course.pause_on_failure = wanted

    @property
    def paused(self) -> tuple[Paused, ...]:
        """The devices that wait to be let go, and why."""
        with self._changed:
            found = [runner.gate.paused for runner in self._runners]
        return tuple(paused for paused in found if paused is not None)

    def pause(self, device_id: str | None = None) -> None:
        """Have a device, or all, begin no further step until `resume`; what runs goes on to its end.

        An execution that has not begun then waits before its first step.

        Raises
        ------
        ExecutionEnded
            When it has ended.
        ValueError
            When the device is none of its own.
        """
        for runner in self._those(device_id):
            with self._changed:
                runner.gate.hold()

    def resume(self, device_id: str | None = None) -> None:
        """Let a device, or all, go on; a failure that it was paused on stands. One that runs goes on.

        Raises
        ------
        ExecutionEnded, ValueError
            As for `pause`.
        """
        for runner in self._those(device_id):
            with self._changed:
                stands = runner.gate.release()
            self._let_stand(stands)

    def step(self, device_id: str | None = None) -> None:
        """Have a paused device, or all, run one step and pause again; one that runs pauses after its step.

        Raises
        ------
        ExecutionEnded, ValueError
            As for `pause`.
        """
        for runner in self._those(device_id):
            with self._changed:
                stands = runner.gate.step()
            self._let_stand(stands)

    def _let_stand(self, stands: bool) -> None:
        if stands and self.plan.stop_on_failure:
            self._course.stop("failed")

    def retry(self, step_id: str) -> None:
        """Have a step that has ended run once more, as its module is now defined; returns at once.

        It is its device's next step, ahead of the plan and also while the device is paused. What comes of it
        is what comes of the step.

        Raises
        ------
        ExecutionEnded
            When the execution has ended.
        ValueError
            When it has no such step.
        RuntimeError
            When the step has not ended yet, or is to run again already.
        TypeError
            When the module's new definition does not take the parameters that the step is bound to.
        NoDevice
            When the step's device is away, or was given to another after its last step.
        """
        with self._lock:
            if self._remaining == 0:
                raise self._ended()
            with self._changed:
                runner, pending = self._again(step_id)
                if not runner.gate.left:
                    runner.gate.ask(pending)
                    return
            # The device has run all its steps, while others are still at theirs.
            self._pool.acquire(runner.device.serial, timeout=_RELEASE_SECONDS)
            self._remaining += 1
            with self._changed:
                runner.queue.enter()
                runner.gate.enter()
                runner.gate.ask(pending)
        runner.start()

    def planned(self, step_id: str) -> PlannedStep:
        """Return a step as it was planned, or last run.

        Raises
        ------
        ValueError
            When there is no such step.
        """
        with self._changed:
            result = self._course.results.get(step_id)
        if result is not None:
            return result.planned
        for planned in self._steps:
            if planned.step_id == step_id:
                return planned
        raise ValueError(f"this execution has no step {step_id}")

    def _again(self, step_id: str) -> tuple[Runner, Pending]:
        """Make the attempt after a step's last one, and find the device that it is for."""
        planned = self.planned(step_id)
        name = planned.module.module_id
        result = self._course.results.get(step_id)
        if any(runner.gate.taken == step_id for runner in self._runners):
            raise RuntimeError(f"{name} is running: run it again when it has ended")
        if result is None:
            raise RuntimeError(f"{name} has not run yet: its turn will come")
        runner = next(runner for runner in self._runners if runner.device.serial == result.device_id)
        if any(pending.planned.step_id == step_id for pending in runner.gate.again):
            raise RuntimeError(f"{name} is to run again already")
        if not runner.device.online:
            raise NoDevice(f"{result.device_id} is away: {name} can run again when it is back")
        return runner, Pending(planned.renewed(), result.attempt + 1, retries=0, by_hand=True)

    def _those(self, device_id: str | None) -> list[Runner]:
        if self._remaining == 0:
            raise self._ended()
        if device_id is None:
            return self._runners
        found = [runner for runner in self._runners if runner.device.serial == device_id]
        if not found:
            raise ValueError(f"{device_id} is no device of this execution: it has {', '.join(self.serials)}")
        return found

    def _ended(self) -> ExecutionEnded:
        return ExecutionEnded(f"execution {self.execution_id} has ended: start its plan again")

    def close(self, timeout: float = 5.0) -> tuple[str, ...]:
        """Cancel it and wait for its threads.

        Parameters
        ----------
        timeout
            Seconds to wait for all of them together.

        Returns
        -------
        tuple of str
            The attempts whose thread could not be ended, each with where it is; also logged as warnings.
        """
        self.cancel()
        deadline = time.monotonic() + timeout
        threads = [thread for runner in self._runners for thread in runner.threads]
        for thread in [self._watchdog.thread, *threads]:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
        left = tuple(
            f"{attempt}, at {attempt.position().strip()}"
            for attempt in self._course.abandoned
            if attempt.thread.is_alive()
        )
        for attempt in left:
            log.warning("a module could not be ended: %s", attempt)
        return left

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Its end

    def _leave(self, runner: Runner) -> None:
        """Give a runner's device back; the last one tells the end."""
        self._pool.release(runner.device.serial)
        with self._lock:
            self._remaining -= 1
            if self._remaining:
                return
        sleeping.uninstall()
        self._watchdog.stop()
        self._tell_end()

    def _tell_end(self) -> None:
        try:
            self._publish_end()
            self._final = self._hub.snapshot(self.execution_id)
        finally:
            self._done.set()
            with self._changed:
                self._changed.notify_all()

    def _publish_end(self) -> None:
        self._course.progress.close()
        self._hub.publish(
            ExecutionCompleted(
                execution_id=self.execution_id,
                status=self._status(),
                duration_seconds=round(time.monotonic() - (self._began or 0.0), 3),
                total_steps=len(self._steps),
                successful_steps=self._course.count("completed"),
                failed_steps=self._course.count("failed"),
                report_url=f"/api/v1/reports/{self.execution_id}?format=pdf",
                timestamp=timestamp(),
            )
        )

    def _status(self) -> FinalStatus:
        if self._course.stopped_as is not None:
            return self._course.stopped_as
        return "failed" if all(runner.gave_up for runner in self._runners) else "completed"
