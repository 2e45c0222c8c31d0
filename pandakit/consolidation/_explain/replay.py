"""How one alert met its incident, replayed from the input and from what became of its rows.

The incident of every earlier alert is known, and the entries of a value change only with the
alerts of their own incident. So a few incidents are replayed, by the rules in plain Python,
and not everything that came before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from pandakit.consolidation._arrays.table import Table
from pandakit.consolidation._group.grouper import Matcher, source_systems
from pandakit.consolidation._merge.layout import OPENED, RESOLVED
from pandakit.consolidation._read.events import Reader
from pandakit.consolidation._read.timestamps import read_times
from pandakit.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandakit.consolidation._output.frames import EventArrays
    from pandakit.consolidation.pattern import Pattern
    from pandakit.consolidation.policy import Policy

__all__ = ["CHANGED", "Entry", "Replay", "Standing"]

CHANGED = (
    "the events are no longer those that were consolidated, so nothing can be explained from "
    "them: consolidate again, and change only copies of the frame"
)


@dataclass
class Entry:
    """A value under which an incident can be found, with the alerts that set its times."""

    incident: int
    first: int
    latest: int
    removed_by: int | None = None


class Standing(NamedTuple):
    """How many alerts an incident has at a moment, and how many of them are open."""

    n_alerts: int
    n_open: int


class Replay:
    """The alerts up to one of them: the values that they have, and when they started."""

    def __init__(
        self, source: Any, unit: str, policy: Policy, events: EventArrays, alert: int
    ) -> None:
        self._source, self._unit, self.policy = source, unit, policy
        self._events, self.alert = events, alert
        self._rows = _opening_rows(events, alert)
        if len(source) != len(events.outcome):
            raise EventError(CHANGED)
        self._reading = Reader(policy, unit).read(_taken(source, self._rows))
        if (self._reading.reason >= 0).any():
            raise EventError(CHANGED)
        self.start = self._reading.time
        self._times = self.start.tolist()
        names = [pattern.name for pattern in policy.patterns]
        self._windows = dict(zip(names, policy.windows(), strict=True))
        values, _ = Matcher(policy).match(self._reading, np.arange(alert + 1))
        self._values = {name: values[:, place] for place, name in enumerate(names)}

    def matches(self, pattern: Pattern) -> bool:
        """Return whether the alert matches the pattern."""
        return bool(self._values[pattern.name][self.alert] >= 0)

    def primary(self) -> tuple[str, str]:
        """Return name and value of the alert's primary."""
        names, owners, codes = self._reading.primaries.split(self._reading.primary[[self.alert]])
        name = names[owners[0]]
        return name, str(self._reading.vocabularies[name].labels[int(codes[0])])

    def absent(self, pattern: Pattern) -> list[str]:
        """Return the columns that the pattern's filter looks at and the events lack."""
        absent = self._reading.absent[self.policy.patterns.index(pattern)]
        return sorted(absent - set(pattern.tags))

    def holders(self, pattern: Pattern) -> np.ndarray:
        """Return the earlier alerts that have the alert's value, in the order they opened."""
        values = self._values[pattern.name]
        return np.flatnonzero(values[: self.alert] == values[self.alert])

    def tag(self, name: str) -> str | None:
        """Return the text of the alert's tag, None where it is missing."""
        if name == "source_system":
            found: str | None = source_systems(self._reading, np.array([self.alert]))[0].as_py()
            return found
        table = self._reading.table
        if name not in table:
            return None
        text: str | None = table.text(name, [self.alert])[0].as_py()
        return text.lower() if text is not None and name == "status" else text

    def entries(
        self, pattern: Pattern, incidents: np.ndarray, *, only: int | None = None
    ) -> Iterator[Entry]:
        """Yield the entries of the alert's value, newest first; `only` those of one incident."""
        holders = self.holders(pattern)
        if only is not None:
            holders = holders[incidents[holders] == only]
        if self.policy.matchers == "union":
            return reversed(self._united(pattern, holders, incidents))
        before = np.maximum.accumulate(incidents[: self.alert + 1])
        opened = holders[(holders == 0) | (incidents[holders] > before[holders - 1])]
        return (self._intersected(pattern, int(one), incidents) for one in opened[::-1])

    def _united(self, pattern: Pattern, holders: np.ndarray, incidents: np.ndarray) -> list[Entry]:
        """Every alert of an incident moves its newest entry of the value, or adds one."""
        entries: list[Entry] = []
        newest: dict[int, Entry] = {}
        for alert, incident in zip(holders.tolist(), incidents[holders].tolist(), strict=True):
            entry = newest.get(incident)
            if entry is None or self.is_past(pattern, entry, alert):
                entry = newest[incident] = Entry(incident, alert, alert)
                entries.append(entry)
            entry.latest = alert
        return entries

    def _intersected(self, pattern: Pattern, opener: int, incidents: np.ndarray) -> Entry:
        """Follow an entry for as long as every alert of its incident shares the value in time."""
        entry = Entry(int(incidents[opener]), opener, opener)
        values = self._values[pattern.name]
        members = np.flatnonzero(incidents[opener + 1 : self.alert] == entry.incident) + opener + 1
        for member in members.tolist():
            if values[member] != values[opener]:
                entry.removed_by = member
                break
            if self.is_past(pattern, entry, member):
                break  # the window has passed for good
            entry.latest = member
        return entry

    def counted_from(self, entry: Entry) -> int:
        """Return the alert from which the entry's window is counted."""
        return entry.latest if self.policy.anchor == "latest" else entry.first

    def overdue(self, pattern: Pattern, entry: Entry, alert: int) -> int:
        """Return by how many microseconds an alert comes after the end of the entry's window."""
        window = self._windows[pattern.name]
        since, now = self._times[self.counted_from(entry)], self._times[alert]
        if self.policy.anchor == "bucket":
            return int(now - (since // window + 1) * window)
        return int(now - since - window)

    def is_past(self, pattern: Pattern, entry: Entry, alert: int) -> bool:
        """Return whether an alert comes too late: a window has its last moment, a slot has not."""
        overdue = self.overdue(pattern, entry, alert)
        return overdue >= 0 if self.policy.anchor == "bucket" else overdue > 0

    def standings(self, wanted: list[int], incidents: np.ndarray) -> dict[int, Standing]:
        """Return size and open alerts of incidents at the moment before the alert opened."""
        earlier = incidents[: self.alert]
        is_wanted = np.isin(earlier, wanted)
        sizes = np.bincount(earlier[is_wanted], minlength=max(wanted, default=0) + 1)
        is_open = self._open(np.flatnonzero(is_wanted))
        n_open = np.bincount(earlier[is_open], minlength=len(sizes))
        return {one: Standing(int(sizes[one]), int(n_open[one])) for one in wanted}

    def _open(self, members: np.ndarray) -> np.ndarray:
        """Return those alerts that were open when the alert opened."""
        of_alert, outcome = self._events.alert, self._events.outcome
        is_member = np.zeros(int(of_alert.max(initial=-1)) + 2, dtype=bool)
        is_member[members] = True
        rows = np.flatnonzero(is_member[of_alert])
        cells = Table(self._source).cells("timestamp", rows)
        time = read_times(cells, self._unit)
        now, row = self.start[self.alert], self._rows[self.alert]
        before = (time < now) | ((time == now) & (rows < row))
        rows, time = rows[before], time[before]
        order = np.lexsort((rows, time))
        newest = np.full(len(is_member), -1)
        newest[of_alert[rows[order]]] = order  # the last one of an alert stays
        last = newest[members]
        ended = outcome[rows[last]] == RESOLVED
        expired = now - time[last] > self.policy.microseconds("expire_after")
        return np.asarray(members[~ended & ~expired])


def _opening_rows(events: EventArrays, alert: int) -> np.ndarray:
    """Return the rows that opened the alerts up to this one."""
    opened = np.flatnonzero(events.outcome == OPENED)
    alerts = events.alert[opened]
    rows = np.empty(alert + 1, dtype=np.int64)
    wanted = alerts <= alert
    rows[alerts[wanted]] = opened[wanted]
    return rows


def _taken(source: Any, rows: np.ndarray) -> Any:
    return source.iloc[rows] if isinstance(source, pd.DataFrame) else source.take(pa.array(rows))
