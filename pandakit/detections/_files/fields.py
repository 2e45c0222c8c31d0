"""The fields of each kind of detection content: its key in YAML, and its field in REST.

Both forms are declared once, as rows of a table, and converted in both directions. Keys that are
not in the table (`Status`, `BaseVersion`, `LookbackWindowMinutes` ...) are kept in `other`.

Source: "Panther Analysis: detections as code"; "Panther REST API".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ANALYSIS_TYPES", "FIELDS", "ID_KEYS", "SKIPPED_TYPES", "Field", "kind_of_document"]

Shape = Literal["text", "integer", "boolean", "list", "map", "yaml"]

# `AnalysisType` to kind; a rule with `Detection` is a simple rule, a query is one list.
ANALYSIS_TYPES = {
    "rule": "rules",
    "scheduled_rule": "scheduled_rules",
    "policy": "policies",
    "correlation_rule": "correlation_rules",
    "global": "globals",
    "datamodel": "data_models",
    "saved_query": "queries",
    "scheduled_query": "queries",
}
SKIPPED_TYPES = frozenset({"pack", "lookup_table", "scheduled_prompt"})  # not in the REST API
ID_KEYS = {
    "rules": "RuleID",
    "scheduled_rules": "RuleID",
    "simple_rules": "RuleID",
    "correlation_rules": "RuleID",
    "policies": "PolicyID",
    "globals": "GlobalID",
    "data_models": "DataModelID",
    "queries": "QueryName",
}
_SEVERITIES = ("INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL")


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind.

    Parameters
    ----------
    key, field
        Its key in YAML, and its (dotted) field in REST.
    shape
        What the value must be; `yaml` is an object in the file and YAML text in REST.
    from_yaml, to_yaml
        Convert a value from one form to the other.
    aliases
        Other keys that files use for it.
    """

    key: str
    field: str
    shape: Shape = "text"
    from_yaml: Callable[[Any], Any] = _same
    to_yaml: Callable[[Any], Any] = _same
    aliases: tuple[str, ...] = ()


def kind_of_document(document: Mapping[str, Any]) -> str:
    """Return the kind of a document.

    Raises
    ------
    ValueError
        When `AnalysisType` is missing or unknown.

    Examples
    --------
    >>> kind_of_document({"AnalysisType": "rule", "Detection": []})
    'simple_rules'
    """
    name = document.get("AnalysisType")
    kind = ANALYSIS_TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        known = ", ".join([*ANALYSIS_TYPES, *sorted(SKIPPED_TYPES)])
        raise ValueError(
            f"AnalysisType {name!r} is unknown: must be one of {known}"
            if name is not None
            else "the file has no AnalysisType"
        )
    return "simple_rules" if kind == "rules" and "Detection" in document else kind


def _severity_from_yaml(text: Any) -> Any:
    known = isinstance(text, str) and text in {text.upper(), text.capitalize()}
    return text.upper() if known and text.upper() in _SEVERITIES else text


def _severity_to_yaml(text: Any) -> Any:
    return text.capitalize() if text in _SEVERITIES else text


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Rename the members of an object; anything else is left to the check of shapes."""
    if not isinstance(value, dict):
        return value
    return {names.get(key, key): member for key, member in value.items()}


def _each_renamed(names: Mapping[str, str]) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    back = {new: old for old, new in names.items()}

    def forth(items: Any) -> Any:
        return [_renamed(each, names) for each in items] if isinstance(items, list) else items

    def return_(items: Any) -> Any:
        return [_renamed(each, back) for each in items] if isinstance(items, list) else items

    return forth, return_


_TEST_NAMES = {
    "Name": "name",
    "ExpectedResult": "expectedResult",
    "Log": "log",
    "Resource": "resource",
    "Mocks": "mocks",
    "RuleOutputs": "ruleOutputs",
}
_tests_forth, _tests_back = _each_renamed(_TEST_NAMES)
_outputs_forth, _outputs_back = _each_renamed({"ID": "id", "Matches": "matches"})
_mappings_forth, _mappings_back = _each_renamed(
    {"Name": "name", "Path": "path", "Method": "method"}
)


def _tests_from_yaml(tests: Any) -> Any:
    return [_test_from_yaml(test) for test in _tests_forth(tests)] if _are_objects(tests) else tests


def _test_from_yaml(test: dict[str, Any]) -> dict[str, Any]:
    test = dict(test)
    if "resource" in test and not isinstance(test["resource"], str):
        test["resource"] = json.dumps(test["resource"], ensure_ascii=False)
    if "ruleOutputs" in test:
        test["ruleOutputs"] = _outputs_forth(test["ruleOutputs"])
    return test


def _tests_to_yaml(tests: Any) -> Any:
    return _tests_back([_test_to_yaml(test) for test in tests]) if _are_objects(tests) else tests


def _test_to_yaml(test: dict[str, Any]) -> dict[str, Any]:
    test = dict(test)
    if "resource" in test:
        test["resource"] = _decoded(test["resource"])
    if "ruleOutputs" in test:
        test["ruleOutputs"] = _outputs_back(test["ruleOutputs"])
    return test


def _decoded(text: Any) -> Any:
    """Return the object of a JSON text, if encoding it gives exactly the same text."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        return text
    same = not isinstance(value, str) and json.dumps(value, ensure_ascii=False) == text
    return value if same else text


