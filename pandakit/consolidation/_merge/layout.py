"""The arrays in which the kernel keeps identities and alerts, and the names of their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

__all__ = ["AlertState", "Log", "MergeArrays", "MergeRules"]

LONG_AGO = -(1 << 62)

# Outcomes of events, in the order of their names in the result.
OPENED, UPDATED, RESOLVED, REOPENED, DUPLICATE, ORPHAN_OK, REJECTED = range(7)

# Standings of an alert.
ABSENT, OPEN, ENDED_BY_OK, EXPIRED = range(4)

# An identity has one row of 64 bytes, a cache line, so that an event waits for memory only once:
# three times, then small numbers, of which the first ones are the row of its current alert.
SEEN, LAST_EVENT, QUEUED = range(3)
STANDING, STATUS, WORST, N_EVENTS, N_REOPENS, FLAPPING, ALERT, N_CHANGES, SEEN_STATUS = range(9)
ALERT_COLUMNS = ALERT
ROW_BYTES, TIMES_BYTES = 64, 24

# Kinds of log entries: what happened to an alert.
LOG_OPENED, LOG_REOPENED, LOG_CLOSED = range(3)

# Counters.
N_ALERTS, N_CONFLICTS, N_DUPLICATES, N_LOGGED, HEAD, TAIL = range(6)


class MergeArrays(NamedTuple):
    """The events of a chunk by row, the order to handle them in, and what becomes of them."""

    order: np.ndarray
    """Empty if the rows are in order."""
    identity: np.ndarray
    time: np.ndarray
    status: np.ndarray
    outcome: np.ndarray
    alert: np.ndarray


class AlertState(NamedTuple):
    """Identities with their current alerts, the alerts before those, and the expiry queue."""

    times: np.ndarray
    current: np.ndarray
    changes: np.ndarray
    """For each identity, when its alert last changed: a ring buffer of `flap_changes` times."""
    former: np.ndarray
    """The row of every alert that is no longer its identity's current one."""
    former_last_event: np.ndarray
    start: np.ndarray
    opened_row: np.ndarray
    queue_identity: np.ndarray
    queue_time: np.ndarray
    counters: np.ndarray


class Log(NamedTuple):
    """What happened to alerts, in time order."""

    alert: np.ndarray
    what: np.ndarray


class MergeRules(NamedTuple):
    """The settings that turn events into alerts."""

    by_time: bool
    reopen_window: int
    expire_after: int
    flap_changes: int
    flap_window: int
    logged: bool
