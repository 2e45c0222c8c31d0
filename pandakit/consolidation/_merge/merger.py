"""Events to alerts: the state between chunks, and the settings as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pandakit.consolidation._arrays.codes import check_ids, grown
from pandakit.consolidation._merge.layout import (
    ABSENT,
    ALERT,
    ALERT_COLUMNS,
    DUPLICATE,
    EXPIRED,
    LAST_EVENT,
    LOG_OPENED,
    LONG_AGO,
    N_ALERTS,
    N_CONFLICTS,
    N_DUPLICATES,
    N_LOGGED,
    OPEN,
    REJECTED,
    ROW_BYTES,
    STANDING,
    TAIL,
    TIMES_BYTES,
    AlertState,
    Log,
    MergeArrays,
    MergeRules,
)
from pandakit.consolidation._merge.payloads import Payloads

if TYPE_CHECKING:
    from pandakit.consolidation._read.events import EncodedEvents
    from pandakit.consolidation.policy import Policy

__all__ = ["Alerts", "Merged", "Merger", "ended"]

_SPARE = 1024
_AS_THEY_ARE = np.zeros(0, dtype=np.int64)


class Merged(NamedTuple):
    """What became of the events of a chunk, and what happened to alerts meanwhile."""

    outcome: np.ndarray
    alert: np.ndarray
    first_alert: int
    opened_rows: np.ndarray
    start: np.ndarray
    """Of all alerts so far."""
    log: Log


class Alerts(NamedTuple):
    """All alerts at one time: their rows, and their last events, starts and ends."""

    rows: np.ndarray
    last_event: np.ndarray
    start: np.ndarray
    end: np.ndarray
    """Meaningless for an open alert."""


class Merger:
    """Merges events into the alerts of their identities, which it keeps between chunks."""

    def __init__(self, policy: Policy) -> None:
        # Whether an incident has an open alert only matters if that can keep alerts out.
        logged = not policy.join_resolved
        self._payloads = Payloads() if policy.dedup == "payload" else None
        self._n_repeated = 0
        self._rules = MergeRules(
            by_time=policy.dedup == "identity_timestamp",
            reopen_window=policy.microseconds("reopen_window"),
            expire_after=policy.microseconds("expire_after"),
            flap_changes=policy.flap_changes,
            flap_window=policy.microseconds("flap_window"),
            logged=logged,
        )
        times, current = _identities(0)
        self._state = AlertState(
            times=times,
            current=current,
            changes=np.zeros((0, policy.flap_changes), dtype=np.int64),
            former=np.zeros((0, ALERT_COLUMNS), dtype=np.int32),
            former_last_event=np.zeros(0, dtype=np.int64),
            start=np.zeros(0, dtype=np.int64),
            opened_row=np.zeros(0, dtype=np.int64),
            queue_identity=np.zeros(0, dtype=np.int32),
            queue_time=np.zeros(0, dtype=np.int64),
            counters=np.zeros(6, dtype=np.int64),
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the shared rows of identities: a pickle stores the two views separately."""
        self.__dict__.update(state)
        found = self._state
        times, current = _identities(len(found.times))
        times[:], current[:] = found.times, found.current
        self._state = found._replace(times=times, current=current)

    @property
    def n_alerts(self) -> int:
        """How many alerts there are so far."""
        return int(self._state.counters[N_ALERTS])

    @property
    def n_conflicts(self) -> int:
        """How many duplicates had another status than the event that was kept."""
        return int(self._state.counters[N_CONFLICTS])

    @property
    def n_duplicates(self) -> int:
        """How many events were dropped as duplicates."""
        return int(self._state.counters[N_DUPLICATES]) + self._n_repeated

    def merge(self, encoded: EncodedEvents) -> Merged:
        """Merge the accepted rows of a chunk into their alerts, in time order."""
        if self._payloads is None:
            return self._merge(encoded, encoded.order)
        repeated = self._payloads.repeated(encoded)
        merged = self._merge(encoded, _without(repeated, encoded))
        merged.outcome[repeated] = DUPLICATE
        self._n_repeated += len(repeated)
        return merged

    def _merge(self, encoded: EncodedEvents, order: np.ndarray | None) -> Merged:
        n_rows = len(encoded.time)
        n_events = n_rows if order is None else len(order)
        chunk = MergeArrays(
            _AS_THEY_ARE if order is None else order,
            encoded.identity,
            encoded.time,
            encoded.status,
            outcome=np.full(n_rows, REJECTED, dtype=np.int8),
            alert=np.full(n_rows, -1, dtype=np.int32),
        )
        first = self.n_alerts
        log = self._run(chunk, n_events, encoded.n_identities) if n_events else _no_log()
        return Merged(
            outcome=chunk.outcome,
            alert=chunk.alert,
            first_alert=first,
            opened_rows=self._state.opened_row[first : self.n_alerts],
            start=self._state.start[: self.n_alerts],
            log=log,
        )

    def _run(self, chunk: MergeArrays, n_events: int, n_identities: int) -> Log:
        from pandakit.consolidation._merge import kernel  # noqa: PLC0415 - imports numba

        self._make_room(n_identities, n_events)
        first, counters = self.n_alerts, self._state.counters
        counters[N_LOGGED] = 0
        # An event opens, reopens or closes one alert, and another alert can expire meanwhile.
        n_log = 2 * n_events + n_identities if self._rules.logged else 0
        log = Log(np.empty(n_log, dtype=np.int32), np.empty(n_log, dtype=np.int8))
        kernel.merge_events(chunk, self._state, log, self._rules)
        if self._rules.logged:
            n_logged = int(counters[N_LOGGED])
            return Log(log.alert[:n_logged].copy(), log.what[:n_logged].copy())
        alerts = np.arange(first, self.n_alerts, dtype=np.int32)
        return Log(alerts, np.full(len(alerts), LOG_OPENED, dtype=np.int8))

    def _make_room(self, n_identities: int, n_events: int) -> None:
        state, used = self._state, self.n_alerts
        known = len(state.times)
        if n_identities > known:
            times, current = _identities(max(n_identities, known * 3 // 2))
            times[:known], current[:known] = state.times, state.current
            times[known:], current[known:] = LONG_AGO, 0
            changes = grown(state.changes, known, len(times))
            state = state._replace(times=times, current=current, changes=changes)
        room = used + n_events
        check_ids(room, "alerts")
        check_ids(2 * n_identities, "identities")  # the queue has two places for each
        queue = 2 * len(state.times) + _SPARE if self._rules.logged else 0
        tail = int(state.counters[TAIL])
        self._state = state._replace(
            former=grown(state.former, used, room),
            former_last_event=grown(state.former_last_event, used, room),
            start=grown(state.start, used, room),
            opened_row=grown(state.opened_row, used, room),
            queue_identity=grown(state.queue_identity, tail, queue),
            queue_time=grown(state.queue_time, tail, queue),
        )

    def alerts(self, as_of: int, *, final: bool) -> Alerts:
        """Return all alerts as they are at `as_of`.

        If no more events follow (`final`), the state itself is returned instead of a copy.
        """
        state, expire_after = self._state, self._rules.expire_after
        rows, last = state.former[: self.n_alerts], state.former_last_event[: self.n_alerts]
        start = state.start[: self.n_alerts]
        if not final:
            rows, last, start = rows.copy(), last.copy(), start.copy()
        known = np.flatnonzero(state.current[:, STANDING] != ABSENT)
        alert = state.current[known, ALERT]
        rows[alert] = state.current[known, :ALERT_COLUMNS]
        last[alert] = state.times[known, LAST_EVENT]
        return ended(Alerts(rows, last, start, last), as_of, expire_after)


def ended(alerts: Alerts, as_of: int, expire_after: int) -> Alerts:
    """Return alerts with their ends, after those that no event came for have expired."""
    standing = alerts.rows[:, STANDING]
    standing[(standing == OPEN) & (as_of - alerts.last_event > expire_after)] = EXPIRED
    end = alerts.last_event.copy()
    end[standing == EXPIRED] += expire_after
    return alerts._replace(end=end)


def _without(rows: np.ndarray, encoded: EncodedEvents) -> np.ndarray | None:
    """Return the time order without some rows."""
    if not len(rows):
        return encoded.order
    kept = np.ones(len(encoded.time), dtype=bool)
    kept[rows] = False
    return np.flatnonzero(kept) if encoded.order is None else encoded.order[kept[encoded.order]]


def _no_log() -> Log:
    return Log(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int8))


def _identities(n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the times and the small numbers of identities: two views of the same rows."""
    room = np.empty((n_rows + 1) * ROW_BYTES, dtype=np.uint8)
    begin = -room.ctypes.data % ROW_BYTES  # rows begin where cache lines do
    rows = room[begin : begin + n_rows * ROW_BYTES].reshape(n_rows, ROW_BYTES)
    times = rows.view(np.int64)[:, : TIMES_BYTES // 8]
    current = rows.view(np.int32)[:, TIMES_BYTES // 4 :]
    return times, current
