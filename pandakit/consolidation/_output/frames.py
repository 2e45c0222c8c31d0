"""The frames of a consolidation or of a stretch of one, and what is kept of chunks for them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pandakit.consolidation._arrays.codes import number_pairs, one_chunk
from pandakit.consolidation._arrays.table import run_all
from pandakit.consolidation._group.layout import (
    ANCHOR_ALERT,
    ITS_INCIDENT,
    JOINED_BY,
    TOTAL_ALERTS,
    TOTAL_EVENTS,
    TOTAL_OPEN,
    WORST_EVER,
    WORST_OPEN,
)
from pandakit.consolidation._merge.layout import (
    ENDED_BY_OK,
    FLAPPING,
    N_EVENTS,
    N_REOPENS,
    OPEN,
    STANDING,
    STATUS,
    WORST,
)
from pandakit.consolidation._output.arrays import AlertArrays, IncidentArrays
from pandakit.consolidation._read.requirements import INCIDENT_IDENTIFIER, REASONS, STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pandakit.consolidation._merge.merger import Merged
    from pandakit.consolidation._output.arrays import Labelled, ResultArrays, RowOutcomes
    from pandakit.consolidation._read.events import EncodedEvents, Reader
    from pandakit.consolidation.policy import Policy

__all__ = [
    "AlertColumns",
    "NewestDescriptions",
    "alert_arrays",
    "alerts_frame",
    "events_frame",
    "first_alerts",
    "identity_codes",
    "identity_columns",
    "incident_arrays",
    "incidents_frame",
]


_TEXT = pd.StringDtype("pyarrow")
_NAT = np.iinfo(np.int64).min
# In the order of the kernel's numbers for them.
_OUTCOMES = (
    "opened",
    "updated",
    "resolved",
    "reopened",
    "duplicate",
    "orphan_ok",
    "rejected",
)
_COMPACT_FROM = 1024
_END_REASONS = ("resolved", "expired")


class AlertColumns:
    """The columns of alerts that come from the input; memory grows with alerts, not with events.

    The identity is that of the event that opened the alert, the description that of its newest.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._codes: list[dict[str, np.ndarray]] = []
        self._descriptions = NewestDescriptions()

    def add(self, encoded: EncodedEvents, merged: Merged) -> None:
        """Keep what a chunk adds."""
        self._codes.append(identity_codes(encoded, merged.opened_rows))
        self._descriptions.add(encoded, merged)

    def identity(self) -> dict[str, tuple[Any, np.ndarray]]:
        """Return labels and codes of each column of the identity."""
        if len(self._codes) != 1:
            none = np.zeros(0, dtype=np.int32)
            names = ("app_key", "primary", "secondary", INCIDENT_IDENTIFIER)
            parts = {name: [none, *(codes[name] for codes in self._codes)] for name in names}
            self._codes = [{name: np.concatenate(arrays) for name, arrays in parts.items()}]
        return identity_columns(self._reader, self._codes[0])

    def description(self, n_alerts: int) -> pa.Array:
        """Return the newest description of every alert."""
        return self._descriptions.of_all(n_alerts)


