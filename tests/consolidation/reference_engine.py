"""The reference engine: the rules of consolidation as a plain event loop over dictionaries.

Slow on purpose, and free of pandakit's own code: what the package answers is compared with
what stands here, column by column. Times are integer microseconds since the epoch, spans
integer microseconds. Events are dictionaries, a key that is absent is a missing value.

`run(rows, columns, settings)` takes these settings, all of them required:

- ``patterns``: dictionaries of ``name``, ``tags``, ``window``, ``filter``, ``cross_source``
- ``dedup``, ``reopen_window``, ``expire_after``, ``anchor``, ``matchers``, ``join_resolved``,
  ``max_alerts``, ``order``, ``flap_changes``, ``flap_window``
- ``unit`` of numeric timestamps, and ``as_of``

A filter is a tree: ``("all",)``, ``("AND", left, right)``, ``("OR", left, right)``,
``(operator, tag, value)`` or ``("IN" | "NOT IN", tag, [value, ...])``; a value is
``("text", ...)``, ``("wildcard", ...)`` or ``("regex", ...)``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SEVERITY = ("ok", "acknowledged", "unknown", "warning", "critical")
PRIMARIES = ("host", "service", "application", "device")
KNOWN = {*PRIMARIES, "check", "cluster", "description", "app_key", "incident_identifier"}
RESERVED = {"primary", "secondary", "source_system"}
NUMBER = r"-?[0-9]+(\.[0-9]+)?"
MICROSECONDS = {"s": 10**6, "ms": 10**3, "us": 1, "ns": Fraction(1, 1000)}


# ---------------------------------------------------------------- 1. reading an event


def text_of(value: Any) -> str | None:
    """Give the text form of a cell, `None` when it is missing."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, (list, tuple, np.ndarray)):
        if any(isinstance(item, (list, tuple, np.ndarray)) for item in value):
            raise ValueError(f"a list within a list: {value}")
        return "|".join(text for item in value if (text := text_of(item)) is not None) or None
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)):
        if math.isnan(value):
            return None
        return str(int(value)) if float(value).is_integer() else str(value)
    return str(value) or None


def time_of(value: Any, unit: str) -> int | None:
    """Give the microseconds of a timestamp, `None` when it is a bad one."""
    if text_of(value) is None or isinstance(value, (bool, np.bool_)):
        return None
    if isinstance(value, str):
        return _time_of_text(value, unit)
    if isinstance(value, datetime):
        return None if value.tzinfo is None else (value - EPOCH) // timedelta(microseconds=1)
    if isinstance(value, (float, np.floating)) and math.isinf(value):
        return None
    if isinstance(value, (int, float, np.number)):
        number = value.item() if isinstance(value, np.number) else value
        return round(Fraction(number) * MICROSECONDS[unit])
    return None


def _time_of_text(text: str, unit: str) -> int | None:
    if re.fullmatch(NUMBER, text):
        return round(Fraction(text) * MICROSECONDS[unit])
    midnight = re.fullmatch(r"([0-9-]+[T ])24(:00(:00(\.0+)?)?)?([Zz+-].*|)", text)
    text = f"{midnight[1]}00:00{midnight[5]}" if midnight else text
    try:
        moment = datetime.fromisoformat(re.sub("z$", "Z", text))
    except ValueError:
        return None
    if moment.tzinfo is None:
        raise ValueError(f"no zone: {text}")
    return time_of(moment + timedelta(days=bool(midnight)), unit)


