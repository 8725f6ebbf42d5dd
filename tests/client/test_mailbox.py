"""What waits for a slow program."""

import asyncio
import uuid

import pytest

from execmon_lab import protocol as p
from execmon_lab.client.mailbox import Mailbox
from tests.server import messages as m

EXECUTION = str(uuid.uuid4())


def frame(device: str, data: str) -> p.PreviewFrame:
    return p.PreviewFrame(device_id=device, frame_data=data, width=1, height=1, timestamp=p.timestamp())


def passed(messages: list[p.Message], mailbox: Mailbox) -> list[p.Message]:
    """File messages, and take all of them after that."""

    async def run() -> list[p.Message]:
        for message in messages:
            await mailbox.put(message)
        await mailbox.end()
        taken = []
        while (message := await mailbox.get()) is not None:
            taken.append(message)
        return taken

    return asyncio.run(run())


def test_messages_come_in_the_order_in_which_they_arrived() -> None:
    messages = [m.completed(EXECUTION), m.log_entry(EXECUTION), m.progress(EXECUTION), m.ended(EXECUTION)]
    assert passed(messages, Mailbox()) == messages


def test_a_newer_frame_or_progress_takes_the_place_of_the_one_that_waits() -> None:
    first, second, other = frame("a", "1"), frame("a", "2"), frame("b", "1")
    early, late, step = m.progress(EXECUTION, 1), m.progress(EXECUTION, 2), m.completed(EXECUTION)
    assert passed([first, early, other, step, second, late], Mailbox()) == [second, late, other, step]


def test_old_log_entries_give_way_and_are_counted() -> None:
    entries = [m.log_entry(EXECUTION, str(number)) for number in range(5)]
    step = m.completed(EXECUTION)
    warning, *rest = passed([*entries[:2], step, *entries[2:]], Mailbox(logs=2))
    assert isinstance(warning, p.LogEntry)
    assert (warning.level, warning.message) == ("WARN", "3 log entries were shed")
    assert rest == [step, *entries[3:]]


def test_a_full_mailbox_makes_the_connection_wait() -> None:
    async def run() -> list[bool]:
        mailbox = Mailbox(messages=2)
        for _ in range(2):
            await mailbox.put(m.completed(EXECUTION))
        third = asyncio.create_task(mailbox.put(m.completed(EXECUTION)))
        await asyncio.sleep(0.01)
        waited = not third.done()
        await mailbox.get()
        await third
        return [waited, third.done()]

    assert asyncio.run(run()) == [True, True]


def test_the_end_comes_after_all_that_waits_and_may_be_an_error() -> None:
    async def run() -> p.Message | None:
        mailbox = Mailbox()
        await mailbox.put(m.completed(EXECUTION))
        await mailbox.end(ValueError("lost"))
        first = await mailbox.get()
        with pytest.raises(ValueError, match="lost"):
            await mailbox.get()
        return first

    assert isinstance(asyncio.run(run()), p.StepCompleted)
