"""How one alert found its incident, replayed from the events as they were read.

The incident of every earlier alert is known, and the entries of a value change only with the
alerts of their own incident. So it is enough to replay a few incidents, by the same rules in
plain Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pandakit.consolidation._merge.layout import OPENED, RESOLVED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandakit.consolidation._output.arrays import EventArrays
    from pandakit.consolidation.pattern import Pattern
    from pandakit.consolidation.policy import Policy

__all__ = ["Entry", "Replay", "Standing"]


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

    def __init__(self, policy: Policy, events: EventArrays, start: np.ndarray, alert: int) -> None:
        self.policy, self._events, self.alert = policy, events, alert
        self._times = start[: alert + 1].tolist()
        names = [pattern.name for pattern in policy.patterns]
        self._windows = dict(zip(names, policy.windows(), strict=True))
        self._absent = dict(zip(names, events.matches.absent, strict=True))
        values = events.matches.values[: alert + 1]
        self._values = {name: values[:, place] for place, name in enumerate(names)}

    def start(self, alert: int) -> int:
        """Return when an alert opened, in microseconds since the epoch."""
        return int(self._times[alert])

    def matches(self, pattern: Pattern) -> bool:
        """Return whether the alert matches the pattern."""
        return bool(self._values[pattern.name][self.alert] >= 0)

    def absent(self, pattern: Pattern) -> list[str]:
        """Return the columns that the pattern's filter looks at and the events lack."""
        return sorted(self._absent[pattern.name] - set(pattern.tags))

    def holders(self, pattern: Pattern) -> np.ndarray:
        """Return the earlier alerts that have the alert's value, in the order they opened."""
        values = self._values[pattern.name]
        return np.flatnonzero(values[: self.alert] == values[self.alert])

    def tag(self, name: str) -> str | None:
        """Return the text of the alert's tag, None where it is missing."""
        tags = self._events.matches.tags
        return tags[name].text(self.alert) if name in tags else None

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
        """Return whether an alert is too late: a window includes its end, a slot does not."""
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
        time = self._events.time[rows]
        now, row = self.start(self.alert), self._opening_row()
        before = (time < now) | ((time == now) & (rows < row))
        rows, time = rows[before], time[before]
        order = np.lexsort((rows, time))
        newest = np.full(len(is_member), -1)
        newest[of_alert[rows[order]]] = order  # the last row of an alert wins
        last = newest[members]
        ended = outcome[rows[last]] == RESOLVED
        expired = now - time[last] > self.policy.microseconds("expire_after")
        return np.asarray(members[~ended & ~expired])

    def _opening_row(self) -> int:
        rows = np.flatnonzero(self._events.alert == self.alert)
        return int(rows[self._events.outcome[rows] == OPENED][0])
