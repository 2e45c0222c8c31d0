"""Alerts to incidents: the state between chunks, and the settings as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pandakit.consolidation._arrays.buffers import check_ids, grown
from pandakit.consolidation._group.layout import (
    BUCKET,
    ENTRY_COLUMNS,
    FIRST_ALERT,
    INCIDENT,
    INCIDENT_COLUMNS,
    ITS_INCIDENT,
    LATEST_ALERT,
    LIVE,
    N_INCIDENTS,
    N_REGISTERED,
    PATTERN,
    UNLIMITED,
    GroupRules,
    IncidentState,
)

if TYPE_CHECKING:
    from pandakit.consolidation._match.matcher import Matches
    from pandakit.consolidation._merge.merger import Alerts, Merged
    from pandakit.consolidation.policy import Policy

__all__ = ["Grouper", "IncidentTotals"]

_ANCHORS = {"first": FIRST_ALERT, "latest": LATEST_ALERT, "bucket": BUCKET}
_LONG_AGO = np.iinfo(np.int64).min


class IncidentTotals(NamedTuple):
    """Sums over the alerts of each incident, and when the last of them ended."""

    totals: np.ndarray
    latest_end: np.ndarray


class Grouper:
    """Puts alerts into incidents; keeps incidents and their entries between chunks."""

    def __init__(self, policy: Policy) -> None:
        self._rules = _rules(policy)
        self._uses_slots = policy.matchers == "union" and len(policy.patterns) > 1
        self._state = IncidentState(
            entries=np.zeros((0, ENTRY_COLUMNS), dtype=np.int32),
            times=np.zeros((0, 2), dtype=np.int64),
            newest=np.zeros(0, dtype=np.int32),
            incidents=np.zeros((0, INCIDENT_COLUMNS), dtype=np.int32),
            slots=np.full(1, -1, dtype=np.int32),
            membership=np.zeros((0, 3), dtype=np.int32),
            counters=np.zeros(2, dtype=np.int64),
        )

    @property
    def n_incidents(self) -> int:
        """How many incidents there are so far."""
        return int(self._state.counters[N_INCIDENTS])

    def group(self, merged: Merged, matches: Matches) -> np.ndarray:
        """Group new alerts into incidents; return the membership of all alerts so far."""
        from pandakit.consolidation._group import kernel  # noqa: PLC0415 - imports numba

        first, values = merged.first_alert, matches.values
        self._make_room(first, values, matches.n_values)
        kernel.group_alerts(merged.log, values, first, merged.start, self._state, self._rules)
        return self._state.membership[: first + len(values)]

    def _make_room(self, first_alert: int, values: np.ndarray, n_values: int) -> None:
        state, n_incidents = self._state, self.n_incidents
        n_entries = int(state.counters[N_REGISTERED])
        entries = n_entries + int((values >= 0).sum())
        check_ids(entries, "entries of incidents")
        known = len(state.newest)
        newest = grown(state.newest, known, n_values)
        newest[known:] = -1
        self._state = state = state._replace(
            entries=grown(state.entries, n_entries, entries),
            times=grown(state.times, n_entries, entries),
            newest=newest,
            incidents=grown(state.incidents, n_incidents, n_incidents + len(values)),
            membership=grown(state.membership, first_alert, first_alert + len(values)),
        )
        if self._uses_slots and len(state.slots) < 2 * entries:
            from pandakit.consolidation._group import kernel  # noqa: PLC0415 - imports numba

            slots = np.full(1 << (2 * entries).bit_length(), -1, dtype=np.int32)
            self._state = state._replace(slots=slots)
            kernel.index_entries(self._state)

    def live_entries(self) -> np.ndarray:
        """Return incident and pattern of every entry that is live."""
        entries = self._state.entries[: int(self._state.counters[N_REGISTERED])]
        live: np.ndarray = entries[:, [INCIDENT, PATTERN]][entries[:, LIVE] == 1]
        return live

    def totals(self, membership: np.ndarray, alerts: Alerts) -> IncidentTotals:
        """Return sums over the alerts of each incident."""
        from pandakit.consolidation._group import kernel  # noqa: PLC0415 - imports numba

        found = IncidentTotals(
            totals=np.zeros((self.n_incidents, 5), dtype=np.int64),
            latest_end=np.full(self.n_incidents, _LONG_AGO),
        )
        kernel.add_totals(membership[:, ITS_INCIDENT], alerts.rows, alerts.end, *found)
        return found


def _rules(policy: Policy) -> GroupRules:
    names = [pattern.name for pattern in policy.patterns]
    return GroupRules(
        run=np.array([names.index(pattern.name) for pattern in policy.in_run_order()]),
        windows=np.array(policy.windows()),
        anchor=_ANCHORS[policy.anchor],
        union=policy.matchers == "union",
        needs_open=not policy.join_resolved,
        max_alerts=UNLIMITED if policy.max_alerts is None else min(policy.max_alerts, UNLIMITED),
    )
