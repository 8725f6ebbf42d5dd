"""The settings provider: the tables system, secure and global."""

from __future__ import annotations

from collections.abc import Callable

NAMESPACES = ("system", "secure", "global")

_DEFAULTS: dict[str, dict[str, str]] = {
    "system": {
        "accelerometer_rotation": "0",
        "dim_screen": "1",
        "font_scale": "1.0",
        "haptic_feedback_enabled": "1",
        "pointer_location": "0",
        "screen_brightness": "102",
        "screen_brightness_mode": "0",
        "screen_off_timeout": "1800000",
        "show_touches": "0",
        "sound_effects_enabled": "1",
        "time_12_24": "24",
        "user_rotation": "0",
        "volume_alarm": "6",
        "volume_music": "5",
        "volume_ring": "5",
        "volume_system": "7",
    },
    "secure": {
        "accessibility_enabled": "0",
        "android_id": "5a1c0de5a1c0de01",
        "bluetooth_name": "Virtual Phone",
        "default_input_method": "com.android.inputmethod.latin/.LatinIME",
        "enabled_input_methods": "com.android.inputmethod.latin/.LatinIME",
        "install_non_market_apps": "1",
        "location_mode": "3",
        "navigation_mode": "2",
        "show_ime_with_hard_keyboard": "1",
        "sms_default_application": "com.android.messaging",
        "dialer_default_application": "com.android.dialer",
        "ui_night_mode": "1",
        "user_setup_complete": "1",
    },
    "global": {
        "adb_enabled": "1",
        "airplane_mode_on": "0",
        "airplane_mode_radios": "cell,bluetooth,wifi,nfc,wimax",
        "animator_duration_scale": "1.0",
        "auto_time": "1",
        "auto_time_zone": "1",
        "boot_count": "1",
        "bluetooth_on": "0",
        "data_roaming": "0",
        "development_settings_enabled": "1",
        "device_name": "Virtual Phone",
        "device_provisioned": "1",
        "low_power": "0",
        "mobile_data": "1",
        "mode_ringer": "2",
        "stay_on_while_plugged_in": "0",
        "transition_animation_scale": "1.0",
        "verifier_verify_adb_installs": "0",
        "wifi_on": "0",
        "window_animation_scale": "1.0",
        "zen_mode": "0",
    },
}


class Settings:
    """Settings by namespace and key; values are text.

    Other parts of the state watch the keys that concern them with `watch`.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._tables = {namespace: dict(values) for namespace, values in _DEFAULTS.items()}
        self._changed = changed
        self._watchers: dict[tuple[str, str], list[Callable[[str | None], None]]] = {}

    def table(self, namespace: str) -> dict[str, str]:
        """Return a namespace's table.

        Raises
        ------
        ValueError
            There is no such namespace.
        """
        if namespace not in self._tables:
            raise ValueError(f"Invalid namespace '{namespace}'")
        return self._tables[namespace]

    def get(self, namespace: str, key: str) -> str | None:
        """Return a value, or None."""
        return self.table(namespace).get(key)

    def number(self, namespace: str, key: str, default: int) -> int:
        """Return a value as an integer, or `default` where it is none."""
        value = self.get(namespace, key) or ""
        return int(value) if value.isdecimal() and len(value) < 10 else default

    def animation_scale(self, key: str) -> float:
        """Return the factor, 0 to 20, that stretches the animations of a kind; where it is none, 1."""
        try:
            return min(20.0, max(0.0, float(self.get("global", key) or 1)))
        except ValueError:
            return 1.0

    def put(self, namespace: str, key: str, value: str) -> None:
        """Set a value and tell its watchers."""
        table = self.table(namespace)
        if table.get(key) == value:
            return
        table[key] = value
        self._tell(namespace, key, value)

    def delete(self, namespace: str, key: str) -> int:
        """Delete a value; return the number of rows that went, 0 or 1."""
        if self.table(namespace).pop(key, None) is None:
            return 0
        self._tell(namespace, key, None)
        return 1

    def reset(self, namespace: str) -> None:
        """Put a namespace back to its first values."""
        for key in list(self.table(namespace)):
            if key not in _DEFAULTS[namespace]:
                self.delete(namespace, key)
        for key, value in _DEFAULTS[namespace].items():
            self.put(namespace, key, value)

    def watch(self, namespace: str, key: str, callback: Callable[[str | None], None]) -> None:
        """Call `callback` with each new value of a key."""
        self._watchers.setdefault((namespace, key), []).append(callback)

    def _tell(self, namespace: str, key: str, value: str | None) -> None:
        for callback in self._watchers.get((namespace, key), ()):
            callback(value)
        self._changed()
