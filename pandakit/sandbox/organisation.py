"""The seeded organisation: the data of the three services for one invented company."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pandakit.sandbox.bigpanda.events import build_groups
from pandakit.sandbox.bigpanda.records import build_bigpanda
from pandakit.sandbox.draw import Draw
from pandakit.sandbox.pangea.log import AuditLog, build_log
from pandakit.sandbox.panther.alerts import build_alerts
from pandakit.sandbox.panther.detections import build_detections
from pandakit.sandbox.panther.people import build_people
from pandakit.sandbox.story import LoosenedRule

__all__ = ["REFERENCE_TIME", "Organisation", "build"]

REFERENCE_TIME = datetime(2026, 6, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """All rows that the sandbox serves, as plain Python data.

    Parameters
    ----------
    now
        The fixed time of the organisation.
    panther
        List name (`"rules"`, `"alerts"` …) to its rows, as JSON objects. `"alert_events"` and
        `"alert_comments"` hold those of all alerts, by their `p_alert_id` and `alertId`.
    bigpanda
        `"environments"`, `"incidents"` (each with its `alerts` in full), `"events"` (the raw
        payloads, oldest first), `"patterns"`, `"activities"` (each with its `incident_id`),
        `"schemas"` and `"tables"` (schema id to rows).
    pangea
        The audit log: its events, tree and schema.
    """

    now: datetime
    panther: dict[str, list[dict[str, Any]]] = field(repr=False)
    bigpanda: dict[str, Any] = field(repr=False)
    pangea: AuditLog = field(repr=False)


def build(
    seed: int = 0,
    *,
    now: datetime = REFERENCE_TIME,
    incidents: int = 2_000,
    audit_events: int = 3_000,
    within: int | None = None,
    loosened_rule: bool = False,
) -> Organisation:
    """Return the organisation of a seed: the same arguments make the same rows.

    Parameters
    ----------
    seed
        Any integer.
    now
        Zone-aware; all times are counted back from it.
    incidents
        How many BigPanda incidents there are.
    audit_events
        How many Pangea audit events there are.
    within
        Seconds within which all incidents start; `None` for 28 days.
    loosened_rule
        Whether a Panther rule was loosened twelve days ago, with all its consequences.

    Raises
    ------
    ValueError
        When `now` has no zone, or a count is below 1.

    Examples
    --------
    >>> organisation = build(7, incidents=20, audit_events=50)
    >>> len(organisation.bigpanda["incidents"]), len(organisation.pangea.events)
    (20, 50)
    """
    if now.tzinfo is None:
        raise ValueError(f"now must have a zone, as in {now.isoformat()}+00:00")
    if min(incidents, audit_events) < 1:
        raise ValueError("an organisation has at least one incident and one audit event")
    people = build_people(Draw(f"people {seed}", now))
    detections = build_detections(Draw(f"detections {seed}", now), people["users"])
    alerts = build_alerts(Draw(f"alerts {seed}", now), detections["rules"], people["users"])
    groups = build_groups(Draw(f"events {seed}", now), incidents, within)
    panther = {**detections, **people, **alerts}
    audited: list[tuple[int, dict[str, Any]]] = []
    if loosened_rule:
        story = LoosenedRule(Draw(f"story {seed}", now), panther)
        audited, groups = story.audit_events(), story.forwarded(groups)
    return Organisation(
        now=now,
        panther=panther,
        bigpanda=build_bigpanda(Draw(f"bigpanda {seed}", now), groups, people["users"]),
        pangea=build_log(Draw(f"audit {seed}", now), people["users"], audit_events, audited),
    )
