"""The documents that describe the endpoint: valid, served, and true of every message of a whole run."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

import execmon_lab as em
from execmon_lab.client.errors import RECONNECT
from execmon_lab.history.artifacts import ArtifactStore
from execmon_lab.history.lookback import LinePlace
from execmon_lab.hub import Hub
from execmon_lab.preview.recording import TrackWriter, track_path
from execmon_lab.protocol import CloseCode, LogEntry
from execmon_lab.server import KeptLog, Server
from execmon_lab.server.documents import FROM_CLIENT, FROM_SERVER, as_text, asyncapi
from tests.fields import FIELDS
from tests.processes import DEADLINE, Child
from tests.server import messages as m
from tests.server.conftest import DEVICE
from tests.server.raw import RawClient
from tests.server.test_http import ask
from tests.steered import FakeRun

Start = Callable[..., Server]

JS = Path(__file__).parents[2] / "js"

PARSE = """
import { Parser } from "@asyncapi/parser";
import { readFileSync } from "node:fs";
const { document, diagnostics } = await new Parser().parse(readFileSync(0, "utf8"));
console.log(JSON.stringify({ parsed: Boolean(document), diagnostics }));
"""


def validator(document: dict[str, Any], kind: str) -> Draft202012Validator:
    """Make the judge of one type's messages."""
    return judge(document, document["components"]["messages"][kind]["payload"])


