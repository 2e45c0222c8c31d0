"""Creating, updating and deleting content, with unit tests that run first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.sandbox.service import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONTENT", "checked_body", "failing_tests", "flag"]

Row = dict[str, Any]

# Path to list and to the fields that a body must have.
CONTENT: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "rules": ("rules", ("id", "body", "severity")),
    "scheduled-rules": ("scheduled_rules", ("id", "body", "severity")),
    "simple-rules": ("simple_rules", ("id", "detection", "severity")),
    "correlation-rules": ("correlation_rules", ("id", "detection", "severity")),
    "policies": ("policies", ("id", "body", "severity")),
    "globals": ("globals", ("id", "body")),
    "data-models": ("data_models", ("id",)),
    "queries": ("queries", ("name", "sql")),
}
_SEVERITIES = ("INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL")
# Fields by the type that they must have in a body.
_FIELD_TYPES: Mapping[str, type] = {
    **dict.fromkeys(
        ("id", "body", "severity", "displayName", "description", "runbook", "reference",
         "detection", "inlineFilters", "groupBy", "alertTitle", "alertContext",
         "dynamicSeverities", "name", "sql"),
        str,
    ),
    **dict.fromkeys(("enabled", "createAlert", "managed"), bool),
    **dict.fromkeys(("threshold", "dedupPeriodMinutes"), int),
    **dict.fromkeys(
        ("logTypes", "resourceTypes", "scheduledQueries", "suppressions", "tags", "outputIDs",
         "summaryAttributes", "tests", "mappings"),
        list,
    ),
    **dict.fromkeys(("reports", "schedule", "emailConfig"), dict),
}  # fmt: skip
_NEEDED_BY_TESTS = ("id", "severity", "body", "detection", "tests")
_FUNCTIONS = {
    "detection": "detection", "title": "title", "dedup": "dedup", "severity": "severity",
    "description": "description", "reference": "reference", "runbook": "runbook",
    "destinations": "destinations", "alert_context": "alertContext",
}  # fmt: skip


def flag(text: str | None, *, default: bool, name: str) -> bool:
    """Return a boolean query parameter."""
    if not text:
        return default
    if text not in {"true", "false"}:
        raise Refused(400, f"invalid value {text!r} for {name}, must be a boolean")
    return text == "true"


def checked_body(kind: str, body: Any, *, key: str | None = None) -> Row:
    """Return the body of a write, or refuse it; `key` is the id in the path of an update."""
    if not isinstance(body, dict):
        raise Refused(400, "the body must be an object", name="decode_payload")
    listed, required = CONTENT[kind]
    for name in required:
        if name == "id" and key is not None and listed == "globals":
            continue
        if body.get(name) in (None, ""):
            raise Refused(400, f'"{name}" is missing from body', name="missing_field")
    for name, wanted in _FIELD_TYPES.items():
        _check_field(name, wanted, body)
    if body.get("severity", "LOW") not in _SEVERITIES:
        listed_ = ", ".join(_SEVERITIES)
        text = f"value of body.severity must be one of {listed_} but got {body['severity']!r}"
        raise Refused(400, text, name="invalid_enum_value")
    for name in ("threshold", "dedupPeriodMinutes"):
        if body.get(name, 1) < 1:
            raise Refused(400, f"body.{name} must be greater or equal than 1", name="invalid_range")
    if key is not None and body.get("id", key) != key:
        raise Refused(400, "the ids of path and body differ")
    return body


def _check_field(name: str, wanted: type, body: Row) -> None:
    if name not in body:
        return
    value = body[name]
    wrong = not isinstance(value, wanted) or (wanted is int and isinstance(value, bool))
    if wrong or (wanted is list and not all(_is_item(name, item) for item in value)):
        raise Refused(400, f"body.{name} must be {wanted.__name__}", name="invalid_field_type")


def _is_item(name: str, item: Any) -> bool:
    """Return whether something may be an item of a list: an object with a name, or text."""
    if name not in {"tests", "mappings"}:
        return isinstance(item, str)
    named = isinstance(item, dict) and isinstance(item.get("name"), str)
    return named and (name == "mappings" or isinstance(item.get("expectedResult", True), bool))


def failing_tests(kind: str, body: Row, lists: Mapping[str, list[Row]]) -> list[Row]:
    """Return the results of all unit tests of a body when one of them fails; else none."""
    from pandakit.detections import run_tests  # noqa: PLC0415 - nothing else here needs pandas
    from pandakit.detections.columns import content_columns  # noqa: PLC0415
    from pandakit.detections.rows import is_missing  # noqa: PLC0415
    from pandakit.frames import build_frame  # noqa: PLC0415

    needed = {name: body[name] for name in _NEEDED_BY_TESTS if name in body}
    rows = [{**needed, "kind": CONTENT[kind][0]}]
    rows += [{**row, "kind": name} for name in ("globals", "data_models") for row in lists[name]]
    results = run_tests(build_frame(rows, content_columns()))
    if results["passed"].fillna(value=True).all():
        return []
    records = results.astype(object).to_dict("records")
    return [
        _result({str(name): value for name, value in record.items() if not is_missing(value)})
        for record in records
    ]


def _result(row: Row) -> Row:
    functions = {
        field: {"output": row.get(name, ""), **_error(row.get(f"{name}_error"))}
        for name, field in _FUNCTIONS.items()
        if name in row or f"{name}_error" in row
    }
    return {
        "name": row["name"],
        "passed": bool(row.get("passed", True)),
        "errored": bool(row["errored"]),
        "triggerAlert": bool(row.get("trigger_alert", False)),
        **_error(row.get("error")),
        "functions": functions,
    }


def _error(text: str | None) -> Row:
    return {} if text is None else {"error": {"code": "FunctionError", "message": text}}
