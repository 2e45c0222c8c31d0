"""What became of each row of the input, kept on disk until the files of events are written."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

import numpy as np

from pandakit.consolidation._merge.layout import REJECTED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["OutcomeRecords", "numbered_records", "read_records", "rejected_records"]

_BLOCK = 1 << 20  # records

_NUMBERED = np.dtype(
    [("row", np.int64), ("alert", np.int32), ("outcome", np.int8), ("reason", np.int8)]
)
_KIND = np.dtype([("alert", np.int32), ("outcome", np.int8), ("reason", np.int8)])


class OutcomeRecords:
    """One small record for each row, on disk; memory does not grow with the rows."""

    def __init__(self, path: Path, n_rows: int) -> None:
        size = max(n_rows, 1) * _KIND.itemsize
        with path.open("a+b") as file:
            file.truncate(size)  # an existing file keeps its content
            self._map = mmap.mmap(file.fileno(), size)

    def put(self, found: np.ndarray) -> None:
        """Keep `numbered_records`."""
        records = np.frombuffer(self._map, _KIND)
        part = np.empty(len(found), dtype=_KIND)
        for name in _KIND.names or ():
            part[name] = found[name]
        records[found["row"]] = part
        del records
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)  # the pages stay in the file, not in the process

    def part(self, begin: int, stop: int) -> np.ndarray:
        """Return the records of rows that follow each other."""
        return np.frombuffer(self._map, _KIND, stop - begin, begin * _KIND.itemsize).copy()


def numbered_records(
    rows: np.ndarray, alert: np.ndarray, outcome: np.ndarray, reason: np.ndarray
) -> np.ndarray:
    """Return the outcome of some rows as records that a task can write to a file."""
    records = np.empty(len(rows), dtype=_NUMBERED)
    records["row"], records["alert"] = rows, alert
    records["outcome"], records["reason"] = outcome, reason
    return records


def rejected_records(rows: np.ndarray, reason: np.ndarray) -> np.ndarray:
    """Return the outcome of rejected rows as such records."""
    nothing = np.full(len(rows), -1)
    return numbered_records(rows, nothing, np.full(len(rows), REJECTED), reason)


def read_records(path: Path) -> Iterator[np.ndarray]:
    """Yield the records that a task wrote, in parts."""
    with path.open("rb") as file:
        while content := file.read(_BLOCK * _NUMBERED.itemsize):
            yield np.frombuffer(content, _NUMBERED)
