"""Settings: the list of subjects, and a page for each."""

from __future__ import annotations

from collections.abc import Callable

from execmon_lab.phone.screen.apps.pin import LOCK, NUMERIC
from execmon_lab.phone.screen.node import Action, Node, Scroller
from execmon_lab.phone.screen.text import MEDIUM
from execmon_lab.phone.screen.theme import Colour
from execmon_lab.phone.screen.ui import Ui
from execmon_lab.phone.screen.view import View, view
from execmon_lab.phone.state.connectivity import ATTACHED, ATTACHING, WIFI_NAME
from execmon_lab.phone.state.intents import Intent
from execmon_lab.phone.state.telephony import OWN_NUMBER

_PAGES: tuple[tuple[str, str, str, str, Colour], ...] = (
    ("network", "Network & internet", "Mobile data, Wi-Fi, airplane mode", "wifi", (0x1F, 0x66, 0xD6)),
    ("apps", "Apps", "Recent apps, default apps", "apps", (0xE8, 0x5D, 0x1F)),
    ("display", "Display", "Dark theme, brightness, rotation", "display", (0xD9, 0x8A, 0x00)),
    ("sound", "Sound & vibration", "Volume, haptics", "sound", (0xA8, 0x32, 0x5A)),
    ("battery", "Battery", "", "battery", (0x1E, 0x8E, 0x4E)),
    ("security", "Security", "Screen lock", "lock", (0x00, 0x7A, 0x6E)),
    ("about", "About phone", "", "phone", (0x5A, 0x63, 0x75)),
)
_ACTIVITIES = {
    "network": "NetworkDashboardActivity",
    "display": "DisplaySettingsActivity",
    "battery": "PowerUsageSummaryActivity",
    "apps": "AppAndNotificationDashboardActivity",
    "sound": "SoundSettingsActivity",
    "security": "SecurityDashboardActivity",
    "about": "MyDeviceInfoActivity",
}
ROW = 68  # dp
Row = Callable[[Ui, Node, float], float]  # draws itself at a y and returns its height


@view("settings")
class Subjects(View):
    """The list of subjects."""

    def new_intent(self, intent: Intent) -> None:
        """Start at the top."""
        self.scroller = Scroller()

    def build(self, ui: Ui) -> Node:
        """Return the list."""
        look = self.palette
        root, content = ui.window(look.background)
        items, y = ui.scroll(
            content,
            ui.top,
            ui.bottom,
            self.scroller,
            100 + ROW * len(_PAGES) + 12,
            id="main_content_scrollable_container",
        )
        ui.label(items, 20, y + 44, ui.w - 40, "Settings", 34, id="homepage_title")
        y += 100
        battery = self.phone.battery
        for name, title, summary, icon, accent in _PAGES:
            words = {
                "battery": f"{battery.level}%{' - Charging' if battery.charging else ''}",
                "about": self.phone.properties.get("ro.product.model"),
            }.get(name, summary)
            ui.row(items, y, title, words, icon=icon, accent=accent, tap=self._open(name), h=ROW)
            y += ROW
        return root

    def _open(self, name: str) -> Action:
        component = ("com.android.settings", f"com.android.settings.Settings${_ACTIVITIES[name]}")
        return lambda: self.open("", component=component)


