"""A report as JUnit XML, as CI systems read it: a suite a device, a case a step, reruns as flaky."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from ..protocol import Attempt, ExecutionSnapshot, Step
from . import words
from .material import Material


def junit(material: Material) -> bytes:
    """Write a report as JUnit XML, UTF-8.

    The dialect is that of Maven Surefire: a step that passed after a failed attempt has ``flakyFailure``
    elements; one that failed for good has a ``failure`` (its first attempt) and ``rerunFailure`` elements. A
    failed check is a failure, any other exception an error.

    Parameters
    ----------
    material
        The execution.
    """
    state = material.state
    root = ET.Element(
        "testsuites", {"name": words.plain(state.name or state.execution_id), **_sums(state.steps)}
    )
    for device in dict.fromkeys(step.device_id for step in state.steps):
        steps = [step for step in state.steps if step.device_id == device]
        suite = ET.SubElement(
            root, "testsuite", {"name": words.plain(device or "(any device)"), **_sums(steps)}
        )
        if state.started_at is not None:
            suite.set("timestamp", f"{words.when(state.started_at):%Y-%m-%dT%H:%M:%S}")
        _properties(suite, state, material.devices.get(device, {}))
        for number, step in enumerate(state.steps, 1):
            if step.device_id == device:
                _case(suite, number, step)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _sums(steps: Sequence[Step]) -> dict[str, str]:
    failed = [step.attempts[-1] for step in steps if step.status == "failed" and step.attempts]
    failures = sum(_is_failure(attempt) for attempt in failed)
    return {
        "tests": str(len(steps)),
        "failures": str(failures),
        "errors": str(len(failed) - failures),
        "skipped": str(sum(step.status in ("skipped", "pending") for step in steps)),
        "time": f"{sum(attempt.duration_seconds or 0 for step in steps for attempt in step.attempts):.3f}",
    }


def _properties(suite: ET.Element, state: ExecutionSnapshot, facts: object) -> None:
    known = {"execution_id": state.execution_id, "execution_status": state.status}
    known |= {f"device.{name}": value for name, value in dict(facts).items()}  # type: ignore[call-overload]
    properties = ET.SubElement(suite, "properties")
    for name, value in known.items():
        ET.SubElement(properties, "property", {"name": words.plain(name), "value": words.plain(value)})


def _case(suite: ET.Element, number: int, step: Step) -> None:
    params = f" [{words.plain(step.params)}]" if isinstance(step.params, str) else ""
    seconds = sum(attempt.duration_seconds or 0 for attempt in step.attempts)
    case = ET.SubElement(
        suite,
        "testcase",
        {
            "classname": words.plain(step.module_id),
            "name": f"{number}. {words.plain(step.module_id)}{params}",
            "time": f"{seconds:.3f}",
        },
    )
    _actions(case, step)
    failed = [attempt for attempt in step.attempts if attempt.status == "failed"]
    if step.status == "failed":
        for place, attempt in enumerate(failed):
            _failure(case, attempt, "rerun" if place else "")
    elif step.status == "completed":
        for attempt in failed:
            _failure(case, attempt, "flaky")
    elif step.status == "skipped":
        reason = step.attempts[-1].error_message if step.attempts else None
        ET.SubElement(case, "skipped", {"message": words.plain(reason or "")})
    else:
        ET.SubElement(case, "skipped", {"message": f"The step is {words.STATUS[step.status]}"})


def _actions(case: ET.Element, step: Step) -> None:
    """The last attempt's actions, as properties: CI systems know no steps of a case."""
    actions = step.attempts[-1].actions if step.attempts else ()
    if not actions:
        return
    properties = ET.SubElement(case, "properties")
    for action in actions:
        value = f"{words.STATUS[action.status]}, {action.duration_seconds:.3f} s"
        name = words.plain(" / ".join(action.path))
        ET.SubElement(properties, "property", {"name": f"action: {name}", "value": value})


def _failure(case: ET.Element, attempt: Attempt, how: str) -> None:
    what = "failure" if _is_failure(attempt) else "error"
    element = ET.SubElement(
        case,
        how + what.capitalize() if how else what,
        {
            "type": words.plain(attempt.error_code or ""),
            "message": words.plain(attempt.error_message or ""),
        },
    )
    told = words.plain(attempt.traceback or "")
    if how:
        ET.SubElement(element, "stackTrace").text = told
    else:
        element.text = told


def _is_failure(attempt: Attempt) -> bool:
    return attempt.error_code == "ASSERTION_FAILED"
