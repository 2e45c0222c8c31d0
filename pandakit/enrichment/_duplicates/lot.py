"""Rows with repeated hashes, compared by their text, as many at a time as memory should hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Lot", "Rows", "lots_of"]

#: Bytes of text that are compared in one go.
_AT_ONCE = 32 << 20
_AROUND = 32  # bytes that a row takes besides its text


class Rows(NamedTuple):
    """Rows of a table, in its order."""

    table: pa.Table
    positions: np.ndarray
    known: int
    """So many of them, the first ones, have been judged before."""


def lots_of(repeated: Iterable[np.ndarray], row_bytes: float) -> Iterator[np.ndarray]:
    """Put hashes together, as many as may be looked for at once if rows have so many bytes."""
    most = max(int(_AT_ONCE / (row_bytes + _AROUND)), 1)
    some: list[np.ndarray] = []
    for hashes in repeated:
        some.append(hashes)
        if sum(map(len, some)) >= most:
            yield np.concatenate(some)
            some = []
    if any(map(len, some)):
        yield np.concatenate(some)


class Lot:
    """The rows that have one of some hashes; of each text only the first is held.

    Parameters
    ----------
    wanted
        The hashes, rising.
    judge
        Reports on rows that are not known yet, and says which rows to hold.
    """

    def __init__(self, wanted: np.ndarray, judge: Callable[[Rows], np.ndarray]) -> None:
        self.wanted, self._judge = wanted, judge
        self._tables: list[pa.Table] = []
        self._positions: list[np.ndarray] = []
        self._known = self._size = self._held = 0

    def compare_all(
        self, stretches: Iterable[tuple[np.ndarray, np.ndarray, list[pa.Array]]]
    ) -> bool:
        """Judge the rows of a table; say no where too many are held for so many hashes.

        The stretches give positions, hashes and columns.
        """
        for positions, hashes, columns in stretches:
            at = np.minimum(np.searchsorted(self.wanted, hashes), len(self.wanted) - 1)
            rows = np.flatnonzero(self.wanted[at] == hashes)
            if rows.size:
                names = [str(place) for place in range(len(columns))]
                self._take(pa.table(columns, names).take(pa.array(rows)), positions[rows])
            if self._size > max(_AT_ONCE, 2 * self._held):
                self._compare()
            if self._held > _AT_ONCE and len(self.wanted) > 1:
                return False
        self._compare()
        return True

    def _compare(self) -> None:
        """Judge the rows that have come, and hold the first of each text."""
        if not self._tables:
            return
        rows = Rows(pa.concat_tables(self._tables), np.concatenate(self._positions), self._known)
        held = self._judge(rows)
        self._tables, self._positions, self._size = [], [], 0
        self._take(rows.table.filter(pa.array(held)).combine_chunks(), rows.positions[held])
        self._known, self._held = int(held.sum()), self._size

    def _take(self, table: pa.Table, positions: np.ndarray) -> None:
        self._tables.append(table)
        self._positions.append(positions)
        self._size += int(table.nbytes) + _AROUND * len(positions)
