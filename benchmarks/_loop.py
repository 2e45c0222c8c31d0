"""A plain Python loop over events: what one writes without a kernel, for `CLASSIC`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

HOUR = 3_600_000_000
REOPEN, EXPIRE = 48 * HOUR, 30 * 24 * HOUR
WINDOWS = {"primary": 24 * HOUR, "cluster": 4 * HOUR}
COLUMNS = ("timestamp", "status", "app_key", "host", "check", "cluster")


def loop(table: pa.Table) -> tuple[list[dict[str, Any]], int]:
    """Turn events in time order into alerts; give them, and how many incidents they make."""
    current: dict[tuple[str, str, str], dict[str, Any]] = {}
    seen: dict[tuple[str, str, str], int] = {}
    entries: dict[tuple[str, str], list[tuple[int, int]]] = {}
    values: dict[tuple[int, str, str], int] = {}
    alerts: list[dict[str, Any]] = []
    incidents = 0
    columns = (table[name].to_pylist() for name in COLUMNS)
    for timestamp, status, app, host, check, cluster in zip(*columns, strict=True):
        time = round(timestamp * 1_000_000)
        identity = app, host, check
        if seen.get(identity) == time:
            continue
        seen[identity] = time
        alert = current.get(identity)
        if alert is not None and alert["open"] and time - alert["last"] > EXPIRE:
            alert["open"], alert["end"] = False, alert["last"] + EXPIRE
        if status == "ok":
            if alert is not None and alert["open"]:
                alert.update(open=False, end=time, last=time, status=status)
                alert["events"] += 1
            continue
        if alert is None or not (alert["open"] or time - alert["end"] <= REOPEN):
            alert = current[identity] = {
                "start": time,
                "open": True,
                "end": None,
                "events": 0,
                "incident": None,
            }
            alerts.append(alert)
            tags = [("primary", host), ("cluster", cluster)]
            incidents += place(alert, tags, time, entries, values, incidents)
        alert.update(open=True, last=time, status=status)
        alert["events"] += 1
    return alerts, incidents


def place(
    alert: dict[str, Any],
    tags: list[tuple[str, str | None]],
    time: int,
    entries: dict[tuple[str, str], list[tuple[int, int]]],
    values: dict[tuple[int, str, str], int],
    incidents: int,
) -> bool:
    """Find the incident of a new alert by the newest entry of a value; say whether it is new."""
    held = [(name, value) for name, value in tags if value is not None]
    incident = incidents
    for name, value in held:
        found = entries.get((name, value))
        newest = [one for one in reversed(found or ()) if time - one[0] <= WINDOWS[name]][:1]
        if newest:
            incident = newest[0][1]
            break
    for name, value in held:
        anchor = values.get((incident, name, value))
        if anchor is None or time - anchor > WINDOWS[name]:
            values[incident, name, value] = time
            entries.setdefault((name, value), []).append((time, incident))
    alert["incident"] = incident
    return incident == incidents
