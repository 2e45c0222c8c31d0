"""The kernel: events to alerts, and alerts to incidents, in one pass each in time order.

Plain functions over NumPy arrays. They are compiled when numba is there; the same source
runs interpreted when it is not. `merge_events` knows identities and alerts, `group_alerts`
knows alerts and incidents; the log is all that passes from one to the other.

Time never runs backwards, so a window that has passed stays passed, a full incident stays
full, and an entry that is no longer shared stays so. Such entries are thrown away when they
are met. Only an incident without an open alert may come back, when one of them reopens: its
entries are put aside until then. So a lookup costs a constant, spread over all events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.consolidation._jit import jit, wanted
from pandakit.consolidation._state import (
    ABSENT,
    ALERT,
    ALERT_COLUMNS,
    ANCHOR,
    ANCHOR_ALERT,
    BUCKET,
    DUPLICATE,
    ENDED_OK,
    ENTRIES,
    EXPIRED,
    FIRST_ENTRY,
    FLAPPING,
    HEAD,
    INCIDENT,
    INCIDENTS,
    ITS_ALERTS,
    ITS_EVENTS,
    ITS_INCIDENT,
    ITS_OPEN_ALERTS,
    ITS_SEVERITY,
    ITS_STATUS,
    JOINED_BY,
    KEY,
    LAST_EVENT,
    LATEST,
    LATEST_ALERT,
    LIVE,
    LOG_CLOSED,
    LOG_OPENED,
    LOG_REOPENED,
    MOVED_BY,
    N_ALERTS,
    N_CHANGES,
    N_CONFLICTS,
    N_DUPLICATES,
    N_ENTRIES,
    N_EVENTS,
    N_LOGGED,
    N_MEMBERS,
    N_OPEN,
    N_REOPENS,
    OLDER,
    OPEN,
    OPENED,
    ORPHAN_OK,
    OTHER,
    PARKED,
    PATTERN,
    QUEUED,
    REOPENED,
    RESOLVED,
    SEEN,
    SEEN_STATUS,
    SET_BY,
    STANDING,
    STATUS,
    TAIL,
    UPDATED,
    WAITING,
    WORST,
)

if TYPE_CHECKING:
    import numpy as np

    from pandakit.consolidation._state import Board, Book, Chunk, GroupRules, Log, MergeRules

__all__ = [
    "fast",
    "find_repeats",
    "group_alerts",
    "index_entries",
    "merge_events",
    "number_pairs",
    "sum_up",
]

fast = wanted()


@jit
def number_pairs(
    left: np.ndarray,
    right: np.ndarray,
    width: int,
    table: np.ndarray,
    codes: np.ndarray,
    first_rows: np.ndarray,
) -> int:
    """Give numbers for pairs, in the order in which they first came; a table holds all pairs."""
    count = 0
    for row in range(len(left)):
        slot = (left[row] + 1) * width + right[row] + 1
        code = table[slot]
        if code < 0:
            code = count
            table[slot] = code
            first_rows[count] = row
            count += 1
        codes[row] = code
    return count


@jit
def find_repeats(
    order: np.ndarray,
    identity: np.ndarray,
    time: np.ndarray,
    seen: np.ndarray,
    rows_before: int,
    repeats: np.ndarray,
) -> None:
    """Mark the events that share identity and timestamp with another one, of any chunk."""
    sorted_rows = len(order) == 0
    for place in range(len(time) if sorted_rows else len(order)):
        row = place if sorted_rows else order[place]
        who = identity[row]
        if seen[who, 0] != time[row]:
            seen[who, 0] = time[row]
            seen[who, 1] = rows_before + row
            continue
        repeats[row] = True
        first = seen[who, 1] - rows_before
        if first >= 0:
            repeats[first] = True


@jit
def _note(book: Book, log: Log, alert: int, what: int) -> None:
    place = book.counters[N_LOGGED]
    log.alert[place] = alert
    log.what[place] = what
    book.counters[N_LOGGED] = place + 1


@jit
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


@jit
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


@jit
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


@jit
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


@jit
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


@jit
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


@jit
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
    for place in range(len(chunk.time) if sorted_rows else len(order)):
        row = place if sorted_rows else order[place]
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


@jit
def _meld(left: int, right: int, entries: np.ndarray) -> int:
    """Merge two skew heaps of entries; the newest entry is on top."""
    if left < 0 or right < 0:
        return max(left, right)
    top, other = max(left, right), min(left, right)
    at = top
    while True:
        right = entries[at, OTHER]
        entries[at, OTHER] = entries[at, OLDER]
        if right < 0:
            entries[at, OLDER] = other
            return top
        right, other = max(right, other), min(right, other)
        entries[at, OLDER] = right
        at = right


@jit
def _drop_newest(board: Board, key: int) -> None:
    entries = board.entries
    newest = board.newest[key]
    board.newest[key] = _meld(entries[newest, OLDER], entries[newest, OTHER], entries)


@jit
def _in_window(board: Board, entry: int, time: int, rules: GroupRules) -> bool:
    window = rules.windows[board.entries[entry, PATTERN]]
    if rules.anchor == LATEST_ALERT:
        return bool(time - board.times[entry, LATEST] <= window)
    if rules.anchor == BUCKET:
        return bool(time // window == board.times[entry, ANCHOR] // window)
    return bool(time - board.times[entry, ANCHOR] <= window)


@jit
def _winner(board: Board, keys: np.ndarray, time: int, rules: GroupRules) -> int:
    """Find the entry that takes the alert; throw away what can never win again."""
    entries, incidents = board.entries, board.incidents
    for pattern in rules.run:
        key = keys[pattern]
        if key < 0:
            continue
        while board.newest[key] >= 0:
            entry = board.newest[key]
            incident = entries[entry, INCIDENT]
            gone = (
                not entries[entry, LIVE]
                or incidents[incident, N_MEMBERS] >= rules.max_alerts
                or not _in_window(board, entry, time, rules)
            )
            if not gone and (not rules.needs_open or incidents[incident, N_OPEN] > 0):
                return int(entry)
            _drop_newest(board, key)
            if not gone:
                entries[entry, PARKED] = incidents[incident, WAITING]
                incidents[incident, WAITING] = entry
    return -1


@jit
def _bring_back(board: Board, incident: int) -> None:
    """Put the entries of an incident that is active again where they are looked for."""
    entries = board.entries
    entry = board.incidents[incident, WAITING]
    board.incidents[incident, WAITING] = -1
    while entry >= 0:
        key = entries[entry, KEY]
        entries[entry, OLDER] = -1
        entries[entry, OTHER] = -1
        board.newest[key] = _meld(board.newest[key], entry, entries)
        entry = entries[entry, PARKED]


@jit
def _slot(board: Board, incident: int, key: int) -> int:
    """Find where an incident's newest entry of a key is kept, or may be put."""
    last = len(board.slots) - 1
    slot = ((int(incident) * 40503 + int(key) * 2654435761) >> 16) & last
    while board.slots[slot] >= 0:
        entry = board.slots[slot]
        if board.entries[entry, INCIDENT] == incident and board.entries[entry, KEY] == key:
            break
        slot = (slot + 1) & last
    return slot


