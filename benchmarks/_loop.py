"""A plain Python loop over events: what one writes without a kernel, for `CLASSIC`.

It gives what the frames of alerts and incidents have, and the outcome of every event.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

HOUR = 3_600_000_000
REOPEN, EXPIRE = 48 * HOUR, 30 * 24 * HOUR
WINDOWS = {"primary": 24 * HOUR, "cluster": 4 * HOUR}
SEVERITY = {"ok": 0, "acknowledged": 1, "unknown": 2, "warning": 3, "critical": 4}
COLUMNS = ("timestamp", "status", "app_key", "host", "check", "cluster")


@dataclass
class Alert:
    """One identity, from its opening on."""

    number: int
    identity: tuple[str, str, str]
    start: int
    last: int
    end: int | None = None
    end_reason: str | None = None
    status: str = ""
    severity: int = 0
    n_events: int = 0
    n_reopens: int = 0
    flapping: bool = False
    incident: int = -1
    joined_by: str | None = None
    anchor: int | None = None
    changes: deque[int] = field(default_factory=lambda: deque(maxlen=5))

    def take(self, time: int, status: str) -> None:
        self.last, self.status = time, status
        self.n_events += 1
        self.severity = max(self.severity, SEVERITY[status])

    def change(self, time: int, end: int | None, reason: str | None) -> None:
        self.end, self.end_reason = end, reason
        self.changes.append(time)
        if len(self.changes) == self.changes.maxlen and time - self.changes[0] <= HOUR:
            self.flapping = True


class Entry(NamedTuple):
    """A value under which an incident is found."""

    time: int
    alert: int
    incident: int


class Loop:
    """Consolidates events one after the other."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.outcomes: list[str] = []
        self.incidents: list[list[Alert]] = []
        self._current: dict[tuple[str, str, str], Alert] = {}
        self._seen: dict[tuple[str, str, str], int] = {}
        self._entries: dict[tuple[str, str], list[Entry]] = {}
        self._newest: dict[tuple[int, str, str], Entry] = {}

    def run(self, table: pa.Table) -> Loop:
        columns = (table[name].to_pylist() for name in COLUMNS)
        for timestamp, status, app, host, check, cluster in zip(*columns, strict=True):
            time, identity = round(timestamp * 1_000_000), (app, host, check)
            if self._seen.get(identity) == time:
                self.outcomes.append("duplicate")
                continue
            self._seen[identity] = time
            self.outcomes.append(self._take(time, status, identity, cluster))
        return self

    def _take(
        self, time: int, status: str, identity: tuple[str, str, str], cluster: str | None
    ) -> str:
        alert = self._current.get(identity)
        if alert is not None and alert.end is None and time - alert.last > EXPIRE:
            alert.end, alert.end_reason = alert.last + EXPIRE, "expired"
        if status == "ok":
            if alert is None or alert.end is not None:
                return "orphan_ok"
            alert.change(time, time, "resolved")
            outcome = "resolved"
        elif alert is not None and alert.end is None:
            outcome = "updated"
        elif alert is not None and alert.end is not None and time - alert.end <= REOPEN:
            alert.change(time, None, None)
            alert.n_reopens += 1
            outcome = "reopened"
        else:
            alert = self._current[identity] = Alert(len(self.alerts), identity, time, time)
            self.alerts.append(alert)
            alert.change(time, None, None)
            self._place(alert, [("primary", identity[1]), ("cluster", cluster)], time)
            outcome = "opened"
        alert.take(time, status)
        return outcome

    def _place(self, alert: Alert, tags: list[tuple[str, str | None]], time: int) -> None:
        """Find the incident of a new alert by the newest entry of a value, or start one."""
        held = [(name, value) for name, value in tags if value is not None]
        for name, value in held:
            entries = self._entries.get((name, value), ())
            entry = next(
                (one for one in reversed(entries) if time - one.time <= WINDOWS[name]), None
            )
            if entry is not None:
                alert.incident, alert.joined_by, alert.anchor = entry.incident, name, entry.alert
                break
        else:
            alert.incident = len(self.incidents)
            self.incidents.append([])
        self.incidents[alert.incident].append(alert)
        for name, value in held:
            known = self._newest.get((alert.incident, name, value))
            if known is None or time - known.time > WINDOWS[name]:
                entry = Entry(time, alert.number, alert.incident)
                self._newest[alert.incident, name, value] = entry
                self._entries.setdefault((name, value), []).append(entry)
