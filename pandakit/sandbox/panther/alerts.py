"""Panther alerts with their events, comments and context tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.sandbox.draw import HOUR
from pandakit.sandbox.panther.detections import PLANTED
from pandakit.sandbox.panther.people import actor

if TYPE_CHECKING:
    from pandakit.sandbox.draw import Draw

Row = dict[str, Any]

_ALERTS = 420
_NOISY_ALERTS = 60
# Rules that raise no alerts: one never fires, one fails on its events.
_QUIET = frozenset({PLANTED["never_fired"], PLANTED["erring"], PLANTED["noisy"]})
_SOURCE = "larkfield-source"
_DAYS = 60  # twice the default window of the list
_STATUSES = ("OPEN", "OPEN", "TRIAGED", "RESOLVED", "CLOSED")
_CONTEXT_TAGS = (
    "vip", "phishing", "insider", "lateral", "test", "pentest", "false-alarm", "follow_up",
    "cloud", "endpoint", "email", "escalated", "regulator", "night", "duplicate",
)  # fmt: skip
_KINDS = ("ALERT",) * 17 + ("DETECTION_ERROR",) * 2 + ("SYSTEM_ERROR",)
_SUBTYPES = {"ALERT": "RULE", "DETECTION_ERROR": "RULE_ERROR", "SYSTEM_ERROR": "SYSTEM_ERROR"}


def build_alerts(draw: Draw, rules: list[Row], users: list[Row]) -> dict[str, list[Row]]:
    tags = [{"tag": tag, "category": "triage", "managed": tag < "f"} for tag in _CONTEXT_TAGS]
    names = {rule["id"]: rule["displayName"] for rule in rules}
    firing = [rule for place, rule in enumerate(rules) if place not in _QUIET]
    alerts = [_alert(draw, number, draw.one(firing), users) for number in range(_ALERTS)]
    alerts += [noisy_alert(draw, rules[PLANTED["noisy"]], users) for _ in range(_NOISY_ALERTS)]
    return {
        "alerts": alerts,
        "alert_events": [event for alert in alerts for event in events_of(draw, alert, names)],
        "alert_comments": [note for alert in alerts for note in _comments(draw, alert, users)],
        "alert_context_tags": tags,
    }


def _alert(draw: Draw, number: int, rule: Row, users: list[Row]) -> Row:
    created = draw.ago(_DAYS)
    kind = _KINDS[number % len(_KINDS)]
    row: Row = {
        "id": draw.hexadecimal(32),
        "type": _SUBTYPES[kind],
        "status": draw.one(_STATUSES),
        "severity": rule["severity"],
        "title": f"{rule['displayName']} by user{draw.between(1, 40)}",
        "_logTypes": rule.get("logTypes", []),
        "_logSources": [f"{_SOURCE}-{draw.between(1, 3)}"],
        "runbook": rule.get("runbook", ""),
        "createdAt": draw.seconds(created),
        "firstEventOccurredAt": draw.seconds(created - draw.between(1, HOUR)),
        "lastReceivedEventAt": draw.seconds(created),
        "eventCount": 73 if number == 0 else draw.between(1, 9),  # one has several pages
        "deliveries": _deliveries(draw, created),
        "assignee": actor(draw.one(users)) if draw.chance(0.4) else None,
    }
    if kind == "SYSTEM_ERROR":
        source = {"sourceId": draw.uuid(), "sourceType": "AWS.S3"}
        return row | {"systemError": {"type": "SOURCE_NO_DATA", **source}}
    row |= {"detection": {"id": rule["id"], "type": "RULE"}, "context": {"actor": "user"}}
    if draw.chance(0.3):
        row |= {"quality": draw.one(("NOISE", "USEFUL")), "updatedBy": actor(draw.one(users))}
    if draw.chance(0.3):
        row["contextTags"] = draw.some(_CONTEXT_TAGS, 1, 3)
    return row


def noisy_alert(draw: Draw, rule: Row, users: list[Row], created: int | None = None) -> Row:
    """Return an alert that was closed as a false positive, like most of its detection."""
    row = _alert(draw, 1, rule, users)
    if created is None:
        created = draw.ago(12) + draw.between(0, HOUR)
    user, address = f"user{draw.between(1, 4)}", f"203.0.113.{draw.between(1, 30)}"
    return row | {
        "type": "RULE",
        "status": "CLOSED" if draw.chance(0.85) else "OPEN",
        "quality": "NOISE" if draw.chance(0.7) else "USEFUL",
        "title": f"{rule['displayName']} by {user} from {address}",
        "createdAt": draw.seconds(created),
        "firstEventOccurredAt": draw.seconds(created - 60),
        "lastReceivedEventAt": draw.seconds(created + 600),
        "eventCount": draw.between(1, 4),
        "_user": user,
        "_address": address,
    }


def _deliveries(draw: Draw, created: int) -> list[Row]:
    if draw.chance(0.3):
        return []
    failed = draw.chance(0.1)
    return [
        {
            "outputId": draw.uuid(),
            "label": "chat #alerts",
            "message": "timeout" if failed else "ok",
            "statusCode": 504 if failed else 200,
            "success": not failed,
            "dispatchedAt": draw.nanoseconds(created),
        }
    ]


def events_of(draw: Draw, alert: Row, names: dict[str, str]) -> list[Row]:
    """Return events that the detection of an alert matches."""
    rule_id = alert.get("detection", {}).get("id")
    user = alert.get("_user") or alert["title"].rsplit(" by ", 1)[-1]
    return [
        {
            "p_alert_id": alert["id"],
            "p_event_time": alert["firstEventOccurredAt"],
            "p_log_type": next(iter(alert["_logTypes"]), "Larkfield.System"),
            "p_row_id": draw.hexadecimal(24),
            "action": names.get(rule_id, "Unknown"),
            "user": user,
            "sourceIPAddress": alert.get("_address") or f"203.0.113.{draw.between(1, 254)}",
            "bytes": draw.random.getrandbits(60),  # beyond the precision of a float
        }
        for _ in range(alert["eventCount"])
    ]


def _comments(draw: Draw, alert: Row, users: list[Row]) -> list[Row]:
    if not draw.chance(0.25):
        return []
    written = draw.ago(_DAYS)
    return [
        {
            "id": draw.uuid(),
            "alertId": alert["id"],
            "body": draw.one(("Looking into it.", "Known test — ignore.", "Ça va, closed.")),
            "format": "PLAIN_TEXT",
            "createdAt": draw.seconds(written),
            "updatedAt": draw.seconds(written),
            "createdBy": actor(draw.one(users)),
        }
        for _ in range(draw.between(1, 3))
    ]