@dataclass
class Event:
    """An accepted event: what the rules look at, and all its present fields as text."""

    row: int
    time: int
    status: str
    app_key: str
    primary: tuple[str, str]
    secondary: tuple[str, str] | None
    identifier: str | None
    fields: dict[str, str]

    @property
    def identity(self) -> tuple[Any, ...]:
        """App key, primary and secondary, unless an identifier replaces the last two."""
        if self.identifier is not None:
            return (self.app_key, "identifier", self.identifier)
        return (self.app_key, "properties", self.primary, self.secondary)

    @property
    def firing(self) -> bool:
        """Say whether the status is any but ok."""
        return self.status != "ok"

    def tag(self, name: str) -> Any:
        """Give the value of a tag, `None` when it has none."""
        if name == "primary":
            return self.primary
        if name == "secondary":
            return self.secondary
        if name == "source_system" and name not in self.fields:
            return self.app_key or None
        return self.fields.get(name)


def read_event(position: int, row: dict[str, Any], columns: set[str], unit: str) -> Event | str:
    """Read one row: an event, or the reason why it is rejected."""
    fields = {name: text for name in columns if (text := text_of(row.get(name))) is not None}
    app_key = fields.get("app_key") if "app_key" in columns else ""
    if app_key is None:
        return "no_app_key"
    time = time_of(row.get("timestamp"), unit)
    if time is None:
        return "bad_timestamp"
    status = fields.get("status", "").lower()
    if status not in SEVERITY:
        return "bad_status"
    fields |= {"timestamp": str(time), "status": status}
    primary = read_primary(fields)
    if primary is None:
        return "no_primary"
    secondary = read_secondary(fields)
    identifier = fields.get("incident_identifier")
    return Event(position, time, status, app_key, primary, secondary, identifier, fields)


def read_primary(fields: dict[str, str]) -> tuple[str, str] | None:
    """The named column decides alone; else the first default column with a value."""
    named = fields.get("primary_property")
    candidates = PRIMARIES if named is None else (named,)
    return next(((name, fields[name]) for name in candidates if name in fields), None)


def read_secondary(fields: dict[str, str]) -> tuple[str, str] | None:
    """The named column decides alone, `check` when none is named."""
    name = fields.get("secondary_property") or fields.get("seconday_property") or "check"
    return (name, fields[name]) if name in fields else None


def check_frame(rows: list[dict[str, Any]], columns: set[str], unit: str) -> None:
    """Raise for input that cannot be read as a whole."""
    for needed in ("timestamp", "status"):
        if needed not in columns:
            raise ValueError(f"no column {needed}")
    if not columns & {*PRIMARIES, "primary_property"}:
        raise ValueError("no possible primary column")
    numbers = [
        float(text)
        for row in rows
        if not isinstance(row.get("timestamp"), (bool, np.bool_, datetime))
        and (text := text_of(row.get("timestamp"))) is not None
        and re.fullmatch(NUMBER, text)
    ]
    if unit == "s" and numbers and median(numbers) > 1e11:
        raise ValueError('these seconds look like milliseconds: unit="ms"')


# ---------------------------------------------------------------- 2. duplicates


@dataclass
class Duplicates:
    """Which events came before, as far as the setting `dedup` compares them."""

    dedup: str
    kept: dict[Any, Event] = field(default_factory=dict)
    n_conflicting: int = 0

    def is_duplicate(self, event: Event) -> bool:
        """Say whether an earlier accepted event makes this one a duplicate."""
        if self.dedup == "none":
            return False
        key: Any = (event.identity, event.time)
        if self.dedup == "payload":
            key = (key, tuple(sorted(event.fields.items())))
        first = self.kept.setdefault(key, event)
        if first is event:
            return False
        self.n_conflicting += first.status != event.status
        return True


# ---------------------------------------------------------------- 3. events to alerts


