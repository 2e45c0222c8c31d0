"""What became of each row of the input, kept on disk until the files of events are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pandakit.consolidation._merge.layout import REJECTED
from pandakit.scale._folder.disk_arrays import DiskArray

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
        self._records = DiskArray(path, (n_rows,), _KIND)

    def put(self, found: np.ndarray) -> None:
        """Keep `numbered_records`."""
        part = np.empty(len(found), dtype=_KIND)
        for name in _KIND.names or ():
            part[name] = found[name]
        self._records.array[found["row"]] = part
        self._records.release()

    def part(self, begin: int, stop: int) -> np.ndarray:
        """Return the records of rows that follow each other."""
        return self._records.array[begin:stop].copy()


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
