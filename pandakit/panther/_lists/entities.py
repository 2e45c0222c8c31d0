"""The columns of Panther's objects, by the entity that has them."""

from __future__ import annotations

from pandakit.frames import Column, Kind, snake_case

__all__ = [
    "ALERT",
    "API_TOKEN",
    "COMMENT",
    "CONTEXT_TAG",
    "CORRELATION_RULE",
    "DATA_MODEL",
    "EVENT",
    "GLOBAL",
    "POLICY",
    "QUERY",
    "ROLE",
    "RULE",
    "SCHEDULED_RULE",
    "SIMPLE_RULE",
    "USER",
]


def _column(field: str, kind: Kind, meaning: str, name: str = "") -> Column:
    return Column(name or snake_case(field.replace(".", "_")), kind, (field,), meaning)


def _actor(field: str, did: str) -> tuple[Column, ...]:
    return (
        _column(f"{field}.id", "text", f"id of the user, token or system that {did}"),
        _column(f"{field}.type", "text", f"kind of the actor that {did}"),
    )


_ID = _column("id", "text", "chosen by its author, unique in its list")
_BODY = _column("body", "text", "Python source")
_LOG_TYPES = _column("logTypes", "list", "log types that it reads")
_DETECTION = _column("detection", "text", "YAML of the detection")
_TESTS = _column("tests", "list", "unit tests; see `unit_tests(frame)`")
_CHANGED = (
    _column("createdAt", "time", "created"),
    _column("lastModified", "time", "last changed"),
)
_STAMPS = (
    _column("createdAt", "time", "created"),
    _column("updatedAt", "time", "last changed"),
)

_SHARED = (
    _ID,
    _column("displayName", "text", "name for people"),
    _column("description", "text", "what it is for"),
    _column("enabled", "boolean", "enabled; missing when the service omits it"),
    _column("severity", "text", "INFO, LOW, MEDIUM, HIGH or CRITICAL"),
    _column("tags", "list", "tags, in no order"),
    _column("reports", "map", "framework to its controls; see `reports(frame)`"),
    _column("managed", "boolean", "part of a pack of the vendor"),
    _column("outputIDs", "list", "destinations that override the default ones"),
    _column("reference", "text", "link or note"),
)
_AUTHORS = (
    *_CHANGED,
    *_actor("createdBy", "created it"),
    _column("createdByExternal", "text", "author named by an external upload"),
)
_ALERTING = (
    _column("dedupPeriodMinutes", "integer", "minutes during which matches join one alert"),
    _column("threshold", "integer", "matches that make an alert"),
    _column("runbook", "text", "what to do"),
    _column("summaryAttributes", "list", "fields that the alert summarises"),
    _column("createAlert", "boolean", "matches make alerts"),
)

