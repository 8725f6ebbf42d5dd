"""The way back: from a picture of the screen to the device, for a user who takes it in hand.

control = ManualControl(pool, hub, execution_id)
control.send("emulator-5554", Tap(x=0.5, y=0.25), (540, 960), done=print)
"""

from .gestures import AnyGesture, Key, Misfit, Pick, Press, Scroll, Swipe, Tap, Text, resolve
from .hand import Hand, Order
from .manual import ManualControl
from .script import Line, Script

__all__ = [
    "AnyGesture",
    "Hand",
    "Key",
    "Line",
    "ManualControl",
    "Misfit",
    "Order",
    "Pick",
    "Press",
    "Script",
    "Scroll",
    "Swipe",
    "Tap",
    "Text",
    "resolve",
]
