"""Panther's lists: one row of data for each."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from pandakit.detections.columns import COLUMNS
from pandakit.panther import filters
from pandakit.panther._lists import entities
from pandakit.panther._lists.parameters import declared_filters
from pandakit.transport import declared_fields, row_checks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pandakit.frames import Column
    from pandakit.panther._lists.parameters import Filter
    from pandakit.transport import RowCheck

__all__ = ["RESOURCES", "Resource"]


@dataclass(frozen=True, slots=True)
class Resource:
    """One list.

    Parameters
    ----------
    name, path
        Name of the loader, and path at the service.
    columns
        Columns of its frame.
    needs
        The permission that a token needs, for the hint on 403.
    filter_type
        The `TypedDict` that declares its filters.
    page
        Rows per page: the service's maximum if it declares one, else its default; `None` for a
        list without pages.
    id_field
        The field that identifies a row; `None` where there is none.
    hidden
        Fields that never enter a frame: secrets.
    single
        Whether one object can be read by its id.
    has_any_fields
        Whether a row may have any fields, so that absent ones show nothing.
    rename
        Turns the name of a field without a column into a column's; default: snake_case.
    """

    name: str
    path: str
    columns: tuple[Column, ...]
    needs: str
    filter_type: type | None = None
    page: int | None = 100
    id_field: str | None = "id"
    hidden: tuple[str, ...] = ()
    single: bool = True
    has_any_fields: bool = False
    rename: Callable[[str], str] | None = None

    @property
    def filters(self) -> dict[str, Filter]:
        """The filters by name."""
        return declared_filters(self.filter_type)

    @property
    def check(self) -> RowCheck:
        """What raises for rows of another list."""
        return _CHECKS[self.name]


# The seven lists of the vendor's first public version come first.
_ROWS = (
    Resource("data_models", "/data-models", COLUMNS["data_models"], "View Rules"),
    Resource(
        "globals",
        "/globals",
        COLUMNS["globals"],
        "View Rules or View Policies",
        filters.AuthorFilters,
    ),
    Resource("policies", "/policies", COLUMNS["policies"], "View Policies", filters.PolicyFilters),
    Resource("queries", "/queries", COLUMNS["queries"], "Query Data Lake"),
    Resource("rules", "/rules", COLUMNS["rules"], "View Rules", filters.RuleFilters),
    Resource(
        "scheduled_rules",
        "/scheduled-rules",
        COLUMNS["scheduled_rules"],
        "View Rules",
        filters.ScheduledRuleFilters,
    ),
    Resource(
        "simple_rules",
        "/simple-rules",
        COLUMNS["simple_rules"],
        "View Rules",
        filters.SimpleRuleFilters,
    ),
    Resource(
        "correlation_rules",
        "/correlation-rules",
        COLUMNS["correlation_rules"],
        "View Rules",
        filters.DetectionFilters,
    ),
    Resource("alerts", "/alerts", entities.ALERT, "Read Alerts", filters.AlertFilters, page=50),
    Resource(
        "alert_events",
        "/alerts/{alert_id}/events",
        entities.EVENT,
        "Read Alerts",
        page=50,
        id_field=None,
        single=False,
        has_any_fields=True,
        rename=str,  # the fields of a log event, under the names that rules use
    ),
    Resource("alert_comments", "/alert-comments", entities.COMMENT, "Read Alerts", page=50),
    Resource(
        "alert_context_tags",
        "/alert-context-tags",
        entities.CONTEXT_TAG,
        "Read Alerts",
        filters.ContextTagFilters,
        page=2000,
        id_field="tag",
        single=False,
    ),
    Resource("users", "/users", entities.USER, "Read User Info", filters.UserFilters, page=60),
    Resource("roles", "/roles", entities.ROLE, "Read User Info", filters.RoleFilters, page=None),
    Resource(
        "api_tokens",
        "/api-tokens",
        entities.API_TOKEN,
        "Read API Token Info",
        page=None,
        hidden=("value",),
    ),
)

RESOURCES: Mapping[str, Resource] = MappingProxyType({row.name: row for row in _ROWS})

# Lists gained some of these over the years, and answer with others that no specification names.
_COMMON = (
    *("id", "name", "displayName", "description", "enabled", "managed", "tags", "reference"),
    *("createdAt", "createdBy", "createdByExternal", "updatedAt", "updatedBy"),
    *("lastModified", "lastModifiedBy"),
)
_CHECKS = row_checks(
    {row.name: declared_fields(row.columns, *row.hidden) for row in _ROWS},
    common=_COMMON,
    open_lists={row.name for row in _ROWS if row.has_any_fields},
)
