"""Alerts to incidents, in one pass over the log of what happened to alerts.

An incident is found by its entries: an entry is a (pattern, value) of an incident, with the times
from which the window is counted. For each value, the candidates are kept in a heap with the newest
entry on top, because the rule is "most recently registered first".

Time never runs backwards, so three things are final: a window that has passed, an incident that
is full, and an entry that is no longer shared. Such an entry is dropped when it reaches the top
of its heap. An incident without an open alert is different: one of its alerts may reopen. If
`needs_open` is set, an entry of such an incident is *parked*: taken out of its heap, and put back
when an alert of its incident reopens. An entry leaves a heap at most once for each time it was
put in, so the cost of dropping is spread over the events.

Example with one pattern (host, 1 h) and `needs_open`; all alerts are on one host::

    log                    what happens                          heap      parked
    alert 0 opens 0:00     incident 0 starts with entry 0        [0]
    alert 0 closes         incident 0 has no open alert          [0]
    alert 1 opens 0:10     entry 0 cannot win and is parked;     []        0
                           incident 1 starts with entry 1        [1]       0
    alert 0 reopens        entry 0 goes back, below entry 1      [1, 0]
    alert 1 closes         incident 1 has no open alert          [1, 0]
    alert 2 opens 0:20     entry 1 is parked, entry 0 wins       [0]       1
    alert 3 opens 1:30     the window of entry 0 has passed;     []        1
                           incident 2 starts with entry 2        [2]       1

Invariants:

- Entries are numbered as they are registered, so a greater number is a newer entry.
- A parent in a heap is greater than its children.
- An entry is in the heap of its value, or parked with its incident, or dropped for good.
- The entries with which an incident starts have consecutive numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.consolidation._arrays.compile import inlined, jit
from pandakit.consolidation._group.layout import (
    ANCHOR,
    ANCHOR_ALERT,
    BUCKET,
    FIRST_ENTRY,
    FIRST_PARKED,
    INCIDENT,
    ITS_INCIDENT,
    JOINED_BY,
    LATEST,
    LATEST_ALERT,
    LEFT,
    LIVE,
    MOVED_BY,
    N_ALERTS,
    N_ENTRIES,
    N_INCIDENTS,
    N_OPEN,
    N_REGISTERED,
    NEXT_PARKED,
    PATTERN,
    RIGHT,
    SET_BY,
    TOTAL_ALERTS,
    TOTAL_EVENTS,
    TOTAL_OPEN,
    VALUE,
    WORST_EVER,
    WORST_OPEN,
)
from pandakit.consolidation._merge.layout import (
    LOG_OPENED,
    LOG_REOPENED,
    N_EVENTS,
    OPEN,
    STANDING,
    STATUS,
    WORST,
)

if TYPE_CHECKING:
    import numpy as np

    from pandakit.consolidation._group.layout import GroupRules, IncidentState
    from pandakit.consolidation._merge.layout import Log

__all__ = ["add_totals", "group_alerts", "index_entries"]


@inlined
def _meld(one: int, two: int, entries: np.ndarray) -> int:
    """Return the top of two skew heaps merged into one; the newest entry is on top.

    Going down the right sides, each step keeps the greater of two entries and swaps its
    children, which keeps the heaps shallow without any count of their depth.
    """
    if one < 0 or two < 0:
        return max(one, two)
    top, other = max(one, two), min(one, two)
    at = top
    while True:
        right = entries[at, RIGHT]
        entries[at, RIGHT] = entries[at, LEFT]
        if right < 0:
            entries[at, LEFT] = other
            return top
        right, other = max(right, other), min(right, other)
        entries[at, LEFT] = right
        at = right


@inlined
def _drop_newest(state: IncidentState, value: int) -> None:
    entries = state.entries
    top = state.newest[value]
    state.newest[value] = _meld(entries[top, LEFT], entries[top, RIGHT], entries)


@inlined
def _in_window(state: IncidentState, entry: int, time: int, rules: GroupRules) -> bool:
    window = rules.windows[state.entries[entry, PATTERN]]
    if rules.anchor == LATEST_ALERT:
        return bool(time - state.times[entry, LATEST] <= window)
    if rules.anchor == BUCKET:
        return bool(time // window == state.times[entry, ANCHOR] // window)
    return bool(time - state.times[entry, ANCHOR] <= window)


@inlined
def _find_winner(state: IncidentState, values: np.ndarray, time: int, rules: GroupRules) -> int:
    """Return the entry that takes the alert, or -1; drop or park what cannot win."""
    entries, incidents = state.entries, state.incidents
    for pattern in rules.run:
        value = values[pattern]
        if value < 0:
            continue
        while state.newest[value] >= 0:
            entry = state.newest[value]
            incident = entries[entry, INCIDENT]
            gone = (
                not entries[entry, LIVE]
                or incidents[incident, N_ALERTS] >= rules.max_alerts
                or not _in_window(state, entry, time, rules)
            )
            if not gone and (not rules.needs_open or incidents[incident, N_OPEN] > 0):
                return int(entry)
            _drop_newest(state, value)
            if not gone:
                entries[entry, NEXT_PARKED] = incidents[incident, FIRST_PARKED]
                incidents[incident, FIRST_PARKED] = entry
    return -1


@inlined
def _put_back(state: IncidentState, incident: int) -> None:
    """Return the parked entries of an incident that is active again to their heaps."""
    entries = state.entries
    entry = state.incidents[incident, FIRST_PARKED]
    state.incidents[incident, FIRST_PARKED] = -1
    while entry >= 0:
        value = entries[entry, VALUE]
        entries[entry, LEFT] = -1
        entries[entry, RIGHT] = -1
        state.newest[value] = _meld(state.newest[value], entry, entries)
        entry = entries[entry, NEXT_PARKED]


@inlined
def _find_slot(state: IncidentState, incident: int, value: int) -> int:
    """Return the slot of an incident's newest entry of a value, or the free slot for one."""
    last = len(state.slots) - 1
    slot = ((int(incident) * 40503 + int(value) * 2654435761) >> 16) & last
    while state.slots[slot] >= 0:
        entry = state.slots[slot]
        if state.entries[entry, INCIDENT] == incident and state.entries[entry, VALUE] == value:
            break
        slot = (slot + 1) & last
    return slot


