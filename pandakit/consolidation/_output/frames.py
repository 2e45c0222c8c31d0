"""The frames of a consolidation, built from its arrays."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.consolidation._engine import layout as at
from pandakit.consolidation._engine.compile import kernels
from pandakit.consolidation._output.descriptions import as_text, text_column
from pandakit.consolidation._read.codes import number_pairs
from pandakit.consolidation._read.events import REASONS, STATUSES
from pandakit.consolidation._read.side_by_side import side_by_side
from pandakit.spans import microseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pandakit.consolidation.policy import Policy
    from pandakit.consolidation.result import EventFacts, Facts

__all__ = ["alerts_frame", "events_frame", "funnel_frame", "incidents_frame", "moment"]

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
_COMPRESSIONS = {
    "event_compression": ("alerts", "events"),
    "correlation_compression": ("incidents", "alerts"),
    "overall_compression": ("incidents", "events"),
}
_NAT = np.iinfo(np.int64).min


def moment(time: int | None) -> pd.Timestamp | None:
    """Give microseconds as a timestamp; the end of a slot may be beyond nanoseconds."""
    if time is None:
        return None
    stamp = pd.Timestamp(np.datetime64(time, "us"), tz="UTC")
    try:
        return stamp.as_unit("ns")
    except pd.errors.OutOfBoundsDatetime:
        return stamp


def _moments(times: np.ndarray, missing: np.ndarray | None = None) -> Any:
    """Give microseconds as `datetime64[ns, UTC]`."""
    nanoseconds = times * 1_000
    if missing is not None:
        nanoseconds[missing] = _NAT
    return pd.DatetimeIndex(nanoseconds.view("M8[ns]"), tz="UTC").array


def _nullable(numbers: np.ndarray) -> Any:
    """Give ids as `Int64`, missing where they are negative."""
    missing = numbers < 0
    return pd.arrays.IntegerArray(np.where(missing, 0, numbers).astype(np.int64), missing)


def _looked_up(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Give the value at each place, -1 where the place is -1."""
    return np.asarray(np.append(values, -1)[places])


def _frame(columns: Mapping[str, Callable[[], Any]], index: pd.Index) -> pd.DataFrame:
    """Build the columns side by side, and a frame of them without another copy."""
    arrays = side_by_side(list(columns.values()), len(index))
    return pd.DataFrame(dict(zip(columns, arrays, strict=True)), index=index, copy=False)


def events_frame(events: EventFacts, places: np.ndarray) -> pd.DataFrame:
    """Build the frame of events."""
    incident = places[:, at.ITS_INCIDENT]
    columns = {
        "outcome": lambda: text_column(_OUTCOMES, events.outcome),
        "reason": lambda: text_column(REASONS, events.reason),
        "alert_id": lambda: _nullable(events.alert),
        "incident_id": lambda: _nullable(_looked_up(incident, events.alert)),
    }
    return _frame(columns, events.index)


def _ends(facts: Facts) -> tuple[np.ndarray, np.ndarray]:
    """Give the ends of the alerts, and which are open."""
    standing, end = facts.alerts[:, at.STANDING], facts.last_event.copy()
    end[standing == at.EXPIRED] += facts.expire_after
    return end, standing == at.OPEN


def alerts_frame(facts: Facts, policy: Policy) -> pd.DataFrame:
    """Build the frame of alerts."""
    alerts, places = facts.alerts, facts.places
    standing, (end, is_open) = alerts[:, at.STANDING], _ends(facts)
    end_reason = np.where(is_open, -1, standing - at.ENDED_OK).astype(np.int8)
    names = [pattern.name for pattern in policy.patterns]
    columns: dict[str, Callable[[], Any]] = {
        "incident_id": lambda: places[:, at.ITS_INCIDENT].astype(np.int64),
        **{name: partial(text_column, *part) for name, part in facts.identity.items()},
        "start": lambda: _moments(facts.start),
        "end": lambda: _moments(end, is_open),
        "last_event_at": lambda: _moments(facts.last_event),
        "status": lambda: text_column(STATUSES, alerts[:, at.STATUS].astype(np.int8)),
        "severity": lambda: text_column(STATUSES, alerts[:, at.WORST].astype(np.int8)),
        "description": lambda: as_text(facts.description),
        "n_events": lambda: alerts[:, at.N_EVENTS].astype(np.int64),
        "n_reopens": lambda: alerts[:, at.N_REOPENS].astype(np.int64),
        "flapping": lambda: alerts[:, at.FLAPPING] == 1,
        "end_reason": lambda: text_column(_END_REASONS, end_reason),
        "joined_by": lambda: text_column(names, places[:, at.JOINED_BY]),
        **_distances(facts, policy),
    }
    return _frame(columns, pd.RangeIndex(len(alerts), name="alert_id"))


