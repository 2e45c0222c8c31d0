"""Rows against each other: the same row twice, one key with two results, keys by case.

Hashes find the rows that may belong together; their text decides. What is held at a time is
bounded: some hashes, and the text of some repeated rows. Where more of them repeat, the table
is gone through again for the next ones.
"""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from pandakit.enrichment._duplicates.hash import row_hashes
from pandakit.enrichment._duplicates.ids import folded
from pandakit.enrichment._duplicates.lot import Lot, lots_of
from pandakit.enrichment._duplicates.repeats import Repeats
from pandakit.enrichment._duplicates.rows import CASE, CONFLICT, DUPLICATE, Found, Marks, RowJudge
from pandakit.errors import EnrichmentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pandakit.enrichment._checks.findings import Tally
    from pandakit.enrichment._duplicates.lot import Rows
    from pandakit.enrichment._source.source import Source

__all__ = ["Keys"]


class Keys:
    """The keys of a table, gathered stretch by stretch.

    Parameters
    ----------
    source
        The table; it is gone through again where keys repeat.
    query
        Positions of the query columns in a stretch.
    """

    def __init__(self, source: Source, query: Sequence[int]) -> None:
        self._source, self._query, self._repeats = source, query, Repeats()
        self._rows = self._bytes = 0

    def add(self, columns: Sequence[pa.Array]) -> None:
        """Take in the next stretch."""
        self._repeats.add(_key_hashes([columns[at] for at in self._query]))
        self._rows += len(columns[0])
        self._bytes += sum(text.nbytes for text in columns)

    def close(self) -> None:
        """Free what was put aside."""
        self._repeats.close()

    def judge(self, tally: Tally) -> None:
        """Report what the rows are to each other."""
        if not any(some.size for some in self._repeats.again()):
            return
        found = Found({rule: tally.room(rule) for rule in (DUPLICATE, CONFLICT, CASE)})
        duplicates = Marks(self._rows)
        judge = partial(RowJudge, self._query, duplicates, found.room)
        whole = range(len(self._source.titles))
        rows = _Look(whole, row_hashes, RowJudge.rows, self._rows)
        keys = _Look(self._query, _key_hashes, RowJudge.keys, self._rows, duplicates)
        self._compare(rows, judge, found)
        self._compare(keys, judge, found)
        self._tell(tally, found)

    def _compare(self, look: _Look, new_judge: Callable[[], RowJudge], found: Found) -> None:
        """Compare the rows of all hashes that repeat, some hashes at a time."""
        with closing(Repeats()) as repeats:
            for _, hashes, _ in look.at(self._source):
                repeats.add(hashes)
            for wanted in lots_of(repeats.again(), self._bytes / self._rows):
                waiting = [wanted]
                while waiting:
                    judge = new_judge()
                    lot = Lot(waiting.pop(), partial(look.judge, judge))
                    if lot.compare_all(look.at(self._source)):
                        found.merge(judge.found)
                    else:
                        waiting += np.array_split(lot.wanted, 2)

    def _tell(self, tally: Tally, found: Found) -> None:
        for rule, count in found.counts.items():
            lines = found.lines[rule]
            positions = np.array([line[:2] for line in lines], np.int64).reshape(-1, 2)
            rows, firsts = self._source.number(positions).T
            facts = [
                {"value": key, "first": int(first)}
                for (_, _, key), first in zip(lines, firsts, strict=True)
            ]
            if count:
                tally.add_many(rule, "", rows, facts, count)


class _Look(NamedTuple):
    """What to compare of the rows of a table."""

    columns: Sequence[int]
    hashed: Callable[[Sequence[pa.Array]], np.ndarray]
    judge: Callable[[RowJudge, Rows], np.ndarray]
    total: int
    """How many rows there were at first."""
    without: Marks | None = None

    def at(self, source: Source) -> Iterator[tuple[np.ndarray, np.ndarray, list[pa.Array]]]:
        """Give positions, hashes and text of all rows but those without."""
        start = 0
        for cells in source.again():
            columns = [cells[at].text for at in self.columns]
            rows = np.arange(start, start + len(columns[0]))
            start += len(rows)
            if start > self.total:
                raise EnrichmentError("the table changed while it was judged: judge it again")
            if self.without:
                kept = ~self.without.of(rows)
                rows, columns = rows[kept], [text.filter(pa.array(kept)) for text in columns]
            yield rows, self.hashed(columns), columns


def _key_hashes(keys: Sequence[pa.Array]) -> np.ndarray:
    return row_hashes([folded(text) for text in keys])