RULE = (
    *_SHARED,
    *_ALERTING,
    _LOG_TYPES,
    _column("inlineFilters", "text", "YAML of the filters before the body"),
    _BODY,
    _TESTS,
    *_AUTHORS,
)
SCHEDULED_RULE = (
    *_SHARED,
    *_ALERTING,
    _column("scheduledQueries", "list", "queries whose results it reads"),
    _BODY,
    _TESTS,
    *_AUTHORS,
)
SIMPLE_RULE = (
    *_SHARED,
    *_ALERTING,
    _LOG_TYPES,
    _DETECTION,
    _column("inlineFilters", "text", "YAML of the filters before the detection"),
    _column("groupBy", "text", "YAML of the grouping"),
    _column("alertTitle", "text", "YAML of the alert's title"),
    _column("alertContext", "text", "YAML of the alert's context"),
    _column("dynamicSeverities", "text", "YAML of severities by condition"),
    _column("pythonBody", "text", "Python source; only with `include_python=True`"),
    _TESTS,
    *_AUTHORS,
)
CORRELATION_RULE = (
    *_SHARED,
    *_ALERTING,
    _column("correlationRuleReferenceIds", "list", "rules that it refers to"),
    _LOG_TYPES,
    _DETECTION,
    _TESTS,
    *_AUTHORS,
    *_actor("lastModifiedBy", "changed it last"),
)
POLICY = (
    *_SHARED,
    _column("resourceTypes", "list", "types of cloud resource that it checks"),
    _column("suppressions", "list", "patterns of resources that it skips"),
    _BODY,
    _TESTS,
    *_AUTHORS,
)
DATA_MODEL = (
    _ID,
    _column("displayName", "text", "name for people"),
    _column("description", "text", "what it is for"),
    _column("enabled", "boolean", "enabled"),
    _column("managed", "boolean", "part of a pack of the vendor"),
    _column("logTypes", "list", "log types that it maps"),
    _column("mappings", "list", "common name to path or method; see `mappings(frame)`"),
    _BODY,
    *_CHANGED,
)
GLOBAL = (
    _ID,
    _column("description", "text", "what it is for"),
    _column("tags", "list", "tags, in no order"),
    _BODY,
    *_CHANGED,
)
QUERY = (
    _column("id", "text", "made by the service"),
    _column("name", "text", "name, unique"),
    _column("description", "text", "what it is for"),
    _column("managed", "boolean", "part of a pack of the vendor"),
    _column("sql", "text", "the SQL"),
    _column("schedule.cron", "text", "when it runs, as a cron expression"),
    _column("schedule.rateMinutes", "integer", "or every so many minutes"),
    _column("schedule.timeoutMinutes", "integer", "stopped after so many minutes"),
    _column("schedule.disabled", "boolean", "schedule disabled"),
    _column("emailConfig", "map", "recipients of the results by mail"),
    *_STAMPS,
)
ALERT = (
    _column("id", "text", "made by the service"),
    _column("type", "text", "RULE, POLICY, SCHEDULED_RULE, RULE_ERROR, SYSTEM_ERROR ..."),
    _column("status", "text", "OPEN, TRIAGED, RESOLVED or CLOSED"),
    _column("severity", "text", "INFO, LOW, MEDIUM, HIGH or CRITICAL"),
    _column("title", "text", "title"),
    _column("createdAt", "time", "created"),
    _column("firstEventOccurredAt", "time", "first of its events"),
    _column("lastReceivedEventAt", "time", "newest of its events"),
    _column("eventCount", "integer", "number of its events"),
    _column("detection.id", "text", "detection that raised it; missing for system errors"),
    _column("detection.type", "text", "kind of that detection"),
    _column("systemError", "map", "what failed, for system errors"),
    _column("runbook", "text", "what to do"),
    *_actor("assignee", "is assigned to it"),
    *_actor("updatedBy", "changed it last"),
    _column("quality", "text", "NOISE or USEFUL, once judged"),
    _column("contextTags", "list", "context tags"),
    _column("deliveries", "list", "notifications by destination"),
    _column("context", "any", "alert context of the detection"),
)
EVENT = (
    _column("p_alert_id", "text", "alert of the event"),
    _column("p_event_time", "time", "time of the event"),
    _column("p_log_type", "text", "log type"),
)
COMMENT = (
    _column("id", "text", "made by the service"),
    _column("alertId", "text", "alert that it belongs to"),
    _column("body", "any", "text, or JSON"),
    _column("format", "text", "PLAIN_TEXT, HTML ..."),
    *_STAMPS,
    *_actor("createdBy", "wrote it"),
    *_actor("updatedBy", "changed it last"),
)
CONTEXT_TAG = (
    _column("tag", "text", "the tag"),
    _column("category", "text", "its category"),
    _column("managed", "boolean", "one of the vendor's"),
)
USER = (
    _column("id", "text", "made by the service"),
    _column("email", "text", "address"),
    _column("givenName", "text", "given name"),
    _column("familyName", "text", "family name"),
    _column("role.id", "text", "id of the role"),
    _column("role.name", "text", "name of the role"),
    _column("enabled", "boolean", "may log in"),
    _column("status", "text", "state at the identity provider"),
    _column("createdAt", "time", "created"),
    _column("lastLoggedInAt", "time", "last login; missing when there was none"),
)
ROLE = (
    _column("id", "text", "made by the service"),
    _column("name", "text", "name"),
    _column("permissions", "list", "raw names of its permissions"),
    _column("logTypeAccessKind", "text", "ALLOW, ALLOW_ALL, DENY or DENY_ALL"),
    _column("logTypeAccess", "list", "log types that ALLOW or DENY refers to"),
    *_STAMPS,
)
API_TOKEN = (
    _column("id", "text", "made by the service"),
    _column("name", "text", "name"),
    _column("permissions", "list", "raw names of its permissions"),
    _column("allowedCIDRBlocks", "list", "networks that may use it; empty for any"),
    *_STAMPS,
    *_actor("createdBy", "created it"),
    *_actor("updatedBy", "changed it last"),
    _column("rotatedAt", "time", "last rotated"),
    _column("lastUsedAt", "time", "last used"),
    _column("expiresAt", "time", "expires; missing for never"),
)