def _distances(facts: Facts, policy: Policy) -> dict[str, Callable[[], Any]]:
    """Give the alert that brought each one in, how far away it was, and what was left."""
    joined_by, anchor = facts.places[:, at.JOINED_BY], facts.places[:, at.ANCHOR_ALERT]
    alone = anchor < 0
    gap = facts.start - facts.start[anchor]  # of no use where there is no anchor
    windows = np.array([microseconds(pattern.window) for pattern in policy.patterns])
    no_margin = alone | (policy.anchor == "bucket")
    return {
        "anchor_alert_id": lambda: _nullable(anchor),
        "gap": lambda: _spans(gap, alone),
        "margin": lambda: _spans(windows[joined_by] - gap, no_margin),
    }


def _spans(spans: np.ndarray, missing: np.ndarray) -> np.ndarray:
    nanoseconds = spans * 1_000
    nanoseconds[missing] = _NAT
    return nanoseconds.view("m8[ns]")


def incidents_frame(facts: Facts, policy: Policy) -> pd.DataFrame:
    """Build the frame of incidents."""
    alerts, n = facts.alerts, facts.n_incidents
    incident = facts.places[:, at.ITS_INCIDENT]
    first = np.flatnonzero(facts.places[:, at.JOINED_BY] < 0)
    end, _ = _ends(facts)
    sums = np.zeros((n, 5), dtype=np.int64)
    latest_end = np.full(n, _NAT)
    kernels().sum_up(incident, alerts, end, sums, latest_end)
    n_open = sums[:, at.ITS_OPEN_ALERTS]

    def first_value(name: str) -> Any:
        labels, codes = facts.identity[name]
        return text_column(labels, codes[first])

    columns = {
        "start": lambda: _moments(facts.start[first]),
        "end": lambda: _moments(latest_end, n_open > 0),
        "active": lambda: n_open > 0,
        "status": lambda: text_column(STATUSES, sums[:, at.ITS_STATUS]),
        "severity": lambda: text_column(STATUSES, sums[:, at.ITS_SEVERITY]),
        "title": lambda: first_value("primary_value"),
        "subtitle": lambda: first_value("secondary_value"),
        "n_alerts": sums[:, at.ITS_ALERTS].copy,
        "n_open_alerts": n_open.copy,
        "n_events": sums[:, at.ITS_EVENTS].copy,
        "patterns": lambda: _live_patterns(facts, policy),
    }
    return _frame(columns, pd.RangeIndex(n, name="incident_id"))


def _live_patterns(facts: Facts, policy: Policy) -> np.ndarray:
    """Give a tuple of names per incident; equal ones are one object."""
    names = [pattern.name for pattern in policy.patterns]
    run = [names.index(pattern.name) for pattern in policy.in_run_order()]
    live = np.zeros((facts.n_incidents, len(names)), dtype=bool)
    live[facts.live_entries[:, 0], facts.live_entries[:, 1]] = True
    codes, first = np.zeros(len(live), dtype=np.int32), np.zeros(0, dtype=np.int64)
    for pattern in run:
        codes, first = number_pairs(codes, live[:, pattern].astype(np.int32))
    tuples = np.empty(len(first), dtype=object)
    for place, row in enumerate(first):
        tuples[place] = tuple(names[pattern] for pattern in run if live[row, pattern])
    return tuples[codes]


def funnel_frame(counts: dict[str, int]) -> pd.DataFrame:
    """Build the funnel."""
    measures = ("received", "rejected", "duplicates", "events", "alerts", "incidents")
    rows: dict[str, tuple[float, Any, Any]] = {
        name: (float(counts[name]), pd.NA, pd.NA) for name in measures
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
