"""What a report needs of an execution that the history has."""

from __future__ import annotations

from ..history import History, StoredExecution
from ..preview.recording import Recording
from .film import film
from .material import Material, no_film


def kept(history: History, execution_id: str) -> Material:
    """Collect what a history has of an execution, also while it runs.

    Parameters
    ----------
    history
        Where it was kept.
    execution_id
        Its UUID.

    Raises
    ------
    UnknownRun
        When it is not there.
    """
    found = history.execution(execution_id)
    good = history.last_good(found.name, before=found.started_at) if found.name is not None else None
    return Material(
        state=found.marked,
        interrupted=found.status == "interrupted",
        logs=found.logs,
        devices=found.devices,
        screenshot=lambda url: _screenshot(found, url),
        film=film(Recording(found.recording)) if found.recording is not None else no_film,
        earlier=good.state if good is not None else None,
    )


def _screenshot(found: StoredExecution, url: str) -> bytes | None:
    path = found.screenshots.get(url)
    try:
        return path.read_bytes() if path is not None else None
    except FileNotFoundError:  # pruned in the meantime
        return None
