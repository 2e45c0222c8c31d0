"""Panther's lists as data: path, limits, filters and how the end of a list looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pandakit.sandbox.service import Refused

__all__ = ["LISTS", "Filter", "Listing", "bad_parameter", "chosen"]

Row = dict[str, Any]
Test = Callable[[Row, list[str]], bool]

_SEVERITIES = ("INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL")
_ALERT_TYPES = ("ALERT", "DETECTION_ERROR", "SYSTEM_ERROR")
_SUB_TYPES = {"ALERT": ("RULE",), "DETECTION_ERROR": ("RULE_ERROR",)}
_TIME_FORMS = ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%d", "%Y-%m")


@dataclass(frozen=True)
class Filter:
    """A query parameter: which rows it keeps, and the values that it knows."""

    test: Test
    values: tuple[str, ...] = ()
    default: Callable[[datetime], list[str]] | None = None


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One list: where its rows are, its limits and filters, how it ends."""

    rows: str
    limit: int = 100
    most: int | None = None
    filters: dict[str, Filter] = field(default_factory=dict)
    end: Literal["absent", "null", "empty"] = "absent"
    bare: bool = True  # an empty list may be `{}`
    gap: bool = False  # an empty page comes in the middle
    single: bool = False  # no cursor, no limit


def bad_parameter(kind: str, message: str) -> Refused:
    """Give the error that the framework answers for a bad parameter."""
    flags = {"temporary": False, "timeout": False, "fault": False}
    return Refused(400, message, name=kind, id="sandbox0", **flags)


def chosen(
    listing: Listing, rows: list[Row], asked: dict[str, list[str]], now: datetime
) -> list[Row]:
    """Give the rows that pass every filter asked for, defaults included."""
    for name, rule in listing.filters.items():
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


def _contains(*keys: str) -> Test:
    return lambda row, values: any(
        values[0].lower() in str(row.get(key, "")).lower() for key in keys
    )


def _equals(key: str) -> Test:
    return lambda row, values: row.get(key) in values


def _overlaps(key: str) -> Test:
    def test(row: Row, values: list[str]) -> bool:
        wanted = {value.lower() for value in values}
        return any(item.lower() in wanted for item in row.get(key) or [])

    return test


def _inner(key: str, name: str) -> Test:
    return lambda row, values: (row.get(key) or {}).get(name) in values


def _state(row: Row, values: list[str]) -> bool:
    return bool(row.get("enabled")) == (values[0] == "enabled")


def _alert_type(row: Row, values: list[str]) -> bool:
    return row["type"] in _SUB_TYPES.get(values[0], (values[0],))


def _count(sign: int) -> Test:
    def test(row: Row, values: list[str]) -> bool:
        if not values[0].isdigit():
            raise bad_parameter(
                "invalid_field_type", f"invalid value {values[0]!r}, must be an integer"
            )
        return bool(sign * row["eventCount"] >= sign * int(values[0]))

    return test


def _created(sign: int) -> Test:
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


_NAME = {"name-contains": Filter(_contains("displayName", "name", "id"))}
_WHO = {
    "created-by": Filter(_inner("createdBy", "id")),
    "last-modified-by": Filter(_inner("lastModifiedBy", "id")),
}
_SEVERITY = {"severity": Filter(_equals("severity"), _SEVERITIES)}
_DETECTION = {
    **_NAME,
    **_WHO,
    **_SEVERITY,
    "state": Filter(_state, ("enabled", "disabled")),
    "tag": Filter(_overlaps("tags")),
}
_LOG_TYPE = {"log-type": Filter(_overlaps("logTypes"))}
_ALERT_FILTERS = {
    "type": Filter(_alert_type, _ALERT_TYPES, lambda _: ["ALERT"]),
    "sub-type": Filter(_equals("type")),
    "created-after": Filter(_created(1), default=_month_ago),
    "created-before": Filter(_created(-1)),
    "detection-id": Filter(_inner("detection", "id")),
    "name-contains": Filter(_contains("title")),
    **_SEVERITY,
    "status": Filter(_equals("status"), ("OPEN", "TRIAGED", "RESOLVED", "CLOSED")),
    "assignee": Filter(_inner("assignee", "id")),
    "event-count-min": Filter(_count(1)),
    "event-count-max": Filter(_count(-1)),
    "quality": Filter(_equals("quality"), ("NOISE", "USEFUL")),
    "context-tag": Filter(_overlaps("contextTags")),
}
_USER_FILTERS = {
    "contains": Filter(_contains("email", "givenName", "familyName")),
    "email": Filter(_equals("email")),
    "id": Filter(_equals("id")),
    "ids": Filter(lambda row, values: row["id"] in values[0].split(",")),
    "include-deactivated": Filter(
        lambda row, values: row["enabled"] or values[0] == "true", default=lambda _: ["false"]
    ),
    "status": Filter(_equals("status")),
}
_ROLE_FILTERS = {**_NAME, "name": Filter(_equals("name")), "id": Filter(_equals("id"))}
_POLICY_FILTERS = {**_DETECTION, "resource-type": Filter(_overlaps("resourceTypes"))}
_SCHEDULED_FILTERS = {**_DETECTION, "scheduled-query": Filter(_overlaps("scheduledQueries"))}

LISTS = {
    "rules": Listing(rows="rules", filters=_DETECTION | _LOG_TYPE, gap=True),
    "scheduled-rules": Listing(rows="scheduled_rules", filters=_SCHEDULED_FILTERS, end="null"),
    "simple-rules": Listing(rows="simple_rules", filters=_DETECTION | _LOG_TYPE, end="empty"),
    "correlation-rules": Listing(rows="correlation_rules", filters=_DETECTION),
    "policies": Listing(rows="policies", filters=_POLICY_FILTERS, end="empty"),
    "globals": Listing(rows="globals", filters=_NAME | _WHO, end="null"),
    "data-models": Listing(rows="data_models"),
    "queries": Listing(rows="queries", end="null", gap=True),
    "alerts": Listing(
        rows="alerts", limit=25, most=50, filters=_ALERT_FILTERS, end="empty", bare=False, gap=True
    ),
    "alert-comments": Listing(
        rows="alert_comments",
        limit=25,
        most=50,
        filters={"alert-id": Filter(_equals("alertId"))},
        end="null",
        bare=False,
    ),
    "users": Listing(
        rows="users", limit=60, most=60, filters=_USER_FILTERS, end="null", bare=False
    ),
    "alert-context-tags": Listing(rows="alert_context_tags", limit=2000, most=2000, bare=False),
    "roles": Listing(rows="roles", filters=_ROLE_FILTERS, end="empty", bare=False, single=True),
    "api-tokens": Listing(rows="api_tokens", bare=False, single=True),
}
EVENTS = Listing(rows="alert_events", limit=25, most=50, bare=False)
