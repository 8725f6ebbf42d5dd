"""The loop that takes what clients say in handfuls: what it waits for, and what it never keeps waiting.

Its moment is made an hour here, so that whoever waits for it in vain is noticed.
"""

import asyncio
import selectors
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from execmon_lab.server import patience
from execmon_lab.server.patience import PatientSelector, new_loop


@pytest.fixture(autouse=True)
def hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "GATHER_SECONDS", 3600.0)


class Pair:
    """Two sockets: what is said at the far end is heard at the near one."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()

    def say(self) -> None:
        self.far.send(b"x")

    def close(self) -> None:
        self.near.close()
        self.far.close()


@pytest.fixture
def pairs() -> Iterator[Callable[[], Pair]]:
    made: list[Pair] = []

    def pair() -> Pair:
        made.append(Pair())
        return made[-1]

    yield pair
    for each in made:
        each.close()


@pytest.fixture
def waker(pairs: Callable[[], Pair]) -> Pair:
    return pairs()


@pytest.fixture
def selector(waker: Pair) -> Iterator[PatientSelector]:
    with PatientSelector() as selector:
        selector.register(waker.near, selectors.EVENT_READ)
        selector.hurry(list(selector.get_map().values()))
        yield selector


def heard(ready: patience.Ready) -> set[object]:
    return {key.fileobj for key, _ in ready}


def test_what_clients_say_in_the_meantime_is_taken_together(
    selector: PatientSelector, pairs: Callable[[], Pair], waker: Pair
) -> None:
    first, later = pairs(), pairs()
    for pair in (first, later):
        selector.register(pair.near, selectors.EVENT_READ)
    first.say()

    def say_more() -> None:
        later.say()
        waker.say()

    timer = threading.Timer(0.2, say_more)
    timer.start()
    assert heard(selector.select()) == {first.near, later.near, waker.near}
    timer.join()


def test_another_thread_and_a_writable_socket_wait_for_nobody(
    selector: PatientSelector, pairs: Callable[[], Pair], waker: Pair
) -> None:
    reading, writing = pairs(), pairs()
    selector.register(reading.near, selectors.EVENT_READ)
    reading.say()
    waker.say()
    assert heard(selector.select()) == {reading.near, waker.near}
    waker.near.recv(1)
    selector.register(writing.near, selectors.EVENT_WRITE)
    assert heard(selector.select()) == {reading.near, writing.near}


def test_a_loop_with_work_left_does_not_wait(selector: PatientSelector, pairs: Callable[[], Pair]) -> None:
    pair = pairs()
    selector.register(pair.near, selectors.EVENT_READ)
    assert selector.select(0) == []
    pair.say()
    assert heard(selector.select(0)) == {pair.near}


def test_the_loop_of_a_server_is_woken_by_other_threads(pairs: Callable[[], Pair]) -> None:
    pair = pairs()

    async def hear() -> bytes:
        loop = asyncio.get_running_loop()
        pair.near.setblocking(False)
        pair.say()
        waking = threading.Timer(0.2, loop.call_soon_threadsafe, [lambda: None])
        waking.start()
        try:
            return await loop.sock_recv(pair.near, 1) + await asyncio.to_thread(lambda: b"y")
        finally:
            waking.join()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(hear()) == b"xy"
