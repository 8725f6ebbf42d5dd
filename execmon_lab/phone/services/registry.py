"""The table of services by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from execmon_lab.phone.transport import Refused, Stream

if TYPE_CHECKING:
    from execmon_lab.phone.shell.kernel import ShellKernel
    from execmon_lab.phone.system.system import System


class Phone(Protocol):
    """What a service sees of the phone."""

    system: System
    kernel: ShellKernel

    @property
    def uid(self) -> int:
        """User that commands run as: 0 root, 2000 shell."""
        ...

    def restart(self) -> None:
        """Drop all hosts; they may come back at once."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """A service as the host asks for it: ``name,option,option:argument``."""

    name: str
    options: tuple[str, ...]
    argument: str

    @classmethod
    def parse(cls, text: str) -> Request:
        """Read the text of an OPEN."""
        head, _, argument = text.partition(":")
        name, *options = head.split(",")
        return cls(name, tuple(options), argument)


Service = Callable[[Phone, Stream, Request], Awaitable[None]]
"""Serves one stream to its end. It calls ``stream.accept()`` first, or raises `Refused`."""

SERVICES: dict[str, Service] = {}


def service(*names: str) -> Callable[[Service], Service]:
    """Register the decorated coroutine function under each of ``names``."""

    def register(function: Service) -> Service:
        for name in names:
            SERVICES[name] = function
        return function

    return register


def find(text: str) -> tuple[Service, Request]:
    """The service for an OPEN.

    Raises
    ------
    Refused
        When there is none.
    """
    request = Request.parse(text)
    try:
        return SERVICES[request.name], request
    except KeyError:
        raise Refused("no such service") from None
