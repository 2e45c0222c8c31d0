"""The arrays in which the kernel keeps incidents and entries, and the names of their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Stacks"]

# Columns of an entry. OLDER is the next older entry of its value, EARLIER the one that its incident
# registered before; -1 where there is none.
INCIDENT, VALUE, OLDER, EARLIER = range(4)
ENTRY_COLUMNS = 4

# Columns of an incident.
N_ALERTS, LAST_ENTRY = range(2)
INCIDENT_COLUMNS = 2


class Stacks(NamedTuple):
    """Incidents, and the entries under which they are found: a stack for each value."""

    newest: np.ndarray
    """For each value its newest entry, -1 without one."""
    entries: np.ndarray
    anchors: np.ndarray
    """When each entry was registered."""
    incidents: np.ndarray
    found: np.ndarray
    """For each alert its incident."""