@dataclass
class Alert:
    """The life of one identity."""

    number: int
    opening: Event
    newest: Event
    incident: Incident | None = None
    end: int | None = None
    end_reason: str | None = None
    severity: str = "ok"
    n_events: int = 0
    n_reopens: int = 0
    changes: list[int] = field(default_factory=list)
    joined_by: str | None = None
    anchor_alert: Alert | None = None
    gap: int | None = None
    margin: int | None = None

    @property
    def open(self) -> bool:
        """An alert without an end is open."""
        return self.end is None

    def take(self, event: Event) -> None:
        """Add an event: it is now the newest."""
        self.newest = event
        self.n_events += 1
        self.severity = max(self.severity, event.status, key=SEVERITY.index)

    def close(self, end: int, reason: str) -> None:
        """End the alert, by ok or by expiry."""
        self.end, self.end_reason = end, reason

    def flapping(self, flap_changes: int, flap_window: int) -> bool:
        """Say whether so many changes ever lay within the flap window."""
        runs = zip(self.changes, self.changes[flap_changes - 1 :], strict=False)
        return any(last - first <= flap_window for first, last in runs)


@dataclass
class Merger:
    """Hand each event to the alert of its identity."""

    reopen_window: int | None
    expire_after: int | None
    alerts: list[Alert] = field(default_factory=list)
    current: dict[Any, Alert] = field(default_factory=dict)
    nothing_expires_until: float = -math.inf

    def expire(self, now: int) -> None:
        """Close every open alert whose last event is more than `expire_after` before now."""
        # Last events only move forward, so the whole list need not be looked at each time.
        if self.expire_after is None or now <= self.nothing_expires_until:
            return
        for alert in self.current.values():
            if alert.open and now - alert.newest.time > self.expire_after:
                alert.close(alert.newest.time + self.expire_after, "expired")
        oldest = min((a.newest.time for a in self.current.values() if a.open), default=now)
        self.nothing_expires_until = oldest + self.expire_after

    def handle(self, event: Event) -> tuple[str, Alert | None]:
        """Give the outcome of an event, and its alert when it belongs to one."""
        alert = self.current.get(event.identity)
        if not event.firing:
            if alert is None or not alert.open:
                return "orphan_ok", None
            alert.take(event)
            alert.close(event.time, "resolved")
            alert.changes.append(event.time)
            return "resolved", alert
        if alert is not None and alert.open:
            alert.take(event)
            return "updated", alert
        if alert is not None and self.may_reopen(alert, event.time):
            alert.take(event)
            alert.end = alert.end_reason = None
            alert.n_reopens += 1
            alert.changes.append(event.time)
            return "reopened", alert
        alert = Alert(len(self.alerts), opening=event, newest=event)
        alert.take(event)
        alert.changes.append(event.time)
        self.alerts.append(alert)
        self.current[event.identity] = alert
        return "opened", alert

    def may_reopen(self, alert: Alert, now: int) -> bool:
        """Say whether a closed alert takes a firing event."""
        return self.reopen_window is None or now - alert.end <= self.reopen_window


# ---------------------------------------------------------------- 4. alerts to incidents


@dataclass
class Entry:
    """A value under which an incident can be found, with the times of its window."""

    pattern: dict[str, Any]
    value: tuple[Any, ...]
    incident: Incident
    anchor: int
    anchor_alert: Alert
    latest: int
    latest_alert: Alert
    live: bool = True

    def passes(self, now: int, anchor: str) -> bool:
        """Make the window test."""
        window = self.pattern["window"]
        if anchor == "first":
            return now - self.anchor <= window
        if anchor == "latest":
            return now - self.latest <= window
        return now // window == self.anchor // window

    def touch(self, alert: Alert) -> None:
        """Move the latest time to this alert."""
        self.latest, self.latest_alert = alert.opening.time, alert


@dataclass
class Incident:
    """A group of alerts."""

    number: int
    alerts: list[Alert] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    @property
    def active(self) -> bool:
        """An incident is active while one of its alerts is open."""
        return any(alert.open for alert in self.alerts)


