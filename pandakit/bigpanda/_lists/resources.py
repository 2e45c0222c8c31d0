"""BigPanda's lists as data: path, page style, id, columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pandakit.bigpanda._lists.columns import (
    ACTIVITY,
    ALERT,
    ALERT_FILTER,
    ENRICHMENT,
    ENVIRONMENT,
    EVENT,
    INCIDENT,
    INCIDENT_TAG,
    MAINTENANCE_PLAN,
    PATTERN,
    TROUBLESHOOTING_LOG,
)
from pandakit.bigpanda.service import ENRICHMENT_PATHS, NEEDS_USER
from pandakit.transport import (
    Call,
    NumberedPages,
    OnePage,
    RowCheck,
    declared_fields,
    row_check,
    row_checks,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pandakit.frames import Column

__all__ = ["RESOURCES", "Resource", "check_of", "check_of_table", "pages_of", "user_call"]


@dataclass(frozen=True, slots=True)
class Resource:
    """One list.

    Parameters
    ----------
    name
        Name of the loader.
    path
        Path at the service, with placeholders.
    columns
        Declared columns; tags follow as `tag.<name>`.
    pages
        Page style.
    id_field
        Field that identifies a row; `None` where there is none.
    hidden
        Fields that are left out because other columns hold their content.
    """

    name: str
    path: str
    columns: tuple[Column, ...]
    pages: NumberedPages | OnePage
    id_field: str | None = "id"
    hidden: tuple[str, ...] = ()


def user_call(path: str, endpoint: str, params: Mapping[str, Any] | None = None) -> Call:
    """Return a call that reads with the user API key; `endpoint` is the path with placeholders."""
    return Call("GET", path, params=params, endpoint=endpoint, needs=NEEDS_USER)


def pages_of(name: str = "per_page", size: int = 100) -> NumberedPages:
    """Return the page style of lists without a ceiling; the parameter differs from list to list."""
    return NumberedPages(size=size, size_param=name, ceiling=None)


_V2 = "/resources/v2.0"
_UNPAGED = OnePage(
    rows=(
        *("data", "items", "results", "environments", "correlation_patterns", "enrichments"),
        *("plans", "definitions", "tags"),
    )
)
_INCIDENTS = f"{_V2}/environments/{{environment}}/incidents"

_ROWS = (
    Resource("environments", f"{_V2}/environments", ENVIRONMENT, _UNPAGED),
    Resource("incidents", _INCIDENTS, INCIDENT, NumberedPages(), hidden=("incident_tags",)),
    Resource("alerts", _INCIDENTS, ALERT, NumberedPages(size=10), hidden=("tags",)),
    Resource("activities", f"{_V2}/incidents/{{incident_id}}/activities", ACTIVITY, pages_of()),
    Resource("correlation_patterns", f"{_V2}/correlation-patterns", PATTERN, _UNPAGED),
    Resource(
        "raw_alerts",
        "/resources/v2.1/integration-alerts",
        EVENT,
        pages_of("limit"),
        id_field=None,
    ),
    Resource(
        "maintenance_plans",
        f"{_V2}/ordered-maintenance-plans",
        MAINTENANCE_PLAN,
        replace(pages_of(), rows=("items", "data", "results", "maintenance_plans", "plans")),
    ),
    Resource("alert_filters", f"{_V2}/plans", ALERT_FILTER, _UNPAGED),
    Resource("incident_tags", f"{_V2}/incidents/tags/definitions", INCIDENT_TAG, _UNPAGED),
    Resource(
        "troubleshooting_logs",
        f"{_V2}/troubleshooting/logs",
        TROUBLESHOOTING_LOG,
        replace(pages_of(), rows=("items", "data", "results", "logs")),
        id_field="log_id",
    ),
    Resource("enrichments", ENRICHMENT_PATHS["v2.1"], ENRICHMENT, _UNPAGED),
)

# What any list may have or gain.
_COMMON = (
    *("id", "name", "description", "note", "status", "active"),
    *("created_at", "created_by", "updated_at", "updated_by"),
)
_FIELDS = {
    row.name: declared_fields(row.columns, *row.hidden)
    for row in _ROWS
    if row.name != "alerts"  # which are read from incidents
}
_CHECKS = row_checks(_FIELDS, common=_COMMON)


def check_of(name: str) -> RowCheck:
    """Return what raises for rows of another list."""
    return _CHECKS["incidents" if name == "alerts" else name]


def check_of_table(titles: Iterable[str]) -> RowCheck:
    """Return what raises for rows that are not of a table with these columns."""
    return row_check("enrichment_table", frozenset(titles), _FIELDS, common=_COMMON)


RESOURCES: Mapping[str, Resource] = MappingProxyType(
    {row.name: replace(row, pages=replace(row.pages, check=check_of(row.name))) for row in _ROWS}
)
