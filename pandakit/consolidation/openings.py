"""Alerts as they open: events read once and merged once, then grouped under many settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pandakit.consolidation._group.grouper import Grouper, Matcher, Matches
from pandakit.consolidation._group.layout import ITS_INCIDENT
from pandakit.consolidation._merge.layout import Log
from pandakit.consolidation._merge.merger import Merger
from pandakit.consolidation._read.events import Reader
from pandakit.consolidation._regroup.regroup import incidents_of, newest_decide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandakit.consolidation._merge.merger import Merged
    from pandakit.consolidation.pattern import Pattern
    from pandakit.consolidation.policy import Policy, TimeUnit

__all__ = ["EventHistory", "Openings"]


class EventHistory:
    """Events that are read once and can be merged under several policies.

    Parameters
    ----------
    events, unit
        As `consolidate` accepts them.
    policy
        Its patterns are those that alerts can be grouped by.
    """

    def __init__(self, events: Any, policy: Policy, unit: TimeUnit = "s") -> None:
        self._reader = Reader(policy, unit)
        self._encoded = self._reader.read(events)
        self._reader.rejections.report(stacklevel=3)
        self._policy = policy

    @property
    def counts(self) -> dict[str, int]:
        """How many events were received, and rejected."""
        rejections = self._reader.rejections
        return {"received": rejections.n_received, "rejected": rejections.n_rejected}

    def openings(self, policy: Policy, *, ties: np.random.Generator | None = None) -> Openings:
        """Return the alerts under a policy's rules for duplicates, reopening and expiry.

        Alerts can be grouped under ``join_resolved=False`` only if this policy has it.

        Parameters
        ----------
        policy
            The rules to merge by.
        ties
            Draws the order of events with the same timestamp; None keeps that of the rows.
        """
        encoded = self._encoded
        if ties is not None:
            encoded = encoded._replace(order=self._shuffled(ties))
        return self._opened(encoded, policy)

    def openings_reversed(self, policy: Policy) -> Openings:
        """Return the alerts as if events with the same timestamp had arrived in reverse order."""
        rows = self._rows()
        order = rows[::-1][np.argsort(self._encoded.time[rows][::-1], kind="stable")]
        return self._opened(self._encoded._replace(order=order), policy)

    def _shuffled(self, ties: np.random.Generator) -> np.ndarray:
        """Return the rows by time, those of one time as they stand in a permutation of all rows."""
        rows = self._rows()
        place = np.empty(len(self._encoded.time), dtype=np.int64)
        place[ties.permutation(rows)] = np.arange(len(rows))
        time = self._encoded.time[rows]
        as_before = time[1:] == time[:-1]
        tied = np.flatnonzero(np.append(as_before, False) | np.append(False, as_before))
        order = rows.copy()
        order[tied] = rows[tied[np.lexsort([place[rows[tied]], time[tied]])]]
        return order

    def _rows(self) -> np.ndarray:
        encoded = self._encoded
        return np.arange(len(encoded.time)) if encoded.order is None else encoded.order

    def _opened(self, encoded: Any, policy: Policy) -> Openings:
        merger, matcher = Merger(policy), Matcher(self._policy)
        merged = merger.merge(encoded)
        matches = matcher.match(encoded, merged.opened_rows)
        rows = merged.opened_rows
        return Openings(
            merged,
            matches,
            self._policy.patterns,
            primary=encoded.primary[rows],
            identity=encoded.identity[rows],
            n_duplicates=merger.n_duplicates,
        )


class Openings:
    """Alerts with the values of their patterns; what `group` turns into incidents.

    Attributes
    ----------
    start : numpy.ndarray
        When each alert opened, in microseconds since the epoch.
    rows : numpy.ndarray
        The row of the event that opened each alert.
    pattern_values : numpy.ndarray
        The value of each pattern as a number, one row per alert and one column per pattern; -1
        where the alert does not match.
    primary, identity : numpy.ndarray
        The primary and the identity of each alert, as numbers.
    n_duplicates : int
        How many events were dropped as duplicates.
    """

    def __init__(
        self,
        merged: Merged,
        matches: Matches,
        patterns: Sequence[Pattern],
        *,
        primary: np.ndarray,
        identity: np.ndarray,
        n_duplicates: int,
    ) -> None:
        self._merged = merged
        self._matches = matches
        self._patterns = tuple(patterns)
        self.start = merged.start
        self.rows = merged.opened_rows
        self.pattern_values = matches.values
        self.primary = primary
        self.identity = identity
        self.n_duplicates = n_duplicates

    def __len__(self) -> int:
        return len(self.start)

    def column_of(self, pattern: Pattern) -> int:
        """Return the column of `pattern_values` that belongs to a pattern, whatever its window."""
        return [known.name for known in self._patterns].index(pattern.name)

    def group(self, policy: Policy, values: np.ndarray | None = None) -> np.ndarray:
        """Return the incident of each alert.

        Parameters
        ----------
        policy
            Its patterns are among those of the history, by name; their windows may differ.
        values
            Other values for its patterns, one column for each.
        """
        if values is None:
            columns = [self.column_of(pattern) for pattern in policy.patterns]
            values = self.pattern_values[:, columns]
        matches = self._matches._replace(values=np.ascontiguousarray(values))
        if newest_decide(policy):
            return incidents_of(policy, matches, self.start)
        incidents: np.ndarray = Grouper(policy).group(self._merged, matches)[:, ITS_INCIDENT]
        return incidents

    def only(self, alerts: np.ndarray) -> Openings:
        """Return some of the alerts, renumbered in the given order, which is that of time."""
        places = np.full(len(self), -1, dtype=np.int32)
        places[alerts] = np.arange(len(alerts))
        log = self._merged.log
        kept = places[log.alert] >= 0
        merged = self._merged._replace(
            start=self.start[alerts],
            opened_rows=self.rows[alerts],
            log=Log(places[log.alert[kept]], log.what[kept]),
        )
        matches = self._matches._replace(values=self.pattern_values[alerts])
        return Openings(
            merged,
            matches,
            self._patterns,
            primary=self.primary[alerts],
            identity=self.identity[alerts],
            n_duplicates=self.n_duplicates,
        )
