"""Mobile data, Wi-Fi and airplane mode.

Rules of the simulated radio:

- Mobile data is on at boot and attached; switched on later it attaches after `ATTACH_SECONDS`.
- Wi-Fi is off at boot; switched on it joins "ExecmonLab" after `JOIN_SECONDS`.
- Airplane mode takes both away, and telephony with them.
- Pages load when mobile data is attached or Wi-Fi has joined.
"""

from __future__ import annotations

from execmon_lab.phone.state.core import Core
from execmon_lab.phone.state.properties import Properties
from execmon_lab.phone.state.settings import Settings

ATTACH_SECONDS = 2.0
JOIN_SECONDS = 1.5
DETACHED, ATTACHING, ATTACHED = 0, 1, 2  # data state as telephony.registry numbers it
WIFI_NAME = "ExecmonLab"


class Connectivity:
    """State of the data links, driven by the settings `mobile_data`, `wifi_on` and `airplane_mode_on`."""

    def __init__(self, core: Core, settings: Settings, properties: Properties) -> None:
        self._core = core
        self._settings = settings
        self._properties = properties
        self._turn = 0  # which change a pending attach belongs to
        self.mobile = DETACHED
        self.wifi = DETACHED
        for key in ("mobile_data", "wifi_on", "airplane_mode_on"):
            settings.watch("global", key, lambda _: self._follow())
        self.reset()

    def reset(self) -> None:
        """Take the state of a fresh boot: what is switched on is attached."""
        self._turn += 1
        self.mobile = ATTACHED if self.mobile_enabled and not self.airplane else DETACHED
        self.wifi = ATTACHED if self.wifi_enabled and not self.airplane else DETACHED
        self._publish()

    @property
    def airplane(self) -> bool:
        """Whether airplane mode is on."""
        return self._settings.get("global", "airplane_mode_on") == "1"

    @property
    def mobile_enabled(self) -> bool:
        """Whether mobile data is switched on."""
        return self._settings.get("global", "mobile_data") == "1"

    @property
    def wifi_enabled(self) -> bool:
        """Whether Wi-Fi is switched on."""
        return self._settings.get("global", "wifi_on") in ("1", "2")

    @property
    def online(self) -> bool:
        """Whether a page would load."""
        return self.mobile == ATTACHED or self.wifi == ATTACHED

    def set_mobile(self, on: bool) -> None:
        """Switch mobile data."""
        self._settings.put("global", "mobile_data", "1" if on else "0")

    def set_wifi(self, on: bool) -> None:
        """Switch Wi-Fi."""
        self._settings.put("global", "wifi_on", "1" if on else "0")

    def set_airplane(self, on: bool) -> None:
        """Switch airplane mode."""
        self._settings.put("global", "airplane_mode_on", "1" if on else "0")

    def _follow(self) -> None:
        self._turn += 1
        want_mobile = self.mobile_enabled and not self.airplane
        want_wifi = self.wifi_enabled and not self.airplane
        if want_mobile and self.mobile != ATTACHED:
            self.mobile = ATTACHING
            self._after(ATTACH_SECONDS, "mobile")
        elif not want_mobile:
            self.mobile = DETACHED
        if want_wifi and self.wifi != ATTACHED:
            self.wifi = ATTACHING
            self._after(JOIN_SECONDS, "wifi")
        elif not want_wifi:
            self.wifi = DETACHED
        self._publish()

    def _after(self, seconds: float, link: str) -> None:
        turn = self._turn

        def attach() -> None:
            if turn == self._turn or getattr(self, link) == ATTACHING:
                setattr(self, link, ATTACHED)
                self._publish()

        self._core.later(seconds, attach)

    def _publish(self) -> None:
        names = {DETACHED: "DISCONNECTED", ATTACHING: "CONNECTING", ATTACHED: "CONNECTED"}
        self._properties.set("gsm.network.type", "LTE" if self.mobile == ATTACHED else "Unknown")
        self._core.log.write("D", "DcTracker", f"data state {names[self.mobile]}", buffer="radio")
        self._core.changed()
