"""BigPanda's lists as frames: objects become flat rows, with a column for each tag."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pandakit.bigpanda._lists.resources import RESOURCES, user_call
from pandakit.errors import ProtocolError
from pandakit.frames import Column, build_frame, epoch_nanoseconds
from pandakit.transport import Listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pandas as pd

    from pandakit.bigpanda.service import Account
    from pandakit.timewindow import Window

__all__ = [
    "alert_rows",
    "enrichment_row",
    "event_row",
    "incident_row",
    "is_newer",
    "load_resource",
    "pattern_id",
    "to_frame",
    "updated_at",
]

Row = dict[str, Any]

# Marks keys that become columns with their own names: tags, and the free fields of events.
_FREE = "\0"
# Separates several values where the service has a single text.
_SEPARATOR = "|"


def load_resource(
    self: Account,
    name: str,
    *,
    max_rows: int | None,
    progress: bool | None,
    window: Window | None = None,
    **params: Any,
) -> pd.DataFrame:
    """Load a list that needs nothing but its row in `RESOURCES`."""
    resource = RESOURCES[name]
    return self._load(
        Listing(
            user_call(resource.path, resource.path, params),
            resource.pages,
            pattern_id if name == "correlation_patterns" else resource.id_field,
            label=f"BigPanda {name}",
        ),
        to_frame(name),
        session=self._user_session,
        window=window,
        max_rows=max_rows,
        progress=progress,
    )


def to_frame(name: str, row: Callable[[Row], Row] | None = None) -> Callable[..., pd.DataFrame]:
    """Return the function that makes a frame of a list's rows, each passed through `row` first."""
    return partial(_to_frame, name, row)


def _to_frame(name: str, row: Callable[[Row], Row] | None, rows: Sequence[Row]) -> pd.DataFrame:
    resource = RESOURCES[name]
    records = [row(each) for each in rows] if row else rows
    return build_frame(
        records, (*resource.columns, *_free_columns(records)), ignore=resource.hidden
    )


def _free_columns(records: Iterable[Row]) -> list[Column]:
    """Return a column for each free key, in order of appearance."""
    keys = dict.fromkeys(key for record in records for key in record if key.startswith(_FREE))
    return [Column(key[1:].replace(_FREE, "."), "any", (key,)) for key in keys]


def _free_key(name: str) -> str:
    # A dot in a column's path descends into an object, so the key must not have one.
    return _FREE + name.replace(".", _FREE)


def _tag_key(name: Any) -> str:
    return _free_key(f"tag.{name}")


def incident_row(row: Row) -> Row:
    """Return an incident with the values that are derived from its nested parts."""
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
    """Return the ids of the patterns in the last state of the log; `None` without a log."""
    if not isinstance(log, list) or not all(isinstance(state, list) for state in log):
        return None
    return [_first(each, ("correlation_id", "id")) for each in (log[-1] if log else [])]


def _tags(tags: Any, names: Sequence[str], values: Sequence[str]) -> Row:
    """Return tags by name: text, or a list where the service has several values."""
    found: dict[str, list[Any]] = {}
    for tag in tags or []:
        value = _first(tag, values)
        several = value.split(_SEPARATOR) if isinstance(value, str) else value
        found.setdefault(str(_first(tag, names)), []).extend(
            several if isinstance(several, list) else [several]
        )
    return {name: all_[0] if len(all_) == 1 else all_ for name, all_ in found.items()}


def _first(given: Any, keys: Sequence[str]) -> Any:
    """Return the value of the first of the keys that an object has."""
    if not isinstance(given, dict):
        raise ProtocolError(f"expected an object with {keys[0]}, got {ascii(given)[:100]}")
    return next((given[key] for key in keys if key in given), None)


def _seconds_between(start: Any, end: Any) -> int | None:
    first, last = _nanoseconds(start), _nanoseconds(end)
    return None if first is None or last is None else round((last - first) / 10**9)


def _nanoseconds(value: Any) -> int | None:
    try:
        return epoch_nanoseconds(value)
    except (TypeError, ValueError, OverflowError):
        return None  # the column that reads the same value warns about it


def alert_rows(incident: Row) -> list[Row]:
    """Return the alerts of an incident, one row each."""
    return [_alert_row(alert, incident.get("id")) for alert in incident.get("alerts") or []]


def event_row(row: Row) -> Row:
    """Return an event whose free fields keep their names, because patterns refer to them."""
    declared = {path for column in RESOURCES["raw_alerts"].columns for path in column.sources}
    return {key if key in declared else _free_key(key): value for key, value in row.items()}


def _alert_row(alert: Row, incident_id: Any) -> Row:
    if not isinstance(alert, dict) or set(alert) <= {"id", "alert_id"}:
        raise ProtocolError(
            "the service returned incidents without their alerts, which were requested"
        )
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
    """Return an enrichment with the titles of its columns, by type."""
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


def pattern_id(row: Row) -> Any:
    """Return the id of a pattern: lists call it `correlation_id`, single objects `id`."""
    return row.get("id") or row.get("correlation_id")


def is_newer(row: Row, kept: Row) -> bool:
    """Return whether a repeated row was updated later than the one that was kept."""
    return updated_at(row) > updated_at(kept)


def updated_at(row: Row) -> int:
    """Return when a row was last updated, in epoch nanoseconds; 0 if that is not readable."""
    return _nanoseconds(row.get("updated_at")) or 0
