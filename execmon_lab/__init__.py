"""Run test executions on Android devices and watch each one live in the notebook.

    import execmon_lab as em

    lab = em.Lab()
    run = lab.start(em.Plan([...]))
    run

Names are imported when they are first used, so that a process that needs only a part (the virtual phone)
starts quickly.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .devices import NoDevice
    from .engine import Context, Module, Plan, module
    from .keptrun import History, KeptRun
    from .lab import Lab, LabClosed
    from .remote import RemoteRun, connect
    from .run import Run

__version__ = "0.1.0"

__all__ = [
    "Context",
    "History",
    "KeptRun",
    "Lab",
    "LabClosed",
    "Module",
    "NoDevice",
    "Plan",
    "RemoteRun",
    "Run",
    "connect",
    "module",
]

_PARTS = ("analysis", "demo", "widgets")
"""Parts that a user names, as `em.demo.plan()`."""

_HOMES = {
    "Context": ".engine",
    "History": ".keptrun",
    "KeptRun": ".keptrun",
    "Lab": ".lab",
    "LabClosed": ".lab",
    "Module": ".engine",
    "NoDevice": ".devices",
    "Plan": ".engine",
    "RemoteRun": ".remote",
    "Run": ".run",
    "connect": ".remote",
    "module": ".engine",
}


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return import_module(f".{name}", __name__)
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """What completion offers: names for users, not how they are imported."""
    return sorted([*__all__, *_PARTS, "__doc__", "__version__"])
