"""BigPanda's objects as flat records, and these as frames with a column for each tag."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pandakit.bigpanda._resources import RESOURCES
from pandakit.errors import ProtocolError
from pandakit.frames import Column, build_frame, epoch_nanoseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pandas as pd

__all__ = ["alert_rows", "enrichment_row", "event_row", "incident_row", "newer", "to_frame"]

Row = dict[str, Any]

# Marks keys that become columns of their own name: tags, and the free fields of events.
_FREE = "\0"
# How the service says "several values" where it has only text.
_SEPARATOR = "|"


def to_frame(name: str, row: Callable[[Row], Row] | None = None) -> Callable[..., pd.DataFrame]:
    """Give the function that makes the frame of a list's rows, each through `row` first."""
    return partial(_to_frame, name, row)


def _to_frame(name: str, row: Callable[[Row], Row] | None, rows: Sequence[Row]) -> pd.DataFrame:
    resource = RESOURCES[name]
    records = [row(each) for each in rows] if row else rows
    return build_frame(
        records, (*resource.columns, *_free_columns(records)), ignore=resource.hidden
    )


def _free_columns(records: Iterable[Row]) -> list[Column]:
    """Declare a column for each free key, in order of appearance."""
    keys = dict.fromkeys(key for record in records for key in record if key.startswith(_FREE))
    return [Column(key[1:].replace(_FREE, "."), "any", (key,)) for key in keys]


def _free_key(name: str) -> str:
    # A dot in a column's path would lead into an object, so the key has none.
    return _FREE + name.replace(".", _FREE)


def _tag_key(name: Any) -> str:
    return _free_key(f"tag.{name}")


def incident_row(row: Row) -> Row:
    """Add to an incident what follows from its nested parts."""
    start, end, alerts = row.get("start"), row.get("end"), row.get("alerts")
    current = _current_patterns(row.get("correlation_matchers_log"))
    tags = _tags(row.get("incident_tags"), ("tag_id", "name"), ("tag_value", "value"))
    return {
        **row,
        "duration_s": _seconds_between(start, end),
        "n_alerts": len(alerts) if isinstance(alerts, list) else None,
        "n_patterns_current": None if current is None else len(current),
        "pattern_ids": current,
        **{_tag_key(name): value for name, value in tags.items()},
    }


def _current_patterns(log: Any) -> list[Any] | None:
    """Give the ids of the patterns in the last state of the log; `None` where there is no log."""
    if not isinstance(log, list) or not all(isinstance(state, list) for state in log):
        return None
    return [_first(each, ("correlation_id", "id")) for each in (log[-1] if log else [])]


def _tags(given: Any, names: Sequence[str], values: Sequence[str]) -> Row:
    """Give tags by name; one that stands there several times has a list of values."""
    found: dict[str, list[Any]] = {}
    for tag in given or []:
        found.setdefault(str(_first(tag, names)), []).append(_first(tag, values))
    return {name: all_[0] if len(all_) == 1 else all_ for name, all_ in found.items()}


def _first(given: Any, keys: Sequence[str]) -> Any:
    """Give the first of the keys that an object has."""
    if not isinstance(given, dict):
        raise ProtocolError(f"an object with {keys[0]} is due, but {ascii(given)[:100]} came")
    return next((given[key] for key in keys if key in given), None)


def _seconds_between(start: Any, end: Any) -> int | None:
    first, last = _nanoseconds(start), _nanoseconds(end)
    return None if first is None or last is None else round((last - first) / 10**9)


def _nanoseconds(value: Any) -> int | None:
    try:
        return epoch_nanoseconds(value)
    except (TypeError, ValueError, OverflowError):
        return None  # the frame tells of it, where the column reads the same value


def alert_rows(incidents: Sequence[Row]) -> list[Row]:
    """Give the alerts of incidents, one row each."""
    return [
        _alert_row(alert, incident.get("id"))
        for incident in incidents
        for alert in incident.get("alerts") or []
    ]


def event_row(row: Row) -> Row:
    """Keep the names of an event's free fields: patterns are about them."""
    declared = {path for column in RESOURCES["raw_alerts"].columns for path in column.sources}
    return {key if key in declared else _free_key(key): value for key, value in row.items()}


def _alert_row(alert: Row, incident_id: Any) -> Row:
    if not isinstance(alert, dict) or set(alert) <= {"id", "alert_id"}:
        raise ProtocolError("the incidents came without their alerts, although they were asked for")
    tags = _tags(alert.get("tags"), ("name",), ("value",))
    return {
        **alert,
        "incident_id": incident_id,
        "primary_value": _as_text(tags.get(str(alert.get("primary_property")))),
        "secondary_value": _as_text(tags.get(str(alert.get("secondary_property")))),
        **{_tag_key(name): value for name, value in tags.items()},
    }


def _as_text(value: Any) -> Any:
    return _SEPARATOR.join(map(str, value)) if isinstance(value, list) else value


def enrichment_row(row: Row) -> Row:
    """Add to an enrichment the titles of its columns, by type."""
    config = row.get("config")
    fields = config.get("fields") if isinstance(config, dict) else None
    titles = {
        kind: [
            each.get("title")
            for each in fields or []
            if isinstance(each, dict) and each.get("type") == kind
        ]
        for kind in ("query_tag", "result_tag")
    }
    return {**row, "query_tags": titles["query_tag"], "result_tags": titles["result_tag"]}


def newer(row: Row, kept: Row) -> bool:
    """Say whether a row that came again was updated later than the one before."""
    return (_nanoseconds(row.get("updated_at")) or 0) > (_nanoseconds(kept.get("updated_at")) or 0)
