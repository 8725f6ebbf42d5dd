"""How pages are heard while a cell blocks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

import pytest

from execmon_lab.widgets.ear import Ear

#: Stands for what the kernel keeps of the message that it handles.
PARENT: ContextVar[str] = ContextVar("parent", default="the cell")


@dataclass
class FakeCells:
    """Cells that run when a test says so."""

    running: bool = False
    number: int = 0
    claimed: int = 0

    def claim(self) -> None:
        self.claimed += 1

    def begin(self) -> None:
        self.running, self.number = True, self.number + 1


@pytest.fixture
def cells() -> FakeCells:
    return FakeCells()


class FakeComm:
    """Keeps where its last word came from, as ipykernel 7.4 has it."""

    def send(self) -> None:
        self._reply_subshell_id = PARENT.get()

    @property
    def listens_to(self) -> str:
        """Who is given what the page says: the thread that it asks for, unless another is kept."""
        return getattr(self, "_reply_subshell_id", "the page's own")


@pytest.fixture
def comm() -> FakeComm:
    return FakeComm()


@pytest.fixture
def ear(cells: FakeCells, comm: FakeComm) -> Ear:
    return Ear(cells, lambda: comm)


def beside(call: Callable[[], object]) -> None:
    """Do something in a thread of its own, as a subshell does."""
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def page_speaks(ear: Ear, name: str) -> Callable[[], None]:
    def handle() -> None:
        PARENT.set(name)
        ear.hear()

    return handle


def answers_to(ear: Ear) -> str:
    said: list[str] = []
    ear.say(lambda: said.append(PARENT.get()))
    return said[0]


def test_silence_proves_nothing_while_a_cell_runs_beside_which_no_page_was_heard(
    cells: FakeCells, ear: Ear
) -> None:
    assert not ear.deaf
    cells.begin()
    assert ear.deaf
    beside(ear.hear)
    assert not ear.deaf
    cells.begin()
    assert ear.deaf, "the next may be heard no more"
    assert cells.claimed == 1, "what threads print goes on to be the cell's"
    cells.running = False
    assert not ear.deaf


def test_what_is_heard_on_the_main_thread_says_nothing_of_a_cell_that_blocks_it(
    cells: FakeCells, ear: Ear
) -> None:
    cells.begin()
    ear.hear()
    assert ear.deaf


def test_while_a_cell_runs_what_is_said_answers_the_page_that_spoke_last(cells: FakeCells, ear: Ear) -> None:
    cells.begin()
    assert answers_to(ear) == "the cell", "no page has spoken"
    beside(page_speaks(ear, "a page"))
    beside(page_speaks(ear, "another"))
    assert answers_to(ear) == "another"
    beside(lambda: answers_to(ear))  # a context can be entered by one at a time
    cells.running = False
    assert answers_to(ear) == "the cell"


def test_before_a_page_spoke_nothing_leads_its_first_word_to_the_cell(
    cells: FakeCells, ear: Ear, comm: FakeComm
) -> None:
    cells.begin()
    ear.say(comm.send)
    assert comm.listens_to == "the page's own"
    beside(page_speaks(ear, "a page"))
    ear.say(comm.send)
    assert comm.listens_to == "a page", "from then on words are answers"
    cells.running = False
    ear.say(comm.send)
    assert comm.listens_to == "the page's own", "a cell that begins now finds the page heard"


@pytest.mark.parametrize("comm", [None, object()], ids=["closed", "of another ipykernel"])
def test_where_nothing_is_kept_nothing_is_forgotten(cells: FakeCells, comm: object) -> None:
    assert answers_to(Ear(cells, lambda: comm)) == "the cell"
