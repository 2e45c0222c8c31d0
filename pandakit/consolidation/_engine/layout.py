"""The arrays in which the kernel keeps its state, and the names of their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Board", "Book", "Chunk", "GroupRules", "Log", "MergeRules", "TextTable", "Texts"]

FOREVER = 1 << 62
LONG_AGO = -(1 << 62)

# Outcomes of events, in the order of their names in the result.
OPENED, UPDATED, RESOLVED, REOPENED, DUPLICATE, ORPHAN_OK, REJECTED = range(7)

# Standing of an alert.
ABSENT, OPEN, ENDED_OK, EXPIRED = range(4)

# An identity's row of 64 bytes, so that an event touches one cache line of it: three times,
# then small numbers. The first small numbers make the row of its current alert.
SEEN, LAST_EVENT, QUEUED = range(3)
STANDING, STATUS, WORST, N_EVENTS, N_REOPENS, FLAPPING, ALERT, N_CHANGES, SEEN_STATUS = range(9)
ALERT_COLUMNS = ALERT
ROW_BYTES, TIMES_BYTES = 64, 24

# Entries of the log: what happened to which alert.
LOG_OPENED, LOG_REOPENED, LOG_CLOSED = range(3)

# Counters of the book.
N_ALERTS, N_CONFLICTS, N_DUPLICATES, N_LOGGED, HEAD, TAIL = range(6)

# Columns of an entry.
INCIDENT, PATTERN, KEY, SET_BY, MOVED_BY, LIVE, OLDER, OTHER, PARKED = range(9)
ANCHOR, LATEST = range(2)

# Columns of an incident.
N_MEMBERS, N_OPEN, FIRST_ENTRY, N_ENTRIES, WAITING = range(5)

# Columns of an alert's place.
ITS_INCIDENT, JOINED_BY, ANCHOR_ALERT = range(3)

# Sums over the alerts of an incident.
ITS_ALERTS, ITS_OPEN_ALERTS, ITS_EVENTS, ITS_STATUS, ITS_SEVERITY = range(5)

# Counters of the board.
ENTRIES, INCIDENTS = range(2)

# Columns of a slot of the table of texts.
NUMBER, LENGTH, ONE, TWO = range(4)

# Choices of a policy as numbers.
FIRST, LATEST_ALERT, BUCKET = range(3)


class Chunk(NamedTuple):
    """Events by row, the order to take them in (empty: as they are), what becomes of them."""

    order: np.ndarray
    identity: np.ndarray
    time: np.ndarray
    status: np.ndarray
    outcome: np.ndarray
    alert: np.ndarray


class Book(NamedTuple):
    """Identities with their current alerts, finished alerts, and open ones by last event."""

    times: np.ndarray
    marks: np.ndarray
    changes: np.ndarray
    alerts: np.ndarray
    last_event: np.ndarray
    start: np.ndarray
    opened_row: np.ndarray
    queue_identity: np.ndarray
    queue_time: np.ndarray
    counters: np.ndarray


class Log(NamedTuple):
    """What happened to alerts, in the order of time."""

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


class Board(NamedTuple):
    """Incidents and their entries, found by key, newest first."""

    entries: np.ndarray
    times: np.ndarray
    newest: np.ndarray
    incidents: np.ndarray
    slots: np.ndarray
    places: np.ndarray
    counters: np.ndarray


class GroupRules(NamedTuple):
    """The settings that turn alerts into incidents."""

    run: np.ndarray
    windows: np.ndarray
    anchor: int
    union: bool
    needs_open: bool
    max_alerts: int


class Texts(NamedTuple):
    """The cells of an Arrow array of text; `words` has the eight bytes from each byte on."""

    offsets: np.ndarray
    words: np.ndarray
    masks: np.ndarray
    is_there: np.ndarray


class TextTable(NamedTuple):
    """The number of each cell, the slots where texts are found, where each text first came."""

    codes: np.ndarray
    slots: np.ndarray
    first_rows: np.ndarray
