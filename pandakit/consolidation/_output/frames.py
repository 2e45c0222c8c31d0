"""The frames of a consolidation, built from its arrays."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.consolidation._arrays.pairs import number_pairs
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
from pandakit.consolidation._output.columns import (
    frame_of,
    id_column,
    label_column,
    span_column,
    text_column,
    time_column,
)
from pandakit.consolidation._read.events import REASONS, STATUSES
from pandakit.spans import microseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandakit.consolidation._output.arrays import EventArrays, ResultArrays
    from pandakit.consolidation.policy import Policy

__all__ = ["alerts_frame", "events_frame", "funnel_frame", "incidents_frame"]

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
_COUNTS = ("received", "rejected", "duplicates", "events", "alerts", "incidents")
_COMPRESSIONS = {
    "event_compression": ("alerts", "events"),
    "correlation_compression": ("incidents", "alerts"),
    "overall_compression": ("incidents", "events"),
}


def events_frame(events: EventArrays, membership: np.ndarray) -> pd.DataFrame:
    """Return the frame of events."""
    incident = np.append(membership[:, ITS_INCIDENT], np.int32(-1))
    columns = {
        "outcome": lambda: label_column(_OUTCOMES, events.outcome),
        "reason": lambda: label_column(REASONS, events.reason),
        "alert_id": lambda: id_column(events.alert),
        "incident_id": lambda: id_column(incident[events.alert]),
    }
    return frame_of(columns, events.index)


def alerts_frame(arrays: ResultArrays, policy: Policy) -> pd.DataFrame:
    """Return the frame of alerts."""
    alerts, membership = arrays.alerts, arrays.membership
    rows, standing = alerts.rows, alerts.rows[:, STANDING]
    is_open = standing == OPEN
    end_reason = np.where(is_open, -1, standing - ENDED_BY_OK).astype(np.int8)
    names = [pattern.name for pattern in policy.patterns]
    columns: dict[str, Callable[[], Any]] = {
        "incident_id": lambda: membership[:, ITS_INCIDENT].astype(np.int64),
        **{name: partial(label_column, *part) for name, part in arrays.identity.items()},
        "start": lambda: time_column(alerts.start),
        "end": lambda: time_column(alerts.end, is_open),
        "last_event_at": lambda: time_column(alerts.last_event),
        "status": lambda: label_column(STATUSES, rows[:, STATUS].astype(np.int8)),
        "severity": lambda: label_column(STATUSES, rows[:, WORST].astype(np.int8)),
        "description": lambda: text_column(arrays.description),
        "n_events": lambda: rows[:, N_EVENTS].astype(np.int64),
        "n_reopens": lambda: rows[:, N_REOPENS].astype(np.int64),
        "flapping": lambda: rows[:, FLAPPING] == 1,
        "end_reason": lambda: label_column(_END_REASONS, end_reason),
        "joined_by": lambda: label_column(names, membership[:, JOINED_BY]),
        **_distances(arrays, policy),
    }
    return frame_of(columns, pd.RangeIndex(len(rows), name="alert_id"))


def _distances(arrays: ResultArrays, policy: Policy) -> dict[str, Callable[[], Any]]:
    """Return the columns that say how far away the anchor was, and what was left."""
    start, membership = arrays.alerts.start, arrays.membership
    joined_by, anchor = membership[:, JOINED_BY], membership[:, ANCHOR_ALERT]
    alone = anchor < 0
    gap = start - start[anchor]  # of no use where there is no anchor
    windows = np.array([microseconds(pattern.window) for pattern in policy.patterns])
    no_margin = alone | (policy.anchor == "bucket")
    return {
        "anchor_alert_id": lambda: id_column(anchor),
        "gap": lambda: span_column(gap, alone),
        "margin": lambda: span_column(windows[joined_by] - gap, no_margin),
    }


def incidents_frame(arrays: ResultArrays, policy: Policy) -> pd.DataFrame:
    """Return the frame of incidents."""
    totals, latest_end = arrays.incidents
    first = np.flatnonzero(arrays.membership[:, JOINED_BY] < 0)  # each of these started one
    n_open = totals[:, TOTAL_OPEN]

    def of_first(name: str) -> Any:
        labels, codes = arrays.identity[name]
        return label_column(labels, codes[first])

    columns = {
        "start": lambda: time_column(arrays.alerts.start[first]),
        "end": lambda: time_column(latest_end, n_open > 0),
        "active": lambda: n_open > 0,
        "status": lambda: label_column(STATUSES, totals[:, WORST_OPEN]),
        "severity": lambda: label_column(STATUSES, totals[:, WORST_EVER]),
        "title": lambda: of_first("primary_value"),
        "subtitle": lambda: of_first("secondary_value"),
        "n_alerts": totals[:, TOTAL_ALERTS].copy,
        "n_open_alerts": n_open.copy,
        "n_events": totals[:, TOTAL_EVENTS].copy,
        "patterns": lambda: _live_patterns(arrays, policy),
    }
    return frame_of(columns, pd.RangeIndex(len(totals), name="incident_id"))


def _live_patterns(arrays: ResultArrays, policy: Policy) -> np.ndarray:
    """Return a tuple of names for each incident; equal ones are one object."""
    names = [pattern.name for pattern in policy.patterns]
    run = [names.index(pattern.name) for pattern in policy.in_run_order()]
    live = np.zeros((len(arrays.incidents.totals), len(names)), dtype=bool)
    live[arrays.live_entries[:, 0], arrays.live_entries[:, 1]] = True
    codes, first = np.zeros(len(live), dtype=np.int32), np.zeros(0, dtype=np.int64)
    for pattern in run:
        codes, first = number_pairs(codes, live[:, pattern].astype(np.int32))
    tuples = np.empty(len(first), dtype=object)
    for place, row in enumerate(first):
        tuples[place] = tuple(names[pattern] for pattern in run if live[row, pattern])
    return tuples[codes]


def funnel_frame(counts: dict[str, int]) -> pd.DataFrame:
    """Return the funnel."""
    rows: dict[str, tuple[float, Any, Any]] = {
        name: (float(counts[name]), pd.NA, pd.NA) for name in _COUNTS
    }
    for name, (upper, lower) in _COMPRESSIONS.items():
        numerator, denominator = counts[upper], counts[lower]
        value = 1 - numerator / denominator if denominator else float("nan")
        rows[name] = (value, numerator, denominator)
    frame = pd.DataFrame.from_dict(
        rows, orient="index", columns=["value", "numerator", "denominator"]
    )
    frame.index.name = "measure"
    return frame.astype({"value": "float64", "numerator": "Int64", "denominator": "Int64"})
