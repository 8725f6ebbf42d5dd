"""The user's hand in an execution: gestures for any of its devices, each a line of its log."""

from __future__ import annotations

import functools
import threading

from ..devices import DevicePool, NoDevice
from ..executionlog import ExecutionLog
from ..hub import Hub, UnknownExecution
from .gestures import AnyGesture, Reach, Size
from .hand import Hand, OnDone, Order
from .script import Script

MODULE = "manual"
"""The `module_id` of the lines that tell what a user did by hand."""


class ManualControl:
    """Carries gestures out on the devices of an execution, from any thread and without blocking it.

    Parameters
    ----------
    pool
        Where the devices are.
    hub, execution_id
        The execution in whose log each gesture is a line, as long as it has not ended; later ones go to
        Python's own log.
    reach
        Finds a quicker way to touch a device than its own commands, where there is one.

    Attributes
    ----------
    script : Script
        What was done, as lines of code.
    """

    def __init__(self, pool: DevicePool, hub: Hub, execution_id: str, reach: Reach = lambda *_: None) -> None:
        self._reach = reach
        self.script = Script()
        self._pool = pool
        self._hub = hub
        self._execution_id = execution_id
        self._log = ExecutionLog(hub, execution_id, MODULE)
        self._lock = threading.Lock()
        self._hands: dict[str, Hand] = {}
        self._closed = False

    def send(self, device_id: str, gesture: AnyGesture, picture: Size, done: OnDone) -> None:
        """Have a gesture carried out, after those that wait for the same device; returns at once.

        Parameters
        ----------
        device_id
            The device's serial.
        gesture
            In fractions of the picture.
        picture
            The width and height of the picture that it was made on, in pixels; of no matter for text, keys.
        done
            Called once, from any thread: with None when it was carried out, else with the reason why not.
        """
        try:
            hand = self._hand(device_id)
        except NoDevice as error:
            done(str(error))
            return
        if hand is None:
            done("control was switched off")
        else:
            hand.put(Order(gesture, picture, done))

    def close(self) -> None:
        """Cut off what is under way and end every thread; closing twice is no error."""
        with self._lock:
            self._closed = True
            hands = list(self._hands.values())
        for hand in hands:
            hand.close()

    def _hand(self, device_id: str) -> Hand | None:
        with self._lock:
            if self._closed:
                return None
            hand = self._hands.get(device_id)
            if hand is None:
                tell = functools.partial(self._log.say, device_id)
                idle = functools.partial(self._is_idle, device_id)
                hand = Hand(self._pool.get(device_id), tell, self.script, idle, self._reach)
                self._hands[device_id] = hand
            return hand

    def _is_idle(self, device_id: str) -> bool:
        """Tell whether no step of the execution is at work on a device."""
        try:
            state = self._hub.snapshot(self._execution_id)
        except UnknownExecution:
            return True
        paused = (pause.device_id for pause in state.paused if pause.status == "paused")
        return state.status != "running" or device_id in paused
