"""The result of many tasks: grouped while it is written, or gathered in memory."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa

from pandakit.consolidation._arrays.codes import one_chunk
from pandakit.consolidation._group.grouper import IncidentTotals
from pandakit.consolidation._merge.merger import Alerts
from pandakit.consolidation._output.arrays import ResultArrays
from pandakit.consolidation.result import Consolidation
from pandakit.scale._folder.records import OutcomeRecords, read_records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pandakit.consolidation._output.arrays import AlertArrays, IncidentArrays, Labelled
    from pandakit.scale._source.inputs import Inputs
    from pandakit.scale._tasks.grouping import Grouping
    from pandakit.scale.settings import Settings

__all__ = ["Gathered"]

_Parts = TypeVar("_Parts", Alerts, IncidentTotals)


class Gathered:
    """A `Consolidated` of many tasks.

    Parameters
    ----------
    grouping
        What is left to do.
    inputs, settings
        What was read, and how.
    readers
        The files of the tasks that only read: rejected rows are listed beside them.
    folder
        For the outcome of each row.
    """

    def __init__(
        self,
        grouping: Grouping,
        inputs: Inputs,
        settings: Settings,
        readers: Sequence[Path],
        folder: Path,
    ) -> None:
        self._grouping = grouping
        self._inputs = inputs
        self._settings = settings
        self._readers = readers
        self._folder = folder
        self.policy = settings.policy
        self.files = inputs.files

    def alerts(self) -> Iterator[AlertArrays]:
        """Yield all alerts in the order of their ids."""
        return self._grouping.alerts()

    def incidents(self) -> Iterator[IncidentArrays]:
        """Yield all incidents in the order of their ids."""
        return self._grouping.incidents()

    def outcomes(self) -> OutcomeRecords | None:
        """Return what became of each row of the input, if that was asked for."""
        if not self._settings.events:
            return None
        found = OutcomeRecords(self._folder / "outcomes", self._inputs.n_rows)
        rejected = (
            records
            for path in self._readers
            for records in read_records(path.with_suffix(".outcomes"))
        )
        for records in chain(self._grouping.outcomes(), rejected):
            found.put(records)
        return found

    @property
    def assignment(self) -> np.ndarray:
        """The incident of each alert."""
        return self._grouping.assignment

    @property
    def counts(self) -> dict[str, int]:
        """The measures of the funnel."""
        return self._grouping.stages.counts()

    @property
    def rejected(self) -> dict[str, int]:
        """How many rows were rejected for each reason."""
        return self._grouping.stages.reader.rejections.counts

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes that qualify the numbers."""
        return self._grouping.stages.notes()

    def in_memory(self) -> Consolidation:
        """Return the whole result."""
        alerts = [_compact(part) for part in self.alerts()]
        incidents = list(self.incidents())
        arrays = ResultArrays(
            alerts=_joined(Alerts, [part.alerts for part in alerts]),
            assignment=self.assignment,
            live_entries=np.concatenate([_live_entries(part) for part in incidents]),
            incidents=_joined(IncidentTotals, [part.totals for part in incidents]),
            identity={
                name: _joined_labels([part.identity[name][0] for part in alerts])
                for name in alerts[0].identity
            },
            description=pa.concat_arrays([part.description for part in alerts]),
            counts=self.counts,
            rejected=self.rejected,
            as_of=self._grouping.as_of,
        )
        return Consolidation(arrays, self.policy, self.notes, unit=self._settings.unit)


def _compact(part: AlertArrays) -> AlertArrays:
    """Return alerts whose labels are dictionaries of their own: a chunk has those of all before."""
    found: dict[str, Labelled] = {}
    for name, (labels, codes) in part.identity.items():
        texts = pa.array(labels, pa.large_string()) if isinstance(labels, list) else labels
        cells = texts.take(pa.array(codes, mask=codes < 0)).dictionary_encode()
        found[name] = (cells, codes)
    return replace(part, identity=found)


def _joined(kind: type[_Parts], parts: Sequence[_Parts]) -> _Parts:
    return kind(*map(np.concatenate, zip(*parts, strict=True)))


def _joined_labels(cells: Sequence[pa.DictionaryArray]) -> Labelled:
    whole = one_chunk(pa.chunked_array(cells).unify_dictionaries())
    return whole.dictionary, np.array(whole.indices.fill_null(-1))


def _live_entries(part: IncidentArrays) -> np.ndarray:
    found: np.ndarray = np.argwhere(part.live) + np.array([part.first, 0])
    return found
