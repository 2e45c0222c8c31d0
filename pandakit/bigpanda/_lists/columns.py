"""BigPanda's columns: the path of each value in the service's JSON, and its meaning."""

from __future__ import annotations

from pandakit.frames import Column

__all__ = [
    "ACTIVITY",
    "ALERT",
    "ALERT_FILTER",
    "ENRICHMENT",
    "ENVIRONMENT",
    "EVENT",
    "INCIDENT",
    "INCIDENT_TAG",
    "MAINTENANCE_PLAN",
    "PATTERN",
    "TROUBLESHOOTING_LOG",
]

_STATUS = Column("status", "word", meaning="critical, warning, unknown or ok")
_CHANGES = (
    Column("changed_at", "epoch", meaning="last change of status"),
    Column("updated_at", "epoch", meaning="last change of any kind"),
)
_END = Column("end", "epoch", meaning="end; missing while open")
INCIDENT = (
    Column("incident_id", "text", ("id",), "given by the service"),
    _STATUS,
    Column("severity", "word", meaning="most severe status so far"),
    Column(
        "active", "boolean", meaning="at least one alert is open, and it was not resolved by hand"
    ),
    Column("flapping", "boolean", meaning="at least one alert flaps"),
    Column("shared", "boolean", meaning="shared, by hand or automatically"),
    Column("snoozed", "boolean", ("snooze.snoozed",), "currently snoozed"),
    Column("snooze_end", "epoch", ("snooze.end_time",), "end of the snooze"),
    Column(
        "snooze_cancel_on_updates",
        "boolean",
        ("snooze.cancel_on_incident_updates",),
        "an update of the incident ends the snooze",
    ),
    Column("maintenance", "word", meaning="partial or active: alerts in maintenance"),
    Column("start", "epoch", meaning="start of the earliest alert"),
    *_CHANGES,
    _END,
    Column("duration_s", "integer", meaning="seconds from start to end"),
    Column("n_alerts", "integer", meaning="number of alerts"),
    Column("environments", "list", meaning="ids of its environments"),
    Column("folders", "list", meaning="its folders"),
    Column("assignee_id", "text", ("assignee.user_id",), "id of the assignee"),
    Column("assignee_name", "text", ("assignee.name",), "name of the assignee"),
    Column("assignee_email", "text", ("assignee.email",), "email of the assignee"),
    Column("assigner_id", "text", ("assigner.user_id",), "id of the assigner"),
    Column("assigner_name", "text", ("assigner.name",), "name of the assigner"),
    Column("assigner_email", "text", ("assigner.email",), "email of the assigner"),
    Column("n_patterns_current", "integer", meaning="number of patterns that match now"),
    Column("pattern_ids", "list", meaning="ids of those patterns"),
    Column("correlation_matchers_log", "list", meaning="every state of its patterns, unchanged"),
    Column("alerts", "list", meaning="its alerts: ids, or in full with expand"),
)
ALERT = (
    Column("incident_id", "text", meaning="id of its incident"),
    Column("alert_id", "text", ("id", "alert_id"), "given by the service"),
    _STATUS,
    Column("active", "boolean", meaning="open"),
    Column("start", "epoch", meaning="start"),
    *_CHANGES,
    Column("last_event_at", "epoch", meaning="time of the newest event"),
    _END,
    Column("source_system", "text", meaning="integration that sent it"),
    Column("primary_property", "text", meaning="name of the primary property"),
    Column("primary_value", "text", meaning="value of the tag with that name"),
    Column("secondary_property", "text", meaning="name of the secondary property"),
    Column("secondary_value", "text", meaning="value of the tag with that name"),
    Column("incident_key", "text", meaning="identity for de-duplication"),
    Column("maintenance_plans", "list", meaning="ids of the maintenance plans that apply"),
    Column("description", "text", meaning="description"),
)
ENVIRONMENT = (
    Column("environment_id", "text", ("id",), "given by the service"),
    Column("name", "text", meaning="name"),
    Column("description", "text", meaning="purpose"),
    Column("filter", "any", meaning="condition on incidents, BPQL text or object"),
    Column("environment_group_id", "text", meaning="id of its group"),
    Column("roles", "list", meaning="roles that may change it"),
    Column("read_only_roles", "list", meaning="roles that may see it"),
)
ACTIVITY = (
    Column("incident_id", "text", meaning="id of the incident"),
    Column("activity_id", "text", ("id",), "given by the service"),
    Column("type", "text", meaning="incident_created, incident_assigned ..."),
    Column("timestamp", "epoch", meaning="time of the activity"),
    Column("created_by", "text", meaning="id of the user"),
    Column("params", "map", meaning="details, by type"),
)
PATTERN = (
    Column("pattern_id", "text", ("id", "correlation_id"), "given by the service"),
    Column("active", "boolean", meaning="active"),
    Column("tags", "list", meaning="tags whose values must be equal"),
    Column("time_window", "integer", meaning="minutes"),
    Column("filter", "any", meaning="condition on alerts, BPQL"),
    Column("cross_source", "boolean", meaning="joins alerts of several integrations"),
    Column("execution_order", "integer", meaning="position in the manual run order"),
    Column("note", "text", meaning="note"),
    Column("created_at", "epoch", meaning="created"),
    Column("created_by", "text", meaning="id of the creator"),
    Column("updated_at", "epoch", meaning="last changed"),
    Column("updated_by", "text", meaning="id of the last editor"),
    Column("suggested_at", "epoch", meaning="suggested by the service"),
)
EVENT = (
    Column("app_key", "text", meaning="integration"),
    Column("timestamp", "epoch", meaning="time of the event"),
    Column("status", "word", meaning="ok, acknowledged, unknown, warning or critical"),
    Column("host", "text", meaning="primary property"),
    Column("service", "text", meaning="primary property of events without a host"),
    Column("application", "text", meaning="primary property of events without host and service"),
    Column("device", "text", meaning="primary property of events without the other three"),
    Column("check", "text", meaning="secondary property"),
    Column("cluster", "text", meaning="cluster"),
    Column("description", "text", meaning="description"),
    Column("incident_identifier", "text", meaning="identity chosen by the sender"),
    Column(
        "primary_property", "text", meaning="name of the primary property, if the sender named it"
    ),
    Column(
        "secondary_property",
        "text",
        ("secondary_property", "seconday_property"),
        "name of the secondary property, if the sender named it",
    ),
)
ENRICHMENT = (
    Column("schema_id", "text", ("id",), "given by the service"),
    Column("name", "text", ("config.name", "config.map_name"), "name"),
    Column("type", "text", meaning="mapping"),
    Column("active", "boolean", meaning="active"),
    Column("version", "integer", meaning="grows with every update"),
    Column(
        "case_insensitive",
        "boolean",
        ("config.case_insensitive",),
        "whether values match regardless of case",
    ),
    Column("query_tags", "list", meaning="columns that are compared with an alert's tags"),
    Column("result_tags", "list", meaning="columns whose values are written on the alert"),
    Column("when", "any", meaning="condition on alerts, BPQL"),
    Column("note", "text", meaning="note"),
    Column("created_at", "epoch", meaning="created"),
    Column("created_by", "text", meaning="id of the creator"),
    Column("updated_at", "epoch", meaning="last changed"),
    Column("updated_by", "text", meaning="id of the last editor"),
    Column("config", "map", meaning="the whole configuration"),
)
MAINTENANCE_PLAN = (
    Column("plan_id", "text", ("id",), "given by the service"),
    Column("name", "text", meaning="name"),
    Column("status", "word", meaning="planned, running or done"),
    Column("start", "epoch", meaning="start"),
    Column("end", "epoch", meaning="end"),
    Column("frequency", "word", meaning="how often it recurs"),
    Column("description", "text", meaning="description"),
    Column("condition", "any", meaning="condition on alerts, BPQL"),
    Column("post_maintenance_action", "text", meaning="Resolve, Reactivate or None"),
    Column("maintenance_key", "text", meaning="key chosen by the creator"),
    Column("custom_tags", "any", meaning="tags that it adds"),
)
ALERT_FILTER = (
    Column("filter_id", "text", ("id",), "given by the service"),
    Column("name", "text", meaning="name"),
    Column("active", "boolean", meaning="active"),
    Column("plan_type", "text", meaning="type"),
    Column("bpql", "any", meaning="condition on alerts, BPQL object"),
    Column("exclude_status", "list", meaning="statuses that are not filtered out"),
    Column("description", "text", meaning="description"),
    Column("schedule", "any", meaning="when it applies"),
    Column("custom_tags", "any", meaning="tags"),
    Column("created_at", "epoch", ("created_on", "created_at"), "created"),
    Column("updated_at", "epoch", ("updated_on", "updated_at"), "last changed"),
)
INCIDENT_TAG = (
    Column("tag_id", "text", ("id", "tag_id"), "id in the columns `tag.<id>` of incidents"),
    Column("name", "text", meaning="name that people see"),
    Column("type", "text", meaning="Text, MultiValue, Priority or a closed list"),
    Column("active", "boolean", meaning="active"),
    Column("description", "text", meaning="description"),
    Column("created_at", "epoch", meaning="created"),
    Column("updated_at", "epoch", meaning="last changed"),
)
TROUBLESHOOTING_LOG = (
    Column("log_id", "text", ("log_id", "id"), "given by the service"),
    Column("timestamp", "epoch", ("timestamp", "created_at"), "time of the entry"),
    Column("log_type", "text", meaning="type, such as invalid_payload"),
    Column("level", "word", meaning="severity of the entry"),
    Column("message", "text", meaning="message, such as: alert 3: 'host' must exist"),
    Column("component_name", "text", meaning="component, such as inbound"),
    Column("resource_id", "text", meaning="id of the integration"),
    Column("payload", "any", meaning="payload that was refused"),
)