class Page(View):
    """A page: a title and rows."""

    title = ""

    def new_intent(self, intent: Intent) -> None:
        """Start at the top."""
        self.scroller = Scroller()

    def rows(self) -> list[Row]:
        """Return what the page lists."""
        raise NotImplementedError

    def build(self, ui: Ui) -> Node:
        """Return the page."""
        root, content = ui.window(self.palette.background)
        ui.toolbar(content, self.title, self.finish)
        rows = self.rows()
        blind = Node("", (0, 0, 0, 0), "")
        total = sum(row(ui, blind, 0) for row in rows) + 12
        items, y = ui.scroll(
            content,
            ui.top + 60,
            ui.bottom,
            self.scroller,
            total,
            id="recycler_view",
            kind="androidx.recyclerview.widget.RecyclerView",
        )
        for row in rows:
            y += row(ui, items, y)
        return root

    def entry(
        self,
        title: str,
        summary: str = "",
        *,
        icon: str = "",
        tap: Action | None = None,
        checked: bool | None = None,
        enabled: bool = True,
    ) -> Row:
        """Return a row with a title."""

        def draw(ui: Ui, parent: Node, y: float) -> float:
            height = 72.0 if summary else 60.0
            ui.row(parent, y, title, summary, icon=icon, tap=tap, checked=checked, h=height, enabled=enabled)
            return height

        return draw

    def head(self, words: str) -> Row:
        """Return a heading."""

        def draw(ui: Ui, parent: Node, y: float) -> float:
            ui.label(
                parent,
                20,
                y + 18,
                ui.w - 40,
                words,
                13.5,
                self.palette.primary,
                MEDIUM,
                id="android:id/title",
            )
            return 44.0

        return draw

    def slider(self, title: str, value: float, set_: Callable[[float], None], identifier: str) -> Row:
        """Return a slider, 0 to 1, that a tap sets."""

        def draw(ui: Ui, parent: Node, y: float) -> float:
            look = self.palette
            ui.label(parent, 20, y + 12, ui.w - 40, title, 16, id="android:id/title")
            bar = ui.node(
                parent,
                "SeekBar",
                20,
                y + 38,
                ui.w - 40,
                36,
                description=f"{round(value * 100)}%",
                id=identifier,
            )
            filled = ui.rect(20, y + 46, max(20.0, (ui.w - 40) * value), 20)
            track = ui.rect(20, y + 46, ui.w - 40, 20)

            def steps(share: float) -> Action:
                return lambda: set_(share)

            ui.shape(bar, lambda canvas: canvas.fill(track, look.surface_highest, ui.px(10)))
            ui.shape(bar, lambda canvas: canvas.fill(filled, look.primary, ui.px(10)))
            for index in range(10):
                ui.node(
                    bar,
                    "android.view.View",
                    20 + (ui.w - 40) / 10 * index,
                    y + 38,
                    (ui.w - 40) / 10,
                    36,
                    tap=steps((index + 1) / 10),
                    description=f"{(index + 1) * 10} percent",
                )
            return 84.0

        return draw

    def flip(self, namespace: str, key: str, on: str = "1", off: str = "0") -> Action:
        """Return the action that flips a setting."""
        settings = self.phone.settings
        return lambda: settings.put(namespace, key, off if settings.get(namespace, key) == on else on)


@view("settings/network")
class Network(Page):
    """Mobile data, Wi-Fi and airplane mode."""

    title = "Network & internet"

    def rows(self) -> list[Row]:
        """Return the switches."""
        links = self.phone.connectivity
        states = {ATTACHED: "Connected", ATTACHING: "Connecting…"}
        wifi = f"{states[links.wifi]} to {WIFI_NAME}" if links.wifi in states else "Off"
        if links.airplane:
            wifi = "Off, airplane mode is on"
        mobile = (
            f"{states[links.mobile]} · LTE" if links.mobile == ATTACHED else states.get(links.mobile, "Off")
        )
        operator = "Out of service" if links.airplane else self.phone.properties.get("gsm.operator.alpha")
        return [
            self.head("Internet"),
            self.entry(
                "Wi-Fi",
                wifi,
                icon="wifi",
                checked=links.wifi_enabled and not links.airplane,
                tap=lambda: links.set_wifi(not links.wifi_enabled),
                enabled=not links.airplane,
            ),
            self.entry(
                "Mobile data",
                mobile,
                icon="data",
                checked=links.mobile_enabled,
                tap=lambda: links.set_mobile(not links.mobile_enabled),
            ),
            self.entry(
                "Roaming",
                "Connect to data services when roaming",
                checked=self.phone.settings.get("global", "data_roaming") == "1",
                icon="signal",
                tap=self.flip("global", "data_roaming"),
            ),
            self.head("Phone"),
            self.entry("SIM", f"{operator} · {OWN_NUMBER}", icon="phone"),
            self.entry(
                "Airplane mode",
                "On" if links.airplane else "Off",
                icon="airplane",
                checked=links.airplane,
                tap=lambda: links.set_airplane(not links.airplane),
            ),
        ]


