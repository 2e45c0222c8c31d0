"""What became of each row of the input, kept on disk until the files of events are written."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from pandakit.consolidation._output.frames import Outcomes

__all__ = ["OutcomeRecords"]

_KIND = np.dtype([("alert", np.int32), ("outcome", np.int8), ("reason", np.int8)])


class OutcomeRecords:
    """One small record for each row, on disk; memory does not grow with the rows."""

    def __init__(self, path: Path, n_rows: int) -> None:
        size = max(n_rows, 1) * _KIND.itemsize
        with path.open("a+b") as file:
            file.truncate(size)  # a file that is there already keeps its content
            self._map = mmap.mmap(file.fileno(), size)

    def put(self, rows: np.ndarray, found: Outcomes) -> None:
        """Keep the outcome of some rows, named by their numbers in the whole input."""
        records = np.frombuffer(self._map, _KIND)
        part = np.empty(len(rows), dtype=_KIND)
        part["alert"], part["outcome"], part["reason"] = found.alert, found.outcome, found.reason
        records[rows] = part
        del records
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)  # the pages stay in the file, not in the process

    def part(self, begin: int, stop: int) -> np.ndarray:
        """Return the records of rows that follow each other."""
        return np.frombuffer(self._map, _KIND, stop - begin, begin * _KIND.itemsize).copy()
