"""Sixty-four bits a row: equal keys have equal hashes, and almost nothing else has.

Whoever finds two equal hashes must compare the text: the hash only says where to look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

__all__ = ["layout", "row_hashes"]

_WORD = 8
_MIX, _JOIN = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_SHIFT = np.uint64(32)
#: The low bytes of a word that belong to a value with so many bytes left.
_LOW = np.array([(1 << (8 * left)) - 1 for left in range(_WORD + 1)], "<u8")


def layout(text: pa.LargeStringArray) -> tuple[np.ndarray, np.ndarray]:
    """Give the bytes of all values, end to end, and the offset where each begins (and ends)."""
    _, offsets, data = text.buffers()
    ends = np.frombuffer(offsets, np.int64)[text.offset : text.offset + len(text) + 1]
    if not len(ends) or data is None:
        return np.empty(0, np.uint8), np.zeros(len(text) + 1, np.int64)
    first, last = int(ends[0]), int(ends[-1])
    return np.frombuffer(data, np.uint8, last - first, first), ends - first


def row_hashes(columns: Sequence[pa.LargeStringArray]) -> np.ndarray:
    """Hash the rows of a stretch, over these columns in this order."""
    joined = np.zeros(len(columns[0]), np.uint64)
    for text in columns:
        joined = (joined + _hashes(text)) * _JOIN
        joined ^= joined >> _SHIFT
    return joined


def _hashes(text: pa.LargeStringArray) -> np.ndarray:
    data, offsets = layout(text)
    padded = np.zeros(len(data) + _WORD, np.uint8)  # so that the last value's word can be read
    padded[: len(data)] = data
    words = np.ndarray((len(data) + 1,), "<u8", padded.data, strides=(1,))
    starts, lengths = offsets[:-1], np.diff(offsets)
    hashes = lengths.astype(np.uint64)
    rows = np.flatnonzero(lengths)
    at = 0
    while rows.size:
        left = lengths[rows] - at
        mixed = (hashes[rows] ^ (words[starts[rows] + at] & _LOW[np.minimum(left, _WORD)])) * _MIX
        hashes[rows] = mixed ^ (mixed >> _SHIFT)
        at += _WORD
        rows = rows[left > _WORD]
    return hashes
