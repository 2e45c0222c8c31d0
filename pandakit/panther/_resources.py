"""Panther's lists: one row of data for each, and the check of their filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from pandakit.panther import _columns as columns

if TYPE_CHECKING:
    from pandakit.frames import Column

__all__ = ["ALERT_TYPES", "DETECTIONS", "RESOURCES", "Filter", "Resource", "to_params"]

ALERT_TYPES = ("ALERT", "DETECTION_ERROR", "SYSTEM_ERROR")
_SEVERITIES = ("INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL")


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of the service.

    Parameters
    ----------
    name
        Keyword of the loader; the query parameter has dashes instead of underscores.
    kind
        `text`; `list` (one text or several: rows that fit any); `boolean`; `integer`.
    choices
        The values that the service knows, in its spelling; ours may differ in case.
    default
        What is sent when the caller says nothing: where the service's own default hides rows.
    """

    name: str
    kind: Literal["text", "list", "boolean", "integer"] = "text"
    choices: tuple[str, ...] = ()
    default: bool | None = None

    @property
    def param(self) -> str:
        """The query parameter."""
        return self.name.replace("_", "-")


@dataclass(frozen=True, slots=True)
class Resource:
    """One list.

    Parameters
    ----------
    name, path
        Ours, and the service's.
    columns, filters
        What comes, and what can be asked for.
    page
        Rows a page: the service's default, or its maximum where it declares one; `None` for
        a list that comes whole.
    id_field
        What identifies a row; `None` where nothing does.
    hidden
        Fields that never enter a frame: secrets.
    needs
        What the token must be allowed, for the hint on 403.
    single
        Whether one object can be read by its id.
    """

    name: str
    path: str
    columns: tuple[Column, ...]
    needs: str
    filters: tuple[Filter, ...] = ()
    page: int | None = 100
    id_field: str | None = "id"
    hidden: tuple[str, ...] = ()
    single: bool = True


_AUTHORS = (Filter("created_by"), Filter("last_modified_by"))
_DETECTION = (
    Filter("name_contains"),
    Filter("state", choices=("enabled", "disabled")),
    Filter("severity", "list", _SEVERITIES),
    Filter("tag", "list"),
    *_AUTHORS,
)
_ALERT = (
    Filter("type", "list", ALERT_TYPES),
    Filter("sub_type", "list"),
    Filter("sort_dir", choices=("asc", "desc")),
    Filter("detection_id"),
    Filter("name_contains"),
    Filter("severity", "list", _SEVERITIES),
    Filter("status", "list", ("OPEN", "TRIAGED", "RESOLVED", "CLOSED")),
    Filter("assignee", "list"),
    Filter("log_source", "list"),
    Filter("log_type", "list"),
    Filter("resource_type", "list"),
    Filter("event_count_min", "integer"),
    Filter("event_count_max", "integer"),
    Filter("quality", "list", ("NOISE", "USEFUL")),
    Filter("context_tag", "list"),
)
_USER = (
    Filter("contains"),
    Filter("email"),
    Filter("id", "list"),
    Filter("include_deactivated", "boolean", default=True),
    Filter("status"),
)
_ROLE = (
    Filter("name_contains"),
    Filter("name"),
    Filter("id", "list"),
    Filter("sort_dir", choices=("asc", "desc")),
)

