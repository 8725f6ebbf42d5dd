"""The pictures of devices elsewhere, as a widget watches them."""

import contextlib
import dataclasses
import threading
from collections.abc import Callable, Coroutine

from .. import client
from ..client import Client
from ..preview import Frame, Jpeg
from ..protocol import PreviewFrame, Quality

_BEST: tuple[Quality, ...] = ("high", "medium", "low")


class RemoteWatch:
    """Somebody watching a device elsewhere, until `close`."""

    def __init__(
        self,
        device_id: str,
        quality: Quality,
        callback: Callable[[Frame], None],
        on_error: Callable[[Exception], None],
        leave: Callable[["RemoteWatch"], None],
    ) -> None:
        self.device_id = device_id
        self.quality: Quality = quality
        self.show = callback
        self.fail = on_error
        self._leave = leave

    def close(self) -> None:
        """Have no more pictures; doing so twice is no error."""
        self._leave(self)


class RemotePreviews:
    """Lets any number watch the devices of one execution over its one connection.

    A connection has one picture of a device (specification, "Request Live Preview"): all who watch it get it
    in the best quality that one of them asks for.

    Parameters
    ----------
    connection
        The client, of which `do` runs the coroutines.
    do
        Runs a coroutine in the client's loop, from any thread; RuntimeError when that has ended.
    """

    def __init__(self, connection: Client, do: Callable[[Coroutine[object, object, object]], None]) -> None:
        self._client = connection
        self._do = do
        self._lock = threading.Lock()
        self._watches: dict[str, list[RemoteWatch]] = {}
        self._asked: dict[str, Quality] = {}
        self._failed: set[str] = set()
        self._last: dict[str, tuple[str, Frame]] = {}
        self._ended: str | None = None

    def watch(
        self,
        device_id: str,
        quality: Quality,
        callback: Callable[[Frame], None],
        on_error: Callable[[Exception], None],
    ) -> RemoteWatch:
        """Have the frames of a device handed to `callback`, until the watch is closed.

        Parameters
        ----------
        device_id
            The device's serial.
        quality
            The least that will do; another watcher's better one is given to all.
        callback
            Called with each `Frame` in the connection's thread; must be quick.
        on_error
            Called when the pictures cease; they go on by themselves when they can.

        Raises
        ------
        RuntimeError
            When the connection has ended.
        """
        watch = RemoteWatch(device_id, quality, callback, on_error, self._close)
        with self._lock:
            if self._ended is not None:
                raise RuntimeError(self._ended)
            self._watches.setdefault(device_id, []).append(watch)
            self._ask(device_id)
            last = self._last.get(device_id)
        if last is not None:
            watch.show(_for(watch, last[1], changed=True))
        return watch

    def take(self, message: PreviewFrame) -> None:
        """Hand a `preview_frame` to all who watch the device."""
        device_id = message.device_id
        with self._lock:
            watches = tuple(self._watches.get(device_id, ()))
            known = self._last.get(device_id)
        if not watches:
            return
        changed = known is None or known[0] != message.frame_data
        try:
            frame = _frame(message, known[1] if known is not None else None, changed=changed)
        except ValueError as error:
            self.fail(str(error), device_id)
            return
        with self._lock:
            self._last[device_id] = (message.frame_data, frame)
        for watch in watches:
            watch.show(_for(watch, frame, changed=changed))

    def fail(self, reason: str, device_id: str | None = None) -> None:
        """Tell those who watch a device, or any, why there is no picture at present."""
        with self._lock:
            if device_id is not None:
                self._failed.add(device_id)
            watches = [
                watch
                for device, all_of_it in self._watches.items()
                if device_id in (None, device)
                for watch in all_of_it
            ]
        for watch in watches:
            watch.fail(RuntimeError(reason))

    def end(self, reason: str) -> None:
        """Tell all who watch that there will be no more."""
        with self._lock:
            self._ended = reason
        self.fail(reason)

    def _close(self, watch: RemoteWatch) -> None:
        with self._lock:
            watches = self._watches.get(watch.device_id, [])
            if watch not in watches:
                return
            watches.remove(watch)
            if not watches:
                del self._watches[watch.device_id]
                self._last.pop(watch.device_id, None)
            with contextlib.suppress(RuntimeError):  # the connection has ended, and the picture with it
                self._ask(watch.device_id)

    def _ask(self, device_id: str) -> None:
        """Ask the server for what is wished now; under the lock, so that wishes keep their order."""
        wished = {watch.quality for watch in self._watches.get(device_id, ())}
        best = next((quality for quality in _BEST if quality in wished), None)
        again = best is not None and device_id in self._failed  # it may be had by now
        if best == self._asked.get(device_id) and not again:
            return
        self._failed.discard(device_id)
        if best is None:
            del self._asked[device_id]
            self._do(self._client.stop_preview(device_id))
        else:
            self._asked[device_id] = best
            self._do(self._client.start_preview(device_id, best, only_changes=True))


def _frame(message: PreviewFrame, before: Frame | None, *, changed: bool) -> Frame:
    picture = client.Frame.decode(message)
    return Frame(
        device_id=message.device_id,
        quality="medium",
        picture=Jpeg(picture.jpeg, picture.width, picture.height),
        timestamp=picture.timestamp,
        number=before.number + 1 if before is not None else 1,
        changed=changed,
    )


def _for(watch: RemoteWatch, frame: Frame, *, changed: bool) -> Frame:
    """Name the quality that was asked for, by which the watcher knows its frames."""
    return dataclasses.replace(frame, quality=watch.quality, changed=changed)
