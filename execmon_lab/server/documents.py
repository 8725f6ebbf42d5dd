"""The endpoint's description, made from the structs: AsyncAPI 3 (WebSocket) and OpenAPI 3.1 (HTTP)."""

from typing import Any, get_args

import msgspec

from ..protocol import (
    Ack,
    ActionCompleted,
    CloseCode,
    DeviceStatus,
    DeviceSummary,
    ErrorMessage,
    ExecutionCompleted,
    ExecutionPaused,
    ExecutionProgress,
    ExecutionResumed,
    ExecutionSnapshot,
    LogEntry,
    Message,
    PreviewFrame,
    Quality,
    StartPreview,
    StepCompleted,
    StepFailed,
    StepStarted,
    StopPreview,
    SubscribeDevice,
    UnsubscribeDevice,
)
from ..protocol.frameheaders import FROM, HEIGHT, NUMBER, UNTIL, WIDTH
from .entrance import ENDPOINT
from .listing import LONGEST_PAGE, PAGE, Page

API_VERSION = "1.0.0"

FROM_CLIENT: tuple[type[Message], ...] = (
    SubscribeDevice,
    UnsubscribeDevice,
    StartPreview,
    StopPreview,
    Ack,
)
FROM_SERVER: tuple[type[Message], ...] = (
    ExecutionSnapshot,
    ExecutionProgress,
    DeviceStatus,
    StepStarted,
    ActionCompleted,
    StepCompleted,
    StepFailed,
    ExecutionPaused,
    ExecutionResumed,
    LogEntry,
    PreviewFrame,
    ExecutionCompleted,
    ErrorMessage,
)

_UUID = {"type": "string", "format": "uuid"}
_TIME = {"type": "string", "format": "date-time"}
_SCHEMAS = "#/components/schemas/"
_DEVICE = {"name": "device_id", "schema": {"type": "string"}}
_AT = {"name": "at", "in": "query", "required": True, "description": "UTC, RFC 3339.", "schema": _TIME}
_QUALITY = {
    "name": "quality",
    "in": "query",
    "description": "Of what was kept as video; high where it is left out.",
    "schema": {"type": "string", "enum": list(get_args(Quality))},
}
_STEERING = {"type": "string", "enum": ["cancel", "pause", "resume", "step", "retry", "pause_on_failure"]}
_LINE = [
    _AT,
    {**_DEVICE, "in": "query", "required": True},
    {"name": "message", "in": "query", "schema": {"type": "string"}},
    {"name": "source", "in": "query", "schema": {"type": "string", "enum": ["logcat"]}},
    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 0}},
]
_SKIP = {"name": "skip", "in": "query", "schema": {"type": "integer", "minimum": 0}}
_ON = {"type": "object", "required": ["on"], "properties": {"on": {"type": "boolean"}}}
_SWITCH = {"name": "on", "in": "query", "required": True, "schema": {"type": "boolean"}}
_MOMENT = {
    NUMBER: {"description": "Counts the device's pictures.", "schema": {"type": "integer"}},
    WIDTH: {"description": "In pixels.", "schema": {"type": "integer"}},
    HEIGHT: {"description": "In pixels.", "schema": {"type": "integer"}},
    FROM: {"description": "When it was captured.", "schema": _TIME},
    UNTIL: {"description": "When it gave way to the next; missing of the newest.", "schema": _TIME},
}
"""Headers of a recorded picture."""


def asyncapi(host: str = "127.0.0.1") -> dict[str, Any]:
    """Describe the WebSocket endpoint.

    Parameters
    ----------
    host
        The server's host and port.

    Returns
    -------
    dict
        An AsyncAPI 3.0.0 document.
    """
    schemas = _schemas((*FROM_CLIENT, *FROM_SERVER))
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "execmon_lab",
            "version": API_VERSION,
            "description": "Live updates of one test execution. The first message is `execution_state`.",
        },
        "defaultContentType": "application/json",
        "servers": {"this": {"host": host, "protocol": "ws"}},
        "channels": {
            "execution": {
                "address": ENDPOINT + "{execution_id}",
                "description": _close_codes(),
                "parameters": {"execution_id": {"description": "The execution's UUID."}},
                "messages": {
                    kind.type_name(): {"$ref": f"#/components/messages/{kind.type_name()}"}
                    for kind in (*FROM_CLIENT, *FROM_SERVER)
                },
                "bindings": {"ws": {"query": {"type": "object", "properties": _query()}}},
            }
        },
        "operations": {
            "ask": _operation("receive", FROM_CLIENT, "What a client may ask for."),
            "tell": _operation("send", FROM_SERVER, "What the server tells."),
        },
        "components": {
            "messages": {kind.type_name(): _message(kind) for kind in (*FROM_CLIENT, *FROM_SERVER)},
            "schemas": schemas,
        },
    }