@jit
def index_entries(board: Board) -> None:
    """Fill the slots anew, after they became more."""
    for entry in range(board.counters[ENTRIES]):
        incident, key = board.entries[entry, INCIDENT], board.entries[entry, KEY]
        board.slots[_slot(board, incident, key)] = entry


@jit
def _register(board: Board, incident: int, pattern: int, key: int, alert: int, time: int) -> int:
    entry = board.counters[ENTRIES]
    board.counters[ENTRIES] = entry + 1
    entries = board.entries
    entries[entry, INCIDENT] = incident
    entries[entry, PATTERN] = pattern
    entries[entry, KEY] = key
    entries[entry, SET_BY] = alert
    entries[entry, MOVED_BY] = alert
    entries[entry, LIVE] = 1
    entries[entry, OLDER] = board.newest[key]
    entries[entry, OTHER] = -1
    board.times[entry, ANCHOR] = time
    board.times[entry, LATEST] = time
    board.newest[key] = entry
    return int(entry)


@jit
def _start_incident(
    board: Board, keys: np.ndarray, alert: int, time: int, rules: GroupRules
) -> int:
    incident = board.counters[INCIDENTS]
    board.counters[INCIDENTS] = incident + 1
    incidents, first = board.incidents, board.counters[ENTRIES]
    incidents[incident, N_MEMBERS] = 0
    incidents[incident, N_OPEN] = 0
    incidents[incident, WAITING] = -1
    incidents[incident, FIRST_ENTRY] = first
    for pattern in rules.run:
        if keys[pattern] >= 0:
            entry = _register(board, incident, pattern, keys[pattern], alert, time)
            if rules.union and len(keys) > 1:
                board.slots[_slot(board, incident, keys[pattern])] = entry
    incidents[incident, N_ENTRIES] = board.counters[ENTRIES] - first
    return int(incident)