# The seven of the vendor's page "Panther REST API" first, then what newer versions added.
_ROWS = (
    Resource("data_models", "/data-models", columns.DATA_MODEL, "View Rules"),
    Resource(
        "globals",
        "/globals",
        columns.GLOBAL,
        "View Rules or View Policies",
        (Filter("name_contains"), *_AUTHORS),
    ),
    Resource(
        "policies",
        "/policies",
        columns.POLICY,
        "View Policies",
        (
            *_DETECTION,
            Filter("compliance_status", choices=("PASS", "FAIL", "ERROR")),
            Filter("resource_type", "list"),
        ),
    ),
    Resource("queries", "/queries", columns.QUERY, "Query Data Lake"),
    Resource(
        "rules", "/rules", columns.RULE, "View Rules", (*_DETECTION, Filter("log_type", "list"))
    ),
    Resource(
        "scheduled_rules",
        "/scheduled-rules",
        columns.SCHEDULED_RULE,
        "View Rules",
        (*_DETECTION, Filter("scheduled_query", "list")),
    ),
    Resource(
        "simple_rules",
        "/simple-rules",
        columns.SIMPLE_RULE,
        "View Rules",
        (*_DETECTION, Filter("log_type", "list"), Filter("include_python", "boolean")),
    ),
    Resource(
        "correlation_rules",
        "/correlation-rules",
        columns.CORRELATION_RULE,
        "View Rules",
        _DETECTION,
    ),
    Resource("alerts", "/alerts", columns.ALERT, "Read Alerts", _ALERT, page=50),
    Resource(
        "alert_events",
        "/alerts/{alert_id}/events",
        columns.EVENT,
        "Read Alerts",
        page=50,
        id_field=None,
        single=False,
    ),
    Resource(
        "alert_comments",
        "/alert-comments",
        columns.COMMENT,
        "Read Alerts",
        (Filter("alert_id"),),
        page=50,
    ),
    Resource(
        "alert_context_tags",
        "/alert-context-tags",
        columns.CONTEXT_TAG,
        "Read Alerts",
        (Filter("managed", "boolean"),),
        page=2000,
        id_field="tag",
        single=False,
    ),
    Resource("users", "/users", columns.USER, "Read User Info", _USER, page=60),
    Resource("roles", "/roles", columns.ROLE, "Read User Info", _ROLE, page=None),
    Resource(
        "api_tokens",
        "/api-tokens",
        columns.API_TOKEN,
        "Read API Token Info",
        page=None,
        hidden=("value",),
    ),
)

RESOURCES: Mapping[str, Resource] = MappingProxyType({row.name: row for row in _ROWS})
DETECTIONS = ("rules", "scheduled_rules", "simple_rules", "correlation_rules", "policies")


def to_params(resource: Resource, given: Mapping[str, Any]) -> dict[str, Any]:
    """Turn filters into query parameters.

    Raises
    ------
    TypeError
        For a filter that the list does not have, or a value of another type.
    ValueError
        For a value that the service does not know.

    Examples
    --------
    >>> to_params(RESOURCES["rules"], {"severity": "high", "name_contains": "Login"})
    {'severity': ['HIGH'], 'name-contains': 'Login'}
    """
    known = {each.name: each for each in resource.filters}
    if unknown := sorted(set(given) - set(known)):
        listed = ", ".join(known) or "none"
        raise TypeError(
            f"{resource.name}() has no filter {', '.join(map(repr, unknown))}; it has: {listed}"
        )
    defaults = {each.name: each.default for each in resource.filters}
    chosen = {**defaults, **given}
    wanted = ((known[name], value) for name, value in chosen.items() if value is not None)
    return {each.param: _value(each, value) for each, value in wanted}


def _value(rule: Filter, value: Any) -> Any:
    if rule.kind == "list":
        several = [value] if isinstance(value, str) else value
        _check_type(rule, several, (Sequence, set, frozenset), "one text or several")
        return [_chosen(rule, one) for one in several]
    if rule.kind == "boolean":
        return _check_type(rule, value, (bool,), "True or False")
    if rule.kind == "integer":
        return _check_type(rule, value, (int,), "a whole number")
    return _chosen(rule, value)


def _chosen(rule: Filter, value: Any) -> Any:
    _check_type(rule, value, (str,), "text")
    if not value:
        raise ValueError(f"{rule.name} is empty; leave it out to ask for all")
    if not rule.choices:
        return value
    spelling = {choice.lower(): choice for choice in rule.choices}
    if value.lower() not in spelling:
        raise ValueError(f"{rule.name}={value!r}: one of {', '.join(rule.choices)}")
    return spelling[value.lower()]


def _check_type(rule: Filter, value: Any, types: tuple[type, ...], wanted: str) -> Any:
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise TypeError(f"{rule.name} is {type(value).__name__}; give {wanted}")
    return value