def _are_objects(items: Any) -> bool:
    return isinstance(items, list) and all(isinstance(each, dict) for each in items)


def _negated(value: Any) -> Any:
    return not value if isinstance(value, bool) else value


_EMAIL = {
    "Recipients": "recipients",
    "SendEmpty": "sendEmpty",
    "PreferAttachment": "preferAttachment",
}
_EMAIL_BACK = {new: old for old, new in _EMAIL.items()}

_DISPLAY = (Field("DisplayName", "displayName"), Field("Description", "description"))
_ENABLED = Field("Enabled", "enabled", "boolean")
_TAGS = Field("Tags", "tags", "list")
_LOG_TYPES = Field("LogTypes", "logTypes", "list")
_DETECTION = Field("Detection", "detection", "yaml")
_INLINE_FILTERS = Field("InlineFilters", "inlineFilters", "yaml")
_SHARED = (
    *_DISPLAY,
    _ENABLED,
    Field("Severity", "severity", "text", _severity_from_yaml, _severity_to_yaml),
    _TAGS,
    Field("Reports", "reports", "map"),
    Field("Reference", "reference"),
    Field("OutputIds", "outputIDs", "list"),
    Field("CreatedBy", "createdByExternal"),
    Field("Tests", "tests", "list", _tests_from_yaml, _tests_to_yaml),
)
_ALERTING = (
    Field("DedupPeriodMinutes", "dedupPeriodMinutes", "integer"),
    Field("Threshold", "threshold", "integer"),
    Field("Runbook", "runbook"),
    Field("SummaryAttributes", "summaryAttributes", "list"),
    Field("CreateAlert", "createAlert", "boolean"),
)

FIELDS: Mapping[str, tuple[Field, ...]] = {
    "rules": (*_SHARED, *_ALERTING, _LOG_TYPES, _INLINE_FILTERS),
    "scheduled_rules": (
        *_SHARED,
        *_ALERTING,
        Field("ScheduledQueries", "scheduledQueries", "list"),
    ),
    "simple_rules": (
        *_SHARED,
        *_ALERTING,
        _LOG_TYPES,
        _DETECTION,
        _INLINE_FILTERS,
        Field("GroupBy", "groupBy", "yaml"),
        Field("AlertTitle", "alertTitle"),
        Field("AlertContext", "alertContext", "yaml"),
        Field("DynamicSeverities", "dynamicSeverities", "yaml"),
    ),
    "correlation_rules": (*_SHARED, *_ALERTING, _DETECTION),
    "policies": (
        *_SHARED,
        Field("ResourceTypes", "resourceTypes", "list"),
        Field("Suppressions", "suppressions", "list"),
    ),
    "globals": (Field("Description", "description"), _TAGS),
    "data_models": (
        *_DISPLAY,
        _ENABLED,
        _LOG_TYPES,
        Field("Mappings", "mappings", "list", _mappings_forth, _mappings_back),
    ),
    "queries": (
        Field("Description", "description"),
        Field(
            "Query",
            "sql",
            aliases=("SnowflakeQuery", "AthenaQuery", "DatabricksQuery"),
        ),
        Field("Enabled", "schedule.disabled", "boolean", _negated, _negated),
        Field("Schedule.CronExpression", "schedule.cron"),
        Field("Schedule.RateMinutes", "schedule.rateMinutes", "integer"),
        Field("Schedule.TimeoutMinutes", "schedule.timeoutMinutes", "integer"),
        Field(
            "EmailConfig",
            "emailConfig",
            "map",
            lambda value: _renamed(value, _EMAIL),
            lambda value: _renamed(value, _EMAIL_BACK),
        ),
    ),
}
