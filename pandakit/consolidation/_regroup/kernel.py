"""Alerts to incidents where the newest entry of a value decides, as it does in most sweeps.

An entry's window is counted from its first alert (or by the clock), incidents may be joined when
all their alerts have ended, and matchers are united. Time never runs backwards, so if the window of
a value's newest entry has passed, those of all older ones have passed as well, and an entry that no
longer counts never counts again. So a value needs only a stack, not a heap of entries that may
return as in `_group/kernel.py`, and an alert looks only at its top.

Whether an incident has an entry of a value is looked up in two lists at once, newest first: the
entries of the value, and those of the incident. The search ends with the shorter list, almost
always at once, so no hash table is needed, which would not fit into the processor's cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.consolidation._arrays.compile import inlined, jit
from pandakit.consolidation._group.layout import BUCKET
from pandakit.consolidation._regroup.layout import (
    EARLIER,
    INCIDENT,
    LAST_ENTRY,
    N_ALERTS,
    OLDER,
    VALUE,
)

if TYPE_CHECKING:
    import numpy as np

    from pandakit.consolidation._group.layout import GroupRules
    from pandakit.consolidation._regroup.layout import Stacks

__all__ = ["regroup_alerts"]


@inlined
def _in_window(anchor: int, time: int, window: int, rules: GroupRules) -> bool:
    if rules.anchor == BUCKET:
        return bool(time // window == anchor // window)
    return bool(time - anchor <= window)


@inlined
def _find_incident(stacks: Stacks, values: np.ndarray, time: int, rules: GroupRules) -> int:
    """Return the incident that takes the alert, or -1; drop entries of full incidents."""
    entries, newest = stacks.entries, stacks.newest
    for pattern in rules.run:
        value = values[pattern]
        if value < 0:
            continue
        entry = newest[value]
        while entry >= 0 and _in_window(stacks.anchors[entry], time, rules.windows[pattern], rules):
            incident = entries[entry, INCIDENT]
            if stacks.incidents[incident, N_ALERTS] < rules.max_alerts:
                return int(incident)
            entry = newest[value] = entries[entry, OLDER]
    return -1


@inlined
def _has_entry(
    stacks: Stacks, incident: int, value: int, time: int, window: int, rules: GroupRules
) -> bool:
    """Return whether an incident has an entry of a value whose window has not passed."""
    entries, anchors = stacks.entries, stacks.anchors
    of_value, of_incident = stacks.newest[value], stacks.incidents[incident, LAST_ENTRY]
    while of_value >= 0 and of_incident >= 0:
        if not _in_window(anchors[of_value], time, window, rules):
            return False
        if entries[of_value, INCIDENT] == incident:
            return True
        if entries[of_incident, VALUE] == value:
            return bool(_in_window(anchors[of_incident], time, window, rules))
        of_value, of_incident = entries[of_value, OLDER], entries[of_incident, EARLIER]
    return False


@inlined
def _register(stacks: Stacks, entry: int, incident: int, value: int, time: int) -> None:
    entries, incidents = stacks.entries, stacks.incidents
    stacks.anchors[entry] = time
    entries[entry, INCIDENT] = incident
    entries[entry, VALUE] = value
    entries[entry, OLDER] = stacks.newest[value]
    entries[entry, EARLIER] = incidents[incident, LAST_ENTRY]
    stacks.newest[value] = entry
    incidents[incident, LAST_ENTRY] = entry


@jit
def regroup_alerts(
    values: np.ndarray, start: np.ndarray, stacks: Stacks, rules: GroupRules
) -> None:
    """Write the incident of each alert into `stacks.found`."""
    incidents, n_entries, n_incidents = stacks.incidents, 0, 0
    for alert in range(len(start)):
        time = start[alert]
        incident = _find_incident(stacks, values[alert], time, rules)
        if incident < 0:
            incident = n_incidents
            n_incidents += 1
            incidents[incident, N_ALERTS], incidents[incident, LAST_ENTRY] = 0, -1
        for pattern in rules.run:
            value, window = values[alert, pattern], rules.windows[pattern]
            if value >= 0 and not _has_entry(stacks, incident, value, time, window, rules):
                _register(stacks, n_entries, incident, value, time)
                n_entries += 1
        incidents[incident, N_ALERTS] += 1
        stacks.found[alert] = incident
