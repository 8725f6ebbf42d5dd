"""A failure that an execution is paused on, with all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..devices import DeviceSession
from ..protocol import ErrorCode
from .attempt import Attempt
from .outcome import Outcome, user_frame


@dataclass(frozen=True, eq=False)
class Failure:
    """A step that failed for good, while its device is as it left it.

    Attributes
    ----------
    step_id, module_id, device_id, attempt
        Which attempt of which step, and where.
    code
        What kind of failure, as `step_failed` tells it.
    message
        What went wrong, in words.
    error
        The exception that left the module, for `pdb.post_mortem` too; None when the module was ended from
        outside (timeout, lost device).
    traceback
        Where the module was, without the frames of the engine.
    params
        What the module was bound to.
    device
        The device, to be used until the execution goes on.
    """

    step_id: str
    module_id: str
    device_id: str
    attempt: int
    code: ErrorCode | None
    message: str
    error: BaseException | None
    traceback: str | None
    params: Mapping[str, Any]
    device: DeviceSession = field(repr=False)

    @classmethod
    def of(cls, attempt: Attempt, outcome: Outcome, device: DeviceSession) -> Failure:
        """Make one of an attempt that failed."""
        module = attempt.planned.module
        return cls(
            step_id=attempt.planned.step_id,
            module_id=module.module_id,
            device_id=attempt.device_id,
            attempt=attempt.number,
            code=outcome.code,
            message=outcome.message,
            error=outcome.error,
            traceback=outcome.traceback,
            params=module.params,
            device=device,
        )

    @property
    def step(self) -> str:
        """The step, as `Run.retry` takes it."""
        return self.step_id

    @property
    def locals(self) -> Mapping[str, Any]:
        """The variables of the module where it failed; empty when it was ended from outside."""
        frame = user_frame(self.error)
        return dict(frame.f_locals) if frame is not None else {}

    def __repr__(self) -> str:
        where = f"{self.module_id} on {self.device_id}, attempt {self.attempt}"
        return f"<Failure of {where}: {self.code or 'failed'}: {self.message}>"

    def __str__(self) -> str:
        head = f"{self.module_id} on {self.device_id}, attempt {self.attempt}: {self.code or 'failed'}"
        return "\n".join(filter(None, (head, self.message, (self.traceback or "").rstrip())))
