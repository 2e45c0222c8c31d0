"""The incidents of the organisation, as they are searched and as they move."""

from __future__ import annotations

import random
from threading import RLock
from typing import TYPE_CHECKING, Any

from pandakit.sandbox.bigpanda.query import Predicate, alert_tags

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandakit.sandbox.control import Control, Move

__all__ = ["SORTS", "IncidentStore"]

Row = dict[str, Any]

SORTS: dict[str, Callable[[Row], Any]] = {
    "last_change": lambda row: row["updated_at"],
    "status": lambda row: row["status"],
    "start": lambda row: row["start"],
    "alerts": lambda row: len(row["alerts"]),
}

# The activity of a change; the service spells the type differently in the filter.
_ACTIVITIES = {
    "add": "incident_created",
    "resolve": "incident_resolved_api",
    "reopen": "incident_reopened",
}


class IncidentStore:
    """Incidents that can be searched, one moment at a time.

    Parameters
    ----------
    incidents, activities
        Those of the organisation; they stay as they are.
    control
        The order of searches, and how incidents move.
    now
        The current time, in epoch seconds.
    """

    def __init__(
        self, incidents: list[Row], activities: list[Row], control: Control, now: int
    ) -> None:
        self._rows = {row["id"]: row for row in incidents}
        self._activities: dict[str, list[Row]] = {key: [] for key in self._rows}
        for row in activities:
            self._activities[row["incident_id"]].append(row)
        self._control, self._now = control, now
        self._changes = 0
        self._tags: dict[str, list[dict[str, list[str]]]] = {}
        self._sorted: dict[tuple[str, ...], list[Row]] = {}
        self._lock = RLock()
        self._random = random.Random(0)  # noqa: S311 - an order, not a secret

    def find(self, key: str) -> Row | None:
        return self._rows.get(key)

    def activities(self, key: str) -> list[Row] | None:
        """Return what was done with an incident, newest first; `None` for an unknown one."""
        with self._lock:
            rows = self._activities.get(key)
            return None if rows is None else list(rows)

    def search(
        self, environment: str, folder: str, query: str, order: str, test: Predicate
    ) -> list[Row]:
        """Return the incidents of an environment, after the moves that are due."""
        with self._lock:
            for move in self._control.next_moves():
                self._move(move)
            key = environment, folder, query, order, str(self._control.newest_first)
            if key not in self._sorted or self._control.shuffled:
                found = [
                    row
                    for row in self._rows.values()
                    if environment in row["environments"]
                    and (not folder or folder in row["folders"])
                    and any(map(test, self._alert_tags(row)))
                ]
                self._sorted[key] = self._in_order(found, order)
            return self._sorted[key]

    def _in_order(self, rows: list[Row], order: str) -> list[Row]:
        # The id decides between equal values, so that pages do not overlap.
        rows.sort(key=lambda row: row["id"], reverse=True)
        if self._control.shuffled:
            self._random.shuffle(rows)
        return sorted(rows, key=SORTS[order], reverse=self._control.newest_first)

    def _alert_tags(self, row: Row) -> list[dict[str, list[str]]]:
        if row["id"] not in self._tags:
            severity = {"severity": [row["severity"]]}  # the incident's; alerts have none
            self._tags[row["id"]] = [alert_tags(alert) | severity for alert in row["alerts"]]
        return self._tags[row["id"]]

    def _move(self, move: Move) -> None:
        self._changes += 1
        by_start = sorted(self._rows.values(), key=lambda row: (-row["start"], row["id"]))
        row = by_start[move.incident % len(by_start)]
        key = f"{self._changes:024x}" if move.change == "add" else row["id"]
        moved = row | {"id": key, "updated_at": self._now + self._changes}
        if move.change in ("resolve", "reopen"):
            moved |= _turned(row, active=move.change == "reopen", now=self._now)
        elif move.change == "add":
            moved |= _begun(row, key, self._now)
        self._rows[key] = moved
        self._note(key, _ACTIVITIES.get(move.change))
        self._tags.pop(key, None)
        self._sorted.clear()

    def _note(self, key: str, kind: str | None) -> None:
        """Record that an incident started, ended or reopened."""
        rows = self._activities.setdefault(key, [])
        if kind is None:
            return
        # Numbers from the top, so that no id equals that of an incident.
        entry = {
            "id": f"{2**96 - self._changes:024x}",
            "incident_id": key,
            "type": kind,
            "timestamp": self._now + self._changes,
            "created_by": None,
            "params": {},
        }
        self._activities[key] = [entry, *rows]


def _begun(row: Row, key: str, now: int) -> Row:
    """Return the changes for a new incident like an existing one."""
    times = {"start": now, "changed_at": now, "updated_at": now, "last_event_at": now}
    alerts = [
        alert | times | {"id": f"{key}-{number}", "end": None, "active": True}
        for number, alert in enumerate(row["alerts"], start=1)
    ]
    return _turned(row | {"alerts": alerts}, active=True, now=now) | {
        "start": now,
        "changed_at": now,
    }


def _turned(row: Row, *, active: bool, now: int) -> Row:
    """Return the changes for an incident that is resolved or reopened."""
    folders = [name for name in row["folders"] if name not in ("active", "resolved", "unhandled")]
    end = None if active else max(now, row["start"])
    alerts = [
        alert | {"active": active, "end": end, "status": row["severity"] if active else "ok"}
        for alert in row["alerts"]
    ]
    return {
        "active": active,
        "end": end,
        "status": row["severity"] if active else "ok",
        "folders": ["active" if active else "resolved", *folders],
        "alerts": alerts,
    }
