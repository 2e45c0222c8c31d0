"""Panther's lists as data: path, limits, filters and the form of the last page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zlib import crc32

from pandakit.sandbox.service import Refused

__all__ = ["EVENTS", "LISTS", "ListEndpoint", "RowFilter", "bad_parameter", "matching"]

Row = dict[str, Any]
Predicate = Callable[[Row, list[str]], bool]

_SEVERITIES = ("INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL")
_ALERT_TYPES = ("ALERT", "DETECTION_ERROR", "SYSTEM_ERROR")
_ALERT_SUB_TYPES = (
    "RULE", "RULE_ERROR", "SCHEDULED_RULE", "SCHEDULED_RULE_ERROR", "POLICY", "SYSTEM_ERROR",
    "CORRELATION_RULE", "CORRELATION_RULE_ERROR",
)  # fmt: skip
_SUB_TYPES = {"ALERT": ("RULE", "POLICY"), "DETECTION_ERROR": ("RULE_ERROR",)}
_TIME_FORMS = ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%d", "%Y-%m")


@dataclass(frozen=True)
class RowFilter:
    """A query parameter: the rows that it keeps, and the values that it accepts."""

    test: Predicate
    values: tuple[str, ...] = ()
    default: Callable[[datetime], list[str]] | None = None


@dataclass(frozen=True, kw_only=True)
class ListEndpoint:
    """One list: its rows, limits and filters, and the form of its last page."""

    rows: str
    limit: int = 100
    most: int | None = None
    filters: dict[str, RowFilter] = field(default_factory=dict)
    end: Literal["absent", "null", "empty"] = "absent"
    bare: bool = True  # an empty list may be `{}`
    gap: bool = False  # one page in the middle is empty
    single: bool = False  # no cursor, no limit


def bad_parameter(kind: str, message: str) -> Refused:
    """Return the framework's error for a bad parameter."""
    flags = {"temporary": False, "timeout": False, "fault": False}
    return Refused(400, message, name=kind, id="sandbox0", **flags)


def matching(
    endpoint: ListEndpoint, rows: list[Row], asked: dict[str, list[str]], now: datetime
) -> list[Row]:
    """Return the rows that match every filter of a request, defaults included."""
    for name, rule in endpoint.filters.items():
        values = [value for value in asked.get(name, []) if value]
        if not values and rule.default:
            values = rule.default(now)
        wrong = [value for value in values if rule.values and value not in rule.values]
        if wrong:
            known = ", ".join(rule.values)
            text = f"value of {name} must be one of {known} but got value {wrong[0]!r}"
            raise bad_parameter("invalid_enum_value", text)
        if values:
            rows = [row for row in rows if rule.test(row, values)]
    return rows


def _contains(*keys: str) -> Predicate:
    return lambda row, values: any(
        values[0].lower() in str(row.get(key, "")).lower() for key in keys
    )


def _equals(key: str) -> Predicate:
    return lambda row, values: row.get(key) in values


def _overlaps(key: str) -> Predicate:
    def test(row: Row, values: list[str]) -> bool:
        wanted = {value.lower() for value in values}
        return any(item.lower() in wanted for item in row.get(key) or [])

    return test


def _inner(key: str, name: str) -> Predicate:
    return lambda row, values: (row.get(key) or {}).get(name) in values


def _state(row: Row, values: list[str]) -> bool:
    return bool(row.get("enabled")) == (values[0] == "enabled")


def _managed(row: Row, values: list[str]) -> bool:
    if values[0] not in {"true", "false"}:
        raise bad_parameter("invalid_field_type", f"invalid value {values[0]!r}, must be a boolean")
    return bool(row["managed"]) == (values[0] == "true")


def _compliance(row: Row, values: list[str]) -> bool:
    """Return whether a policy has a status, which is not a field of its row."""
    statuses = ("PASS", "FAIL", "PASS", "ERROR")
    return statuses[crc32(row["id"].encode()) % len(statuses)] in values


def _alert_type(row: Row, values: list[str]) -> bool:
    return row["type"] in _SUB_TYPES.get(values[0], (values[0],))


def _count(sign: int) -> Predicate:
    def test(row: Row, values: list[str]) -> bool:
        if not values[0].isdigit():
            raise bad_parameter(
                "invalid_field_type", f"invalid value {values[0]!r}, must be an integer"
            )
        return bool(sign * row["eventCount"] >= sign * int(values[0]))

    return test


def _created(sign: int) -> Predicate:
    def test(row: Row, values: list[str]) -> bool:
        created = datetime.fromisoformat(row["createdAt"]).timestamp()
        return sign * created >= sign * _moment(values[0])

    return test


def _moment(text: str) -> float:
    if text.isdigit():
        return float(text)
    for form in _TIME_FORMS:
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007 - a zone is added below
        except ValueError:
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    raise Refused(400, f"invalid time: {text}")


