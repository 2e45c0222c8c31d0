"""BigPanda's own records of the organisation: incidents, environments, patterns, maps, setup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.sandbox import words
from pandakit.sandbox.bigpanda.events import CLUSTER_WINDOW, HOST_WINDOW, Alert, Groups
from pandakit.sandbox.bigpanda.maps import empty_map, host_map
from pandakit.sandbox.bigpanda.query import alert_tags, compile_query
from pandakit.sandbox.draw import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandakit.sandbox.draw import Draw

Row = dict[str, Any]

_SEVERITY = ("ok", "unknown", "warning", "critical")
_ENVIRONMENTS = {
    "All Incidents": "*",
    "Payments": "application IN [checkout, ledger]",
    "Storefront": 'application = "storefront" OR application = "search"',
    "Platform EU": "datacenter = eu-* AND application IN [identity, messaging]",
    "Jump hosts": "host = jump-*",
    "Laboratory": "cluster = laboratory",  # nothing is in it
}


def build_bigpanda(draw: Draw, groups: Groups, users: list[Row]) -> dict[str, Any]:
    patterns = _patterns(draw)
    incidents = [_incident(draw, group, patterns, users) for group in groups.incidents]
    environments = [_environment(draw, name) for name in _ENVIRONMENTS]
    _place(incidents, environments)
    schema, table = host_map(draw, groups)
    return {
        "environments": environments,
        "incidents": incidents,
        "events": groups.events,
        "patterns": patterns,
        "activities": [entry for row in incidents for entry in _activities(draw, row, users)],
        "schemas": [schema, empty_map(draw)],
        "tables": {schema["id"]: table},
        "setup": _setup(draw),
    }


def _environment(draw: Draw, name: str) -> Row:
    role = {"id": draw.hexadecimal(24), "name": f"{name} readers"}
    return {
        "id": draw.hexadecimal(24),
        "name": name,
        "description": None if name == "Laboratory" else f"{words.COMPANY}: {name}",
        "filter": _ENVIRONMENTS[name],
        "roles": [role],
        "read_only_roles": [],
    }


def _place(incidents: list[Row], environments: list[Row]) -> None:
    """Assign each incident to the environments whose filter one of its alerts passes."""
    tests = [(row["id"], compile_query(row["filter"])) for row in environments]
    for incident in incidents:
        tags = [alert_tags(alert) for alert in incident["alerts"]]
        incident["environments"] = [key for key, test in tests if any(map(test, tags))]


def _patterns(draw: Draw) -> list[Row]:
    rows = (
        (["cluster"], CLUSTER_WINDOW, "*", True, True),
        (["host"], HOST_WINDOW, "source_system != synthetics.*", True, True),
        (["application", "datacenter"], 30, "*", True, False),
        (["check", "datacenter"], 15, "source_system = nagios.*", False, False),
    )
    return [
        {
            "correlation_id": draw.uuid(),
            "active": active,
            "tags": tags,
            "time_window": window,
            "filter": query,
            "cross_source": cross,
            "note": None,
            "created_at": draw.ago(400, 200),
            "updated_at": draw.ago(199, 60),
            "execution_order": order,
        }
        for order, (tags, window, query, cross, active) in enumerate(rows, start=1)
    ]


def _incident(draw: Draw, group: list[Alert], patterns: list[Row], users: list[Row]) -> Row:
    alerts = [_alert(draw, alert) for alert in group]
    active = any(alert["active"] for alert in alerts)
    status = _worst(alert["status"] for alert in alerts)
    snoozed = active and draw.chance(0.05)
    row: Row = {
        "id": draw.hexadecimal(24),
        "status": status,
        "severity": _worst(event["status"] for alert in group for event in alert.events),
        "active": active,
        "flapping": draw.chance(0.02),
        "shared": draw.chance(0.2),
        "snooze": {"snoozed": snoozed},
        "maintenance": None,
        "start": min(alert["start"] for alert in alerts),
        "changed_at": max(alert["changed_at"] for alert in alerts),
        "updated_at": max(alert["updated_at"] for alert in alerts),
        "end": None if active else max(alert["end"] for alert in alerts),
        "alerts": alerts,
        "incident_tags": _incident_tags(draw),
        "correlation_matchers_log": [_matchers(group, patterns)],
        "ai_analysis_state": "not_requested",  # not in the published schema
    }
    if snoozed:
        row["snooze"] |= {"end_time": draw.epoch + 6 * HOUR, "cancel_on_incident_updates": True}
    if draw.chance(0.3):
        row |= {"assignee": _person(draw.one(users)), "assigner": _person(draw.one(users))}
    row["folders"] = _folders(row)
    return row


def _alert(draw: Draw, alert: Alert) -> Row:
    newest = alert.events[-1]
    seen = newest["timestamp"]
    name, value = alert.primary
    tags = {name: value, "check": alert.check, **alert.tags}
    if draw.chance(0.1):
        tags["contacts"] = ["day shift", "night shift"]
    return {
        "id": alert.id,
        "status": newest["status"],
        "active": alert.end is None,
        "start": alert.start,
        "end": alert.end,
        "changed_at": seen,
        "updated_at": seen,
        "last_event_at": seen,
        "primary_property": name,
        "secondary_property": "check",
        "source_system": alert.app_key,
        "incident_key": f"{value}__{alert.check}",
        "maintenance_plans": [],
        "description": newest["description"],
        "tags": [{"name": key, "value": content} for key, content in tags.items()],
    }


def _matchers(group: list[Alert], patterns: list[Row]) -> list[Row]:
    """Return the active patterns that all alerts of the incident share, longest window first."""
    found = []
    for pattern in patterns:
        values = [{**alert.tags, alert.primary[0]: alert.primary[1]} for alert in group]
        shared = {tuple(value.get(tag) for tag in pattern["tags"]) for value in values}
        if pattern["active"] and len(shared) == 1 and None not in next(iter(shared)):
            found.append(
                {
                    "correlation_id": pattern["correlation_id"],
                    "time_window": pattern["time_window"],
                    "source_system": group[0].app_key,
                    "tags": [{"name": t, "value": values[0][t]} for t in pattern["tags"]],
                }
            )
    return found


def _worst(statuses: Iterable[str]) -> str:
    return max(statuses, key=_SEVERITY.index)


def _person(user: Row) -> Row:
    name = f"{user['givenName']} {user['familyName']}"
    return {"user_id": user["id"], "name": name, "email": user["email"]}


def _incident_tags(draw: Draw) -> list[Row]:
    if draw.chance(0.7):
        return []
    return [{"tag_id": "priority", "tag_value": draw.one(("P1", "P2", "P3"))}]


def _folders(row: Row) -> list[str]:
    names = ["active" if row["active"] else "resolved"]
    names += ["shared"] if row["shared"] else []
    names += ["snoozed"] if row["snooze"]["snoozed"] else []
    names += ["assigned"] if "assignee" in row else []
    if row["active"] and not row["shared"] and "assignee" not in row:
        names.append("unhandled")
    return names


def _activities(draw: Draw, incident: Row, users: list[Row]) -> list[Row]:
    steps: list[tuple[str, int, Row]] = [("incident_created", incident["start"], {})]
    if "assignee" in incident:
        when = incident["start"] + draw.between(30, HOUR)
        steps.append(("incident_assigned", when, {"assignee": incident["assignee"]["user_id"]}))
    if draw.chance(0.15):
        when = incident["start"] + draw.between(60, 2 * HOUR)
        steps.append(("incident_commented", when, {"comment": "Looking at it."}))
    if incident["end"] is not None:
        steps.append(("incident_resolved_by_alerts", incident["end"], {}))
    return [
        {
            "id": draw.hexadecimal(24),
            "incident_id": incident["id"],
            "type": kind,
            "timestamp": when,
            "created_by": draw.one(users)["id"],
            "params": params,
        }
        for kind, when, params in sorted(steps, key=lambda step: step[1], reverse=True)
    ]


def _setup(draw: Draw) -> dict[str, list[Row]]:
    return {"plans": _plans(draw), "filters": _filters(draw), "tags": _tags(draw)}


def _plans(draw: Draw) -> list[Row]:
    statuses = ("done", "done", "running", "planned")
    return [
        {
            "id": draw.uuid(),
            "name": f"{words.APPLICATIONS[number][0]} upgrade",
            "status": status,
            "start": draw.epoch + (2 * number - 5) * DAY,
            "end": draw.epoch
            + (2 * number - 5) * DAY
            + (30 * HOUR if status == "running" else HOUR),
            "frequency": "once",
            "description": None,
            "condition": {"=": ["application", words.APPLICATIONS[number][0]]},
            "post_maintenance_action": "Reactivate",
            "maintenance_key": f"upgrade-{number}",
        }
        for number, status in enumerate(statuses)
    ]


def _filters(draw: Draw) -> list[Row]:
    return [
        {
            "id": draw.uuid(),
            "name": "Laboratory",
            "active": True,
            "plan_type": "filter",
            "bpql": {"=": ["cluster", "laboratory"]},
            "exclude_status": ["critical"],
            "created_on": draw.ago(300, 100),
            "updated_on": draw.ago(99, 30),
        }
    ]


def _tags(draw: Draw) -> list[Row]:
    return [
        {
            "id": "priority",
            "name": "Priority",
            "type": "Priority",
            "active": True,
            "description": "How soon somebody has to respond",
            "created_at": draw.ago(300, 100) * 1000,  # the object's page says milliseconds
            "updated_at": draw.ago(99, 30) * 1000,
        }
    ]
