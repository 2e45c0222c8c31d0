"""Rows against each other: the same row twice, one key with two results, keys by case.

Hashes find the rows that may belong together; their text decides. What is held at a time is
bounded: some hashes, and the text of some repeated rows. Where more of them repeat, the table
is gone through again for the next ones.
"""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pandakit.enrichment._hash import row_hashes
from pandakit.enrichment._ids import folded
from pandakit.enrichment._lot import Lot, lots_of
from pandakit.enrichment._repeats import Repeats
from pandakit.enrichment._rows import CASE, CONFLICT, DUPLICATE, Found, Marks, RowJudge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from pandakit.enrichment._findings import Tally
    from pandakit.enrichment._lot import Rows
    from pandakit.enrichment._source import Source

    Hashed = Callable[[Sequence[pa.Array]], np.ndarray]
    Judge = Callable[[RowJudge, Rows], np.ndarray]

__all__ = ["Keys"]


class Keys:
    """The keys of a table, gathered stretch by stretch.

    Parameters
    ----------
    source
        The table; it is gone through again where hashes repeat.
    query
        Positions of the query columns in a stretch.
    """

    def __init__(self, source: Source, query: Sequence[int]) -> None:
        self._source, self._query, self._keys = source, list(query), Repeats()
        self._rows = self._bytes = 0

    def add(self, columns: Sequence[pa.Array]) -> None:
        """Take in the next stretch."""
        self._keys.add(self._key_hashes(columns))
        self._rows += len(columns[0])
        self._bytes += sum(text.nbytes for text in columns)

    def close(self) -> None:
        """Free what was put aside."""
        self._keys.close()

    def judge(self, tally: Tally) -> None:
        """Report what the rows are to each other."""
        if not any(some.size for some in self._keys.again()):
            return
        found = Found({rule: tally.room(rule) for rule in (DUPLICATE, CONFLICT, CASE)})
        duplicates = Marks(self._rows)
        with closing(Repeats()) as whole:
            for cells in self._source.again():
                whole.add(row_hashes([cell.text for cell in cells]))
            self._compare(whole, row_hashes, RowJudge.rows, duplicates, found)
        self._compare(self._keys, self._key_hashes, RowJudge.keys, duplicates, found)
        self._tell(tally, found)

    def _compare(
        self, repeats: Repeats, hashed: Hashed, judge: Judge, duplicates: Marks, found: Found
    ) -> None:
        """Compare the rows of all repeated hashes, some hashes at a time."""
        for hashes in lots_of(repeats.again(), self._bytes / self._rows):
            waiting = [hashes]
            while waiting:
                judged = RowJudge(self._query, duplicates, found.room)
                lot = Lot(waiting.pop(), partial(judge, judged))
                self._go_through(lot, hashed)
                waiting += lot.halves
                if not lot.halves:
                    found.merge(judged.found)

    def _go_through(self, lot: Lot, hashed: Hashed) -> None:
        start = 0
        for cells in self._source.again():
            columns = [cell.text for cell in cells]
            lot.add(start, hashed(columns), columns)
            start += len(columns[0])
            if lot.halves:
                return
        lot.compare()

    def _tell(self, tally: Tally, found: Found) -> None:
        for rule, count in found.counts.items():
            lines = found.lines[rule]
            rows, before = self._source.number(np.array([line[:2] for line in lines]).reshape(-1, 2)).T
            facts = [
                {"value": key, "first": int(first)}
                for (_, _, key), first in zip(lines, before, strict=True)
            ]
            if count:
                tally.add_many(rule, "", rows, facts, count)

    def _key_hashes(self, columns: Sequence[pa.Array]) -> np.ndarray:
        return row_hashes([folded(columns[at]) for at in self._query])
