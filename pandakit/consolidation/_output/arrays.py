"""What the frames of a consolidation are built from: all of it, or a stretch of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pandakit.consolidation._group.layout import ANCHOR_ALERT, JOINED_BY

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from pandakit.consolidation._group.grouper import IncidentTotals, Matches
    from pandakit.consolidation._merge.merger import Alerts

__all__ = [
    "AlertArrays",
    "EventArrays",
    "IncidentArrays",
    "Labelled",
    "ResultArrays",
    "RowOutcomes",
    "first_alerts",
]

Labelled = tuple[Any, np.ndarray]
"""Labels, and for each row the position of its label; -1 where it has none."""


@dataclass(frozen=True, eq=False)
class RowOutcomes:
    """What became of each row of the input."""

    index: pd.Index
    outcome: np.ndarray
    reason: np.ndarray
    alert: np.ndarray


@dataclass(frozen=True, eq=False)
class EventArrays(RowOutcomes):
    """What became of each row of the input, and what explanations need of it."""

    time: np.ndarray
    matches: Matches
    """Of the alerts that these rows opened."""


@dataclass(frozen=True, eq=False)
class AlertArrays:
    """Alerts with consecutive ids, one element or row for each."""

    first: int
    """The id of the first of them."""
    alerts: Alerts
    assignment: np.ndarray
    anchor_start: np.ndarray
    """The start of the anchor; without meaning for an alert that has none."""
    identity: dict[str, Labelled]
    description: pa.Array


@dataclass(frozen=True, eq=False)
class IncidentArrays:
    """Incidents with consecutive ids, one element or row for each."""

    first: int
    """The id of the first of them."""
    start: np.ndarray
    title: Labelled
    subtitle: Labelled
    totals: IncidentTotals
    live: np.ndarray
    """One column for each pattern: whether it can still bring an alert in."""

    def part(self, begin: int, stop: int) -> IncidentArrays:
        """Return some of them, counted from the first one."""
        part = slice(begin, stop)
        return IncidentArrays(
            self.first + begin,
            self.start[part],
            (self.title[0], self.title[1][part]),
            (self.subtitle[0], self.subtitle[1][part]),
            type(self.totals)(*(each[part] for each in self.totals)),
            self.live[part],
        )


@dataclass(frozen=True, eq=False)
class ResultArrays:
    """Everything that the frames are built from, one element or row for each alert."""

    alerts: Alerts
    assignment: np.ndarray
    live_entries: np.ndarray
    incidents: IncidentTotals
    identity: dict[str, Labelled]
    description: pa.Array
    counts: dict[str, int]
    rejected: dict[str, int]
    """How many rows for each reason."""
    as_of: int | None

    def alert_arrays(self, begin: int = 0, stop: int | None = None) -> AlertArrays:
        """Return what the frame of some or all alerts is built from."""
        part = slice(begin, stop)
        return AlertArrays(
            first=begin,
            alerts=type(self.alerts)(*(each[part] for each in self.alerts)),
            assignment=self.assignment[part],
            anchor_start=self.alerts.start[self.assignment[part, ANCHOR_ALERT]],
            identity={
                name: (labels, codes[part]) for name, (labels, codes) in self.identity.items()
            },
            description=self.description[part],
        )

    def incident_arrays(self, n_patterns: int) -> IncidentArrays:
        """Return what the frame of incidents is built from."""
        starts = first_alerts(self.alerts.start, self.assignment, self.identity)
        live = np.zeros((len(self.incidents.totals), n_patterns), dtype=bool)
        live[self.live_entries[:, 0], self.live_entries[:, 1]] = True
        return IncidentArrays(0, *starts, self.incidents, live)


def first_alerts(
    start: np.ndarray, assignment: np.ndarray, identity: dict[str, Labelled]
) -> tuple[np.ndarray, Labelled, Labelled]:
    """Return start, title and subtitle of the incidents that some alerts start."""
    rows = np.flatnonzero(assignment[:, JOINED_BY] < 0)

    def of_rows(name: str) -> Labelled:
        labels, codes = identity[name]
        return labels, codes[rows]

    return start[rows], of_rows("primary_value"), of_rows("secondary_value")
