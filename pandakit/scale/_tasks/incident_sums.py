"""Sums over the alerts of each incident, in files while alerts are grouped."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pandakit.consolidation._group.grouper import IncidentTotals
from pandakit.consolidation._group.layout import ITS_INCIDENT
from pandakit.consolidation._output.arrays import IncidentArrays
from pandakit.consolidation._output.frames import first_alerts
from pandakit.scale._folder.disk_arrays import DiskArray

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pandakit.consolidation._output.arrays import AlertArrays, Labelled

__all__ = ["IncidentSums", "fresh_array"]

_LONG_AGO = np.iinfo(np.int64).min
_N_TOTALS = 5
_STARTS = pa.schema(
    [("start", pa.int64()), ("title", pa.large_string()), ("subtitle", pa.large_string())]
)


class IncidentSums:
    """Adds alerts to their incidents.

    Parameters
    ----------
    folder
        For the files.
    room
        How many incidents there are at most.
    n_patterns
        How many patterns the policy has.
    """

    def __init__(self, folder: Path, room: int, n_patterns: int) -> None:
        self._path = folder / "incident-starts.arrow"
        self._totals = fresh_array(folder / "incident-totals", (room, _N_TOTALS), np.int64)
        self._end = fresh_array(folder / "incident-ends", (room,), np.int64)
        self._live = fresh_array(folder / "incident-patterns", (room, n_patterns), bool)
        self.n_incidents = 0

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Open the file to which `add` writes how incidents start."""
        with pa.OSFile(str(self._path), "wb") as file, pa.ipc.new_stream(file, _STARTS) as writer:
            self._writer = writer
            yield

    def add(self, found: AlertArrays) -> None:
        """Add alerts, with the incidents that they start."""
        from pandakit.consolidation._group import kernel  # noqa: PLC0415 - imports numba

        start, title, subtitle = first_alerts(found.alerts.start, found.assignment, found.identity)
        first, self.n_incidents = self.n_incidents, self.n_incidents + len(start)
        self._end.array[first : self.n_incidents] = _LONG_AGO
        self._writer.write_batch(
            pa.record_batch([start, _texts(title), _texts(subtitle)], schema=_STARTS)
        )
        its = found.assignment[:, ITS_INCIDENT]
        alerts = found.alerts
        kernel.add_totals(its, alerts.rows, alerts.end, self._totals.array, self._end.array)
        self._release()

    def set_live(self, entries: np.ndarray) -> None:
        """Set the patterns by which incidents can be joined: pairs of incident and pattern."""
        self._live.array[entries[:, 0], entries[:, 1]] = True
        self._live.release()

    def parts(self) -> Iterator[IncidentArrays]:
        """Yield all incidents in the order of their ids."""
        first = 0
        with pa.OSFile(str(self._path)) as file, pa.ipc.open_stream(file) as starts:
            for batch in starts:
                part = slice(first, first + batch.num_rows)
                sums = IncidentTotals(self._totals.array[part], self._end.array[part])
                start, title, subtitle = batch.columns
                yield IncidentArrays(
                    first,
                    start.to_numpy(),
                    _labelled(title),
                    _labelled(subtitle),
                    sums,
                    self._live.array[part],
                )
                first = part.stop
                self._release()

    def _release(self) -> None:
        for array in (self._totals, self._end, self._live):
            array.release()


def fresh_array(path: Path, shape: tuple[int, ...], dtype: type) -> DiskArray:
    """Return an array of zeros, also where an interrupted run has left its file."""
    path.unlink(missing_ok=True)
    return DiskArray(path, shape, dtype)


def _texts(column: Labelled) -> pa.Array:
    labels, codes = column
    texts = pa.array(labels, pa.large_string()) if isinstance(labels, list) else labels
    return texts.take(pa.array(codes, mask=codes < 0))


def _labelled(texts: pa.Array) -> Labelled:
    return texts, np.where(np.asarray(texts.is_valid()), np.arange(len(texts)), -1)
