"""What a client may ask for on its connection (specification, "Client → Server Messages")."""

from typing import Protocol

from ..hub import Envelope
from ..protocol import (
    Ack,
    ClientMessage,
    ErrorCode,
    StartPreview,
    StopPreview,
    SubscribeDevice,
    UnsubscribeDevice,
)
from .outbox import Outbox
from .parcel import Parcel
from .previews import Stream, Viewer
from .room import Room
from .switchboard import Follower


class Asker(Follower, Viewer, Protocol):
    """A connection, as its commands see it."""

    room: Room
    outbox: Outbox

    def send(self, parcel: Parcel) -> None:
        """Send a message, or file it for later."""

    def send_error(self, code: ErrorCode, text: str, device_id: str | None = None) -> None:
        """Tell that what was asked cannot be done."""

    def acknowledge(self, seq: int) -> None:
        """Take an acknowledgement."""


class Commands:
    """The devices that one connection follows and views, and how it asks for them.

    Parameters
    ----------
    connection
        Whose they are.
    """

    __slots__ = ("_connection", "_devices", "_streams")

    def __init__(self, connection: Asker) -> None:
        self._connection = connection
        self._devices: set[str] = set()
        self._streams: dict[str, Stream] = {}

    def obey(self, message: ClientMessage) -> None:
        """Do what a message asks; what cannot be done is answered with an `error`."""
        match message:
            case SubscribeDevice():
                self._subscribe(message.device_id)
            case UnsubscribeDevice():
                self._unsubscribe(message.device_id)
            case StartPreview():
                self._start_preview(message)
            case StopPreview():
                self._stop_preview(message.device_id)
            case Ack():
                self._connection.acknowledge(message.seq)

    def stop_all(self) -> None:
        """End every subscription and preview (specification, "Connection Closed")."""
        for device_id in list(self._devices):
            self._unsubscribe(device_id)
        for device_id in list(self._streams):
            self._stop_preview(device_id)

    def _subscribe(self, device_id: str) -> None:
        if device_id in self._devices:
            return
        status = self._connection.room.devices.statuses().get(device_id)
        if status is None:
            self._unknown(device_id)
            return
        self._devices.add(device_id)
        self._connection.room.switchboard.follow_device(self._connection, device_id)
        self._connection.send(Parcel(Envelope(status)))

    def _unsubscribe(self, device_id: str) -> None:
        self._devices.discard(device_id)
        self._connection.room.switchboard.leave_device(self._connection, device_id)
        self._connection.outbox.drop_status(device_id)

    def _start_preview(self, wish: StartPreview) -> None:
        room, connection = self._connection.room, self._connection
        device_id = wish.device_id
        most = room.settings.previews_per_connection
        if device_id not in room.devices.statuses():
            self._unknown(device_id)
            return
        self._streams = {name: stream for name, stream in self._streams.items() if not stream.ended}
        former = self._streams.get(device_id)
        if former is None and len(self._streams) >= most:
            connection.preview_failed(device_id, f"a connection may have {most} previews; stop one first")
            return
        # The new stream first: a device that stays watched need not begin to capture again.
        stream = room.previews.view(connection, device_id, wish.quality, only_changes=wish.only_changes)
        if stream is None:
            connection.preview_failed(device_id, "this server gives no previews")
            return
        self._streams[device_id] = stream
        if former is not None and former is not stream:
            room.previews.leave(connection, former)
            connection.outbox.drop_frame(device_id)

    def _stop_preview(self, device_id: str) -> None:
        stream = self._streams.pop(device_id, None)
        if stream is not None:
            self._connection.room.previews.leave(self._connection, stream)
        self._connection.outbox.drop_frame(device_id)

    def _unknown(self, device_id: str) -> None:
        self._connection.send_error(ErrorCode.UNKNOWN_DEVICE, f"there is no device {device_id!r}", device_id)
