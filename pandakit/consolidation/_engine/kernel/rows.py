"""Passes over rows: numbers for pairs and keys, repeated rows, sums over incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.consolidation._engine.compile import jit
from pandakit.consolidation._engine.layout import (
    ITS_ALERTS,
    ITS_EVENTS,
    ITS_OPEN_ALERTS,
    ITS_SEVERITY,
    ITS_STATUS,
    N_EVENTS,
    OPEN,
    STANDING,
    STATUS,
    WORST,
)

if TYPE_CHECKING:
    import numpy as np

__all__ = ["find_repeats", "look_up", "number_pairs", "sum_up"]


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
def look_up(keys: np.ndarray, slots: np.ndarray, count: int, numbers: np.ndarray) -> int:
    """Give each key its number; a key that the table does not have gets the next one."""
    last = len(slots) - 1
    for row in range(len(keys)):
        key = keys[row]
        slot = ((key >> 32) * 40503 + (key & 0xFFFFFFFF) * 2654435761 >> 12) & last
        while slots[slot, 1] >= 0 and slots[slot, 0] != key:
            slot = (slot + 1) & last
        if slots[slot, 1] < 0:
            slots[slot, 0] = key
            slots[slot, 1] = count
            count += 1
        numbers[row] = slots[slot, 1]
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