@dataclass
class Correlator:
    """Put each opened alert into an incident."""

    patterns: list[dict[str, Any]]
    settings: dict[str, Any]
    incidents: list[Incident] = field(default_factory=list)
    registered: dict[Any, list[Entry]] = field(default_factory=dict)

    def place(self, alert: Alert) -> None:
        """Join the incident of the winning entry, or start a new one."""
        values = self.values_of(alert.opening)
        won = self.find(values, alert.opening.time)
        if won is None:
            incident = Incident(len(self.incidents))
            self.incidents.append(incident)
            for pattern, value in values:
                self.register(pattern, value, incident, alert)
        else:
            incident = won.incident
            self.explain(alert, won)
            if self.settings["matchers"] == "intersect":
                self.intersect(incident, values, alert)
            else:
                self.unite(incident, values, alert)
        incident.alerts.append(alert)
        alert.incident = incident

    def values_of(self, event: Event) -> list[tuple[dict[str, Any], tuple[Any, ...]]]:
        """List the patterns that the alert of this event matches, in run order."""
        matched = []
        for pattern in self.patterns:
            value = tuple(event.tag(name) for name in pattern["tags"])
            if None in value or not passes_filter(pattern["filter"], event):
                continue
            if not pattern["cross_source"]:
                value += (event.app_key,)
            matched.append((pattern, value))
        return matched

    def find(self, values: list[Any], now: int) -> Entry | None:
        """Find the winning entry: pattern by pattern, most recently registered first."""
        for pattern, value in values:
            for entry in reversed(self.registered.get((pattern["name"], value), [])):
                if entry.live and entry.passes(now, self.settings["anchor"]):
                    if self.full(entry.incident):
                        continue
                    if self.settings["join_resolved"] or entry.incident.active:
                        return entry
        return None

    def full(self, incident: Incident) -> bool:
        """Say whether the incident takes no more alerts."""
        limit = self.settings["max_alerts"]
        return limit is not None and len(incident.alerts) >= limit

    def register(self, pattern: Any, value: Any, incident: Incident, alert: Alert) -> None:
        """Make the incident findable under this value."""
        now = alert.opening.time
        entry = Entry(pattern, value, incident, now, alert, now, alert)
        incident.entries.append(entry)
        self.registered.setdefault((pattern["name"], value), []).append(entry)

    def intersect(self, incident: Incident, values: list[Any], alert: Alert) -> None:
        """Keep only what the newcomer shares, in its window."""
        for entry in incident.entries:
            shared = (entry.pattern, entry.value) in values
            in_time = entry.passes(alert.opening.time, self.settings["anchor"])
            if entry.live and shared and in_time:
                entry.touch(alert)
            else:
                entry.live = False

    def unite(self, incident: Incident, values: list[Any], alert: Alert) -> None:
        """Move or add an entry for every value of the newcomer."""
        for pattern, value in values:
            for entry in reversed(incident.entries):
                same = (entry.pattern, entry.value) == (pattern, value)
                if same and entry.passes(alert.opening.time, self.settings["anchor"]):
                    entry.touch(alert)
                    break
            else:
                self.register(pattern, value, incident, alert)

    def explain(self, alert: Alert, won: Entry) -> None:
        """Write down why the alert is where it is."""
        latest = self.settings["anchor"] == "latest"
        alert.joined_by = won.pattern["name"]
        alert.anchor_alert = won.latest_alert if latest else won.anchor_alert
        alert.gap = alert.opening.time - alert.anchor_alert.opening.time
        if self.settings["anchor"] != "bucket":
            alert.margin = won.pattern["window"] - alert.gap


def run_order(patterns: list[dict[str, Any]], order: str) -> list[dict[str, Any]]:
    """Order the patterns as they are tried."""
    if order == "as_given":
        return patterns
    return sorted(patterns, key=lambda pattern: -pattern["window"])  # a stable sort


def usable(patterns: list[Any], columns: set[str], notes: list[tuple[str, str]]) -> list[Any]:
    """Leave out the patterns that can match nothing, because a known column is absent."""
    kept = []
    for pattern in patterns:
        wanted = [*pattern["tags"], *filter_columns(pattern["filter"])]
        absent = [name for name in wanted if name not in columns | RESERVED]
        if unknown := [name for name in absent if name not in KNOWN]:
            raise ValueError(f"no column {unknown[0]}")
        notes += [(pattern["name"], name) for name in absent]
        if not absent:
            kept.append(pattern)
    return kept