def openapi(url: str = "http://127.0.0.1") -> dict[str, Any]:
    """Describe the HTTP side.

    Parameters
    ----------
    url
        The server's address.

    Returns
    -------
    dict
        An OpenAPI 3.1.0 document.
    """
    execution = {"name": "execution_id", "in": "path", "required": True, "schema": _UUID}
    step = {"name": "step_id", "in": "path", "required": True, "schema": _UUID}
    device = {**_DEVICE, "in": "query", "description": "On this device alone."}
    problem = {
        "description": "What is wrong (RFC 9457)",
        "content": {"application/problem+json": {"schema": {"$ref": f"{_SCHEMAS}ProblemDetails"}}},
    }

    def answer(status: str, description: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
        content = {"application/json": {"schema": schema}}
        return {
            "responses": {status: {"description": description, "content": content}, "default": problem},
            **more,
        }

    state = {"$ref": f"{_SCHEMAS}ExecutionSnapshot"}
    named = {"type": "object", "required": ["execution_id"], "properties": {"execution_id": _UUID}}
    schemas = _schemas((ExecutionSnapshot, DeviceSummary, LogEntry, Page))
    kept = _list("entries", {"$ref": f"{_SCHEMAS}LogEntry"})
    kept["properties"]["lost"] = {"type": "integer", "minimum": 0}
    return {
        "openapi": "3.1.0",
        "info": {"title": "execmon_lab", "version": API_VERSION},
        "servers": [{"url": url}],
        "security": [{}, {"bearer": []}, {"query": []}],
        "paths": {
            "/api/v1/executions": {
                "get": answer(
                    "200",
                    "The executions, of earlier processes too, the newest first",
                    {"$ref": f"{_SCHEMAS}Page"},
                    parameters=_paging(schemas),
                ),
                "post": answer(
                    "201",
                    "Started",
                    named,
                    requestBody={
                        "required": True,
                        "content": {"application/json": {"schema": _strings("plan")}},
                    },
                ),
            },
            "/api/v1/executions/{execution_id}": {
                "parameters": [execution],
                "get": answer("200", "Its state", state),
                "delete": answer("202", "It will be cancelled", named),
            },
            **{
                f"/api/v1/executions/{{execution_id}}/{verb}": {
                    "parameters": [execution, device],
                    "post": answer("202", done, named),
                }
                for verb, done in (
                    ("pause", "No further step will begin"),
                    ("resume", "It will go on; failures stand"),
                    ("step", "One step will run, and it will pause again"),
                )
            },
            "/api/v1/executions/{execution_id}/steering": {
                "parameters": [execution],
                "get": answer("200", "Which of these would be heard at present", _list("allowed", _STEERING)),
            },
            "/api/v1/executions/{execution_id}/pause_on_failure": {
                "parameters": [execution],
                "get": answer("200", "Whether it pauses where a step fails for good", _ON),
                "post": answer("202", "It will from here on, or will not", named, parameters=[_SWITCH]),
            },
            "/api/v1/executions/{execution_id}/steps/{step_id}/retry": {
                "parameters": [execution, step],
                "post": answer("202", "The step will run again, in the execution that is named", named),
            },
            "/api/v1/executions/{execution_id}/logs": {
                "parameters": [execution],
                "get": answer("200", "The newest lines of its log, and how many before them are lost", kept),
            },
            **{
                f"/api/v1/executions/{{execution_id}}/logs/{side}": {
                    "parameters": [execution],
                    "get": answer("200", found, kept, parameters=line),
                }
                for side, found, line in (
                    ("before", "The lines before a line of its log, and how many are before these", _LINE),
                    ("after", "The lines of a line's device after it", [*_LINE, _SKIP]),
                )
            },
            "/api/v1/executions/{execution_id}/recording/{device_id}": {
                "parameters": [execution, {**_DEVICE, "in": "path", "required": True}, _AT, _QUALITY],
                "get": _picture("image/jpeg", "What the device showed at that time", problem, _MOMENT),
            },
            "/api/v1/reports/{execution_id}": {
                "parameters": [execution],
                "get": answer(
                    "200",
                    "The report, in the format asked for",
                    {},
                    parameters=[{"name": "format", "in": "query", "schema": {"type": "string"}}],
                ),
            },
            "/api/v1/devices": {
                "get": answer("200", "The devices", _list("devices", {"$ref": f"{_SCHEMAS}DeviceSummary"})),
            },
            "/api/v1/artifacts/screenshots/{name}": {
                "parameters": [
                    {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
                ],
                "get": _picture("image/png", "The picture", problem),
            },
            "/healthz": {"get": answer("200", "It serves", _strings("status"), security=[{}])},
        },
        "components": {
            "schemas": {
                **schemas,
                "ProblemDetails": {
                    "type": "object",
                    "required": ["type", "title", "status", "detail"],
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                    },
                },
            },
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "query": {"type": "apiKey", "in": "query", "name": "token"},
            },
        },
    }


