"""content: the content providers of calls, messages, contacts and settings."""

from __future__ import annotations

import re

from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.state.contacts import CONTACTS
from execmon_lab.phone.state.messaging import FAILED, INBOX, OUTBOX, SENT
from execmon_lab.phone.system.system import System

Row = dict[str, object]


@command("content")
async def content(process: Process) -> int:
    """Query, insert, update and delete rows."""
    verb, *words = process.argv[1:] or ["help"]
    options: dict[str, list[str]] = {}
    for key, value in zip(words[::2], words[1::2], strict=False):
        options.setdefault(key, []).append(value)
    uri = (options.get("--uri") or [""])[0]
    if not uri.startswith("content://"):
        return await process.fail(
            "[ERROR] Content provider URI not specified." if not uri else f"[ERROR] Invalid URI: {uri}"
        )
    path = uri.removeprefix("content://").strip("/")
    system = process.system
    rows = _rows(system, path)
    if rows is None:
        return await process.fail(
            f"Error while accessing provider:{path.split('/')[0]}\n"
            "java.lang.IllegalStateException: Could "
            f"not find provider: {path.split('/')[0]}"
        )
    values = dict(_bound(item) for item in options.get("--bind", []))
    chosen = [row for row in rows if _matches(row, (options.get("--where") or [""])[0])]
    match verb:
        case "query":
            names = (options.get("--projection") or [""])[0]
            shown = names.split(":") if names else []
            if not chosen:
                await process.print("No result found.")
            for index, row in enumerate(chosen):
                text = ", ".join(
                    f"{name}={'NULL' if row.get(name) is None else row[name]}" for name in shown or row
                )
                await process.print(f"Row: {index} {text}")
        case "insert":
            return await _insert(process, path, values)
        case "delete":
            _delete(system, path, {int(str(row["_id"])) for row in chosen})
        case "update" | "call" | "read" | "write" | "gettype":
            return await process.fail(f"[ERROR] {verb} is not supported by {path}")
        case _:
            return await process.fail(f"[ERROR] Unsupported operation: {verb}")
    return 0


def _bound(text: str) -> tuple[str, str]:
    """Return name and value of `name:type:value`."""
    name, _, rest = text.partition(":")
    return name, rest.partition(":")[2]


def _matches(row: Row, where: str) -> bool:
    """Whether a row fits `name='value' AND …`; a condition that is not understood does not fit."""
    for condition in re.split(r"\s+and\s+", where, flags=re.IGNORECASE) if where else []:
        match = re.fullmatch(r"\s*(\w+)\s*(=|!=|<>|>|<|like)\s*'?(.*?)'?\s*", condition, re.IGNORECASE)
        if match is None:
            return False
        value, sign, wanted = str(row.get(match[1])), match[2].lower(), match[3]
        if sign == "=":
            fits = value == wanted
        elif sign == "like":
            fits = re.fullmatch(re.escape(wanted).replace("%", ".*"), value, re.IGNORECASE) is not None
        elif sign in (">", "<") and value.isdigit() and wanted.isdigit():
            fits = int(value) > int(wanted) if sign == ">" else int(value) < int(wanted)
        else:
            fits = sign in ("!=", "<>") and value != wanted
        if not fits:
            return False
    return True


def _rows(system: System, path: str) -> list[Row] | None:
    authority, _, rest = path.partition("/")
    if authority in ("sms", "mms-sms"):
        kind = {"inbox": INBOX, "sent": SENT, "outbox": OUTBOX, "failed": FAILED}.get(rest)
        return [
            {
                "_id": item.identifier,
                "thread_id": sum(map(ord, item.address)),
                "address": item.address,
                "date": int(item.date * 1000),
                "read": int(item.read),
                "status": -1,
                "type": item.kind,
                "body": item.body,
            }
            for item in reversed(system.messaging.messages)
            if kind is None or item.kind == kind
        ]
    if authority == "call_log":
        return [
            {
                "_id": call.identifier,
                "number": call.number,
                "date": int(call.started * 1000),
                "duration": call.duration,
                "type": call.kind,
                "name": call.name if call.name != call.number else None,
                "new": 1,
            }
            for call in system.telephony.log
        ]
    if authority in ("contacts", "com.android.contacts"):
        return [
            {"_id": index, "display_name": person.name, "data1": person.number, "number": person.number}
            for index, person in enumerate(CONTACTS, 1)
        ]
    if authority == "settings" and rest.split("/")[0] in ("system", "secure", "global"):
        table, _, key = rest.partition("/")
        return [
            {"_id": index, "name": name, "value": value}
            for index, (name, value) in enumerate(sorted(system.settings.table(table).items()), 1)
            if key in ("", name)
        ]
    return None


async def _insert(process: Process, path: str, values: dict[str, str]) -> int:
    system = process.system
    authority, _, rest = path.partition("/")
    if authority == "sms":
        kind = {"inbox": INBOX, "sent": SENT}.get(rest, int(values.get("type", str(INBOX))))
        if kind not in (INBOX, SENT, FAILED, OUTBOX):
            return await process.fail(f"[ERROR] no such type: {kind}")
        system.messaging.insert(
            values.get("address", ""), values.get("body", ""), kind, read=values.get("read", "1") == "1"
        )
    elif authority == "settings" and "name" in values:
        system.settings.put(rest.split("/")[0], values["name"], values.get("value", ""))
    else:
        return await process.fail(f"[ERROR] insert is not supported by {path}")
    return 0


def _delete(system: System, path: str, identifiers: set[int]) -> None:
    authority, _, rest = path.partition("/")
    if authority == "sms":
        for message in [item for item in system.messaging.messages if item.identifier in identifiers]:
            system.messaging.delete(message)
    elif authority == "call_log":
        system.telephony.log[:] = [
            call for call in system.telephony.log if call.identifier not in identifiers
        ]
        system.core.changed()
    elif authority == "settings":
        table = rest.split("/")[0]
        names = sorted(system.settings.table(table))
        for identifier in identifiers:
            system.settings.delete(table, names[identifier - 1])
