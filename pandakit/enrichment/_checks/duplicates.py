"""The rules for rows against each other: repeated rows, keys with two results, keys by case.

Hashes say which rows may repeat, 8 bytes a row; their text decides. A table of up to 6 million
rows in which no key repeats is read once. Any other is read again: for the hashes that did not
fit, and to compare whole rows and then keys, once for each 32 MiB of text to compare.
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
        self._keys, self._rows, self._bytes, self._end = Hashes(), 0, 0, 0

    def add(self, batch: Batch) -> None:
        """Note the keys of the next rows."""
        self._keys.add(self._hashes_of_keys(batch))
        self._rows += len(batch.numbers)
        self._bytes += sum(text.nbytes for text in _texts(batch, self._columns))
        self._end = int(batch.numbers[-1]) + 1 if batch.numbers.size else self._end

    def report(self, tally: Tally) -> None:
        """Read the table again where keys repeat, and add what is found."""
        rules = ("duplicate_row", "key_conflict", "key_case")
        found = {rule: _Repeats(tally.room(rule)) for rule in rules}
        for keys, count in self._repeated_hashes(self._hashes_of_keys, self._keys):
            if count:
                self._compare(keys, count, found)
        for rule, repeated in found.items():
            self._add_findings(tally, rule, repeated)

    def _compare(self, keys: np.ndarray, count: int, found: dict[str, _Repeats]) -> None:
        """Compare the `count` rows whose keys have these hashes."""
        is_duplicate = np.zeros(self._end, bool)

        def hashes_of_rows(batch: Batch) -> np.ndarray:
            hashes = row_hashes(_texts(batch, self._columns))
            kept: np.ndarray = hashes[is_among(self._hashes_of_keys(batch), keys)]
            return kept

        for wanted in self._repeated_hashes(hashes_of_rows):
            for rows in self._repeated(self._columns, row_hashes, *wanted):
                is_repeat, first = repeats(row_ids(rows.text))
                is_duplicate[rows.numbers[is_repeat]] = True
                found["duplicate_row"].add(rows.numbers, is_repeat, first)
        for rows in self._repeated(self._query, key_hashes, keys, count, without=is_duplicate):
            is_repeat, first = repeats(row_ids(rows.text))
            found["key_conflict"].add(rows.numbers, is_repeat, first)
            is_alike, first = repeats(row_ids(rows.text, ignore_case=True))
            found["key_case"].add(rows.numbers, is_alike & ~is_repeat, first)

    def _hashes_of_keys(self, batch: Batch) -> np.ndarray:
        return key_hashes(_texts(batch, self._query))

    def _repeated_hashes(
        self, hashed: Callable[[Batch], np.ndarray], first: Hashes | None = None
    ) -> Iterator[tuple[np.ndarray, int]]:
        """Yield the hashes that repeat and their number of rows, a part of the hashes at a time."""
        first = first or self._read_hashes(hashed, Hashes())
        yield first.repeated()
        for part in range(1, first.parts):
            yield self._read_hashes(hashed, Hashes(part, first.parts)).repeated()

    def _read_hashes(self, hashed: Callable[[Batch], np.ndarray], hashes: Hashes) -> Hashes:
        for batch in self._batches():
            hashes.add(hashed(batch))
        return hashes

    def _batches(self) -> Iterator[Batch]:
        for batch in self._source.batches():
            if batch.numbers.size and batch.numbers[-1] >= self._end:
                raise EnrichmentError("the table changed while it was validated: validate it again")
            yield batch

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
        size = count * (self._bytes / self._rows + _ROW_BYTES)
        parts = min(int(size / _AT_ONCE) + 1, len(wanted))
        for part in np.array_split(wanted, parts) if parts else ():
            picked = []
            for batch in self._batches():
                texts = _texts(batch, columns)
                is_wanted = is_among(hashed(texts), part)
                if without is not None:
                    is_wanted &= ~without[batch.numbers]
                picked.append(_Rows.pick(is_wanted, texts, batch.numbers))
            yield _Rows.join(picked)

    def _add_findings(self, tally: Tally, rule: str, repeated: _Repeats) -> None:
        if not repeated.count:
            return
        numbers, firsts = repeated.pairs
        _, text = rows_at(self._source, numbers)
        keys = text.select(list(self._query)).to_pylist()
        facts = [
            {"value": ", ".join(key.values()), "first": first}
            for key, first in zip(keys, firsts.tolist(), strict=True)
        ]
        tally.add_many(rule, "", numbers, facts, repeated.count)


def _texts(batch: Batch, columns: Sequence[int]) -> list[pa.LargeStringArray]:
    return [batch.cells[place].text for place in columns]


class _Rows(NamedTuple):
    """Some rows of the table, in its order."""

    text: pa.Table
    numbers: np.ndarray

    @classmethod
    def pick(
        cls, is_wanted: np.ndarray, texts: list[pa.LargeStringArray], numbers: np.ndarray
    ) -> _Rows:
        """Add rows of a batch; their text is kept as dictionaries, since it repeats."""
        kept = pa.array(is_wanted)
        columns = [text.filter(kept).dictionary_encode() for text in texts]
        table = pa.table(columns, [str(place) for place in range(len(columns))])
        return cls(table, numbers[is_wanted])

    @classmethod
    def join(cls, parts: list[_Rows]) -> _Rows:
        """Return the rows of all batches together."""
        texts, numbers = zip(*parts, strict=True)
        return cls(pa.concat_tables(texts), np.concatenate(numbers))


class _Repeats:
    """Rows that repeat earlier ones: how many, and the row numbers of the first of them."""

    def __init__(self, room: int) -> None:
        self.count, self._room = 0, room
        self._pairs = np.empty((0, 2), np.int64)

    def add(self, numbers: np.ndarray, is_repeat: np.ndarray, first: np.ndarray) -> None:
        """Add the rows that repeat, and for each the earlier row that has its text."""
        rows = np.flatnonzero(is_repeat)
        self.count += len(rows)
        kept = rows[: self._room]
        pairs = np.column_stack([numbers[kept], numbers[first[kept]]])
        both = np.concatenate([self._pairs, pairs])
        self._pairs = both[np.argsort(both[:, 0])][: self._room]

    @property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the first rows that repeat, ascending, and of the rows they repeat."""
        return self._pairs[:, 0], self._pairs[:, 1]
