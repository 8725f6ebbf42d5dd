"""What was published is what can be read: as a state, as a log, as frames."""

from __future__ import annotations

import tempfile

from hypothesis import given, settings
from hypothesis import strategies as st

from execmon_lab.history import History
from execmon_lab.hub import Hub
from execmon_lab.protocol import ExecutionSnapshot, LogEntry, Message
from tests.strategies import EXECUTION, executions, fresh, messages

Execution = tuple[ExecutionSnapshot, list[Message]]


@settings(max_examples=25, deadline=None)
@given(st.one_of(executions(), st.tuples(st.just(fresh(3)), st.lists(messages(), max_size=30))), st.data())
def test_the_state_that_is_read_is_the_hubs(execution: Execution, data: st.DataObject) -> None:
    start, sequence = execution
    cut = data.draw(st.integers(0, len(sequence)))
    hub = Hub()
    with tempfile.TemporaryDirectory() as folder, History(folder) as history:
        history.record(hub)
        hub.publish(start)
        for part in (sequence[:cut], sequence[cut:]):
            for message in part:
                hub.publish(message)
            stored = history.execution(EXECUTION)
            assert stored.state == hub.snapshot(EXECUTION)
        assert list(stored.logs) == [message for message in sequence if isinstance(message, LogEntry)]
