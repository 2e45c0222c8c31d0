"""Events to alerts, in one pass in the order of time.

Each identity has a current alert or none. Open alerts are queued by their last event, for
their expiry; what opens and closes them goes to a log, all that the incidents need to know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.consolidation._engine.compile import inlined, jit
from pandakit.consolidation._engine.layout import (
    ABSENT,
    ALERT,
    ALERT_COLUMNS,
    DUPLICATE,
    ENDED_OK,
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
from pandakit.consolidation._engine.prefetch import AHEAD, prefetcher

if TYPE_CHECKING:
    from pandakit.consolidation._engine.layout import Book, Chunk, Log, MergeRules

__all__ = ["merge_events"]

prefetch = prefetcher()


@inlined
def _note(book: Book, log: Log, alert: int, what: int) -> None:
    place = book.counters[N_LOGGED]
    log.alert[place] = alert
    log.what[place] = what
    book.counters[N_LOGGED] = place + 1


@inlined
def _compact(book: Book) -> None:
    """Drop what is no longer the last event of an open alert; at most half remains."""
    kept = 0
    for place in range(book.counters[HEAD], book.counters[TAIL]):
        who, time = book.queue_identity[place], book.queue_time[place]
        if book.marks[who, STANDING] == OPEN and book.times[who, LAST_EVENT] == time:
            book.queue_identity[kept] = who
            book.queue_time[kept] = time
            kept += 1
    book.counters[HEAD] = 0
    book.counters[TAIL] = kept


@inlined
def _enqueue(book: Book, who: int, time: int) -> None:
    if book.times[who, QUEUED] == time:
        return
    book.times[who, QUEUED] = time
    if book.counters[TAIL] == len(book.queue_time):
        _compact(book)
    tail = book.counters[TAIL]
    book.queue_identity[tail] = who
    book.queue_time[tail] = time
    book.counters[TAIL] = tail + 1


@inlined
def _expire(book: Book, log: Log, now: int, expire_after: int) -> None:
    """Close every alert whose last event is too long ago, in the order in which they end."""
    marks, head, tail = book.marks, book.counters[HEAD], book.counters[TAIL]
    while head < tail and now - book.queue_time[head] > expire_after:
        who, time = book.queue_identity[head], book.queue_time[head]
        if marks[who, STANDING] == OPEN and book.times[who, LAST_EVENT] == time:
            marks[who, STANDING] = EXPIRED
            _note(book, log, marks[who, ALERT], LOG_CLOSED)
        head += 1
    book.counters[HEAD] = head


@inlined
def _change(book: Book, who: int, time: int, rules: MergeRules) -> None:
    """Count a change of state; the last few times tell whether the alert is flapping."""
    marks = book.marks
    if marks[who, FLAPPING]:
        return
    count = marks[who, N_CHANGES] + 1
    marks[who, N_CHANGES] = count
    book.changes[who, (count - 1) % rules.flap_changes] = time
    if count >= rules.flap_changes:
        oldest = book.changes[who, count % rules.flap_changes]
        if time - oldest <= rules.flap_window:
            marks[who, FLAPPING] = 1


@inlined
def _open(book: Book, who: int, time: int, row: int) -> None:
    marks = book.marks
    if marks[who, STANDING] != ABSENT:
        ended = marks[who, ALERT]
        book.last_event[ended] = book.times[who, LAST_EVENT]
        for column in range(ALERT_COLUMNS):
            book.alerts[ended, column] = marks[who, column]
    alert = book.counters[N_ALERTS]
    book.counters[N_ALERTS] = alert + 1
    book.start[alert] = time
    book.opened_row[alert] = row
    marks[who, ALERT] = alert
    marks[who, STANDING] = OPEN
    marks[who, WORST] = 0
    marks[who, N_EVENTS] = 0
    marks[who, N_REOPENS] = 0
    marks[who, FLAPPING] = 0
    marks[who, N_CHANGES] = 0


@inlined
def _take(book: Book, who: int, time: int, status: int, row: int, rules: MergeRules) -> int:
    """Apply one event to its identity and give the outcome."""
    marks = book.marks
    standing = marks[who, STANDING]
    last = book.times[who, LAST_EVENT]
    if standing == OPEN and time - last > rules.expire_after:
        standing = marks[who, STANDING] = EXPIRED
    if status == 0:
        if standing != OPEN:
            return ORPHAN_OK
        outcome = RESOLVED
        marks[who, STANDING] = ENDED_OK
    elif standing == OPEN:
        outcome = UPDATED
    else:
        end = last + rules.expire_after if standing == EXPIRED else last
        if standing != ABSENT and time - end <= rules.reopen_window:
            outcome = REOPENED
            marks[who, STANDING] = OPEN
            marks[who, N_REOPENS] += 1
        else:
            outcome = OPENED
            _open(book, who, time, row)
    if outcome != UPDATED:
        _change(book, who, time, rules)
    book.times[who, LAST_EVENT] = time
    marks[who, STATUS] = status
    marks[who, WORST] = max(marks[who, WORST], status)
    marks[who, N_EVENTS] += 1
    return outcome


@inlined
def _write(book: Book, log: Log, who: int, outcome: int, time: int) -> None:
    """Log what an event did to its alert, and queue the alert for its expiry."""
    alert = book.marks[who, ALERT]
    if outcome == RESOLVED:
        _note(book, log, alert, LOG_CLOSED)
        return
    if outcome == OPENED:
        _note(book, log, alert, LOG_OPENED)
    elif outcome == REOPENED:
        _note(book, log, alert, LOG_REOPENED)
    _enqueue(book, who, time)


@jit
def merge_events(chunk: Chunk, book: Book, log: Log, rules: MergeRules) -> None:
    """Turn events into alerts, in time order.

    With `rules.logged`, what opens and closes alerts is written to the log, expiry
    included: open alerts are kept in a queue by their last event.
    """
    times, marks, order = book.times, book.marks, chunk.order
    sorted_rows = len(order) == 0
    n_taken = len(chunk.time) if sorted_rows else len(order)
    for place in range(n_taken):
        row = place if sorted_rows else order[place]
        if place + AHEAD < n_taken:
            soon = chunk.identity[row + AHEAD if sorted_rows else order[place + AHEAD]]
            prefetch(times, soon)
            prefetch(book.changes, soon)
        who, time, status = chunk.identity[row], chunk.time[row], chunk.status[row]
        if rules.logged:
            _expire(book, log, time, rules.expire_after)
        if rules.by_time:
            if times[who, SEEN] == time:
                chunk.outcome[row] = DUPLICATE
                book.counters[N_DUPLICATES] += 1
                book.counters[N_CONFLICTS] += marks[who, SEEN_STATUS] != status
                continue
            times[who, SEEN] = time
            marks[who, SEEN_STATUS] = status
        outcome = _take(book, who, time, status, row, rules)
        chunk.outcome[row] = outcome
        if outcome == ORPHAN_OK:
            continue
        chunk.alert[row] = marks[who, ALERT]
        if rules.logged:
            _write(book, log, who, outcome, time)
