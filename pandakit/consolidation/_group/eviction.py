"""Dropping the entries that no alert can join any more, so that memory does not grow with time.

Entries are dropped by incident: while one entry of an incident can take an alert, the others
stay, because an alert that joins also decides which of them are still live. What stays keeps its
order, and goes back to the heap of its value; parked entries are parked again when they come to
the top.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pandakit.consolidation._group.layout import (
    ANCHOR,
    BUCKET,
    FIRST_ENTRY,
    FIRST_PARKED,
    INCIDENT,
    LATEST,
    LATEST_ALERT,
    LEFT,
    LIVE,
    N_ALERTS,
    N_INCIDENTS,
    N_REGISTERED,
    PATTERN,
    RIGHT,
    SET_BY,
    VALUE,
)

if TYPE_CHECKING:
    from pandakit.consolidation._group.layout import GroupRules, IncidentState

__all__ = ["Evicted", "evict_entries", "link_entries"]


class Evicted(NamedTuple):
    """What stays and what goes when entries that no alert can join any more are dropped."""

    setters: np.ndarray
    """The alerts whose values the other entries have, in ascending order."""
    live_entries: np.ndarray
    """Incident and pattern of every dropped entry that was live."""


def evict_entries(
    state: IncidentState, rules: GroupRules, time: int
) -> tuple[IncidentState, Evicted]:
    """Return the state without the entries that no alert from `time` on can join."""
    n_entries = int(state.counters[N_REGISTERED])
    entries, times = state.entries[:n_entries], state.times[:n_entries]
    incidents = state.incidents[: int(state.counters[N_INCIDENTS])]
    joinable = _in_window(entries, times, rules, time) & (entries[:, LIVE] == 1)
    joinable &= incidents[entries[:, INCIDENT], N_ALERTS] < rules.max_alerts
    kept_incidents = np.unique(entries[joinable, INCIDENT])
    kept = np.isin(entries[:, INCIDENT], kept_incidents)
    dropped = entries[~kept]
    live = dropped[dropped[:, LIVE] == 1][:, [INCIDENT, PATTERN]]
    numbers = np.cumsum(kept) - 1
    incidents[kept_incidents, FIRST_ENTRY] = numbers[incidents[kept_incidents, FIRST_ENTRY]]
    incidents[entries[:, INCIDENT], FIRST_PARKED] = -1
    state.counters[N_REGISTERED] = np.count_nonzero(kept)
    found = Evicted(np.unique(entries[kept, SET_BY]), live)
    return state._replace(entries=entries[kept], times=times[kept]), found


def _in_window(entries: np.ndarray, times: np.ndarray, rules: GroupRules, time: int) -> np.ndarray:
    windows = rules.windows[entries[:, PATTERN]]
    if rules.anchor == BUCKET:
        return np.asarray(time // windows == times[:, ANCHOR] // windows)
    since = times[:, LATEST if rules.anchor == LATEST_ALERT else ANCHOR]
    return np.asarray(time - since <= windows)


def link_entries(entries: np.ndarray, n_values: int) -> np.ndarray:
    """Put entries into the heaps of their values; return the newest entry of each value."""
    value = entries[:, VALUE]
    order = np.argsort(value, kind="stable")
    same = value[order][1:] == value[order][:-1]
    entries[:, RIGHT] = -1
    entries[order[:1], LEFT] = -1
    entries[order[1:], LEFT] = np.where(same, order[:-1], -1)
    newest = np.full(n_values, -1, dtype=np.int32)
    newest[value[order]] = order  # where a value has several entries, the last one stays
    return newest
