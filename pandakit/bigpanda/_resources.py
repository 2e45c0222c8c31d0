"""BigPanda's lists as data: path, page style, id, columns."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pandakit.bigpanda._service import NEEDS_USER
from pandakit.frames import Column
from pandakit.transport import Call, NumberedPages, OnePage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandakit.transport import PageStyle

__all__ = ["ENRICHMENT_PATHS", "JOB_PATHS", "RESOURCES", "Resource", "pages_of", "user_call"]


@dataclass(frozen=True, slots=True)
class Resource:
    """One list.

    Parameters
    ----------
    name, path
        Ours, and the service's with placeholders.
    columns
        What comes; tags follow as `tag.<name>`.
    pages
        How it is read.
    id_field
        What identifies a row; `None` where nothing does.
    hidden
        Fields that stand in the columns under other names.
    """

    name: str
    path: str
    columns: tuple[Column, ...]
    pages: PageStyle
    id_field: str | None = "id"
    hidden: tuple[str, ...] = ()


def user_call(path: str, endpoint: str, params: Mapping[str, Any] | None = None) -> Call:
    """Give a reading call that takes the user API key; `endpoint` is the path unfilled."""
    return Call("GET", path, params=params, endpoint=endpoint, needs=NEEDS_USER)


def pages_of(name: str = "per_page", size: int = 100) -> NumberedPages:
    """Give the page style of lists without a ceiling; parameters differ from list to list."""
    return NumberedPages(size=size, size_param=name, ceiling=None)


_STATUS = Column("status", "word", meaning="critical, warning, unknown or ok")
_CHANGES = (
    Column("changed_at", "epoch", meaning="last change of the state"),
    Column("updated_at", "epoch", meaning="last change of any kind"),
)
_END = Column("end", "epoch", meaning="end; missing while it is open")
INCIDENT = (
    Column("incident_id", "text", ("id",), "given by the service"),
    _STATUS,
    Column("severity", "word", meaning="worst status ever"),
    Column("active", "boolean", meaning="at least one alert is open"),
    Column("flapping", "boolean", meaning="at least one alert flaps"),
    Column("shared", "boolean", meaning="shared with somebody"),
    Column("snoozed", "boolean", ("snooze.snoozed",), "snoozed"),
    Column("snooze_end", "epoch", ("snooze.end_time",), "end of the snooze"),
    Column(
        "snooze_cancel_on_updates",
        "boolean",
        ("snooze.cancel_on_incident_updates",),
        "the snooze ends when the incident changes",
    ),
    Column("maintenance", "word", meaning="partial or active: alerts in maintenance"),
    Column("start", "epoch", meaning="start of the earliest alert"),
    *_CHANGES,
    _END,
    Column("duration_s", "integer", meaning="seconds from start to end"),
    Column("n_alerts", "integer", meaning="number of its alerts"),
    Column("environments", "list", meaning="ids of the environments that it is in"),
    Column("folders", "list", meaning="folders that it is in"),
    Column("assignee_id", "text", ("assignee.user_id",), "who is assigned"),
    Column("assignee_name", "text", ("assignee.name",), "name of the assignee"),
    Column("assignee_email", "text", ("assignee.email",), "address of the assignee"),
    Column("assigner_id", "text", ("assigner.user_id",), "who assigned it"),
    Column("assigner_name", "text", ("assigner.name",), "name of who assigned it"),
    Column("assigner_email", "text", ("assigner.email",), "address of who assigned it"),
    Column("n_patterns_current", "integer", meaning="patterns that hold it together now"),
    Column("pattern_ids", "list", meaning="ids of these patterns"),
    Column("correlation_matchers_log", "list", meaning="all states of its patterns, as they came"),
    Column("alerts", "list", meaning="its alerts: ids, or whole with expand"),
)
ALERT = (
    Column("incident_id", "text", meaning="incident that it is in"),
    Column("alert_id", "text", ("id", "alert_id"), "given by the service"),
    _STATUS,
    Column("active", "boolean", meaning="open"),
    Column("start", "epoch", meaning="start"),
    *_CHANGES,
    Column("last_event_at", "epoch", meaning="newest event"),
    _END,
    Column("source_system", "text", meaning="integration that sent it"),
    Column("primary_property", "text", meaning="name of the primary property"),
    Column("primary_value", "text", meaning="value of the tag with that name"),
    Column("secondary_property", "text", meaning="name of the secondary property"),
    Column("secondary_value", "text", meaning="value of the tag with that name"),
    Column("incident_key", "text", meaning="identity for de-duplication"),
    Column("maintenance_plans", "list", meaning="plans that it is in maintenance by"),
    Column("description", "text", meaning="description"),
)
ENVIRONMENT = (
    Column("environment_id", "text", ("id",), "given by the service"),
    Column("name", "text", meaning="name"),
    Column("description", "text", meaning="what it is for"),
    Column("filter", "any", meaning="condition on incidents, BPQL text or object"),
    Column("environment_group_id", "text", meaning="group that it is in"),
    Column("roles", "list", meaning="roles that may change it"),
    Column("read_only_roles", "list", meaning="roles that may see it"),
)
ACTIVITY = (
    Column("incident_id", "text", meaning="incident asked for"),
    Column("activity_id", "text", ("id",), "given by the service"),
    Column("type", "text", meaning="incident_created, incident_assigned ..."),
    Column("timestamp", "epoch", meaning="when"),
    Column("created_by", "text", meaning="id of the user"),
    Column("params", "map", meaning="what else is told, by type"),
)
PATTERN = (
    Column("pattern_id", "text", ("id", "correlation_id"), "given by the service"),
    Column("active", "boolean", meaning="in use"),
    Column("tags", "list", meaning="tags whose values must be equal"),
    Column("time_window", "integer", meaning="minutes"),
    Column("filter", "any", meaning="condition on alerts, BPQL"),
    Column("cross_source", "boolean", meaning="joins alerts of several integrations"),
    Column("execution_order", "integer", meaning="place in the run order, where one was set"),
    Column("note", "text", meaning="remark"),
    Column("created_at", "epoch", meaning="created"),
    Column("created_by", "text", meaning="who created it"),
    Column("updated_at", "epoch", meaning="last changed"),
    Column("updated_by", "text", meaning="who changed it"),
    Column("suggested_at", "epoch", meaning="suggested by the service"),
)
EVENT = (
    Column("app_key", "text", meaning="integration"),
    Column("timestamp", "epoch", meaning="when the state changed"),
    Column("status", "word", meaning="ok, acknowledged, unknown, warning or critical"),
    Column("host", "text", meaning="primary property"),
    Column("service", "text", meaning="primary property, where there is no host"),
    Column("application", "text", meaning="primary property, where there is neither"),
    Column("device", "text", meaning="primary property, where there is none of the others"),
    Column("check", "text", meaning="secondary property"),
    Column("cluster", "text", meaning="cluster"),
    Column("description", "text", meaning="description"),
    Column("incident_identifier", "text", meaning="identity that the sender chose"),
    Column("primary_property", "text", meaning="name of the primary property, if told"),
    Column(
        "secondary_property",
        "text",
        ("secondary_property", "seconday_property"),
        "name of the secondary property, if told",
    ),
)
ENRICHMENT = (
    Column("enrichment_id", "text", ("id",), "given by the service"),
    Column("name", "text", ("config.name", "config.map_name"), "name"),
    Column("type", "text", meaning="mapping"),
    Column("active", "boolean", meaning="in use"),
    Column("version", "integer", meaning="grows with every update"),
    Column("case_insensitive", "boolean", ("config.case_insensitive",), "how values compare"),
    Column("query_tags", "list", meaning="columns that are looked up on alerts"),
    Column("result_tags", "list", meaning="columns that are written to alerts"),
    Column("when", "any", meaning="condition on alerts, BPQL"),
    Column("note", "text", meaning="remark"),
    Column("created_at", "epoch", meaning="created"),
    Column("created_by", "text", meaning="who created it"),
    Column("updated_at", "epoch", meaning="last changed"),
    Column("updated_by", "text", meaning="who changed it"),
    Column("config", "map", meaning="the whole configuration"),
)

_V2 = "/resources/v2.0"
# API version -> where mapping enrichments are, and their jobs.
ENRICHMENT_PATHS = {
    "v2.1": "/resources/v2.1/mapping-enrichment",
    "v1.0": "/resources/v1.0/enrichments",
}
JOB_PATHS = {
    "v2.1": "/resources/v2.1/alert-enrichments-jobs/{id}",
    "v1.0": "/resources/v1.0/enrichment-jobs/{id}",
}
_WHOLE = OnePage(
    rows=("data", "items", "results", "environments", "correlation_patterns", "enrichments")
)
_INCIDENTS = f"{_V2}/environments/{{environment}}/incidents"

_ROWS = (
    Resource("environments", f"{_V2}/environments", ENVIRONMENT, _WHOLE),
    Resource("incidents", _INCIDENTS, INCIDENT, NumberedPages(), hidden=("incident_tags",)),
    Resource("alerts", _INCIDENTS, ALERT, NumberedPages(size=10), hidden=("tags",)),
    Resource("activities", f"{_V2}/incidents/{{incident_id}}/activities", ACTIVITY, pages_of()),
    Resource("correlation_patterns", f"{_V2}/correlation-patterns", PATTERN, _WHOLE),
    Resource(
        "raw_alerts",
        "/resources/v2.1/integration-alerts",
        EVENT,
        pages_of("limit"),
        id_field=None,
    ),
    Resource("enrichments", ENRICHMENT_PATHS["v2.1"], ENRICHMENT, _WHOLE),
)

RESOURCES: Mapping[str, Resource] = MappingProxyType({row.name: row for row in _ROWS})