@jit
def index_entries(state: IncidentState) -> None:
    """Fill the slots again after their number has grown."""
    for entry in range(state.counters[N_REGISTERED]):
        incident, value = state.entries[entry, INCIDENT], state.entries[entry, VALUE]
        state.slots[_find_slot(state, incident, value)] = entry


@inlined
def _register(
    state: IncidentState, incident: int, pattern: int, value: int, alert: int, time: int
) -> int:
    """Return a new entry; it is the newest of all, so it goes on top of its heap."""
    entry = state.counters[N_REGISTERED]
    state.counters[N_REGISTERED] = entry + 1
    entries = state.entries
    entries[entry, INCIDENT] = incident
    entries[entry, PATTERN] = pattern
    entries[entry, VALUE] = value
    entries[entry, SET_BY] = alert
    entries[entry, MOVED_BY] = alert
    entries[entry, LIVE] = 1
    entries[entry, LEFT] = state.newest[value]
    entries[entry, RIGHT] = -1
    state.times[entry, ANCHOR] = time
    state.times[entry, LATEST] = time
    state.newest[value] = entry
    return int(entry)


@inlined
def _start_incident(
    state: IncidentState, values: np.ndarray, alert: int, time: int, rules: GroupRules
) -> int:
    incident = state.counters[N_INCIDENTS]
    state.counters[N_INCIDENTS] = incident + 1
    incidents, first = state.incidents, state.counters[N_REGISTERED]
    incidents[incident, N_ALERTS] = 0
    incidents[incident, N_OPEN] = 0
    incidents[incident, FIRST_PARKED] = -1
    incidents[incident, FIRST_ENTRY] = first
    for pattern in rules.run:
        if values[pattern] >= 0:
            entry = _register(state, incident, pattern, values[pattern], alert, time)
            if rules.union and len(values) > 1:
                state.slots[_find_slot(state, incident, values[pattern])] = entry
    incidents[incident, N_ENTRIES] = state.counters[N_REGISTERED] - first
    return int(incident)


