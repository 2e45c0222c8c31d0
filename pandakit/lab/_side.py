"""One side of a comparison: alerts by the row that opened them, and their incidents."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from pandakit.lab._pairs import group_sizes

if TYPE_CHECKING:
    from pandakit.consolidation import Consolidation

__all__ = ["Side"]

_DAY = 86_400_000_000_000  # nanoseconds


class Side:
    """A consolidation as arrays, one element for each alert."""

    def __init__(self, consolidation: Consolidation) -> None:
        self.consolidation = consolidation
        events = consolidation.events
        self.rows = np.flatnonzero(events["outcome"].eq("opened").to_numpy(dtype=bool))
        self.rows = self._in_order_of_alerts(events)
        self.incidents = consolidation.alerts["incident_id"].to_numpy()

    def _in_order_of_alerts(self, events: pd.DataFrame) -> np.ndarray:
        alerts = events["alert_id"].iloc[self.rows].to_numpy(dtype=np.int64)
        rows = np.empty(len(alerts), dtype=np.int64)
        rows[alerts] = self.rows
        return rows

    @cached_property
    def firsts(self) -> np.ndarray:
        """The alert that started each incident."""
        _, first = np.unique(self.incidents, return_index=True)
        found: np.ndarray = first
        return found

    @cached_property
    def days(self) -> np.ndarray:
        """The UTC day on which each alert opened, counted from the epoch."""
        starts = self.consolidation.alerts["start"].to_numpy(dtype="datetime64[ns]")
        days: np.ndarray = starts.astype(np.int64) // _DAY
        return days

    def per_day(self, what: Literal["alerts", "incidents"], first: int, days: int) -> np.ndarray:
        """Return how many alerts or incidents start on each of the days."""
        started = self.days if what == "alerts" else self.days[self.firsts]
        return group_sizes(started - first, days)

    def first_values(self, column: str) -> pd.Series:
        """Return a column of the alert that started each incident, or of its event."""
        alerts = self.consolidation.alerts
        if column in alerts.columns:
            return alerts[column].iloc[self.firsts]
        events = self.consolidation.input
        names = list(events.columns) if isinstance(events, pd.DataFrame) else events.column_names
        if column not in names:
            near = get_close_matches(str(column), [str(name) for name in names], 3)
            there = ", ".join(near or map(str, names))
            raise ValueError(f"by: the events have no column {column!r}; there is {there}")
        rows = self.rows[self.firsts]
        if isinstance(events, pd.DataFrame):
            return events[column].iloc[rows]
        return events.column(column).take(rows).to_pandas()
