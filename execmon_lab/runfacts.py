"""What a run's devices are, found out beside its steps."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from .devices import DeviceError, DevicePool, SessionClosed
from .devices.facts import read_facts
from .history import History

log = logging.getLogger(__name__)


class RunFacts:
    """Asks each device once what it is, in a thread, and has the history keep it.

    Parameters
    ----------
    execution_id
        Of the run.
    serials
        Its devices.
    pool
        Where they are.
    history
        Where it is kept.

    Attributes
    ----------
    known : dict
        What was found out so far, by serial.
    """

    def __init__(self, execution_id: str, serials: Sequence[str], pool: DevicePool, history: History) -> None:
        self.known: dict[str, dict[str, str]] = {}
        self._execution_id = execution_id
        self._history = history
        self._lanes = {serial: pool.get(serial).lane() for serial in serials}
        name = f"facts-{execution_id[:8]}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """End, whatever is under way; twice is no error."""
        for serial, lane in self._lanes.items():
            lane.close(SessionClosed(f"{serial} is asked no more"))
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        for serial, lane in self._lanes.items():
            try:
                facts = read_facts(lane)
            except DeviceError as error:
                log.info("what %s is could not be found out: %s", serial, error)
                continue
            self.known[serial] = facts
            self._history.note_device(self._execution_id, serial, facts)
