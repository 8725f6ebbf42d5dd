"""A run to be steered, which only notes what it is told."""

from __future__ import annotations


class FakeRun:
    """Notes what it is told, and refuses when a test says so."""

    def __init__(self, execution_id: str = "") -> None:
        self.execution_id = execution_id
        self.told: list[tuple[str, str | None]] = []
        self.pause_on_failure = False
        self.error: Exception | None = None
        self.continued: FakeRun | None = None

    def _note(self, verb: str, what: str | None) -> None:
        if self.error is not None:
            raise self.error
        self.told.append((verb, what))

    def pause(self, device_id: str | None = None) -> None:
        self._note("pause", device_id)

    def resume(self, device_id: str | None = None) -> None:
        self._note("resume", device_id)

    def step(self, device_id: str | None = None) -> None:
        self._note("step", device_id)

    def retry(self, step: str) -> FakeRun:
        self._note("retry", step)
        return self.continued or self
