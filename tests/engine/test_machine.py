"""Any course of steering: paused, resumed, retried, cancelled, in any order; the state tells the truth."""

import contextlib
import threading
from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from execmon_lab.devices import NoDevice
from execmon_lab.engine import ExecutionEnded, module
from execmon_lab.protocol import (
    ExecutionCompleted,
    ExecutionPaused,
    ExecutionProgress,
    ExecutionResumed,
    ExecutionSnapshot,
    StepStarted,
)
from execmon_lab.state import ExecutionState

from .conftest import Bench
from .steering import DEADLINE

STEPS = 3
DEVICES = ("phone-1", "phone-2")


class Steered(RuleBasedStateMachine):
    """An execution whose steps end when, and as, a rule says."""

    def __init__(self):
        super().__init__()
        self.bench = Bench(None)
        self.bench.pool = type(self.bench.pool)(*DEVICES)
        self.verdicts = threading.Condition()
        self.given = dict.fromkeys(DEVICES, 0)
        self.passes = True
        self.cancelled = False

        @module
        def waiting(ctx):
            serial = ctx.device.serial
            with self.verdicts:
                while not self.verdicts.wait_for(lambda: self.given[serial] > 0, 0.01):
                    ctx.sleep(0)  # ends here when it is cancelled
                self.given[serial] -= 1
                passes = self.passes
            ctx.expect(passes, "it passes")

        self.module = waiting

    @initialize(on_failure=st.booleans(), shared=st.booleans(), stop=st.booleans())
    def begin(self, on_failure, shared, stop):
        self.execution = self.bench.start(
            *[self.module] * STEPS,
            screenshots=False,
            pause_on_failure=on_failure,
            stop_on_failure=stop,
            distribution="shared" if shared else "each",
        )

    def teardown(self):
        assert self.execution.close(DEADLINE) == ()
        assert self.execution.done
        self.tells_the_truth()
        first, *rest = self.bench.messages
        assert isinstance(first, ExecutionSnapshot)
        folded = ExecutionState(first)
        for message in rest:
            folded.fold(message)
        state = folded.snapshot()
        assert state == self.execution.snapshot()
        assert state.paused == ()
        (end,) = self.bench.of(ExecutionCompleted)
        assert self.bench.messages[-1] is end
        counts = Counter(step.status for step in state.steps)
        assert (end.successful_steps, end.failed_steps) == (counts["completed"], counts["failed"])
        told = [message.progress_percentage for message in self.bench.of(ExecutionProgress)]
        assert told == sorted(told)

    @rule(device=st.sampled_from(DEVICES), passes=st.booleans())
    def a_step_ends(self, device, passes):
        with self.verdicts:
            self.passes = passes
            self.given[device] += 1
            self.verdicts.notify_all()
            self.verdicts.wait_for(lambda: self.given[device] == 0, 0.05)

    @rule(device=st.none() | st.sampled_from(DEVICES))
    def pause(self, device):
        with contextlib.suppress(ExecutionEnded):
            self.execution.pause(device)

    @rule(device=st.none() | st.sampled_from(DEVICES))
    def resume(self, device):
        with contextlib.suppress(ExecutionEnded):
            self.execution.resume(device)

    @rule(device=st.none() | st.sampled_from(DEVICES))
    def step(self, device):
        with contextlib.suppress(ExecutionEnded):
            self.execution.step(device)

    @rule(number=st.integers(0, STEPS - 1))
    def retry(self, number):
        step = self.execution.snapshot().steps[number]
        with contextlib.suppress(RuntimeError, NoDevice):
            self.execution.retry(step.step_id)

    @rule(wanted=st.booleans())
    def switch(self, wanted):
        self.execution.pause_on_failure = wanted

    @precondition(lambda self: not self.cancelled)
    @rule(really=st.integers(0, 9))
    def cancel(self, really):
        if really == 0:
            self.cancelled = True
            self.execution.cancel()

    @invariant()
    def tells_the_truth(self):
        """Nothing of the plan begins on a device between its pause and what ends that."""
        if not hasattr(self, "execution"):
            return
        paused: set[str] = set()
        for message in list(self.bench.messages):
            if isinstance(message, ExecutionPaused):
                (paused.add if message.status == "paused" else paused.discard)(message.device_id)
            elif isinstance(message, ExecutionResumed):
                paused.discard(message.device_id)
            elif isinstance(message, StepStarted):
                assert message.device_id not in paused


TestSteered = Steered.TestCase
TestSteered.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
