"""What the frames of a consolidation are built from: all of it, or a stretch of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

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
