"""The way back: from a picture of the screen to the device, for a user who takes it in hand.

control = ManualControl(pool, hub, execution_id)
control.send("emulator-5554", Tap(x=0.5, y=0.25), (540, 960), done=print)
"""

from .gestures import AnyGesture, Key, Misfit, Press, Scroll, Swipe, Tap, Text, resolve
from .hand import Hand, Order
from .manual import ManualControl

__all__ = [
    "AnyGesture",
    "Hand",
    "Key",
    "ManualControl",
    "Misfit",
    "Order",
    "Press",
    "Scroll",
    "Swipe",
    "Tap",
    "Text",
    "resolve",
]
