"""The columns of Panther's alerts, users and tokens, by the entity that has them."""

from __future__ import annotations

from pandakit.detections.columns import actor, column

__all__ = [
    "ALERT",
    "API_TOKEN",
    "COMMENT",
    "CONTEXT_TAG",
    "EVENT",
    "ROLE",
    "USER",
]

_STAMPS = (
    column("createdAt", "time", "created"),
    column("updatedAt", "time", "last changed"),
)
ALERT = (
    column("id", "text", "made by the service"),
    column("type", "text", "RULE, POLICY, SCHEDULED_RULE, RULE_ERROR, SYSTEM_ERROR ..."),
    column("status", "text", "OPEN, TRIAGED, RESOLVED or CLOSED"),
    column("severity", "text", "INFO, LOW, MEDIUM, HIGH or CRITICAL"),
    column("title", "text", "title"),
    column("createdAt", "time", "created"),
    column("firstEventOccurredAt", "time", "first of its events"),
    column("lastReceivedEventAt", "time", "newest of its events"),
    column("eventCount", "integer", "number of its events"),
    column("detection.id", "text", "detection that raised it; missing for system errors"),
    column("detection.type", "text", "kind of that detection"),
    column("systemError", "map", "what failed, for system errors"),
    column("runbook", "text", "what to do"),
    *actor("assignee", "is assigned to it"),
    *actor("updatedBy", "changed it last"),
    column("quality", "text", "NOISE or USEFUL, once rated"),
    column("contextTags", "list", "context tags"),
    column("deliveries", "list", "notifications by destination"),
    column("context", "any", "alert context of the detection"),
)
EVENT = (
    column("p_alert_id", "text", "alert of the event"),
    column("p_event_time", "time", "time of the event"),
    column("p_log_type", "text", "log type"),
)
COMMENT = (
    column("id", "text", "made by the service"),
    column("alertId", "text", "alert that it belongs to"),
    column("body", "any", "text, or JSON"),
    column("format", "text", "PLAIN_TEXT, HTML ..."),
    *_STAMPS,
    *actor("createdBy", "wrote it"),
    *actor("updatedBy", "changed it last"),
)
CONTEXT_TAG = (
    column("tag", "text", "the tag"),
    column("category", "text", "its category"),
    column("managed", "boolean", "one of the vendor's"),
)
USER = (
    column("id", "text", "made by the service"),
    column("email", "text", "address"),
    column("givenName", "text", "given name"),
    column("familyName", "text", "family name"),
    column("role.id", "text", "id of the role"),
    column("role.name", "text", "name of the role"),
    column("enabled", "boolean", "may log in"),
    column("status", "text", "state at the identity provider"),
    column("createdAt", "time", "created"),
    column("lastLoggedInAt", "time", "last login; missing when there was none"),
)
ROLE = (
    column("id", "text", "made by the service"),
    column("name", "text", "name"),
    column("permissions", "list", "raw names of its permissions"),
    column("logTypeAccessKind", "text", "ALLOW, ALLOW_ALL, DENY or DENY_ALL"),
    column("logTypeAccess", "list", "log types that ALLOW or DENY refers to"),
    *_STAMPS,
)
API_TOKEN = (
    column("id", "text", "made by the service"),
    column("name", "text", "name"),
    column("permissions", "list", "raw names of its permissions"),
    column("allowedCIDRBlocks", "list", "networks that may use it; empty for any"),
    *_STAMPS,
    *actor("createdBy", "created it"),
    *actor("updatedBy", "changed it last"),
    column("rotatedAt", "time", "last rotated"),
    column("lastUsedAt", "time", "last used"),
    column("expiresAt", "time", "expires; missing for never"),
)