@inlined
def _intersect(
    state: IncidentState, winner: int, values: np.ndarray, alert: int, time: int, rules: GroupRules
) -> None:
    """Keep only those entries of the incident that the new alert shares."""
    entries, incidents = state.entries, state.incidents
    incident = entries[winner, INCIDENT]
    first = incidents[incident, FIRST_ENTRY]
    for entry in range(first, first + incidents[incident, N_ENTRIES]):
        shared = values[entries[entry, PATTERN]] == entries[entry, VALUE]
        if entries[entry, LIVE] and shared and _in_window(state, entry, time, rules):
            state.times[entry, LATEST] = time
            entries[entry, MOVED_BY] = alert
        else:
            entries[entry, LIVE] = 0


@inlined
def _unite(
    state: IncidentState, winner: int, values: np.ndarray, alert: int, time: int, rules: GroupRules
) -> None:
    """Add the values of the new alert to those of the incident."""
    incident = state.entries[winner, INCIDENT]
    for pattern in rules.run:
        value = values[pattern]
        if value < 0:
            continue
        entry, slot = winner, -1
        if value != state.entries[winner, VALUE]:
            slot = _find_slot(state, incident, value)
            entry = state.slots[slot]
        # The winner passed its window test, so a slot was looked up wherever one is written.
        if entry >= 0 and _in_window(state, entry, time, rules):
            state.times[entry, LATEST] = time
            state.entries[entry, MOVED_BY] = alert
        else:
            state.slots[slot] = _register(state, incident, pattern, value, alert, time)


@inlined
def _place(
    state: IncidentState, values: np.ndarray, alert: int, time: int, rules: GroupRules
) -> None:
    """Find the incident of an alert that opens, or start one."""
    assignment = state.assignment
    winner = _find_winner(state, values, time, rules)
    if winner < 0:
        assignment[alert, ITS_INCIDENT] = _start_incident(state, values, alert, time, rules)
        assignment[alert, JOINED_BY] = -1
        assignment[alert, ANCHOR_ALERT] = -1
        return
    by = MOVED_BY if rules.anchor == LATEST_ALERT else SET_BY
    assignment[alert, ITS_INCIDENT] = state.entries[winner, INCIDENT]
    assignment[alert, JOINED_BY] = state.entries[winner, PATTERN]
    assignment[alert, ANCHOR_ALERT] = state.entries[winner, by]
    if rules.union:
        _unite(state, winner, values, alert, time, rules)
    else:
        _intersect(state, winner, values, alert, time, rules)


@jit
def group_alerts(
    log: Log,
    values: np.ndarray,
    first_alert: int,
    start: np.ndarray,
    state: IncidentState,
    rules: GroupRules,
) -> None:
    """Turn alerts into incidents; row 0 of `values` belongs to `first_alert`."""
    incidents = state.incidents
    for at in range(len(log.alert)):
        alert, what = log.alert[at], log.what[at]
        if what == LOG_OPENED:
            _place(state, values[alert - first_alert], alert, start[alert], rules)
            incident = state.assignment[alert, ITS_INCIDENT]
            incidents[incident, N_ALERTS] += 1
            incidents[incident, N_OPEN] += 1
        elif what == LOG_REOPENED:
            incident = state.assignment[alert, ITS_INCIDENT]
            incidents[incident, N_OPEN] += 1
            _put_back(state, incident)
        else:
            incidents[state.assignment[alert, ITS_INCIDENT], N_OPEN] -= 1


@jit
def add_totals(
    incident: np.ndarray,
    alerts: np.ndarray,
    end: np.ndarray,
    totals: np.ndarray,
    latest_end: np.ndarray,
) -> None:
    """Add up the alerts of each incident."""
    for alert in range(len(incident)):
        its = incident[alert]
        totals[its, TOTAL_ALERTS] += 1
        totals[its, TOTAL_EVENTS] += alerts[alert, N_EVENTS]
        totals[its, WORST_EVER] = max(totals[its, WORST_EVER], alerts[alert, WORST])
        latest_end[its] = max(latest_end[its], end[alert])
        if alerts[alert, STANDING] == OPEN:
            totals[its, TOTAL_OPEN] += 1
            totals[its, WORST_OPEN] = max(totals[its, WORST_OPEN], alerts[alert, STATUS])
