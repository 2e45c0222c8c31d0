"""The columns of detection content: rules of every kind, policies and what they depend on.

The loaders of `Panther` and the reader of rules as code build their frames from these tables, so
both kinds of frame can be compared, tested and saved in the same way.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from pandakit.frames import Column, Kind, snake_case

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["COLUMNS", "DETECTIONS", "KIND", "actor", "column", "content_columns"]


def column(field: str, kind: Kind, meaning: str, name: str = "") -> Column:
    """Return the column of a (dotted) field of the REST API."""
    return Column(name or snake_case(field.replace(".", "_")), kind, (field,), meaning)


def actor(field: str, did: str) -> tuple[Column, ...]:
    """Return the two columns of an actor: who did something."""
    return (
        column(f"{field}.id", "text", f"id of the user, token or system that {did}"),
        column(f"{field}.type", "text", f"kind of the actor that {did}"),
    )


_ID = column("id", "text", "chosen by its author, unique in its list")
_BODY = column("body", "text", "Python source")
_LOG_TYPES = column("logTypes", "list", "log types that it reads")
_DETECTION = column("detection", "text", "YAML of the detection")
_TESTS = column("tests", "list", "unit tests; see `unit_tests(frame)`")
_CHANGED = (
    column("createdAt", "time", "created"),
    column("lastModified", "time", "last changed"),
)
_STAMPS = (
    column("createdAt", "time", "created"),
    column("updatedAt", "time", "last changed"),
)

_SHARED = (
    _ID,
    column("displayName", "text", "name for people"),
    column("description", "text", "what it is for"),
    column("enabled", "boolean", "enabled; missing when the service omits it"),
    column("severity", "text", "INFO, LOW, MEDIUM, HIGH or CRITICAL"),
    column("tags", "list", "tags, in no order"),
    column("reports", "map", "framework to its controls; see `reports(frame)`"),
    column("managed", "boolean", "part of a pack of the vendor"),
    column("outputIDs", "list", "destinations that override the default ones"),
    column("reference", "text", "link or note"),
)
_AUTHORS = (
    *_CHANGED,
    *actor("createdBy", "created it"),
    column("createdByExternal", "text", "author named by an external upload"),
)
_ALERTING = (
    column("dedupPeriodMinutes", "integer", "minutes during which matches join one alert"),
    column("threshold", "integer", "matches that make an alert"),
    column("runbook", "text", "what to do"),
    column("summaryAttributes", "list", "fields that the alert summarises"),
    column("createAlert", "boolean", "matches make alerts"),
)

_RULE = (
    *_SHARED,
    *_ALERTING,
    _LOG_TYPES,
    column("inlineFilters", "text", "YAML of the filters before the body"),
    _BODY,
    _TESTS,
    *_AUTHORS,
)
_SCHEDULED_RULE = (
    *_SHARED,
    *_ALERTING,
    column("scheduledQueries", "list", "queries whose results it reads"),
    _BODY,
    _TESTS,
    *_AUTHORS,
)
_SIMPLE_RULE = (
    *_SHARED,
    *_ALERTING,
    _LOG_TYPES,
    _DETECTION,
    column("inlineFilters", "text", "YAML of the filters before the detection"),
    column("groupBy", "text", "YAML of the grouping"),
    column("alertTitle", "text", "YAML of the alert's title"),
    column("alertContext", "text", "YAML of the alert's context"),
    column("dynamicSeverities", "text", "YAML of severities by condition"),
    column("pythonBody", "text", "Python source; only with `include_python=True`"),
    _TESTS,
    *_AUTHORS,
)
_CORRELATION_RULE = (
    *_SHARED,
    *_ALERTING,
    column("correlationRuleReferenceIds", "list", "rules that it refers to"),
    _LOG_TYPES,
    _DETECTION,
    _TESTS,
    *_AUTHORS,
    *actor("lastModifiedBy", "changed it last"),
)
_POLICY = (
    *_SHARED,
    column("resourceTypes", "list", "types of cloud resource that it checks"),
    column("suppressions", "list", "patterns of resources that it skips"),
    _BODY,
    _TESTS,
    *_AUTHORS,
)
_DATA_MODEL = (
    _ID,
    column("displayName", "text", "name for people"),
    column("description", "text", "what it is for"),
    column("enabled", "boolean", "enabled"),
    column("managed", "boolean", "part of a pack of the vendor"),
    column("logTypes", "list", "log types that it maps"),
    column("mappings", "list", "common name to path or method; see `mappings(frame)`"),
    _BODY,
    *_CHANGED,
)
_GLOBAL = (
    _ID,
    column("description", "text", "what it is for"),
    column("tags", "list", "tags, in no order"),
    _BODY,
    *_CHANGED,
)
_QUERY = (
    column("id", "text", "made by the service"),
    column("name", "text", "name, unique"),
    column("description", "text", "what it is for"),
    column("managed", "boolean", "part of a pack of the vendor"),
    column("sql", "text", "the SQL"),
    column("schedule.cron", "text", "when it runs, as a cron expression"),
    column("schedule.rateMinutes", "integer", "interval in minutes, instead of a cron expression"),
    column("schedule.timeoutMinutes", "integer", "time limit in minutes"),
    column("schedule.disabled", "boolean", "schedule disabled"),
    column("emailConfig", "map", "recipients of the results by mail"),
    *_STAMPS,
)

KIND = Column("kind", "text", meaning="the list that it comes from")
COLUMNS: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        "rules": _RULE,
        "scheduled_rules": _SCHEDULED_RULE,
        "simple_rules": _SIMPLE_RULE,
        "correlation_rules": _CORRELATION_RULE,
        "policies": _POLICY,
        "globals": _GLOBAL,
        "data_models": _DATA_MODEL,
        "queries": _QUERY,
    }
)
DETECTIONS = ("rules", "scheduled_rules", "simple_rules", "correlation_rules", "policies")


def content_columns(kinds: tuple[str, ...] = tuple(COLUMNS)) -> tuple[Column, ...]:
    """Return `kind` and the columns of several kinds in one frame, each column once."""
    every = (each for kind in kinds for each in COLUMNS[kind])
    return (KIND, *{each.name: each for each in every}.values())
