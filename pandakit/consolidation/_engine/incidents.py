"""Alerts to incidents: the arrays around the second half of the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pandakit.consolidation._engine import layout as at
from pandakit.consolidation._engine.alerts import grown
from pandakit.consolidation._engine.compile import kernels
from pandakit.consolidation._engine.layout import FOREVER, Board, GroupRules, Log
from pandakit.spans import microseconds

if TYPE_CHECKING:
    from pandakit.consolidation.policy import Policy

__all__ = ["Grouper", "Opened"]

_ANCHORS = {"first": at.FIRST, "latest": at.LATEST_ALERT, "bucket": at.BUCKET}


class Opened(NamedTuple):
    """What happened to the alerts of a chunk, and the values that they share."""

    log: Log
    keys: np.ndarray
    n_keys: int
    first_alert: int
    start: np.ndarray


class Grouper:
    """Holds incidents and their entries between chunks."""

    def __init__(self, policy: Policy) -> None:
        self._rules = _rules(policy)
        self._slots_needed = policy.matchers == "union" and len(policy.patterns) > 1
        self._board = Board(
            entries=np.zeros((0, 9), dtype=np.int32),
            times=np.zeros((0, 2), dtype=np.int64),
            newest=np.zeros(0, dtype=np.int32),
            incidents=np.zeros((0, 5), dtype=np.int32),
            slots=np.full(1, -1, dtype=np.int32),
            places=np.zeros((0, 3), dtype=np.int32),
            counters=np.zeros(2, dtype=np.int64),
        )

    @property
    def n_incidents(self) -> int:
        """How many incidents there are so far."""
        return int(self._board.counters[at.INCIDENTS])

    def take(self, opened: Opened) -> None:
        """Group the alerts of a chunk."""
        self._make_room(opened)
        kernels().group_alerts(
            opened.log, opened.keys, opened.first_alert, opened.start, self._board, self._rules
        )

    def _make_room(self, opened: Opened) -> None:
        board, keys, first_alert = self._board, opened.keys, opened.first_alert
        n_entries = int(board.counters[at.ENTRIES])
        entries = n_entries + int((keys >= 0).sum())
        known = len(board.newest)
        newest = grown(board.newest, known, opened.n_keys)
        newest[known:] = -1
        self._board = board._replace(
            entries=grown(board.entries, n_entries, entries),
            times=grown(board.times, n_entries, entries),
            newest=newest,
            incidents=grown(board.incidents, self.n_incidents, self.n_incidents + len(keys)),
            places=grown(board.places, first_alert, first_alert + len(keys)),
        )
        if self._slots_needed and len(board.slots) < 2 * entries:
            slots = np.full(1 << (2 * entries).bit_length(), -1, dtype=np.int32)
            self._board = self._board._replace(slots=slots)
            kernels().index_entries(self._board)

    def places(self, n_alerts: int) -> np.ndarray:
        """Give for each alert its incident, the pattern that joined it and the anchor's alert."""
        return self._board.places[:n_alerts]

    def live_entries(self) -> np.ndarray:
        """Give incident and pattern of every entry that is live."""
        entries = self._board.entries[: int(self._board.counters[at.ENTRIES])]
        live: np.ndarray = entries[:, [at.INCIDENT, at.PATTERN]][entries[:, at.LIVE] == 1]
        return live


def _rules(policy: Policy) -> GroupRules:
    names = [pattern.name for pattern in policy.patterns]
    return GroupRules(
        run=np.array([names.index(pattern.name) for pattern in policy.in_run_order()]),
        windows=np.array([microseconds(pattern.window) for pattern in policy.patterns]),
        anchor=_ANCHORS[policy.anchor],
        union=policy.matchers == "union",
        needs_open=not policy.join_resolved,
        max_alerts=FOREVER if policy.max_alerts is None else policy.max_alerts,
    )
