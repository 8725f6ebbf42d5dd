"""All of the phone's state, put together."""

from __future__ import annotations

from execmon_lab.phone.files import FileSystem
from execmon_lab.phone.log import LogBuffer
from execmon_lab.phone.state.activities import Activities, UnresolvedError
from execmon_lab.phone.state.battery import Battery
from execmon_lab.phone.state.connectivity import Connectivity
from execmon_lab.phone.state.core import Core
from execmon_lab.phone.state.display import Display
from execmon_lab.phone.state.intents import NEW_TASK, Intent
from execmon_lab.phone.state.messaging import Messaging
from execmon_lab.phone.state.notifications import Notifications
from execmon_lab.phone.state.packages import Packages
from execmon_lab.phone.state.processes import ProcessTable
from execmon_lab.phone.state.properties import Properties
from execmon_lab.phone.state.settings import Settings
from execmon_lab.phone.state.telephony import Telephony

CALL_SCREEN = ("com.android.dialer", "com.android.incallui.InCallActivity")


class PhoneState:
    """The phone without its face: every noun of the state, each under its name.

    Parameters
    ----------
    serial
        `ro.serialno`.
    size, density
        Physical display: pixels upright, and dots per inch.
    """

    def __init__(self, *, serial: str, size: tuple[int, int], density: int) -> None:
        self.serial = serial
        self.files = FileSystem()
        self.log = LogBuffer()
        self.core = Core(self.files, self.log)
        self.settings = Settings(self.core.changed)
        self.display = Display(self.core, self.settings, size, density)
        self.properties = Properties(self.core, serial, lambda: self.display.physical_density)
        self.processes = ProcessTable()
        self.battery = Battery(self.core.changed)
        self.packages = Packages(self.core)
        self.notifications = Notifications(self.core)
        self.connectivity = Connectivity(self.core, self.settings, self.properties)
        self.telephony = Telephony(self.core, self.connectivity)
        self.messaging = Messaging(self.core, self.connectivity, self.telephony, self.notifications)
        self.activities = Activities(self.core, self.packages, self.processes)
        self.clipboard = ""
        self.telephony.on_begin = self._show_call
        self.telephony.on_gone = self._hide_call
        self.messaging.reading = self._conversation

    def launch(self, intent: Intent) -> None:
        """Start what an intent asks for, as a tap does: where nothing answers, a toast says so."""
        try:
            self.activities.start(intent)
        except UnresolvedError:
            self.notifications.toast("No app can do this")

    def _show_call(self) -> None:
        self.display.power(True)
        self.activities.start(Intent(component=CALL_SCREEN, flags=NEW_TASK))

    def _hide_call(self) -> None:
        for record in self.activities.records:
            if (record.package.name, record.activity.name) == CALL_SCREEN:
                self.activities.finish(record)

    def _conversation(self) -> str | None:
        front = self.activities.front
        shown = front.activity.screen == "conversation" and self.display.on
        return getattr(front.view, "address", None) if shown else None

    def restart(self) -> None:
        """Bring every part to the state of a fresh boot; what is stored stays."""
        self.core.cancel_timers()
        self.core.restarted()
        self.processes.reset()
        self.display.on = True
        self.properties.reset()
        self.notifications.reset()
        self.connectivity.reset()
        self.telephony.reset()
        self.activities.reset()
        self.clipboard = ""
        self.core.changed()
