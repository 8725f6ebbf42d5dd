"""Web addresses in parts; what cannot be parsed is a host that does not exist, never an error."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Address:
    """The parts of an address; `port` is empty where none is given."""

    scheme: str
    host: str
    port: str
    path: str
    query: str


def split(url: str) -> Address:
    """Return the parts of an address."""
    try:
        parts = urlsplit(url)
        port = str(parts.port) if parts.port is not None else ""
        return Address(parts.scheme, parts.hostname or "", port, parts.path, parts.query)
    except ValueError:
        scheme, _, rest = url.partition("://")
        return Address(scheme, rest.partition("/")[0], "", "", "")
