"""The reference engine with a witness: what it saw whenever an alert opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.consolidation import reference_engine

if TYPE_CHECKING:
    from tests.consolidation.strategies import Scenario


@dataclass
class Witness(reference_engine.Correlator):
    """Writes down all entries that could be looked at, before each alert finds its place."""

    seen: list[dict[str, list[dict[str, Any]]]] = field(default_factory=list)
    removed_by: dict[int, int] = field(default_factory=dict)

    def place(self, alert):
        """Look at every entry of the alert's values, newest first, whether it wins or not."""
        self.seen.append(
            {
                pattern["name"]: [
                    self.describe(entry, alert)
                    for entry in reversed(self.registered.get((pattern["name"], value), []))
                ]
                for pattern, value in self.values_of(alert.opening)
            }
        )
        super().place(alert)

    def describe(self, entry, alert):
        """Give what an entry looks like to an alert, and every reason to refuse it."""
        anchor, now = self.settings["anchor"], alert.opening.time
        since = entry.latest_alert if anchor == "latest" else entry.anchor_alert
        reasons = {
            "not_shared": id(entry) in self.removed_by,
            "window": not entry.passes(now, anchor),
            "resolved": not self.settings["join_resolved"] and not entry.incident.active,
            "full": self.full(entry.incident),
        }
        return {
            "pattern": entry.pattern["name"],
            "incident_id": entry.incident.number,
            "anchor_alert_id": since.number,
            "anchor_start": since.opening.time,
            "gap": now - since.opening.time,
            "limit": entry.pattern["window"],
            "removed_by_alert_id": self.removed_by.get(id(entry)),
            "n_alerts": len(entry.incident.alerts),
            "n_open_alerts": sum(one.open for one in entry.incident.alerts),
            "reasons": [reason for reason, holds in reasons.items() if holds],
        }

    def intersect(self, incident, values, alert):
        """Remember which alert took an entry away because it does not share its value."""
        for entry in incident.entries:
            if entry.live and (entry.pattern, entry.value) not in values:
                self.removed_by[id(entry)] = alert.number
        super().intersect(incident, values, alert)


def witnessed(scenario: Scenario, monkeypatch: Any) -> tuple[dict[str, Any], list[Any]]:
    """Run the reference engine; give its answer, and per alert the entries it could look at."""
    witnesses = []

    def appoint(*given):
        witnesses.append(Witness(*given))
        return witnesses[-1]

    with monkeypatch.context() as patched:
        patched.setattr(reference_engine, "Correlator", appoint)
        answer = reference_engine.run(scenario.rows, scenario.columns, scenario.settings)
    return answer, witnesses[0].seen
