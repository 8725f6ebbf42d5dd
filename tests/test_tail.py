"""The newest lines of a log."""

from execmon_lab.hub import Hub
from execmon_lab.protocol import LogEntry
from execmon_lab.tail import LogTail
from tests.strategies import EXECUTION, stamp


def log_entry(text: str, execution_id: str = EXECUTION) -> LogEntry:
    return LogEntry(
        execution_id=execution_id,
        device_id="emulator-5554",
        level="INFO",
        message=text,
        module_id="device",
        timestamp=stamp(1),
    )


def test_it_keeps_the_newest_lines_of_its_execution_until_it_is_closed() -> None:
    hub = Hub()
    tail = LogTail(hub, EXECUTION, lines=3)
    for number in range(5):
        hub.publish(log_entry(str(number)))
        hub.publish(log_entry("another's", "550e8400-e29b-41d4-a716-446655440999"))
    tail.close()
    hub.publish(log_entry("late"))
    assert [entry.message for entry in tail.entries()] == ["2", "3", "4"]
    assert tail.kept() == (tail.entries(), 2)