@view("settings/display")
class DisplayPage(Page):
    """Theme, brightness, rotation, text."""

    title = "Display"

    def rows(self) -> list[Row]:
        """Return the switches."""
        get = self.phone.settings.get
        display = self.phone.display
        width, height = display.size
        return [
            self.slider("Brightness", display.brightness / 255, self._brightness, "brightness_slider"),
            self.entry(
                "Dark theme",
                "On" if get("secure", "ui_night_mode") == "2" else "Off",
                icon="star",
                checked=get("secure", "ui_night_mode") == "2",
                tap=self.flip("secure", "ui_night_mode", "2", "1"),
            ),
            self.entry(
                "Adaptive brightness",
                "Optimize for available light",
                icon="display",
                checked=get("system", "screen_brightness_mode") == "1",
                tap=self.flip("system", "screen_brightness_mode"),
            ),
            self.entry(
                "Auto-rotate screen",
                "Off" if get("system", "accelerometer_rotation") == "0" else "On",
                icon="refresh",
                checked=get("system", "accelerometer_rotation") == "1",
                tap=self.flip("system", "accelerometer_rotation"),
            ),
            self.entry(
                "Show taps",
                "Show visual feedback for taps",
                icon="plus",
                checked=get("system", "show_touches") == "1",
                tap=self.flip("system", "show_touches"),
            ),
            self.entry("Screen", f"{width} x {height}, {display.density} dpi", icon="phone"),
        ]

    def _brightness(self, share: float) -> None:
        self.phone.settings.put("system", "screen_brightness", str(round(255 * share)))


@view("settings/sound")
class Sound(Page):
    """Volumes."""

    title = "Sound & vibration"

    def rows(self) -> list[Row]:
        """Return the sliders."""
        rows: list[Row] = []
        for words, key, top in (
            ("Media volume", "volume_music", 15),
            ("Ring volume", "volume_ring", 7),
            ("Alarm volume", "volume_alarm", 7),
        ):
            level = self.phone.settings.number("system", key, 0)
            rows.append(self.slider(words, min(1.0, level / top), self._volume(key, top), key))
        on = self.phone.settings.get("system", "haptic_feedback_enabled") == "1"
        rows.append(
            self.entry(
                "Touch feedback",
                "Vibrate on tap",
                checked=on,
                tap=self.flip("system", "haptic_feedback_enabled"),
            )
        )
        return rows

    def _volume(self, key: str, top: int) -> Callable[[float], None]:
        return lambda share: self.phone.settings.put("system", key, str(round(share * top)))


@view("settings/battery")
class BatteryPage(Page):
    """The battery."""

    title = "Battery"

    def rows(self) -> list[Row]:
        """Return level, saver and temperature."""
        battery = self.phone.battery
        saver = self.phone.settings.get("global", "low_power") == "1"
        return [
            self.entry(f"{battery.level}%", "Charging" if battery.charging else "On battery", icon="battery"),
            self.entry(
                "Battery Saver",
                "On" if saver else "Off",
                icon="bolt",
                checked=saver,
                tap=self.flip("global", "low_power"),
            ),
            self.entry("Temperature", f"{battery.temperature / 10:.1f} °C", icon="display"),
            self.entry("Voltage", f"{battery.voltage} mV", icon="data"),
        ]


@view("settings/apps")
class Apps(Page):
    """The apps that the launcher shows."""

    title = "Apps"

    def rows(self) -> list[Row]:
        """Return the apps, each with its package."""
        return [
            self.entry(package.label, package.name, icon="apps", tap=self._start(package.name))
            for package in self.phone.packages.launchable()
        ]

    def _start(self, name: str) -> Action:
        def start() -> None:
            package = self.phone.packages.get(name)
            if package is not None and package.launcher is not None:
                self.open("", component=(name, package.launcher.name))

        return start


@view("settings/security")
class Security(Page):
    """How the screen is locked."""

    title = "Security"

    def rows(self) -> list[Row]:
        """Return the lock, which leads to the screen that asks for a PIN."""
        locked = self.phone.settings.get("secure", LOCK) == NUMERIC
        component = ("com.android.settings", "com.android.settings.password.ChooseLockPassword")
        return [
            self.head("Device security"),
            self.entry(
                "Screen lock",
                "PIN" if locked else "None",
                icon="lock",
                tap=lambda: self.open("", component=component),
            ),
        ]


@view("settings/about")
class About(Page):
    """What the phone is."""

    title = "About phone"

    def rows(self) -> list[Row]:
        """Return names and versions."""
        get = self.phone.properties.get
        minutes = int(self.phone.core.uptime() // 60)
        return [
            self.entry("Device name", self.phone.settings.get("global", "device_name") or "", icon="phone"),
            self.entry("Phone number", OWN_NUMBER, icon="call"),
            self.entry("Model", get("ro.product.model"), icon="info"),
            self.entry("Serial number", self.phone.serial, icon="keypad"),
            self.entry("Android version", get("ro.build.version.release"), icon="star"),
            self.entry("Android security update", get("ro.build.version.security_patch"), icon="lock"),
            self.entry("Build number", get("ro.build.id"), icon="settings"),
            self.entry("Up time", f"{minutes // 60} h {minutes % 60} min", icon="clock"),
        ]
