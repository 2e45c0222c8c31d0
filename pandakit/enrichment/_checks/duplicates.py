"""The rules for rows against each other: repeated rows, keys with two results, keys by case.

Hashes say which rows may repeat, 8 bytes a row; their text decides. A table in which no key
repeats is read once. Any other is read again to compare whole rows and then keys, once for each
32 MiB of text to compare: no more is held at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from pandakit.enrichment._match.rows import (
    Hashes,
    is_among,
    key_hashes,
    repeats,
    row_hashes,
    row_ids,
)
from pandakit.enrichment._source.source import rows_at
from pandakit.errors import EnrichmentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pandakit.enrichment._checks.findings import Tally
    from pandakit.enrichment._source.source import Batch, Source

    HashFunction = Callable[[Sequence[pa.LargeStringArray]], np.ndarray]

__all__ = ["DuplicateCheck"]

_AT_ONCE = 32 << 20
_ROW_BYTES = 32  # what a row takes besides its text


class DuplicateCheck:
    """Compares the rows of a table with each other.

    Parameters
    ----------
    source
        The table.
    query, result
        Positions of its query and result columns.
    """

    def __init__(self, source: Source, query: Sequence[int], result: Sequence[int]) -> None:
        self._source, self._query, self._columns = source, query, [*query, *result]
        self._keys, self._bytes = Hashes(), 0

    def add(self, batch: Batch) -> None:
        """Note the keys of the next rows."""
        self._keys.add(key_hashes(_texts(batch, self._query)))
        self._bytes += sum(text.nbytes + _ROW_BYTES for text in _texts(batch, self._columns))

    def report(self, tally: Tally) -> None:
        """Read the table again where keys repeat, and add what is found."""
        keys, count = self._keys.repeated()
        if not count:
            return
        is_duplicate = np.zeros(len(self._keys), bool)
        found = {rule: _Pairs([], []) for rule in ("duplicate_row", "key_conflict", "key_case")}
        for rows in self._repeated(self._columns, row_hashes, *self._repeated_rows(keys)):
            is_repeat, first = repeats(row_ids(rows.text))
            is_duplicate[rows.places[is_repeat]] = True
            found["duplicate_row"].add(rows.numbers, is_repeat, first)
        for rows in self._repeated(self._query, key_hashes, keys, count, without=is_duplicate):
            is_repeat, first = repeats(row_ids(rows.text))
            found["key_conflict"].add(rows.numbers, is_repeat, first)
            is_alike, first = repeats(row_ids(rows.text, ignore_case=True))
            found["key_case"].add(rows.numbers, is_alike & ~is_repeat, first)
        for rule, pairs in found.items():
            self._add_findings(tally, rule, *pairs.ordered())

    def _batches(self) -> Iterator[tuple[np.ndarray, Batch]]:
        """Yield the places of the rows, counted from 0, and their batch."""
        start = 0
        for batch in self._source.batches():
            places = np.arange(start, start + len(batch.numbers))
            start += len(places)
            if start > len(self._keys):
                raise EnrichmentError("the table changed while it was validated: validate it again")
            yield places, batch

    def _repeated_rows(self, keys: np.ndarray) -> tuple[np.ndarray, int]:
        """Return the repeated hashes of whole rows, among the rows with one of these keys."""
        hashes = Hashes()
        for _, batch in self._batches():
            may_repeat = is_among(key_hashes(_texts(batch, self._query)), keys)
            hashes.add(row_hashes(_texts(batch, self._columns))[may_repeat])
        return hashes.repeated()

    def _repeated(
        self,
        columns: Sequence[int],
        hashed: HashFunction,
        wanted: np.ndarray,
        count: int,
        *,
        without: np.ndarray | None = None,
    ) -> Iterator[_Rows]:
        """Yield the rows that have one of the wanted hashes, those of one hash together.

        There are `count` of them; if their text is long, it comes in parts.
        """
        size = count * self._bytes / len(self._keys)
        for part in np.array_split(wanted, min(int(size / _AT_ONCE) + 1, max(len(wanted), 1))):
            picked = []
            for places, batch in self._batches():
                texts = _texts(batch, columns)
                is_wanted = is_among(hashed(texts), part)
                if without is not None:
                    is_wanted &= ~without[places]
                picked.append(_Rows.pick(is_wanted, texts, places, batch.numbers))
            yield _Rows.join(picked)

    def _add_findings(
        self, tally: Tally, rule: str, numbers: np.ndarray, firsts: np.ndarray
    ) -> None:
        kept = slice(tally.room(rule))
        _, text = rows_at(self._source, numbers[kept])
        keys = text.select(list(self._query)).to_pylist()
        facts = [
            {"value": ", ".join(key.values()), "first": first}
            for key, first in zip(keys, firsts[kept].tolist(), strict=True)
        ]
        if numbers.size:
            tally.add_many(rule, "", numbers[kept], facts, len(numbers))


def _texts(batch: Batch, columns: Sequence[int]) -> list[pa.LargeStringArray]:
    return [batch.cells[place].text for place in columns]


class _Rows(NamedTuple):
    """Some rows of the table, in its order."""

    text: pa.Table
    places: np.ndarray
    numbers: np.ndarray

    @classmethod
    def pick(
        cls,
        is_wanted: np.ndarray,
        texts: list[pa.LargeStringArray],
        places: np.ndarray,
        numbers: np.ndarray,
    ) -> _Rows:
        """Take rows from a batch; their text is held as dictionaries, since it repeats."""
        kept = pa.array(is_wanted)
        columns = [text.filter(kept).dictionary_encode() for text in texts]
        table = pa.table(columns, [str(place) for place in range(len(columns))])
        return cls(table, places[is_wanted], numbers[is_wanted])

    @classmethod
    def join(cls, parts: list[_Rows]) -> _Rows:
        """Put the rows of all batches together."""
        texts, places, numbers = zip(*parts, strict=True)
        return cls(pa.concat_tables(texts), np.concatenate(places), np.concatenate(numbers))


class _Pairs(NamedTuple):
    """Row numbers, and for each the number of the earlier row that it repeats."""

    numbers: list[np.ndarray]
    firsts: list[np.ndarray]

    def add(self, numbers: np.ndarray, is_bad: np.ndarray, first: np.ndarray) -> None:
        self.numbers.append(numbers[is_bad])
        self.firsts.append(numbers[first[is_bad]])

    def ordered(self) -> tuple[np.ndarray, np.ndarray]:
        none = np.empty(0, np.int64)
        numbers, firsts = (np.concatenate([none, *arrays]) for arrays in self)
        order = np.argsort(numbers)
        return numbers[order], firsts[order]
