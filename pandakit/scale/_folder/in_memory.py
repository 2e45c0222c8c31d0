"""A result that is in memory, handed out in parts so that its frames are not built at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from pandakit.consolidation._output.arrays import AlertArrays, IncidentArrays
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
            yield self._arrays.alert_arrays(begin, begin + _ROWS)

    def incidents(self) -> Iterator[IncidentArrays]:
        """Yield all incidents in the order of their ids."""
        found = self._arrays.incident_arrays(len(self.policy.patterns))
        for begin in range(0, max(self.counts["incidents"], 1), _ROWS):
            yield found.part(begin, begin + _ROWS)

    def outcomes(self) -> OutcomeRecords | None:
        """Return what became of each row of the input, if that was asked for."""
        return self._outcomes

    def in_memory(self) -> Consolidation:
        """Return the whole result."""
        return self._result