def _picture(
    kind: str, description: str, problem: dict[str, Any], headers: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Describe an answer that is a picture."""
    content = {kind: {"schema": {"type": "string", "format": "binary"}}}
    found = {"description": description, "content": content}
    return {"responses": {"200": found | ({"headers": headers} if headers else {}), "default": problem}}


def as_text(document: dict[str, Any]) -> str:
    """Write a document as indented JSON, for people and for generators."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _paging(schemas: dict[str, Any]) -> list[dict[str, Any]]:
    """Describe which part of the executions may be asked for."""
    status = schemas["ExecutionSnapshot"]["properties"]["status"]
    limit = {"type": "integer", "minimum": 1, "maximum": LONGEST_PAGE, "default": PAGE}
    before = "What began before this: the `next` of another page, or a time (UTC, RFC 3339)."
    return [
        {"name": "status", "in": "query", "description": "Of this status alone.", "schema": status},
        {"name": "limit", "in": "query", "description": "How many at most.", "schema": limit},
        {"name": "before", "in": "query", "description": before, "schema": {"type": "string"}},
    ]


def _schemas(kinds: tuple[type[msgspec.Struct], ...]) -> dict[str, Any]:
    _, components = msgspec.json.schema_components(kinds, ref_template=_SCHEMAS + "{name}")
    return dict(components)


def _message(kind: type[Message]) -> dict[str, Any]:
    return {
        "name": kind.type_name(),
        "summary": (kind.__doc__ or "").strip().partition("\n")[0],
        "payload": {"$ref": _SCHEMAS + kind.__name__},
    }


def _operation(action: str, kinds: tuple[type[Message], ...], summary: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/execution"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/execution/messages/{kind.type_name()}"} for kind in kinds],
    }


def _query() -> dict[str, Any]:
    return {
        "token": {"type": "string", "description": "In server mode; a proxy may take it for its own."},
        "execmon_token": {"type": "string", "description": "The same, where a proxy takes `token`."},
        "session": {"type": "string", "description": "A session to resume, within five minutes."},
        "ack": {"type": "string", "enum": ["transport", "app"], "description": "How to acknowledge."},
        "detail": {"type": "string", "enum": ["plain", "full"], "description": "Additive messages too."},
    }


def _close_codes() -> str:
    """Tell each close code, and what a client should do about it."""
    lines = (f"- {c.value}: {c.advice} ({'connect again' if c.again else 'give up'})" for c in CloseCode)
    return "\n".join(("A connection that cannot be served is sent one `error`. Close codes:", "", *lines))


def _list(name: str, item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": [name], "properties": {name: {"type": "array", "items": item}}}


def _strings(name: str) -> dict[str, Any]:
    return {"type": "object", "required": [name], "properties": {name: {"type": "string"}}}
