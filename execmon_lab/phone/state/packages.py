"""Packages: what is installed, and which activity answers an intent."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field

from execmon_lab.phone.state.apk import Manifest
from execmon_lab.phone.state.core import Core
from execmon_lab.phone.state.intents import DEFAULT, HOME, LAUNCHER, MAIN, VIEW, WEB_SEARCH, Intent
from execmon_lab.phone.state.processes import FIRST_APP_UID

_NAME = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+")
RUNTIME_PERMISSIONS = [
    "ACCESS_COARSE_LOCATION",
    "ACCESS_FINE_LOCATION",
    "CALL_PHONE",
    "CAMERA",
    "POST_NOTIFICATIONS",
    "READ_CALL_LOG",
    "READ_CONTACTS",
    "READ_EXTERNAL_STORAGE",
    "READ_PHONE_STATE",
    "READ_SMS",
    "RECEIVE_SMS",
    "RECORD_AUDIO",
    "SEND_SMS",
    "WRITE_CALL_LOG",
    "WRITE_CONTACTS",
    "WRITE_EXTERNAL_STORAGE",
]


@dataclass(frozen=True)
class Filter:
    """An intent filter: any of the actions, all asked categories, any of the schemes."""

    actions: tuple[str, ...]
    categories: tuple[str, ...] = (DEFAULT,)
    schemes: tuple[str, ...] = ()

    def matches(self, intent: Intent) -> bool:
        """Whether the filter lets the intent through."""
        if intent.action not in self.actions:
            return False
        if any(category not in (*self.categories, DEFAULT) for category in intent.categories):
            return False
        return intent.scheme in self.schemes if intent.data else not self.schemes


@dataclass(frozen=True)
class Activity:
    """An activity of a package: full class name, filters, the screen it shows, and whether that is protected.

    Of a protected one (FLAG_SECURE) every picture is black.
    """

    name: str
    filters: tuple[Filter, ...] = ()
    screen: str = ""
    secure: bool = False


@dataclass
class Package:
    """An installed package; times in seconds of wall clock."""

    name: str
    label: str
    uid: int
    path: str
    system: bool = True
    version_name: str = "14"
    version_code: int = 34
    target_sdk: int = 34
    min_sdk: int = 34
    activities: tuple[Activity, ...] = ()
    permissions: tuple[str, ...] = ()
    granted: set[str] = field(default_factory=set)
    installer: str = ""
    installed: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    enabled: bool = True
    stopped: bool = False

    @property
    def launcher(self) -> Activity | None:
        """The activity that the launcher shows, if there is one."""
        for activity in self.activities:
            if any(MAIN in item.actions and LAUNCHER in item.categories for item in activity.filters):
                return activity
        return None

    def activity(self, name: str) -> Activity | None:
        """Return the activity with that full class name."""
        return next((activity for activity in self.activities if activity.name == name), None)


_MAIN = Filter((MAIN,), (LAUNCHER, DEFAULT))


def _settings(name: str, screen: str, *actions: str) -> Activity:
    filters = (Filter(tuple(f"android.settings.{action}" for action in actions)),) if actions else ()
    return Activity(f"com.android.settings.{name}", filters, screen)


_ACTIVITIES: dict[str, tuple[Activity, ...]] = {
    "com.android.launcher3": (
        Activity(
            "com.android.launcher3.uioverrides.QuickstepLauncher",
            (Filter((MAIN,), (HOME, DEFAULT)),),
            "launcher",
        ),
    ),
    "com.android.dialer": (
        Activity(
            "com.android.dialer.main.impl.MainActivity",
            (
                _MAIN,
                Filter(("android.intent.action.DIAL", VIEW), schemes=("tel", "voicemail")),
                Filter(("android.intent.action.DIAL", "android.intent.action.CALL_BUTTON")),
                Filter(
                    ("android.intent.action.CALL", "android.intent.action.CALL_PRIVILEGED"), schemes=("tel",)
                ),
            ),
            "dialer",
        ),
        Activity("com.android.incallui.InCallActivity", (), "call"),
    ),
    "com.android.messaging": (
        Activity("com.android.messaging.ui.conversationlist.ConversationListActivity", (_MAIN,), "messages"),
        Activity(
            "com.android.messaging.ui.conversation.LaunchConversationActivity",
            (Filter(("android.intent.action.SENDTO", VIEW), schemes=("sms", "smsto", "mms", "mmsto")),),
            "conversation",
        ),
    ),
    "com.android.settings": (
        Activity(
            "com.android.settings.Settings", (_MAIN, Filter(("android.settings.SETTINGS",))), "settings"
        ),
        _settings(
            "Settings$NetworkDashboardActivity",
            "settings/network",
            "WIRELESS_SETTINGS",
            "AIRPLANE_MODE_SETTINGS",
            "DATA_USAGE_SETTINGS",
            "DATA_ROAMING_SETTINGS",
            "NETWORK_OPERATOR_SETTINGS",
            "WIFI_SETTINGS",
            "INTERNET_CONNECTIVITY_PANEL",
        ),
        _settings("Settings$DisplaySettingsActivity", "settings/display", "DISPLAY_SETTINGS"),
        _settings("Settings$PowerUsageSummaryActivity", "settings/battery", "BATTERY_SAVER_SETTINGS"),
        _settings(
            "Settings$AppAndNotificationDashboardActivity",
            "settings/apps",
            "APPLICATION_SETTINGS",
            "MANAGE_APPLICATIONS_SETTINGS",
            "MANAGE_ALL_APPLICATIONS_SETTINGS",
        ),
        _settings("Settings$SoundSettingsActivity", "settings/sound", "SOUND_SETTINGS"),
        _settings("Settings$SecurityDashboardActivity", "settings/security", "SECURITY_SETTINGS"),
        Activity(
            "com.android.settings.password.ChooseLockPassword",
            (Filter(("android.app.action.SET_NEW_PASSWORD",)),),
            "settings/pin",
            secure=True,
        ),
        _settings("Settings$MyDeviceInfoActivity", "settings/about", "DEVICE_INFO_SETTINGS"),
    ),
    "com.android.chrome": (
        Activity(
            "com.google.android.apps.chrome.Main",
            (
                _MAIN,
                Filter((VIEW,), (DEFAULT, "android.intent.category.BROWSABLE"), ("http", "https")),
                Filter((MAIN,), ("android.intent.category.APP_BROWSER", DEFAULT)),
                Filter((WEB_SEARCH,)),
            ),
            "browser",
        ),
    ),
    "com.android.calculator2": (Activity("com.android.calculator2.Calculator", (_MAIN,), "calculator"),),
    "com.android.contacts": (
        Activity(
            "com.android.contacts.activities.PeopleActivity",
            (_MAIN, Filter(("com.android.contacts.action.LIST_CONTACTS",))),
            "contacts",
        ),
    ),
    "com.android.deskclock": (
        Activity(
            "com.android.deskclock.DeskClock",
            (_MAIN, Filter(("android.intent.action.SHOW_ALARMS",))),
            "clock",
        ),
    ),
    "com.execmon.motion": (Activity("com.execmon.motion.MotionActivity", (_MAIN,), "motion"),),
}

_LABELS = {
    "com.android.launcher3": "Launcher3",
    "com.android.dialer": "Phone",
    "com.android.messaging": "Messages",
    "com.android.settings": "Settings",
    "com.android.chrome": "Browser",
    "com.android.calculator2": "Calculator",
    "com.android.contacts": "Contacts",
    "com.android.deskclock": "Clock",
    "com.execmon.motion": "Motion",
}
_WITHOUT_SCREEN = [
    "android",
    "com.android.bluetooth",
    "com.android.certinstaller",
    "com.android.documentsui",
    "com.android.externalstorage",
    "com.android.inputmethod.latin",
    "com.android.keychain",
    "com.android.location.fused",
    "com.android.nfc",
    "com.android.packageinstaller",
    "com.android.permissioncontroller",
    "com.android.phone",
    "com.android.providers.calendar",
    "com.android.providers.contacts",
    "com.android.providers.downloads",
    "com.android.providers.media",
    "com.android.providers.settings",
    "com.android.providers.telephony",
    "com.android.providers.userdictionary",
    "com.android.server.telecom",
    "com.android.shell",
    "com.android.systemui",
    "com.android.vpndialogs",
    "com.android.webview",
    "com.android.wallpaper.livepicker",
]
_UIDS = {
    "android": 1000,
    "com.android.settings": 1000,
    "com.android.keychain": 1000,
    "com.android.location.fused": 1000,
    "com.android.providers.settings": 1000,
    "com.android.server.telecom": 1000,
    "com.android.phone": 1001,
    "com.android.providers.telephony": 1001,
    "com.android.bluetooth": 1002,
    "com.android.nfc": 1027,
    "com.android.shell": 2000,
}
_PRIVILEGED = (
    "com.android.dialer",
    "com.android.contacts",
    "com.android.settings",
    "com.android.systemui",
    "com.android.launcher3",
    "com.android.phone",
    "com.android.shell",
)


def _path(name: str) -> str:
    if name == "android":
        return "/system/framework/framework-res.apk"
    folder = "priv-app" if name in _PRIVILEGED or ".providers." in name else "app"
    title = "".join(part.capitalize() for part in name.removeprefix("com.android.").split("."))
    return f"/system/{folder}/{title}/{title}.apk"


class Packages:
    """The packages of the phone, by name."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._packages: dict[str, Package] = {}
        self._next_uid = FIRST_APP_UID + 60
        for name in sorted([*_ACTIVITIES, *_WITHOUT_SCREEN]):
            permissions = tuple(f"android.permission.{short}" for short in RUNTIME_PERMISSIONS)
            uid = _UIDS.get(name) or self._uid()
            package = Package(
                name, _LABELS.get(name, name), uid, _path(name), activities=_ACTIVITIES.get(name, ())
            )
            package.installed = package.updated = 1230768000.0  # what a system image shows: 2009-01-01
            package.permissions = permissions
            package.granted = set(permissions)
            self._packages[name] = package
        self._next_uid = FIRST_APP_UID + 150

    def _uid(self) -> int:
        self._next_uid += 1
        return self._next_uid - 1

    def get(self, name: str) -> Package | None:
        """Return the package of that name."""
        return self._packages.get(name)

    def all(self) -> list[Package]:
        """Return all packages in order of name."""
        return [self._packages[name] for name in sorted(self._packages)]

    def launchable(self) -> list[Package]:
        """Return the packages that the launcher shows."""
        return [package for package in self.all() if package.launcher is not None and package.enabled]

    def install(self, manifest: Manifest, data: bytes, *, installer: str = "") -> Package:
        """Install or update a package from what its manifest says and the bytes of its file.

        Raises
        ------
        ValueError
            The manifest names no usable package, or one of the system.
        """
        name = manifest.package
        if not _NAME.fullmatch(name):
            raise ValueError(f"INSTALL_PARSE_FAILED_BAD_PACKAGE_NAME: {name!r}")
        old = self._packages.get(name)
        if old is not None and old.system:
            raise ValueError(f"INSTALL_FAILED_DUPLICATE_PACKAGE: {name} is part of the system")
        activities = tuple(
            Activity(activity, (_MAIN,) if activity in manifest.launchers else (), "app")
            for activity in manifest.activities
        )
        folder = f"/data/app/{name}-1"
        self._core.files.mkdir(folder, parents=True)
        self._core.files.write(f"{folder}/base.apk", data)
        package = Package(
            name,
            manifest.label or name.rsplit(".", 1)[-1].capitalize(),
            old.uid if old else self._uid(),
            f"{folder}/base.apk",
            system=False,
            version_name=manifest.version_name or "null",
            version_code=manifest.version_code,
            target_sdk=manifest.target_sdk,
            min_sdk=manifest.min_sdk,
            activities=activities,
            permissions=manifest.permissions,
            installer=installer,
            stopped=True,
        )
        if old is not None:
            package.installed, package.granted = old.installed, old.granted
        self._packages[name] = package
        self._core.log.write("I", "PackageManager", f"installed {name}")
        self._core.changed()
        return package

    def uninstall(self, name: str) -> bool:
        """Remove a package that was installed; False when there is none, or it is part of the system."""
        package = self._packages.get(name)
        if package is None or package.system:
            return False
        del self._packages[name]
        folder = package.path.rsplit("/", 1)[0]
        if self._core.files.exists(folder):
            self._core.files.remove(folder, recursive=True)
        self._core.log.write("I", "PackageManager", f"removed {name}")
        self._core.changed()
        return True

    def resolve(self, intent: Intent) -> tuple[Package, Activity] | None:
        """Return the activity that answers an intent, or None."""
        if intent.component is not None:
            package = self._packages.get(intent.component[0])
            found = package.activity(intent.component[1]) if package and package.enabled else None
            return (package, found) if package and found else None
        for package in self.all():
            if not package.enabled or (intent.package and package.name != intent.package):
                continue
            for activity in package.activities:
                if any(item.matches(intent) for item in activity.filters):
                    return package, activity
        return None