def judge(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    """Make the judge of what a schema of a document describes."""
    return Draft202012Validator(
        {**schema, "components": document["components"]}, format_checker=FormatChecker(["uuid"])
    )


def test_the_asyncapi_document_is_valid() -> None:
    """By the specification's own parser; that there is a later version of it is no fault."""
    with Child(["node", "--input-type=module", "-e", PARSE], cwd=JS, stdin=subprocess.PIPE) as parser:
        said, _ = parser.communicate(as_text(asyncapi("127.0.0.1:8765")), timeout=DEADLINE)
        assert parser.returncode == 0
    found = json.loads(said)
    faults = [d for d in found["diagnostics"] if d["code"] != "asyncapi-latest-version"]
    assert (found["parsed"], faults) == (True, [])


def test_the_openapi_document_is_valid(server: Server) -> None:
    """By a validator of its own; one that lets no fault pass."""
    document = json.loads(ask(server, "/openapi.json")[1])
    validate(document, cls=OpenAPIV31SpecValidator)
    del document["paths"]["/api/v1/executions/{execution_id}"]["parameters"]
    with pytest.raises(OpenAPIValidationError, match="execution_id"):
        validate(document, cls=OpenAPIV31SpecValidator)


def test_every_close_code_is_told_with_what_to_do_about_it(server: Server) -> None:
    text = json.loads(ask(server, "/asyncapi.json")[1])["channels"]["execution"]["description"]
    for code in CloseCode:
        (line,) = [line for line in text.splitlines() if line.startswith(f"- {code.value}: ")]
        assert line.endswith("(connect again)" if code in RECONNECT else "(give up)")


@em.module(timeout=20)
def call_test_module(ctx: em.Context) -> None:
    with ctx.action("go"):
        ctx.device.home()
    ctx.sleep(1.2)


@em.module(timeout=20, retries=1)
def data_test_module(ctx: em.Context) -> None:
    ctx.log.error("no: %s", "\x00\ud800 €")
    ctx.expect(False, "it works")


@em.module(timeout=0.3)
def slow_module(ctx: em.Context) -> None:
    ctx.sleep(60)


@em.module(timeout=20)
def skipping_module(ctx: em.Context) -> None:
    ctx.skip("not here")


PLAN = em.Plan([call_test_module, data_test_module, slow_module, skipping_module])


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """All that a run on a virtual phone sends: to a plain consumer, and to one who asked for everything."""
    received = {}
    with em.Lab(history=tmp_path_factory.mktemp("history")) as lab:
        run = lab.prepare(PLAN)
        with (
            RawClient(run.url, answers=True) as plain,
            RawClient(run.url + "?detail=full&ack=app", answers=True) as full,
        ):
            for client in (plain, full):
                client.say(type="subscribe_device", device_id=lab.serials[0])
                client.say(type="start_preview", device_id=lab.serials[0])
                client.say(type="start_preview", device_id="nobody")
            run.pause()
            run.start()
            run.wait(timeout=60, or_paused=True)
            run.resume()
            received["plain"] = plain.rest()
            received["full"] = full.rest_until("execution_completed")
    return received


def test_every_message_of_a_run_fits_the_asyncapi_document(told: dict[str, list[dict[str, Any]]]) -> None:
    document = json.loads(json.dumps(asyncapi("127.0.0.1:8765")))
    judges = {kind.type_name(): validator(document, kind.type_name()) for kind in FROM_SERVER}
    for messages in told.values():
        for message in messages:
            judges[message["type"]].validate(message)
    assert {message["type"] for message in told["full"]} == set(judges)


def test_a_plain_consumer_of_a_run_gets_exactly_the_fields_of_the_specification(
    told: dict[str, list[dict[str, Any]]],
) -> None:
    state, *rest = told["plain"]
    assert state["type"] == "execution_state"
    for message in rest:
        assert set(message) - {"type"} == FIELDS[message["type"]]
    assert {message["type"] for message in rest} == set(FIELDS)


def test_durations_are_told_to_the_millisecond(told: dict[str, list[dict[str, Any]]]) -> None:
    durations = [
        message["duration_seconds"] for message in told["plain"][1:] if "duration_seconds" in message
    ]
    assert len(durations) == 3  # of the two steps that did not fail, and of the whole
    assert durations == [round(duration, 3) for duration in durations]


@pytest.mark.parametrize("kind", [kind.type_name() for kind in (*FROM_CLIENT, *FROM_SERVER)])
def test_a_schema_refuses_what_lacks_or_mistypes_a_field(kind: str) -> None:
    document = asyncapi("127.0.0.1:8765")
    name = document["components"]["messages"][kind]["payload"]["$ref"].rpartition("/")[2]
    schema = document["components"]["schemas"][name]
    assert "type" in schema["required"]
    with pytest.raises(ValidationError):
        validator(document, kind).validate({"type": kind})
    with pytest.raises(ValidationError):
        validator(document, kind).validate({field: {} for field in schema["required"]} | {"type": kind})


class TestServed:
    def test_every_reference_leads_somewhere(self, server: Server) -> None:
        for path in ("/asyncapi.json", "/openapi.json"):
            document = json.loads(ask(server, path)[1])
            references = list(_references(document))
            assert references
            for reference in references:
                node = document
                for part in reference.removeprefix("#/").split("/"):
                    node = node[part]

    def test_every_path_of_the_openapi_document_is_served_as_it_says(
        self, start: Start, hub: Hub, execution: str, artifacts: ArtifactStore
    ) -> None:
        hub.publish(m.failed(execution))
        hub.publish(m.error(execution))
        artifacts.save_screenshot("step_001.png", b"png")
        folder = artifacts.recording(execution)
        folder.mkdir(parents=True)
        writer = TrackWriter(track_path(folder, DEVICE), DEVICE, 1 << 20)
        writer.append(1.0, (54, 96), b"jpeg")
        writer.close()
        server = start(
            cancel=lambda execution_id: None,
            steering=FakeRun,
            plans={"demo": lambda: execution},
            logs=lambda execution_id: KeptLog((m.log_entry(execution_id),), lost=1),
            lookback=lambda execution_id: NoLines(),
        )
        document = json.loads(ask(server, "/openapi.json")[1])
        for path, methods in document["paths"].items():
            address = path.replace("{execution_id}", execution).replace("{name}", "step_001.png")
            address = address.replace("{step_id}", execution).replace("{device_id}", DEVICE)
            address += "?at=2025-01-27T10:30:30Z" if "/recording/" in path else ""
            address += f"?at=2025-01-27T10:30:30Z&device_id={DEVICE}" if "/logs/" in path else ""
            address += "?on=true" if path.endswith("/pause_on_failure") else ""
            for method in {"get", "post", "delete"} & set(methods):
                body = b'{"plan": "demo"}' if method == "post" else None
                response, content = ask(server, address, method.upper(), body)
                told = methods[method]["responses"][str(response.status)]
                kind = response.headers["Content-Type"].partition(";")[0]
                if kind == "application/json":
                    judge(document, told["content"][kind]["schema"]).validate(json.loads(content))
                else:
                    assert kind in told["content"]
        response, content = ask(server, "/api/v1/executions/nonsense")
        told = document["paths"]["/api/v1/executions/{execution_id}"]["get"]["responses"]["default"]
        schema = told["content"][response.headers["Content-Type"]]["schema"]
        judge(document, schema).validate(json.loads(content))


class NoLines:
    """A log that has no lines."""

    def before(self, line: LinePlace, most: int) -> tuple[list[LogEntry], int]:
        return [], 0

    def after(self, line: LinePlace, skip: int, most: int) -> list[LogEntry]:
        return []


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _references(child)
