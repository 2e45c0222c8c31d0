"""Texts and combinations of texts as whole numbers, the same ones in every chunk."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pandakit.consolidation._engine.compile import kernels
from pandakit.consolidation._read.encode import encoded
from pandakit.text import to_text

__all__ = ["NamedCodes", "Pairs", "Vocabulary", "distinct", "number_pairs", "one_chunk"]

_TABLE_PER_ROW = 4
_SMALL_TABLE = 1 << 16


def distinct(values: Any, column: str) -> tuple[np.ndarray, pa.Array]:
    """Give each cell's place among the column's distinct texts (-1: missing), and the texts."""
    codes, labels = _first_pass(values, column)
    labels = one_chunk(to_text(labels, column=column))
    places, unified = encoded(labels)
    if len(unified) < len(labels):
        # Missing labels ("") and labels that became equal as text (1 and "1").
        codes, labels = np.append(places, np.int32(-1))[codes], unified
    return codes, labels


def _first_pass(values: Any, column: str) -> tuple[np.ndarray, Any]:
    if isinstance(values, pd.Series):
        kind = values.dtype
        if isinstance(kind, pd.CategoricalDtype):
            return values.cat.codes.to_numpy().astype(np.int32), pd.Series(kind.categories)
        if isinstance(kind, np.dtype) and kind.kind in "iufb":
            codes, labels = pd.factorize(values.to_numpy())
            return codes.astype(np.int32), pd.Series(labels)
        if isinstance(kind, (pd.StringDtype, pd.ArrowDtype)):
            values = pa.array(values.array)
    if isinstance(values, (pa.Array, pa.ChunkedArray)) and (
        pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
    ):
        return encoded(one_chunk(values))
    return encoded(one_chunk(to_text(values, column=column)))


def one_chunk(array: Any) -> pa.Array:
    if isinstance(array, pa.Array):
        return array
    if array.num_chunks == 1:
        return array.chunk(0)
    if array.type == pa.string():
        # Many chunks together may be longer than this type can hold.
        array = array.cast(pa.large_string())
    return pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)


class Vocabulary:
    """The distinct texts of a column; a text's code is its place, in every chunk."""

    def __init__(self) -> None:
        self._parts: list[pa.Array] = []
        self._codes: dict[str, int] = {}
        self.size = 0

    def encode(self, values: Any, column: str) -> np.ndarray:
        """Give the code of every cell, -1 where it is missing."""
        return self.adopt(*distinct(values, column))

    def adopt(self, codes: np.ndarray, labels: pa.Array) -> np.ndarray:
        """Turn places in a list of distinct texts into codes."""
        if not self.size:
            self._parts, self.size = [labels], len(labels)
            return codes
        places = np.append(self._add(labels), np.int32(-1))
        return np.asarray(places[codes])

    def code_of(self, text: str) -> int:
        """Give the code of one text, which is added when it is new."""
        return int(self._add(pa.array([text], type=pa.large_string()))[0])

    def _add(self, labels: pa.Array) -> np.ndarray:
        if len(self._codes) < self.size:
            self._codes = {text: code for code, text in enumerate(self.labels.to_pylist())}
        known, before = self._codes, self.size
        texts = labels.to_pylist()
        places = np.array([known.setdefault(text, len(known)) for text in texts], dtype=np.int32)
        self.size = len(known)
        if self.size > before:
            fresh = labels.filter(pa.array(places >= before))
            self._parts.append(fresh)
        return places

    @property
    def labels(self) -> pa.Array:
        """The texts in the order of their codes."""
        parts = [part.cast(pa.large_string()) for part in self._parts]
        return one_chunk(pa.chunked_array(parts, type=pa.large_string()))


class NamedCodes:
    """Numbers for (name, code), where the codes of one name come from one vocabulary."""

    def __init__(self) -> None:
        self._numbers: dict[Any, np.ndarray] = {}
        self._names: list[Any] = []
        self._owners: list[np.ndarray] = []
        self._codes: list[np.ndarray] = []
        self.size = 0

    def number(self, name: Any, codes: np.ndarray, size: int) -> np.ndarray:
        """Give the numbers of codes under a name; -1 stays -1."""
        numbers = self._numbers.get(name)
        if numbers is None:
            self._names.append(name)
            numbers = np.empty(0, dtype=np.int32)
        if len(numbers) < size:
            fresh = np.arange(len(numbers), size, dtype=np.int32)
            self._owners.append(np.full(len(fresh), self._names.index(name), dtype=np.int32))
            self._codes.append(fresh)
            numbers = np.append(numbers, np.arange(len(fresh), dtype=np.int32) + self.size)
            self._numbers[name] = numbers
            self.size += len(fresh)
        if len(self._names) == 1:
            return codes  # the numbers of the only name are its codes
        return np.asarray(np.append(numbers, np.int32(-1))[codes])

    def split(self, numbers: np.ndarray) -> tuple[list[Any], np.ndarray, np.ndarray]:
        """Give the names, and for each number the place of its name and its code."""
        if len(self._names) == 1:
            return self._names, np.where(numbers < 0, np.int8(-1), np.int8(0)), numbers
        missing = np.array([-1], dtype=np.int32)
        owners = np.concatenate([*self._owners, missing])
        codes = np.concatenate([*self._codes, missing])
        return self._names, owners[numbers], codes[numbers]


class Pairs:
    """Numbers for pairs of codes, in the order in which the pairs first came."""

    def __init__(self) -> None:
        self._slots = np.zeros((0, 2), dtype=np.int64)
        self._unplaced = np.zeros(0, dtype=np.int64)  # there may never be a second chunk
        self.size = 0

    def encode(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Give the number of every pair; -1 is a code like the others here."""
        codes, first_rows = number_pairs(left, right)
        keys = _pair_key(left[first_rows], right[first_rows])
        if not self.size:
            self._unplaced, self.size = keys, len(keys)
            return codes
        self._make_room(self.size + len(keys))
        places, self.size = self._look_up(keys, self.size)
        return np.asarray(places[codes])

    def _make_room(self, size: int) -> None:
        known = self._unplaced
        if 2 * size > len(self._slots):
            held = self._slots[self._slots[:, 1] >= 0]
            known = np.concatenate([held[np.argsort(held[:, 1]), 0], known])
            self._slots = np.full((1 << (2 * size).bit_length(), 2), -1, dtype=np.int64)
        self._look_up(known, 0)
        self._unplaced = known[:0].copy()

    def _look_up(self, keys: np.ndarray, count: int) -> tuple[np.ndarray, int]:
        places = np.empty(len(keys), dtype=np.int32)
        return places, kernels().look_up(keys, self._slots, count, places)


def number_pairs(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give numbers for the pairs, in the order in which they first came, and their first rows."""
    height, width = (int(side.max(initial=-1)) + 2 for side in (left, right))
    compiled = kernels()
    if compiled.fast and height * width <= _TABLE_PER_ROW * len(left) + _SMALL_TABLE:
        codes = np.empty(len(left), dtype=np.int32)
        first_rows = np.empty(len(left), dtype=np.int64)
        table = np.full(height * width, -1, dtype=np.int32)
        count = compiled.number_pairs(left, right, width, table, codes, first_rows)
        return codes, first_rows[:count].copy()
    codes, _ = pd.factorize(_pair_key(left, right))
    first_rows = np.empty(codes.max(initial=-1) + 1, dtype=np.int64)
    first_rows[codes[::-1]] = np.arange(len(codes))[::-1]
    return codes.astype(np.int32), first_rows


def _pair_key(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return (left.astype(np.int64) + 1 << 32) | (right.astype(np.int64) + 1)