def identity_codes(encoded: EncodedEvents, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the parts of the identity of some rows as codes."""
    identifier = encoded.incident_identifier
    if identifier is None:
        identifier = np.full(len(encoded.time), -1, dtype=np.int32)
    return {
        "app_key": encoded.app[rows],
        "primary": encoded.primary[rows],
        "secondary": encoded.secondary[rows],
        INCIDENT_IDENTIFIER: identifier[rows],
    }


def identity_columns(
    reader: Reader, codes: dict[str, np.ndarray]
) -> dict[str, tuple[Any, np.ndarray]]:
    """Return labels and codes of each column of the identity, for codes of its parts."""
    vocabularies = reader.vocabularies
    columns = {"app_key": (vocabularies["app_key"].labels, codes["app_key"])}
    for role, numbers in (("primary", reader.primaries), ("secondary", reader.secondaries)):
        names, owners, values = numbers.split(codes[role])
        labels, offsets = vocabularies.joined(names)
        if len(names) > 1:
            values = values + np.append(offsets, np.int32(0))[owners]
        columns[f"{role}_property"] = (names, owners)
        columns[f"{role}_value"] = (labels, values)
    labels = vocabularies[INCIDENT_IDENTIFIER].labels
    columns[INCIDENT_IDENTIFIER] = (labels, codes[INCIDENT_IDENTIFIER])
    return columns


class NewestDescriptions:
    """The description of the newest event of each alert."""

    def __init__(self) -> None:
        self._parts: list[tuple[np.ndarray, pa.Array]] = []
        self._size = 0

    def add(self, encoded: EncodedEvents, merged: Merged) -> None:
        """Keep the descriptions of a chunk."""
        if "description" not in encoded.table and not self._parts:
            return
        n_alerts = len(merged.start)
        taken = merged.alert if encoded.order is None else merged.alert[encoded.order]
        rows = np.flatnonzero(taken >= 0)
        rows = rows if encoded.order is None else encoded.order[rows]
        newest = np.full(n_alerts, -1, dtype=np.int64)
        newest[merged.alert[rows]] = rows  # where an alert has several rows, the last one stays
        alerts = np.flatnonzero(newest >= 0)
        if "description" in encoded.table:
            texts = one_chunk(encoded.table.text("description", newest[alerts]))
        else:
            texts = pa.nulls(len(alerts), pa.large_string())
        self._put(alerts, texts, n_alerts)

    def _put(self, alerts: np.ndarray, texts: pa.Array, n_alerts: int) -> None:
        """Set the texts of some alerts; a missing text replaces an older one too."""
        self._parts.append((alerts, texts.cast(pa.large_string())))
        self._size += len(alerts)
        if self._size > 2 * n_alerts + _COMPACT_FROM:
            self._parts = [(np.arange(n_alerts), self.of_all(n_alerts))]
            self._size = n_alerts

    def of_all(self, n_alerts: int) -> pa.Array:
        """Return the description of every alert."""
        if not self._parts:
            return pa.nulls(n_alerts, pa.large_string())
        position = np.full(n_alerts, -1, dtype=np.int64)
        offset = 0
        for alerts, texts in self._parts:
            position[alerts] = np.arange(offset, offset + len(texts))
            offset += len(texts)
        joined = pa.concat_arrays([texts for _, texts in self._parts])
        return joined.take(pa.array(position, mask=position < 0))


def alert_arrays(found: ResultArrays, begin: int = 0, stop: int | None = None) -> AlertArrays:
    """Return what the frame of some or all alerts is built from."""
    part = slice(begin, stop)
    return AlertArrays(
        first=begin,
        alerts=type(found.alerts)(*(each[part] for each in found.alerts)),
        assignment=found.assignment[part],
        anchor_start=found.alerts.start[found.assignment[part, ANCHOR_ALERT]],
        identity={name: (texts, codes[part]) for name, (texts, codes) in found.identity.items()},
        description=found.description[part],
    )


def incident_arrays(found: ResultArrays, n_patterns: int) -> IncidentArrays:
    """Return what the frame of incidents is built from."""
    starts = first_alerts(found.alerts.start, found.assignment, found.identity)
    live = np.zeros((len(found.incidents.totals), n_patterns), dtype=bool)
    live[found.live_entries[:, 0], found.live_entries[:, 1]] = True
    return IncidentArrays(0, *starts, found.incidents, live)


def first_alerts(
    start: np.ndarray, assignment: np.ndarray, identity: dict[str, Labelled]
) -> tuple[np.ndarray, Labelled, Labelled]:
    """Return start, title and subtitle of the incidents that some alerts start."""
    rows = np.flatnonzero(assignment[:, JOINED_BY] < 0)

    def of_rows(name: str) -> Labelled:
        labels, codes = identity[name]
        return labels, codes[rows]

    return start[rows], of_rows("primary_value"), of_rows("secondary_value")


def events_frame(events: RowOutcomes, assignment: np.ndarray) -> pd.DataFrame:
    """Return the frame of events; `assignment` is that of all alerts."""
    columns = {
        "outcome": lambda: _label_column(_OUTCOMES, events.outcome),
        "reason": lambda: _label_column(REASONS, events.reason),
        "alert_id": lambda: _id_column(events.alert),
        "incident_id": lambda: _id_column(_incident_of(events.alert, assignment)),
    }
    return _frame_of(columns, events.index)


def _incident_of(alert: np.ndarray, assignment: np.ndarray) -> np.ndarray:
    if len(assignment) == 0:
        return alert  # no event has one
    return np.where(alert < 0, np.int32(-1), assignment[alert, ITS_INCIDENT])


def alerts_frame(arrays: AlertArrays, policy: Policy) -> pd.DataFrame:
    """Return the frame of alerts."""
    alerts, assignment = arrays.alerts, arrays.assignment
    rows, standing = alerts.rows, alerts.rows[:, STANDING]
    is_open = standing == OPEN
    end_reason = np.where(is_open, -1, standing - ENDED_BY_OK).astype(np.int8)
    names = [pattern.name for pattern in policy.patterns]
    columns: dict[str, Callable[[], Any]] = {
        "incident_id": lambda: assignment[:, ITS_INCIDENT].astype(np.int64),
        **{name: partial(_label_column, *part) for name, part in arrays.identity.items()},
        "start": lambda: _time_column(alerts.start),
        "end": lambda: _time_column(alerts.end, is_open),
        "last_event_at": lambda: _time_column(alerts.last_event),
        "status": lambda: _label_column(STATUSES, rows[:, STATUS].astype(np.int8)),
        "severity": lambda: _label_column(STATUSES, rows[:, WORST].astype(np.int8)),
        "description": lambda: _text_column(arrays.description),
        "n_events": lambda: rows[:, N_EVENTS].astype(np.int64),
        "n_reopens": lambda: rows[:, N_REOPENS].astype(np.int64),
        "flapping": lambda: rows[:, FLAPPING] == 1,
        "end_reason": lambda: _label_column(_END_REASONS, end_reason),
        "joined_by": lambda: _label_column(names, assignment[:, JOINED_BY]),
        **_distances(arrays, policy),
    }
    return _frame_of(columns, _ids_from(arrays.first, len(rows), "alert_id"))


def _distances(arrays: AlertArrays, policy: Policy) -> dict[str, Callable[[], Any]]:
    """Return the columns that say how far away the anchor was, and what was left."""
    assignment = arrays.assignment
    joined_by, anchor = assignment[:, JOINED_BY], assignment[:, ANCHOR_ALERT]
    alone = anchor < 0
    gap = arrays.alerts.start - arrays.anchor_start  # of no use where there is no anchor
    windows = np.array(policy.windows())
    no_margin = alone | (policy.anchor == "bucket")
    return {
        "anchor_alert_id": lambda: _id_column(anchor),
        "gap": lambda: _span_column(gap, alone),
        "margin": lambda: _span_column(windows[joined_by] - gap, no_margin),
    }


def incidents_frame(arrays: IncidentArrays, policy: Policy) -> pd.DataFrame:
    """Return the frame of incidents."""
    totals, latest_end = arrays.totals
    n_open = totals[:, TOTAL_OPEN]
    columns = {
        "start": lambda: _time_column(arrays.start),
        "end": lambda: _time_column(latest_end, n_open > 0),
        "active": lambda: n_open > 0,
        "status": lambda: _label_column(STATUSES, totals[:, WORST_OPEN]),
        "severity": lambda: _label_column(STATUSES, totals[:, WORST_EVER]),
        "title": lambda: _label_column(*arrays.title),
        "subtitle": lambda: _label_column(*arrays.subtitle),
        "n_alerts": totals[:, TOTAL_ALERTS].copy,
        "n_open_alerts": n_open.copy,
        "n_events": totals[:, TOTAL_EVENTS].copy,
        "patterns": lambda: _live_patterns(arrays.live, policy),
    }
    return _frame_of(columns, _ids_from(arrays.first, len(totals), "incident_id"))


def _live_patterns(live: np.ndarray, policy: Policy) -> np.ndarray:
    """Return a tuple of names for each incident; equal ones are one object."""
    names = [pattern.name for pattern in policy.patterns]
    run = [names.index(pattern.name) for pattern in policy.in_run_order()]
    codes, first = np.zeros(len(live), dtype=np.int32), np.zeros(0, dtype=np.int64)
    for pattern in run:
        codes, first = number_pairs(codes, live[:, pattern].astype(np.int32))
    tuples = np.empty(len(first), dtype=object)
    for place, row in enumerate(first):
        tuples[place] = tuple(names[pattern] for pattern in run if live[row, pattern])
    return tuples[codes]


def _ids_from(first: int, n_rows: int, name: str) -> pd.RangeIndex:
    return pd.RangeIndex(first, first + n_rows, name=name)


def _frame_of(columns: Mapping[str, Callable[[], Any]], index: pd.Index) -> pd.DataFrame:
    """Build the columns in parallel, and a frame of them without copying them again."""
    arrays = run_all(list(columns.values()), len(index))
    return pd.DataFrame(dict(zip(columns, arrays, strict=True)), index=index, copy=False)


def _label_column(labels: Any, codes: np.ndarray) -> Any:
    """Return the label of each code as text, missing where the code is -1."""
    is_arrow = isinstance(labels, (pa.Array, pa.ChunkedArray))
    texts = one_chunk(labels) if is_arrow else pa.array(labels, type=pa.large_string())
    missing = codes < 0
    positions = pa.array(codes, mask=missing if missing.any() else None)
    return _text_column(texts.take(positions))


def _text_column(texts: Any) -> Any:
    """Return Arrow text as a pandas array, without a copy."""
    chunked = texts if isinstance(texts, pa.ChunkedArray) else pa.chunked_array([texts])
    return _TEXT.__from_arrow__(chunked.cast(pa.large_string()))


def _id_column(numbers: np.ndarray) -> Any:
    """Return ids as `Int64`, missing where they are negative."""
    missing = numbers < 0
    return pd.arrays.IntegerArray(np.where(missing, 0, numbers).astype(np.int64), missing)


def _time_column(times: np.ndarray, missing: np.ndarray | None = None) -> Any:
    """Return microseconds as `datetime64[ns, UTC]`."""
    nanoseconds = times * 1_000
    if missing is not None:
        nanoseconds[missing] = _NAT
    return pd.DatetimeIndex(nanoseconds.view("M8[ns]"), tz="UTC").array


def _span_column(spans: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Return microseconds as `timedelta64[ns]`."""
    nanoseconds = spans * 1_000
    nanoseconds[missing] = _NAT
    return nanoseconds.view("m8[ns]")
