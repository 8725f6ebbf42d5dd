"""What the server says on the control socket: which clipboards it has set; the rest is passed over.

Source: ``DeviceMessageWriter.java`` of scrcpy 3.3.4 and 4.1.
"""

from __future__ import annotations

import struct

from .packets import StreamBroken

_CLIPBOARD, _ACK_CLIPBOARD, _UHID_OUTPUT = range(3)
_HEADS = {
    _CLIPBOARD: struct.Struct(">BI"),
    _ACK_CLIPBOARD: struct.Struct(">BQ"),
    _UHID_OUTPUT: struct.Struct(">BHH"),
}


class Replies:
    """Takes the control socket of one session apart.

    Attributes
    ----------
    acknowledged : int
        The number of the last clipboard that was set; 0 before the first.
    """

    def __init__(self) -> None:
        self.acknowledged = 0
        self._rest = bytearray()

    def feed(self, data: bytes | memoryview) -> None:
        """Take what has come.

        Raises
        ------
        StreamBroken
            When it is no message of the server.
        """
        self._rest += data
        while self._rest and self._take():
            pass

    def _take(self) -> bool:
        """Take the first message off; tell whether it was whole."""
        kind = self._rest[0]
        head = _HEADS.get(kind)
        if head is None:
            raise StreamBroken(f"the server sent a message of no known kind: {kind}")
        if len(self._rest) < head.size:
            return False
        *_, last = head.unpack_from(self._rest)
        size = head.size + (0 if kind == _ACK_CLIPBOARD else last)
        if len(self._rest) < size:
            return False
        if kind == _ACK_CLIPBOARD:
            self.acknowledged = last
        del self._rest[:size]
        return True
