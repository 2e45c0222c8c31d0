"""Events to alerts: the arrays around the first half of the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pandakit.consolidation._engine import layout as at
from pandakit.consolidation._engine.compile import kernels
from pandakit.consolidation._engine.layout import FOREVER, LONG_AGO, Book, Chunk, Log, MergeRules
from pandakit.spans import microseconds

if TYPE_CHECKING:
    from datetime import timedelta

    from pandakit.consolidation._read.events import Reading
    from pandakit.consolidation.policy import Policy

__all__ = ["Merged", "Merger", "grown", "limit"]

_SPARE = 1024
_NO_ORDER = np.zeros(0, dtype=np.int64)


class Merged(NamedTuple):
    """What a chunk of events became."""

    outcome: np.ndarray
    alert: np.ndarray
    first_alert: int
    opened_rows: np.ndarray
    log: Log


class Merger:
    """Holds identities and alerts between chunks."""

    def __init__(self, policy: Policy, *, logged: bool) -> None:
        self.rules = MergeRules(
            by_time=policy.dedup == "identity_timestamp",
            reopen_window=limit(policy.reopen_window),
            expire_after=limit(policy.expire_after),
            flap_changes=policy.flap_changes,
            flap_window=microseconds(policy.flap_window),
            logged=logged,
        )
        times, marks = _identities(0)
        self._book = Book(
            times=times,
            marks=marks,
            changes=np.zeros((0, policy.flap_changes), dtype=np.int64),
            alerts=np.zeros((0, at.ALERT_COLUMNS), dtype=np.int32),
            last_event=np.zeros(0, dtype=np.int64),
            start=np.zeros(0, dtype=np.int64),
            opened_row=np.zeros(0, dtype=np.int64),
            queue_identity=np.zeros(0, dtype=np.int32),
            queue_time=np.zeros(0, dtype=np.int64),
            counters=np.zeros(6, dtype=np.int64),
        )

    @property
    def n_alerts(self) -> int:
        """How many alerts there are so far."""
        return int(self._book.counters[at.N_ALERTS])

    @property
    def n_conflicts(self) -> int:
        """How many duplicates had another status than the event that was kept."""
        return int(self._book.counters[at.N_CONFLICTS])

    @property
    def n_duplicates(self) -> int:
        """How many events were dropped because of their identity and timestamp."""
        return int(self._book.counters[at.N_DUPLICATES])

    @property
    def start(self) -> np.ndarray:
        """When each alert opened."""
        return self._book.start[: self.n_alerts]

    def take(self, reading: Reading, order: np.ndarray | None, n_identities: int) -> Merged:
        """Merge rows of a chunk in the given order; without one, all as they come."""
        n_rows = len(reading.time)
        n_taken = n_rows if order is None else len(order)
        if not n_taken:
            return _nothing(n_rows, self.n_alerts)
        chunk = Chunk(
            _NO_ORDER if order is None else order,
            reading.identity,
            reading.time,
            reading.status,
            outcome=np.full(n_rows, at.REJECTED, dtype=np.int8),
            alert=np.full(n_rows, -1, dtype=np.int32),
        )
        self._make_room(n_identities, n_taken)
        self._book.counters[at.N_LOGGED] = 0
        n_log = 2 * n_taken + n_identities if self.rules.logged else 0
        log = Log(np.empty(n_log, dtype=np.int32), np.empty(n_log, dtype=np.int8))
        first = self.n_alerts
        kernels().merge_events(chunk, self._book, log, self.rules)
        opened_rows = self._book.opened_row[first : self.n_alerts]
        if self.rules.logged:
            n_logged = int(self._book.counters[at.N_LOGGED])
            log = Log(log.alert[:n_logged].copy(), log.what[:n_logged].copy())
        else:
            alerts = np.arange(first, self.n_alerts, dtype=np.int32)
            log = Log(alerts, np.full(len(alerts), at.LOG_OPENED, dtype=np.int8))
        return Merged(chunk.outcome, chunk.alert, first, opened_rows, log)

    def _make_room(self, n_identities: int, n_events: int) -> None:
        book, used = self._book, self.n_alerts
        known = len(book.times)
        if n_identities > known:
            times, marks = _identities(max(n_identities, known * 3 // 2))
            times[:known], marks[:known] = book.times, book.marks
            times[known:], marks[known:] = LONG_AGO, 0
            changes = grown(book.changes, known, len(times))
            book = book._replace(times=times, marks=marks, changes=changes)
        room = used + n_events
        queue = 2 * len(book.times) + _SPARE if self.rules.logged else 0
        tail = int(book.counters[at.TAIL])
        self._book = book._replace(
            alerts=grown(book.alerts, used, room),
            last_event=grown(book.last_event, used, room),
            start=grown(book.start, used, room),
            opened_row=grown(book.opened_row, used, room),
            queue_identity=grown(book.queue_identity, tail, queue),
            queue_time=grown(book.queue_time, tail, queue),
        )

    def alerts(self, as_of: int, *, final: bool) -> tuple[np.ndarray, np.ndarray]:
        """Give each alert's row and last event, after the clock has run on to `as_of`.

        When no more events follow, `final`, what is held is given away instead of a copy.
        """
        book = self._book
        alerts, last = book.alerts[: self.n_alerts], book.last_event[: self.n_alerts]
        if not final:
            alerts, last = alerts.copy(), last.copy()
        known = np.flatnonzero(book.marks[:, at.STANDING] != at.ABSENT)
        current = book.marks[known, at.ALERT]
        alerts[current] = book.marks[known, : at.ALERT_COLUMNS]
        last[current] = book.times[known, at.LAST_EVENT]
        waited_too_long = as_of - last > self.rules.expire_after
        alerts[(alerts[:, at.STANDING] == at.OPEN) & waited_too_long, at.STANDING] = at.EXPIRED
        return alerts, last


def _nothing(n_rows: int, n_alerts: int) -> Merged:
    """Give what becomes of a chunk of which no row is taken."""
    return Merged(
        outcome=np.full(n_rows, at.REJECTED, dtype=np.int8),
        alert=np.full(n_rows, -1, dtype=np.int32),
        first_alert=n_alerts,
        opened_rows=_NO_ORDER,
        log=Log(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int8)),
    )


def _identities(n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Give times and small numbers of identities, two views of the same rows."""
    room = np.empty((n_rows + 1) * at.ROW_BYTES, dtype=np.uint8)
    begin = -room.ctypes.data % at.ROW_BYTES  # rows begin where cache lines do
    rows = room[begin : begin + n_rows * at.ROW_BYTES].reshape(n_rows, at.ROW_BYTES)
    times = rows.view(np.int64)[:, : at.TIMES_BYTES // 8]
    marks = rows.view(np.int32)[:, at.TIMES_BYTES // 4 :]
    return times, marks


def limit(span: timedelta | None) -> int:
    """Give a span in microseconds; none is longer than any time that can be."""
    return FOREVER if span is None else min(microseconds(span), FOREVER)


def grown(array: np.ndarray, used: int, needed: int) -> np.ndarray:
    """Give an array with room for more rows; rows after the used ones are not set."""
    if needed <= len(array):
        return array
    larger = np.empty((max(needed, len(array) * 3 // 2), *array.shape[1:]), dtype=array.dtype)
    larger[:used] = array[:used]
    return larger
