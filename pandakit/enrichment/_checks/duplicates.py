"""The rules for rows against each other: repeated rows, keys with two results, keys by case.

Hashes of 64 bits show which rows may repeat: equal rows have equal hashes, and other rows almost
never do. Their text decides. A table of up to 6 million rows in which no key repeats is read once.
Any other table is read again: for the hashes that did not fit, and to compare whole rows and then
keys, once for each 32 MiB of text to compare.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.enrichment._match.rows import repeats, row_ids
from pandakit.enrichment._source.source import rows_at, text_bytes
from pandakit.errors import EnrichmentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pandakit.enrichment._checks.findings import Tally
    from pandakit.enrichment._source.source import Batch, Source

    HashFunction = Callable[[Sequence[pa.LargeStringArray]], np.ndarray]

__all__ = ["DuplicateCheck", "Hashes", "is_among", "key_hashes", "row_hashes"]


#: More hashes than these are kept in parts; one hash that many rows share cannot be divided.
_MOST_HASHES, _MOST_PARTS = 6_000_000, 64
_WORD = 8
_MIX, _JOIN = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_SHIFT = np.uint64(32)
#: For a value with so many bytes left, the bytes of its next word that belong to it.
_LOW = np.array([(1 << (8 * left)) - 1 for left in range(_WORD + 1)], "<u8")


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
        """Read the table again if keys repeat, and add what is found."""
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
        """Yield the rows that have one of the wanted hashes; rows with the same hash come together.

        There are `count` of them; if their text is long, they come in parts.
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


def row_hashes(columns: Sequence[pa.LargeStringArray]) -> np.ndarray:
    """Return the hash of each row over these columns, in this order."""
    joined = np.zeros(len(columns[0]), np.uint64)
    for text in columns:
        joined = (joined + _value_hashes(text)) * _JOIN
        joined ^= joined >> _SHIFT
    return joined


def key_hashes(columns: Sequence[pa.LargeStringArray]) -> np.ndarray:
    """Return the hash of each row's key; keys that differ only by case have the same hash."""
    return row_hashes([_lower(text) for text in columns])


def _lower(text: pa.LargeStringArray) -> pa.LargeStringArray:
    data, _ = text_bytes(text)
    has_capitals = ((data - ord("A")) < 26).any()  # noqa: PLR2004 - bytes below A wrap around
    if not has_capitals and int(data.max(initial=0)) < 0x80:  # noqa: PLR2004 - ASCII
        return text  # most keys are in lower case, and need no copy
    return pc.utf8_lower(text)


def _value_hashes(text: pa.LargeStringArray) -> np.ndarray:
    """Hash all values at once, eight bytes of each per round."""
    data, offsets = text_bytes(text)
    padded = np.zeros(len(data) + _WORD, np.uint8)  # so that the last value's word can be read
    padded[: len(data)] = data
    words = np.ndarray((len(data) + 1,), "<u8", padded.data, strides=(1,))
    starts, lengths = offsets[:-1], np.diff(offsets)
    hashes = lengths.astype(np.uint64)
    rows = np.flatnonzero(lengths)
    done = 0
    while rows.size:
        left = lengths[rows] - done
        word = words[starts[rows] + done] & _LOW[np.minimum(left, _WORD)]
        mixed = (hashes[rows] ^ word) * _MIX
        hashes[rows] = mixed ^ (mixed >> _SHIFT)
        done += _WORD
        rows = rows[left > _WORD]
    return hashes


class Hashes:
    """The hashes of many rows, 8 bytes each, and which of them repeat.

    Only a limited number is held at a time. If there are more, only one part of the hashes is kept:
    those that leave the remainder `part` when divided by `parts`. While the first part is
    collected, `parts` doubles until the part is small enough; the caller then reads the table
    again for each of the other parts.

    Parameters
    ----------
    part, parts
        Which hashes to keep.
    """

    def __init__(self, part: int = 0, parts: int = 1) -> None:
        self.parts = parts
        self._part = part
        self._all = array("Q")  # grows in place, unlike an array of numpy

    def add(self, hashes: np.ndarray) -> None:
        """Add the hashes of the next rows."""
        self._all.frombytes(self._in_part(hashes).tobytes())
        while self._part == 0 and len(self._all) > _MOST_HASHES and self.parts < _MOST_PARTS:
            self.parts *= 2
            kept = self._in_part(np.frombuffer(self._all, np.uint64))
            self._all = array("Q")
            self._all.frombytes(kept.data.cast("B"))

    def _in_part(self, hashes: np.ndarray) -> np.ndarray:
        if self.parts == 1:
            return hashes
        low = hashes.astype(np.uint8)  # the lowest bits select the part
        kept: np.ndarray = hashes[low % np.uint8(self.parts) == self._part]
        return kept

    def repeated(self) -> tuple[np.ndarray, int]:
        """Return the hashes that several rows have, ascending, and how many rows these are.

        Sorts the hashes in place, to save memory: their order is lost.
        """
        ordered = np.frombuffer(self._all, np.uint64)
        ordered.sort()
        same = ordered[1:] == ordered[:-1]
        found = np.unique(ordered[1:][same])
        return found, int(same.sum()) + len(found)


def is_among(hashes: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return which hashes are among the wanted ones, which are ascending."""
    if not wanted.size:
        return np.zeros(len(hashes), bool)
    places = np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)
    found: np.ndarray = wanted[places] == hashes
    return found
