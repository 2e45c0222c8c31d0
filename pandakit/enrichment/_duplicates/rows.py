"""What a row is to the rows before it: the same, another result for its key, a key by case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pandakit.enrichment._duplicates.ids import folded, repeats, row_ids

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandakit.enrichment._duplicates.lot import Rows

__all__ = ["CASE", "CONFLICT", "DUPLICATE", "Found", "Marks", "RowJudge"]

DUPLICATE, CONFLICT, CASE = "duplicate_row", "key_conflict", "key_case"
_BITS = 8


class Marks:
    """A bit for each row."""

    def __init__(self, rows: int) -> None:
        self._bits = np.zeros(-(-rows // _BITS), np.uint8)

    def __bool__(self) -> bool:
        return bool(self._bits.any())

    def set(self, rows: np.ndarray) -> None:
        """Mark rows."""
        np.bitwise_or.at(self._bits, rows // _BITS, (1 << rows % _BITS).astype(np.uint8))

    def of(self, rows: np.ndarray) -> np.ndarray:
        """Say which of these rows are marked."""
        marked: np.ndarray = (self._bits[rows // _BITS] >> rows % _BITS) & 1 == 1
        return marked


class Found:
    """Rows that something is wrong with: how many, and the first of each rule.

    Parameters
    ----------
    room
        How many rows of each rule to keep.
    """

    def __init__(self, room: Mapping[str, int]) -> None:
        self.room = room
        self.counts = dict.fromkeys(room, 0)
        self.lines: dict[str, list[tuple[int, int, str]]] = {rule: [] for rule in room}
        """Position, that of the earlier row, and the key."""

    def add(self, rule: str, count: int, lines: Sequence[tuple[int, int, str]]) -> None:
        """Count rows, of which these are the first."""
        self.counts[rule] += count
        self.lines[rule] = sorted([*self.lines[rule], *lines])[: self.room[rule]]

    def merge(self, other: Found) -> None:
        """Take what another one has."""
        for rule, count in other.counts.items():
            self.add(rule, count, other.lines[rule])


class RowJudge:
    """Compares rows by their text.

    Parameters
    ----------
    query
        Positions of the query columns in whole rows.
    duplicates
        The rows that are the same as an earlier one.
    room
        How many findings of each rule to keep.
    """

    def __init__(self, query: Sequence[int], duplicates: Marks, room: Mapping[str, int]) -> None:
        self._query, self._duplicates = list(query), duplicates
        self.found = Found(room)

    def rows(self, rows: Rows) -> np.ndarray:
        """Report the whole rows that are the same as an earlier one; hold the others."""
        again, first = repeats(row_ids(rows.table, range(rows.table.num_columns)))
        self._duplicates.set(rows.positions[again])
        self._report(DUPLICATE, rows, self._query, again, first)
        held: np.ndarray = ~again
        return held

    def keys(self, rows: Rows) -> np.ndarray:
        """Report the keys that an earlier row has, in these letters or in others."""
        every = range(rows.table.num_columns)
        same, first = repeats(row_ids(rows.table, every))
        self._report(CONFLICT, rows, every, same, first)
        lower = pa.table({str(at): folded(rows.table.column(at)) for at in every})
        alike, first = repeats(row_ids(lower, every))
        self._report(CASE, rows, every, alike & ~same, first)
        held: np.ndarray = ~same
        return held

    def _report(
        self, rule: str, rows: Rows, key: Sequence[int], bad: np.ndarray, first: np.ndarray
    ) -> None:
        at = rows.known + np.flatnonzero(bad[rows.known :])
        kept = at[: self.found.room[rule]]
        keys = rows.table.select(list(key)).take(pa.array(kept)).to_pylist()
        here, before = rows.positions[kept].tolist(), rows.positions[first[kept]].tolist()
        texts = [", ".join(key.values()) for key in keys]
        self.found.add(rule, len(at), list(zip(here, before, texts, strict=True)))
