"""Events to alerts, in one pass in time order.

Each identity has at most one current alert. A log records when alerts open, close and reopen;
the grouping of alerts needs nothing else.

An alert expires when its last event is more than `expire_after` ago. For the alert itself this
matters only at its next event, so it is detected then. For incidents it matters at once if only
those with an open alert may take new ones (`logged`). In that case open alerts wait in a queue,
ordered by their last event. Time never runs backwards, so each event goes to the end of the queue,
and the alerts that expire first are at its head. A later event of an alert makes its earlier place
in the queue stale; a stale place is skipped when it reaches the head, and dropped when the queue
is full.

Example, with `expire_after` of 10 minutes::

    event         queue afterwards            log
    a fires 0:00  (a, 0:00)                   a opened
    b fires 0:04  (a, 0:00) (b, 0:04)         b opened
    a fires 0:08  (b, 0:04) (a, 0:08) and     nothing: a was only updated
                  (a, 0:00), now stale
    c fires 0:15  (a, 0:08) (c, 0:15)         b closed: (a, 0:00) is skipped, (b, 0:04) has expired;
                                              c opened

Invariants: an open alert is in the queue once with the time of its last event; the queue is
ordered by time; there is room for two places per identity, so at least half of a full queue is
stale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.consolidation._arrays.compile import inlined, jit
from pandakit.consolidation._merge.layout import (
    ABSENT,
    ALERT,
    ALERT_COLUMNS,
    DUPLICATE,
    ENDED_BY_OK,
    EXPIRED,
    FLAPPING,
    HEAD,
    LAST_EVENT,
    LOG_CLOSED,
    LOG_OPENED,
    LOG_REOPENED,
    N_ALERTS,
    N_CHANGES,
    N_CONFLICTS,
    N_DUPLICATES,
    N_EVENTS,
    N_LOGGED,
    N_REOPENS,
    OPEN,
    OPENED,
    ORPHAN_OK,
    QUEUED,
    REOPENED,
    RESOLVED,
    SEEN,
    SEEN_STATUS,
    STANDING,
    STATUS,
    TAIL,
    UPDATED,
    WORST,
)

if TYPE_CHECKING:
    import numpy as np

    from pandakit.consolidation._merge.layout import AlertState, Log, MergeArrays, MergeRules

__all__ = ["mark_candidates", "merge_events"]


@inlined
def _append(state: AlertState, log: Log, alert: int, what: int) -> None:
    place = state.counters[N_LOGGED]
    log.alert[place] = alert
    log.what[place] = what
    state.counters[N_LOGGED] = place + 1


@inlined
def _compact(state: AlertState) -> None:
    """Drop stale places: all but the last events of open alerts. At most half remain."""
    kept = 0
    for place in range(state.counters[HEAD], state.counters[TAIL]):
        who, time = state.queue_identity[place], state.queue_time[place]
        if state.current[who, STANDING] == OPEN and state.times[who, LAST_EVENT] == time:
            state.queue_identity[kept] = who
            state.queue_time[kept] = time
            kept += 1
    state.counters[HEAD] = 0
    state.counters[TAIL] = kept


@inlined
def _enqueue(state: AlertState, who: int, time: int) -> None:
    """Append an open alert to the queue, once per time of its last event."""
    if state.times[who, QUEUED] == time:
        return
    state.times[who, QUEUED] = time
    if state.counters[TAIL] == len(state.queue_time):
        _compact(state)
    tail = state.counters[TAIL]
    state.queue_identity[tail] = who
    state.queue_time[tail] = time
    state.counters[TAIL] = tail + 1


@inlined
def _expire(state: AlertState, log: Log, now: int, expire_after: int) -> None:
    """Close every alert whose last event is too long ago, in the order in which they expire."""
    current, head, tail = state.current, state.counters[HEAD], state.counters[TAIL]
    while head < tail and now - state.queue_time[head] > expire_after:
        who, time = state.queue_identity[head], state.queue_time[head]
        if current[who, STANDING] == OPEN and state.times[who, LAST_EVENT] == time:
            current[who, STANDING] = EXPIRED
            _append(state, log, current[who, ALERT], LOG_CLOSED)
        head += 1
    state.counters[HEAD] = head


@inlined
def _count_change(state: AlertState, who: int, time: int, rules: MergeRules) -> None:
    """Count a change of state; the times of the last ones decide whether the alert is flapping."""
    current = state.current
    if current[who, FLAPPING]:
        return
    count = current[who, N_CHANGES] + 1
    current[who, N_CHANGES] = count
    state.changes[who, (count - 1) % rules.flap_changes] = time
    if count >= rules.flap_changes:
        oldest = state.changes[who, count % rules.flap_changes]
        if time - oldest <= rules.flap_window:
            current[who, FLAPPING] = 1


@inlined
def _open(state: AlertState, who: int, time: int, row: int) -> None:
    """Make a new alert the current one of its identity, and keep the row of the one before."""
    current = state.current
    if current[who, STANDING] != ABSENT:
        ended = current[who, ALERT]
        state.former_last_event[ended] = state.times[who, LAST_EVENT]
        for column in range(ALERT_COLUMNS):
            state.former[ended, column] = current[who, column]
    alert = state.counters[N_ALERTS]
    state.counters[N_ALERTS] = alert + 1
    state.start[alert] = time
    state.opened_row[alert] = row
    current[who, ALERT] = alert
    current[who, STANDING] = OPEN
    current[who, WORST] = 0
    current[who, N_EVENTS] = 0
    current[who, N_REOPENS] = 0
    current[who, FLAPPING] = 0
    current[who, N_CHANGES] = 0


@inlined
def _apply(state: AlertState, who: int, time: int, status: int, row: int, rules: MergeRules) -> int:
    """Apply one event to its identity and return the outcome."""
    current = state.current
    standing = current[who, STANDING]
    last = state.times[who, LAST_EVENT]
    if standing == OPEN and time - last > rules.expire_after:
        standing = current[who, STANDING] = EXPIRED
    if status == 0:
        if standing != OPEN:
            return ORPHAN_OK
        outcome = RESOLVED
        current[who, STANDING] = ENDED_BY_OK
    elif standing == OPEN:
        outcome = UPDATED
    else:
        end = last + rules.expire_after if standing == EXPIRED else last
        if standing != ABSENT and time - end <= rules.reopen_window:
            outcome = REOPENED
            current[who, STANDING] = OPEN
            current[who, N_REOPENS] += 1
        else:
            outcome = OPENED
            _open(state, who, time, row)
    if outcome != UPDATED:
        _count_change(state, who, time, rules)
    state.times[who, LAST_EVENT] = time
    current[who, STATUS] = status
    current[who, WORST] = max(current[who, WORST], status)
    current[who, N_EVENTS] += 1
    return outcome


@inlined
def _record(state: AlertState, log: Log, who: int, outcome: int, time: int) -> None:
    """Log what an event did to its alert, and queue the alert for its expiry."""
    alert = state.current[who, ALERT]
    if outcome == RESOLVED:
        _append(state, log, alert, LOG_CLOSED)
        return
    if outcome == OPENED:
        _append(state, log, alert, LOG_OPENED)
    elif outcome == REOPENED:
        _append(state, log, alert, LOG_REOPENED)
    _enqueue(state, who, time)


@jit
def merge_events(chunk: MergeArrays, state: AlertState, log: Log, rules: MergeRules) -> None:
    """Turn events into alerts, in time order; keep the log and the queue if `rules.logged`."""
    times, current, order = state.times, state.current, chunk.order
    as_they_are = len(order) == 0
    n_events = len(chunk.time) if as_they_are else len(order)
    for place in range(n_events):
        row = place if as_they_are else order[place]
        who, time, status = chunk.identity[row], chunk.time[row], chunk.status[row]
        if rules.logged:
            _expire(state, log, time, rules.expire_after)
        if rules.by_time:
            if times[who, SEEN] == time:
                chunk.outcome[row] = DUPLICATE
                state.counters[N_DUPLICATES] += 1
                state.counters[N_CONFLICTS] += current[who, SEEN_STATUS] != status
                continue
            times[who, SEEN] = time
            current[who, SEEN_STATUS] = status
        outcome = _apply(state, who, time, status, row, rules)
        chunk.outcome[row] = outcome
        if outcome == ORPHAN_OK:
            continue
        chunk.alert[row] = current[who, ALERT]
        if rules.logged:
            _record(state, log, who, outcome, time)


@jit
def mark_candidates(
    order: np.ndarray,
    identity: np.ndarray,
    time: np.ndarray,
    seen: np.ndarray,
    rows_before: int,
    marked: np.ndarray,
) -> None:
    """Mark the events that share identity and timestamp with another one, of any chunk.

    `seen` has for each identity its newest timestamp and the first row that had it.
    """
    as_they_are = len(order) == 0
    for place in range(len(time) if as_they_are else len(order)):
        row = place if as_they_are else order[place]
        who = identity[row]
        if seen[who, 0] != time[row]:
            seen[who, 0] = time[row]
            seen[who, 1] = rows_before + row
            continue
        marked[row] = True
        first = seen[who, 1] - rows_before
        if first >= 0:  # else that row was in an earlier chunk
            marked[first] = True
