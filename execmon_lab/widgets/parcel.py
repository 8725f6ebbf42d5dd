"""What goes over a widget's comm in one message."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Parcel:
    """The content (JSON) and the binary buffers of one comm message."""

    content: dict[str, Any]
    buffers: tuple[bytes, ...] = ()


def messages(kind: str, encoded: Iterable[bytes], **content: Any) -> Parcel:
    """Pack messages of the WebSocket API as they were encoded, with this machine's clock beside them.

    They travel as one binary buffer, a JSON array, so that nothing is encoded twice.
    """
    now = time.time_ns() // 1_000_000
    return Parcel({"kind": kind, "now": now, **content}, (b"[" + b",".join(encoded) + b"]",))
