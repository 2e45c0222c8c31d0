"""A result that is in memory, handed out in parts so that its frames are not built at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.consolidation._group.grouper import IncidentTotals
from pandakit.consolidation._output.arrays import IncidentArrays
from pandakit.consolidation._output.frames import alert_arrays, incident_arrays

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from pandakit.consolidation._output.arrays import AlertArrays
    from pandakit.consolidation.result import Consolidation
    from pandakit.scale._folder.records import OutcomeRecords
    from pandakit.scale._source.pieces import ParquetFile

__all__ = ["InMemory"]

_ROWS = 1 << 16


class InMemory:
    """A `Consolidated` of one process."""

    def __init__(
        self, result: Consolidation, files: list[ParquetFile], outcomes: OutcomeRecords | None
    ) -> None:
        self._result = result
        self._arrays = result._arrays  # noqa: SLF001 - the frames are built from them
        self._outcomes = outcomes
        self.policy = result.policy
        self.files = files
        self.assignment: np.ndarray = self._arrays.assignment
        self.counts = self._arrays.counts
        self.rejected = self._arrays.rejected
        self.notes = result.notes

    def alerts(self) -> Iterator[AlertArrays]:
        """Yield all alerts in the order of their ids."""
        for begin in range(0, max(self.counts["alerts"], 1), _ROWS):
            yield alert_arrays(self._arrays, begin, begin + _ROWS)

    def incidents(self) -> Iterator[IncidentArrays]:
        """Yield all incidents in the order of their ids."""
        found = incident_arrays(self._arrays, len(self.policy.patterns))
        for begin in range(0, max(self.counts["incidents"], 1), _ROWS):
            part = slice(begin, begin + _ROWS)
            yield IncidentArrays(
                begin,
                found.start[part],
                (found.title[0], found.title[1][part]),
                (found.subtitle[0], found.subtitle[1][part]),
                IncidentTotals(*(each[part] for each in found.totals)),
                found.live[part],
            )

    def outcomes(self) -> OutcomeRecords | None:
        """Return what became of each row of the input, if that was asked for."""
        return self._outcomes

    def in_memory(self) -> Consolidation:
        """Return the whole result."""
        return self._result
