"""A session of scrcpy's server on its way: who waits for it may do something else meanwhile."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, wait

from ...devices import AdbError, AdbTimeout, Device, DeviceDisconnected
from ...devices.lane import Lane
from ..source import PreviewUnavailable
from .jar import NoServer, install
from .packets import StreamBroken
from .session import Session, Wanted

log = logging.getLogger(__name__)


class ScrcpyFailed(PreviewUnavailable):
    """scrcpy does not work with this device and this machine; screencap still may."""


class Start:
    """Starts the server and connects to it, in a thread of its own that ends with the start or with its lane.

    Parameters
    ----------
    device, lane
        Whose, and the set of connections to use.
    wanted
        What the device shall send.
    """

    def __init__(self, device: Device, lane: Lane, wanted: Wanted) -> None:
        self._device = device
        self._lane = lane
        self._wanted = wanted
        self._session: Future[Session] = Future()
        threading.Thread(target=self._run, name=f"scrcpy-{device.serial}", daemon=True).start()

    def session(self, timeout: float) -> Session | None:
        """Return the session once it runs; None where it does not after `timeout` seconds.

        Raises
        ------
        StreamBroken
            When the server does not come up on a device that answers.
        ScrcpyFailed
            When there is no server, or the device takes none.
        DeviceDisconnected, SessionClosed
            When the device went, or the lane was closed.
        """
        wait([self._session], timeout)
        return self._session.result() if self._session.done() else None

    def abandon(self) -> None:
        """Have the session ended as soon as it runs."""
        self._session.add_done_callback(_end)

    def _run(self) -> None:
        try:
            server = install(self._lane)
            session = Session(self._device, self._lane, server, self._wanted)
            log.info("%s: started scrcpy's server %s", self._device.serial, server.version)
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits is told
            self._session.set_exception(self._named(error))
        else:
            self._session.set_result(session)

    def _named(self, error: Exception) -> Exception:
        """Turn what the start ended with into what it means for this device."""
        if isinstance(error, NoServer):
            return ScrcpyFailed(self._device.serial, str(error))
        if not isinstance(error, StreamBroken | AdbError | AdbTimeout):
            return error
        if not self._device.answers():
            self._device.doubt()
            return DeviceDisconnected(self._device.serial)
        if isinstance(error, StreamBroken):
            return error
        return ScrcpyFailed(self._device.serial, f"scrcpy's server cannot be started: {error}")


def _end(session: Future[Session]) -> None:
    if session.exception() is None:
        session.result().close()
