"""A story that runs through all three services: a loosened rule and its consequences.

Twelve days ago somebody lowered the threshold of a Panther rule. The audit log has the change,
Panther the alerts that rose, and BigPanda, to which they are forwarded, incidents that grew: each
forwarded alert joins an incident that is open on its host, so the number of incidents stays.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pandakit.sandbox.bigpanda.events import REOPENS, Alert, Groups
from pandakit.sandbox.draw import DAY, HOUR
from pandakit.sandbox.panther.alerts import events_of, noisy_alert
from pandakit.sandbox.panther.detections import PLANTED

if TYPE_CHECKING:
    from pandakit.sandbox.draw import Draw

__all__ = ["FORWARDER", "LoosenedRule"]

Row = dict[str, Any]

#: The `app_key` under which Panther's alerts arrive at BigPanda.
FORWARDER = "panther.alerts"

_DAYS_AGO = 12
_BEFORE, _AFTER = 0.03, 0.6  # of the incidents have a forwarded alert
_SLACK = 500  # seconds; see `_APART` of the incidents
_DELAY = 20  # seconds from Panther to BigPanda
_OLD = {"dedupPeriodMinutes": 720, "threshold": 25}
_NEW = {"dedupPeriodMinutes": 15, "threshold": 1}
# The lists that have something of an alert, and the field with its id.
_OF_ALERTS = {"alerts": "id", "alert_events": "p_alert_id", "alert_comments": "alertId"}


class LoosenedRule:
    """The story, told to one service after another.

    Parameters
    ----------
    draw
        What chance decides.
    panther
        The lists of Panther: the rule and its alerts are changed in them.
    """

    def __init__(self, draw: Draw, panther: dict[str, list[Row]]) -> None:
        self._draw = draw
        self._panther = panther
        self._rule = panther["rules"][PLANTED["noisy"]]
        self._user = draw.one(panther["users"])
        self._moment = draw.epoch - _DAYS_AGO * DAY - draw.between(HOUR, 2 * HOUR)
        self._busy: dict[str, int] = {}
        self._rule |= _NEW | {"lastModified": draw.nanoseconds(self._moment)}
        self._forget_alerts()

    def _forget_alerts(self) -> None:
        mine = [row for row in self._panther["alerts"] if self._rule["id"] == _detection(row)]
        gone = {row["id"] for row in mine}
        for name, key in _OF_ALERTS.items():
            self._panther[name] = [row for row in self._panther[name] if row[key] not in gone]

    def audit_events(self) -> list[tuple[int, Row]]:
        """Return the change as the audit log has it, with its time."""
        target = f"panther-rule {self._rule['id']}"
        event = {
            "actor": self._user["email"],
            "action": "update",
            "target": target,
            "status": "success",
            "source": "back-office",
            "tenant_id": "north",
            "message": f"update {target}",
            "timestamp": self._draw.seconds(self._moment),
            "old": json.dumps(_OLD),
            "new": json.dumps(_NEW),
        }
        return [(self._moment, event)]

    def forwarded(self, groups: Groups) -> Groups:
        """Return the incidents with the rule's alerts in them; add these to Panther's lists."""
        hosts = {host: unit.tags for unit in groups.units for host in unit.primaries}
        incidents = [self._grown(group, hosts) for group in groups.incidents]
        added = [
            event
            for group in incidents
            for alert in group
            if alert.app_key == FORWARDER
            for event in alert.events
        ]
        events = sorted([*groups.events, *added], key=lambda event: event["timestamp"])
        return replace(groups, incidents=incidents, events=events)

    def _grown(self, group: list[Alert], hosts: dict[str, Row]) -> list[Alert]:
        first, draw = group[0], self._draw
        likely = _AFTER if first.start > self._moment else _BEFORE
        host = draw.one(group).primary[1]
        reach = self._reach(group)
        if not draw.chance(likely) or reach < 1 or host not in hosts or "service" in hosts[host]:
            return group
        start = first.start + draw.between(1, reach)
        if self._busy.get(host, 0) > start:  # its last alert would be reopened
            return group
        return [*group, self._alert(host, start, draw.one(group).tags)]

    def _reach(self, group: list[Alert]) -> int:
        """Return how long after its start an alert still joins the incident, and no other one."""
        first = group[0]
        end = self._draw.epoch if first.end is None else min(first.end, self._draw.epoch)
        latest = max(alert.start for alert in group)
        return min(end - 60, latest + _SLACK) - first.start

    def _alert(self, host: str, start: int, tags: Row) -> Alert:
        draw, rule = self._draw, self._rule
        alert = noisy_alert(draw, rule, self._panther["users"], start - _DELAY)
        self._panther["alerts"].append(alert)
        names = {rule["id"]: rule["displayName"]}
        self._panther["alert_events"] += events_of(draw, alert, names)
        end = start + draw.between(600, 3 * HOUR)
        ends = end if end < draw.epoch else None
        self._busy[host] = (ends or draw.epoch) + REOPENS
        made = Alert(
            draw.hexadecimal(24), FORWARDER, ("host", host), rule["displayName"], start, ends, tags
        )
        payload = {
            "app_key": FORWARDER,
            "host": host,
            "check": made.check,
            "description": alert["title"],
            "panther_alert_id": alert["id"],
            **tags,
        }
        made.events.append({"status": "warning", "timestamp": start} | payload)
        if ends is not None:
            made.events.append({"status": "ok", "timestamp": ends} | payload)
        return made


def _detection(alert: Row) -> Any:
    return alert.get("detection", {}).get("id")