def _month_ago(now: datetime) -> list[str]:
    return [str(int((now - timedelta(days=30)).timestamp()))]


_NAME = {"name-contains": RowFilter(_contains("displayName", "name", "id"))}
_WHO = {
    "created-by": RowFilter(_inner("createdBy", "id")),
    "last-modified-by": RowFilter(_inner("lastModifiedBy", "id")),
}
_SEVERITY = {"severity": RowFilter(_equals("severity"), _SEVERITIES)}
_DETECTION = {
    **_NAME,
    **_WHO,
    **_SEVERITY,
    "state": RowFilter(_state, ("enabled", "disabled")),
    "tag": RowFilter(_overlaps("tags")),
}
_LOG_TYPE = {"log-type": RowFilter(_overlaps("logTypes"))}
_ALERT_FILTERS = {
    "type": RowFilter(_alert_type, _ALERT_TYPES, lambda _: ["ALERT"]),
    "sub-type": RowFilter(_equals("type"), _ALERT_SUB_TYPES),
    "created-after": RowFilter(_created(1), default=_month_ago),
    "created-before": RowFilter(_created(-1)),
    "detection-id": RowFilter(_inner("detection", "id")),
    "name-contains": RowFilter(_contains("title")),
    **_SEVERITY,
    "status": RowFilter(_equals("status"), ("OPEN", "TRIAGED", "RESOLVED", "CLOSED")),
    "assignee": RowFilter(_inner("assignee", "id")),
    "log-source": RowFilter(_overlaps("_logSources")),
    "log-type": RowFilter(_overlaps("_logTypes")),
    "resource-type": RowFilter(_overlaps("_resourceTypes")),
    "event-count-min": RowFilter(_count(1)),
    "event-count-max": RowFilter(_count(-1)),
    "quality": RowFilter(_equals("quality"), ("NOISE", "USEFUL")),
    "context-tag": RowFilter(_overlaps("contextTags")),
}
_USER_FILTERS = {
    "contains": RowFilter(_contains("email", "givenName", "familyName")),
    "email": RowFilter(_equals("email")),
    "id": RowFilter(_equals("id")),
    "ids": RowFilter(lambda row, values: row["id"] in values[0].split(",")),
    "include-deactivated": RowFilter(
        lambda row, values: row["enabled"] or values[0] == "true", default=lambda _: ["false"]
    ),
    "status": RowFilter(_equals("status")),
}
_ROLE_FILTERS = {**_NAME, "name": RowFilter(_equals("name")), "id": RowFilter(_equals("id"))}
_POLICY_FILTERS = {
    **_DETECTION,
    "resource-type": RowFilter(_overlaps("resourceTypes")),
    "compliance-status": RowFilter(_compliance, ("PASS", "FAIL", "ERROR")),
}
_SCHEDULED_FILTERS = {**_DETECTION, "scheduled-query": RowFilter(_overlaps("scheduledQueries"))}

LISTS = {
    "rules": ListEndpoint(rows="rules", filters=_DETECTION | _LOG_TYPE, gap=True),
    "scheduled-rules": ListEndpoint(rows="scheduled_rules", filters=_SCHEDULED_FILTERS, end="null"),
    "simple-rules": ListEndpoint(rows="simple_rules", filters=_DETECTION | _LOG_TYPE, end="empty"),
    "correlation-rules": ListEndpoint(rows="correlation_rules", filters=_DETECTION),
    "policies": ListEndpoint(rows="policies", filters=_POLICY_FILTERS, end="empty"),
    "globals": ListEndpoint(rows="globals", filters=_NAME | _WHO, end="null"),
    "data-models": ListEndpoint(rows="data_models"),
    "queries": ListEndpoint(rows="queries", end="null", gap=True),
    "alerts": ListEndpoint(
        rows="alerts", limit=25, most=50, filters=_ALERT_FILTERS, end="empty", bare=False, gap=True
    ),
    "alert-comments": ListEndpoint(
        rows="alert_comments",
        limit=25,
        most=50,
        filters={"alert-id": RowFilter(_equals("alertId"))},
        end="null",
        bare=False,
    ),
    "users": ListEndpoint(
        rows="users", limit=60, most=60, filters=_USER_FILTERS, end="null", bare=False
    ),
    "alert-context-tags": ListEndpoint(
        rows="alert_context_tags",
        limit=2000,
        most=2000,
        filters={"managed": RowFilter(_managed)},
        bare=False,
    ),
    "roles": ListEndpoint(
        rows="roles", filters=_ROLE_FILTERS, end="empty", bare=False, single=True
    ),
    "api-tokens": ListEndpoint(rows="api_tokens", bare=False, single=True),
}
EVENTS = ListEndpoint(rows="alert_events", limit=25, most=50, bare=False)
