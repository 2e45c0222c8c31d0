"""Alerts to incidents, in one pass over the log of what happened to alerts.

Time never runs backwards, so a window that has passed stays passed, a full incident stays
full, and an entry that is no longer shared stays so. Such entries are thrown away when they
are met. Only an incident without an open alert may come back, when one of them reopens: its
entries are put aside until then. So a lookup costs a constant, spread over all events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.consolidation._engine.compile import inlined, jit
from pandakit.consolidation._engine.layout import (
    ANCHOR,
    ANCHOR_ALERT,
    BUCKET,
    ENTRIES,
    FIRST_ENTRY,
    INCIDENT,
    INCIDENTS,
    ITS_INCIDENT,
    JOINED_BY,
    KEY,
    LATEST,
    LATEST_ALERT,
    LIVE,
    LOG_OPENED,
    LOG_REOPENED,
    MOVED_BY,
    N_ENTRIES,
    N_MEMBERS,
    N_OPEN,
    OLDER,
    OTHER,
    PARKED,
    PATTERN,
    SET_BY,
    WAITING,
)

if TYPE_CHECKING:
    import numpy as np

    from pandakit.consolidation._engine.layout import Board, GroupRules, Log

__all__ = ["group_alerts", "index_entries"]


@inlined
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


@inlined
def _drop_newest(board: Board, key: int) -> None:
    entries = board.entries
    newest = board.newest[key]
    board.newest[key] = _meld(entries[newest, OLDER], entries[newest, OTHER], entries)


@inlined
def _in_window(board: Board, entry: int, time: int, rules: GroupRules) -> bool:
    window = rules.windows[board.entries[entry, PATTERN]]
    if rules.anchor == LATEST_ALERT:
        return bool(time - board.times[entry, LATEST] <= window)
    if rules.anchor == BUCKET:
        return bool(time // window == board.times[entry, ANCHOR] // window)
    return bool(time - board.times[entry, ANCHOR] <= window)


@inlined
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


@inlined
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


@inlined
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


@inlined
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


@inlined
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


@inlined
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


@inlined
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


@inlined
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
