"""The arrays in which the kernel keeps incidents and entries, and the names of their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

__all__ = ["GroupRules", "IncidentState"]

# Columns of an entry. LEFT and RIGHT are its children in the heap of its value, NEXT_PARKED the
# next parked entry of its incident; -1 where there is none.
INCIDENT, PATTERN, VALUE, SET_BY, MOVED_BY, LIVE, LEFT, RIGHT, NEXT_PARKED = range(9)
ENTRY_COLUMNS = 9

# Times of an entry.
ANCHOR, LATEST = range(2)

# Columns of an incident.
N_ALERTS, N_OPEN, FIRST_ENTRY, N_ENTRIES, FIRST_PARKED = range(5)
INCIDENT_COLUMNS = 5

# Columns of an alert's assignment.
ITS_INCIDENT, JOINED_BY, ANCHOR_ALERT = range(3)

# Totals of an incident.
TOTAL_ALERTS, TOTAL_OPEN, TOTAL_EVENTS, WORST_OPEN, WORST_EVER = range(5)

# Counters.
N_REGISTERED, N_INCIDENTS = range(2)

# Choices of `Policy.anchor` as numbers.
FIRST_ALERT, LATEST_ALERT, BUCKET = range(3)

UNLIMITED = 1 << 62


class IncidentState(NamedTuple):
    """Incidents, and the entries under which they are found."""

    entries: np.ndarray
    times: np.ndarray
    """When each entry was set (anchor) and last moved (latest)."""
    newest: np.ndarray
    """For each value the top of its heap of entries, -1 if it is empty."""
    incidents: np.ndarray
    slots: np.ndarray
    """Hash table: the newest entry of an incident and a value, for `matchers="union"`."""
    assignment: np.ndarray
    """For each alert its incident, the pattern that joined it and the anchor's alert."""
    counters: np.ndarray


class GroupRules(NamedTuple):
    """The settings that turn alerts into incidents."""

    run: np.ndarray
    windows: np.ndarray
    anchor: int
    union: bool
    needs_open: bool
    max_alerts: int
