"""Rows against each other: the same row twice, one key with two results, keys by case.

Hashes of the keys in lower case find the rows that may belong together; their text decides.
So all that is held for the whole table is eight bytes a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.enrichment._hash import layout, row_hashes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pandakit.enrichment._findings import Tally

__all__ = ["Keys", "row_ids"]

#: So many rows with repeated keys are looked at in one go.
_AT_ONCE = 262_144


class Keys:
    """The keys of a table, gathered stretch by stretch.

    Parameters
    ----------
    query, result
        Positions of the query and of the result columns in a stretch.
    take
        Gives the text of rows by position, as an Arrow table; called with rising positions.
    """

    def __init__(
        self, query: Sequence[int], result: Sequence[int], take: Callable[[np.ndarray], pa.Table]
    ) -> None:
        self._query, self._result, self._take = list(query), list(result), take
        self._hashes: list[np.ndarray] = []

    def add(self, columns: Sequence[pa.LargeStringArray]) -> None:
        """Take in the next stretch."""
        keys = [columns[at] for at in self._query]
        self._hashes.append(row_hashes([_folded(text) for text in keys]))

    def judge(self, tally: Tally, number: Callable[[np.ndarray], np.ndarray]) -> None:
        """Report what the rows are to each other; `number` turns positions into row numbers."""
        for rows, table in self._repeated():
            keys = row_ids(table, self._query)
            whole = row_ids(table, [*self._query, *self._result])
            again, first = _repeats(whole)
            self._report(tally, "duplicate_row", table, number(rows), again, first)
            same_key, first = _repeats(keys)
            self._report(tally, "key_conflict", table, number(rows), same_key & ~again, first)
            lower = pa.table({str(at): _folded(table.column(at)) for at in self._query})
            alike, first = _repeats(row_ids(lower, range(lower.num_columns)))
            other_case = alike & (keys != keys[first]) & ~same_key
            self._report(tally, "key_case", table, number(rows), other_case, first)

    def _repeated(self) -> Iterator[tuple[np.ndarray, pa.Table]]:
        """Give the rows whose hash occurs again, equal hashes together, some at a time."""
        hashes = np.concatenate([*self._hashes, np.empty(0, np.uint64)])
        self._hashes.clear()
        ordered = np.sort(hashes)
        twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
        del ordered
        if not twice.size:
            return
        rows = np.flatnonzero(np.isin(hashes, twice))
        rows = rows[np.argsort(hashes[rows], kind="stable")]
        borders = np.flatnonzero(np.diff(hashes[rows], prepend=hashes[rows[:1]]))
        start = 0
        while start < rows.size:
            after = borders[np.searchsorted(borders, start + _AT_ONCE) :]
            stop = int(after[0]) if after.size else rows.size
            some = np.sort(rows[start:stop])
            yield some, self._take(some)
            start = stop

    def _report(
        self,
        tally: Tally,
        rule: str,
        table: pa.Table,
        numbers: np.ndarray,
        bad: np.ndarray,
        first: np.ndarray,
    ) -> None:
        at = np.flatnonzero(bad)
        kept = at[: tally.room(rule)]
        values = table.select(self._query).take(pa.array(kept)).to_pylist()
        facts: list[dict[str, Any]] = [
            {"value": ", ".join(value.values()), "first": int(numbers[first[row]])}
            for value, row in zip(values, kept, strict=True)
        ]
        if at.size:
            tally.add_many(rule, "", numbers[kept], facts, int(at.size))


def row_ids(table: pa.Table, columns: Sequence[int]) -> np.ndarray:
    """Give each row the number of its text over these columns: equal rows, equal numbers."""
    ids = np.zeros(table.num_rows, np.int64)
    for at in columns:
        coded = table.column(at).combine_chunks().dictionary_encode()
        ids, _ = pd.factorize(ids * len(coded.dictionary) + coded.indices.to_numpy())
    return ids


def _repeats(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Say which rows have the id of an earlier row, and where each id occurs first."""
    series = pd.Series(ids)
    again = series.duplicated().to_numpy()
    firsts = np.flatnonzero(~again)
    return again, firsts[pd.factorize(ids)[0]]


def _folded(text: Any) -> Any:
    """Give text in lower case; most keys are, and need no copy."""
    if isinstance(text, pa.Array):
        data, _ = layout(text)
        capitals = (data - ord("A")) < 26  # noqa: PLR2004 - unsigned: what lies before A wraps
        if not capitals.any() and int(data.max(initial=0)) < 0x80:  # noqa: PLR2004 - ASCII
            return text
    return pc.utf8_lower(text)