# ------------------------------------------------- filters (section 6 of the query language)


def filter_columns(tree: Any) -> list[str]:
    """List the columns that a filter looks at."""
    if tree is None or tree[0] == "all":
        return []
    if tree[0] in {"AND", "OR"}:
        return filter_columns(tree[1]) + filter_columns(tree[2])
    return [tree[1].lower()]


def passes_filter(tree: Any, event: Event) -> bool:
    """Evaluate a filter on the opening event."""
    if tree is None or tree[0] == "all":
        return True
    operator, left, right = tree
    if operator == "AND":
        return passes_filter(left, event) and passes_filter(right, event)
    if operator == "OR":
        return passes_filter(left, event) or passes_filter(right, event)
    value = event.tag(left.lower())
    values = [] if value is None else value.split("|")  # one of several values is enough
    if operator == "===":
        return right[1] in values
    wanted = right if operator in {"IN", "NOT IN"} else [right]
    found = any(is_like(one, item) for one in values for item in wanted)
    return found == (operator in {"=", "IN"})


def is_like(value: str, wanted: tuple[str, str]) -> bool:
    """Compare a value with text, wildcard or regular expression, in any case."""
    kind, text = wanted
    if kind == "regex":
        return re.search(text, value, re.IGNORECASE) is not None
    if kind == "wildcard":
        pieces = (re.escape(piece) for piece in text.split("*"))
        return re.fullmatch(".*".join(pieces), value, re.IGNORECASE | re.DOTALL) is not None
    return value.lower() == text.lower()


# ---------------------------------------------------------------- 6. what comes out


def run(rows: list[dict[str, Any]], columns: list[str], settings: dict[str, Any]) -> dict[str, Any]:
    """Consolidate rows into plain lists of dictionaries: events, alerts, incidents, funnel."""
    present = set(columns)
    notes: list[tuple[str, str]] = []
    patterns = run_order(settings["patterns"], settings["order"])
    check_frame(rows, present, settings["unit"])
    correlator = Correlator(usable(patterns, present, notes), settings)
    merger = Merger(settings["reopen_window"], settings["expire_after"])
    duplicates = Duplicates(settings["dedup"])
    outcomes: list[dict[str, Any]] = [{} for _ in rows]
    accepted: list[Event] = []
    for position, row in enumerate(rows):
        event = read_event(position, row, present, settings["unit"])
        if isinstance(event, str):
            outcomes[position] = {"outcome": "rejected", "reason": event}
        else:
            accepted.append(event)
    if rows and not accepted:
        raise ValueError("every row is rejected")
    accepted.sort(key=lambda event: event.time)  # stable: ties stay in order of arrival
    placed: list[Alert | None] = [None for _ in rows]
    for event in accepted:
        merger.expire(event.time)
        if duplicates.is_duplicate(event):
            outcomes[event.row] = {"outcome": "duplicate"}
            continue
        outcome, placed[event.row] = merger.handle(event)
        outcomes[event.row] = {"outcome": outcome}
        if outcome == "opened":
            correlator.place(merger.alerts[-1])
    run_out_the_clock(merger, accepted, settings["as_of"])
    events = [event_out(outcome, alert) for outcome, alert in zip(outcomes, placed, strict=True)]
    return {
        "events": events,
        "alerts": [alert_out(alert, settings) for alert in merger.alerts],
        "incidents": [incident_out(incident, patterns) for incident in correlator.incidents],
        "funnel": funnel_out(events, len(merger.alerts), len(correlator.incidents)),
        "n_conflicting_duplicates": duplicates.n_conflicting,
        "notes": notes,
    }


