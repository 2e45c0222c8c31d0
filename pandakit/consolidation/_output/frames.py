"""The frames of a consolidation, and of a stretch of one."""

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
from pandakit.consolidation._read.requirements import REASONS, STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pandakit.consolidation._output.arrays import AlertArrays, IncidentArrays, RowOutcomes
    from pandakit.consolidation.policy import Policy

__all__ = [
    "alerts_frame",
    "events_frame",
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
_END_REASONS = ("resolved", "expired")


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
