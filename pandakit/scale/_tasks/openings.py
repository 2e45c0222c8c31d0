"""The rows that opened alerts, for as long as an incident can be joined by their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pandakit.consolidation._group.grouper import Matcher
from pandakit.consolidation._read.events import Reader
from pandakit.scale._order.segments import compact

if TYPE_CHECKING:
    from pandakit.consolidation._group.grouper import Matches
    from pandakit.consolidation._read.events import EncodedEvents
    from pandakit.consolidation.policy import Policy, TimeUnit

__all__ = ["Openings"]


class Openings:
    """Reads the rows that open alerts, and numbers the values of the patterns.

    Texts have numbers that stay the same until `keep_only` numbers those that still matter anew.
    """

    def __init__(self, policy: Policy, unit: TimeUnit) -> None:
        self._policy, self._unit = policy, unit
        self._forget()

    def _forget(self) -> None:
        self._tables: list[pa.Table] = []
        self._alerts: list[np.ndarray] = []
        self.n_rows = 0
        self.reader = Reader(self._policy, self._unit)
        self.matcher = Matcher(self._policy)

    def read(self, table: pa.Table, alerts: np.ndarray) -> tuple[EncodedEvents, Matches]:
        """Return the rows that open some alerts as numbers."""
        self._tables.append(table)
        self._alerts.append(alerts)
        self.n_rows += len(alerts)
        encoded = self.reader.read(table)
        return encoded, self.matcher.match(encoded, np.arange(len(alerts)))

    def keep_only(self, alerts: np.ndarray) -> Matches:
        """Forget the rows and texts of all but some alerts, and return what these match."""
        rows = np.searchsorted(np.concatenate(self._alerts), alerts)
        table = pa.concat_tables(self._tables).unify_dictionaries().combine_chunks()
        table = compact(table.take(pa.array(rows)))
        self._forget()
        return self.read(table, alerts)[1]
