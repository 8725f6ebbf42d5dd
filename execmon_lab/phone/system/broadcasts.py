"""Broadcasts that the phone answers.

Two are the phone's own, for tests that need something to come in:

- `com.execmon.phone.INCOMING_CALL` with the extra `number`
- `com.execmon.phone.INCOMING_SMS` with the extras `number` and `text`

Both give the result 1 when they did something and 0 when they could not.
"""

from __future__ import annotations

import base64
import binascii

from execmon_lab.phone.state.intents import Intent
from execmon_lab.phone.system.system import System

INCOMING_CALL = "com.execmon.phone.INCOMING_CALL"
INCOMING_SMS = "com.execmon.phone.INCOMING_SMS"
IME_PACKAGE = "com.github.uiautomator"
RESULT_OK = -1


def broadcast(system: System, intent: Intent) -> tuple[int, str]:
    """Deliver a broadcast; returns the result's code and data, 0 and nothing where nobody listens."""
    extras = intent.extras
    if intent.action == INCOMING_CALL:
        return (1, "") if system.telephony.ring(str(extras.get("number", "5550103"))) else (0, "")
    if intent.action == INCOMING_SMS:
        if not system.telephony.in_service:
            return 0, ""
        system.messaging.receive(str(extras.get("number", "5550103")), str(extras.get("text", "")))
        return 1, ""
    if intent.action == "android.intent.action.AIRPLANE_MODE":
        system.connectivity.set_airplane(extras.get("state") is True)
        return 0, ""
    if intent.action == "android.intent.action.CLOSE_SYSTEM_DIALOGS":
        system.notifications.open_shade(False)
        return 0, ""
    if intent.action.startswith("ADB_KEYBOARD_"):
        return _keyboard(system, intent)
    return 0, ""


def _keyboard(system: System, intent: Intent) -> tuple[int, str]:
    """Do what the keyboard that uiautomator2 brings along does, where it is installed and chosen."""
    chosen = system.settings.get("secure", "default_input_method") or ""
    if not chosen.startswith(IME_PACKAGE) or system.packages.get(IME_PACKAGE) is None:
        return 0, ""
    field = system.screen.focus
    verb = intent.action.removeprefix("ADB_KEYBOARD_")
    if verb == "HIDE":
        system.screen.view.keyboard = False
    elif verb == "GET_CLIPBOARD":
        return RESULT_OK, base64.b64encode(system.clipboard.encode()).decode()
    elif field is None:
        return 0, "no field has the focus"
    elif verb in ("INPUT_TEXT", "SET_TEXT"):
        try:
            text = base64.b64decode(str(intent.extras.get("text", ""))).decode()
        except (binascii.Error, UnicodeDecodeError):
            return 0, "text is not base64"
        if verb == "SET_TEXT":
            field.set("")
        field.insert(text)
    elif verb == "CLEAR_TEXT":
        field.set("")
    elif verb in ("SMART_ENTER", "EDITOR_CODE"):
        field.enter()
    else:
        return 0, ""
    system.core.changed()
    return RESULT_OK, "success"