def run_out_the_clock(merger: Merger, accepted: list[Event], as_of: int | None) -> None:
    """Let alerts expire up to `as_of`, by default the last accepted timestamp."""
    if not accepted:
        return
    greatest = accepted[-1].time
    if as_of is not None and as_of < greatest:
        raise ValueError("as_of lies before the greatest accepted timestamp")
    merger.expire(greatest if as_of is None else as_of)


def event_out(outcome: dict[str, Any], alert: Alert | None) -> dict[str, Any]:
    """Give one row of `events`."""
    return {
        "outcome": outcome["outcome"],
        "reason": outcome.get("reason"),
        "alert_id": None if alert is None else alert.number,
        "incident_id": None if alert is None else alert.incident.number,
    }


def alert_out(alert: Alert, settings: dict[str, Any]) -> dict[str, Any]:
    """Give one row of `alerts`."""
    opening, secondary = alert.opening, alert.opening.secondary or (None, None)
    return {
        "incident_id": alert.incident.number,
        "app_key": opening.app_key,
        "primary_property": opening.primary[0],
        "primary_value": opening.primary[1],
        "secondary_property": secondary[0],
        "secondary_value": secondary[1],
        "incident_identifier": opening.identifier,
        "start": opening.time,
        "end": alert.end,
        "last_event_at": alert.newest.time,
        "status": alert.newest.status,
        "severity": alert.severity,
        "description": alert.newest.fields.get("description"),
        "n_events": alert.n_events,
        "n_reopens": alert.n_reopens,
        "flapping": alert.flapping(settings["flap_changes"], settings["flap_window"]),
        "end_reason": alert.end_reason,
        "joined_by": alert.joined_by,
        "anchor_alert_id": None if alert.anchor_alert is None else alert.anchor_alert.number,
        "gap": alert.gap,
        "margin": alert.margin,
    }


def incident_out(incident: Incident, patterns: list[dict[str, Any]]) -> dict[str, Any]:
    """Give one row of `incidents`."""
    alerts = incident.alerts
    open_alerts = [alert for alert in alerts if alert.open]
    live = {entry.pattern["name"] for entry in incident.entries if entry.live}
    first = alerts[0].opening
    return {
        "start": first.time,
        "end": None if open_alerts else max(alert.end for alert in alerts),
        "active": incident.active,
        "status": worst(alert.newest.status for alert in open_alerts),
        "severity": worst(alert.severity for alert in alerts),
        "title": first.primary[1],
        "subtitle": None if first.secondary is None else first.secondary[1],
        "n_alerts": len(alerts),
        "n_open_alerts": len(open_alerts),
        "n_events": sum(alert.n_events for alert in alerts),
        "patterns": [pattern["name"] for pattern in patterns if pattern["name"] in live],
    }


def worst(statuses: Any) -> str:
    """Give the worst status, `ok` when there is none."""
    return max(statuses, key=SEVERITY.index, default="ok")


def funnel_out(events: list[dict[str, Any]], alerts: int, incidents: int) -> dict[str, Any]:
    """Give the measures of the funnel: value, numerator, denominator."""
    outcomes = [event["outcome"] for event in events]
    rejected, duplicates = outcomes.count("rejected"), outcomes.count("duplicate")
    kept = len(outcomes) - rejected - duplicates
    counts = {
        "received": len(outcomes),
        "rejected": rejected,
        "duplicates": duplicates,
        "events": kept,
        "alerts": alerts,
        "incidents": incidents,
    }
    return {name: (count, None, None) for name, count in counts.items()} | {
        "event_compression": compression(alerts, kept),
        "correlation_compression": compression(incidents, alerts),
        "overall_compression": compression(incidents, kept),
    }


def compression(after: int, before: int) -> tuple[float | None, int, int]:
    """Give 1 - after/before with both numbers; of nothing it is missing."""
    return (None if before == 0 else 1 - after / before, after, before)