@jit
def _intersect(
    board: Board, winner: int, keys: np.ndarray, alert: int, time: int, rules: GroupRules
) -> None:
    """Keep the entries of the incident that the new alert shares."""
    entries, incidents = board.entries, board.incidents
    incident = entries[winner, INCIDENT]
    first = incidents[incident, FIRST_ENTRY]
    for entry in range(first, first + incidents[incident, N_ENTRIES]):
        shared = keys[entries[entry, PATTERN]] == entries[entry, KEY]
        if entries[entry, LIVE] and shared and _in_window(board, entry, time, rules):
            board.times[entry, LATEST] = time
            entries[entry, MOVED_BY] = alert
        else:
            entries[entry, LIVE] = 0


@jit
def _unite(
    board: Board, winner: int, keys: np.ndarray, alert: int, time: int, rules: GroupRules
) -> None:
    """Take the values of the new alert over into the incident."""
    incident = board.entries[winner, INCIDENT]
    for pattern in rules.run:
        key = keys[pattern]
        if key < 0:
            continue
        entry, slot = winner, -1
        if key != board.entries[winner, KEY]:
            slot = _slot(board, incident, key)
            entry = board.slots[slot]
        if entry >= 0 and _in_window(board, entry, time, rules):
            board.times[entry, LATEST] = time
            board.entries[entry, MOVED_BY] = alert
        else:
            board.slots[slot] = _register(board, incident, pattern, key, alert, time)


@jit
def _place(board: Board, keys: np.ndarray, alert: int, time: int, rules: GroupRules) -> None:
    """Find the incident of an alert that opens, or start one."""
    places = board.places
    winner = _winner(board, keys, time, rules)
    if winner < 0:
        places[alert, ITS_INCIDENT] = _start_incident(board, keys, alert, time, rules)
        places[alert, JOINED_BY] = -1
        places[alert, ANCHOR_ALERT] = -1
        return
    by = MOVED_BY if rules.anchor == LATEST_ALERT else SET_BY
    places[alert, ITS_INCIDENT] = board.entries[winner, INCIDENT]
    places[alert, JOINED_BY] = board.entries[winner, PATTERN]
    places[alert, ANCHOR_ALERT] = board.entries[winner, by]
    if rules.union:
        _unite(board, winner, keys, alert, time, rules)
    else:
        _intersect(board, winner, keys, alert, time, rules)


@jit
def group_alerts(
    log: Log, keys: np.ndarray, first: int, start: np.ndarray, board: Board, rules: GroupRules
) -> None:
    """Turn alerts into incidents; row 0 of `keys` belongs to the alert `first`."""
    incidents = board.incidents
    for at in range(len(log.alert)):
        alert, what = log.alert[at], log.what[at]
        if what == LOG_OPENED:
            _place(board, keys[alert - first], alert, start[alert], rules)
            incident = board.places[alert, ITS_INCIDENT]
            incidents[incident, N_MEMBERS] += 1
            incidents[incident, N_OPEN] += 1
        elif what == LOG_REOPENED:
            incident = board.places[alert, ITS_INCIDENT]
            incidents[incident, N_OPEN] += 1
            _bring_back(board, incident)
        else:
            incidents[board.places[alert, ITS_INCIDENT], N_OPEN] -= 1


@jit
def sum_up(
    incident: np.ndarray,
    alerts: np.ndarray,
    end: np.ndarray,
    counts: np.ndarray,
    latest_end: np.ndarray,
) -> None:
    """Add the alerts of each incident up."""
    for alert in range(len(incident)):
        its = incident[alert]
        counts[its, ITS_ALERTS] += 1
        counts[its, ITS_EVENTS] += alerts[alert, N_EVENTS]
        counts[its, ITS_SEVERITY] = max(counts[its, ITS_SEVERITY], alerts[alert, WORST])
        latest_end[its] = max(latest_end[its], end[alert])
        if alerts[alert, STANDING] == OPEN:
            counts[its, ITS_OPEN_ALERTS] += 1
            counts[its, ITS_STATUS] = max(counts[its, ITS_STATUS], alerts[alert, STATUS])
