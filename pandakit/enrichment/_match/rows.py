"""Rows with the same text: numbered, looked up in another table, or found by a hash.

A hash has 64 bits: equal rows have equal hashes, and almost nothing else has. Code that finds two
equal hashes must compare the text: a hash only says where to look.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.enrichment._source.cells import QUOTED, text_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Hashes",
    "first_rows",
    "is_among",
    "key_hashes",
    "lowered",
    "repeats",
    "row_hashes",
    "row_ids",
    "unquoted",
]

#: More hashes than these are kept in parts; a hash that too many rows have cannot be divided.
_MOST_HASHES, _MOST_PARTS = 6_000_000, 64
_WORD = 8
_MIX, _JOIN = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_SHIFT = np.uint64(32)
#: For a value with so many bytes left, the bytes of its next word that belong to it.
_LOW = np.array([(1 << (8 * left)) - 1 for left in range(_WORD + 1)], "<u8")


def row_ids(
    table: pa.Table, columns: Sequence[int] | None = None, *, ignore_case: bool = False
) -> np.ndarray:
    """Return a number for each row: rows with equal text in these columns have equal numbers."""
    ids = np.zeros(table.num_rows, np.int64)
    for place in range(table.num_columns) if columns is None else columns:
        codes, count = _codes(table.column(place), ignore_case=ignore_case)
        ids, _ = pd.factorize(ids * count + codes)
    return ids


def _codes(column: pa.ChunkedArray, *, ignore_case: bool) -> tuple[np.ndarray, int]:
    """Return the position of each value among the distinct values, and how many these are."""
    if not len(column):  # older releases of Arrow cannot combine an empty dictionary
        return np.zeros(0, np.int64), 0
    encoded = column.dictionary_encode().unify_dictionaries().combine_chunks()
    codes: np.ndarray = encoded.indices.to_numpy()
    labels = encoded.dictionary
    if ignore_case:
        encoded = pc.utf8_lower(labels).dictionary_encode()
        codes, labels = encoded.indices.to_numpy()[codes], encoded.dictionary
    return codes, len(labels)


def repeats(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows have the id of an earlier row, and the first row with each row's id."""
    is_repeat = pd.Series(ids).duplicated().to_numpy()
    firsts = np.flatnonzero(~is_repeat)
    return is_repeat, firsts[pd.factorize(ids)[0]]


def first_rows(table: pa.Table, looked_up: pa.Table) -> np.ndarray:
    """Return, for each row that is looked up, the first row of `table` with its text, or -1."""
    both = pa.concat_tables([table, looked_up.rename_columns(table.column_names)])
    ids = row_ids(both)
    first = np.full(len(ids) + 1, -1, np.int64)
    rows = np.arange(table.num_rows)[::-1]
    first[ids[rows]] = rows
    found: np.ndarray = first[ids[table.num_rows :]]
    return found


def lowered(table: pa.Table) -> pa.Table:
    """Return a table of text in lower case."""
    return pa.table([pc.utf8_lower(column) for column in table.columns], table.column_names)


def unquoted(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return text as the service reads it: a value in quotes without them, its pipes literal."""
    is_quoted = pc.fill_null(pc.match_substring_regex(text, QUOTED), fill_value=False)
    if not pc.any(is_quoted).as_py():
        return text
    bare = pc.replace_substring(pc.utf8_slice_codeunits(text, 1, -1), '""', '"')
    return pc.if_else(is_quoted, bare, text)


def row_hashes(columns: Sequence[pa.LargeStringArray]) -> np.ndarray:
    """Return the hash of each row over these columns, in this order."""
    joined = np.zeros(len(columns[0]), np.uint64)
    for text in columns:
        joined = (joined + _value_hashes(text)) * _JOIN
        joined ^= joined >> _SHIFT
    return joined


def key_hashes(columns: Sequence[pa.LargeStringArray]) -> np.ndarray:
    """Return the hash of each row's key; keys that differ by case alone have the same."""
    return row_hashes([_lower(text) for text in columns])


def _lower(text: pa.LargeStringArray) -> pa.LargeStringArray:
    data, _ = text_bytes(text)
    has_capitals = ((data - ord("A")) < 26).any()  # noqa: PLR2004 - bytes below A wrap around
    if not has_capitals and int(data.max(initial=0)) < 0x80:  # noqa: PLR2004 - ASCII
        return text  # most keys are in lower case, and need no copy
    return pc.utf8_lower(text)


def _value_hashes(text: pa.LargeStringArray) -> np.ndarray:
    """Hash all values at once, eight bytes of each in a round."""
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

    Only so many are held at a time. Of more rows one part of the hashes is kept, those that leave
    the remainder `part` when divided by `parts`. While the first part is collected, `parts`
    doubles until it is small enough; the caller then reads the table again for each other part.

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
        low = hashes.astype(np.uint8)  # the lowest bits tell the part
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
