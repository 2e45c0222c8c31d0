"""Texts, and combinations of them, as whole numbers that stay the same from chunk to chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.consolidation._arrays.compile import COMPILED
from pandakit.errors import EventError
from pandakit.text import to_text

if TYPE_CHECKING:
    from pandakit.consolidation._arrays.table import Table

__all__ = [
    "MOST_IDS",
    "NamedCodes",
    "Pairs",
    "Vocabularies",
    "Vocabulary",
    "check_ids",
    "distinct",
    "encode_texts",
    "grown",
    "number_pairs",
    "one_chunk",
]

MOST_IDS = int(np.iinfo(np.int32).max)
"""The largest number of alerts, values or entries: numbers of 32 bits, -1 for none."""
_MISSING = np.int32(-1)
_COMPILED_FROM = 20_000  # rows: for fewer, calling the kernel costs more than it saves
_WORD = 8  # bytes
_FIRST_SLOTS = 1 << 12
# Pairs are numbered by a table of all pairs there can be, if it is not much larger than the rows.
_TABLE_PER_ROW = 4
_SMALL_TABLE = 1 << 16


class Vocabulary:
    """The distinct texts of a column; the code of a text is its position, in every chunk."""

    def __init__(self) -> None:
        self._parts: list[pa.Array] = []
        self._codes: dict[str, int] = {}
        self.size = 0

    def encode(self, values: Any, column: str) -> np.ndarray:
        """Return the code of every cell, -1 where it is missing."""
        return self.adopt(*distinct(values, column))

    def adopt(self, codes: np.ndarray, labels: pa.Array) -> np.ndarray:
        """Return codes of this vocabulary for positions in a list of distinct texts."""
        if not self.size:
            self._parts, self.size = [labels], len(labels)
            return codes
        return np.asarray(np.append(self._add(labels), _MISSING)[codes])

    def code_of(self, text: str) -> int:
        """Return the code of one text, which is added if it is new."""
        return int(self._add(pa.array([text], type=pa.large_string()))[0])

    def _add(self, labels: pa.Array) -> np.ndarray:
        if len(self._codes) < self.size:
            self._codes = {text: code for code, text in enumerate(self.labels.to_pylist())}
        known, before = self._codes, self.size
        check_ids(before + len(labels), "different texts")
        texts = labels.to_pylist()
        codes = np.array([known.setdefault(text, len(known)) for text in texts], dtype=np.int32)
        self.size = len(known)
        if self.size > before:
            self._parts.append(labels.filter(pa.array(codes >= before)))
        return codes

    @property
    def labels(self) -> pa.Array:
        """The texts in the order of their codes."""
        parts = [part.cast(pa.large_string()) for part in self._parts]
        return one_chunk(pa.chunked_array(parts, type=pa.large_string()))


class Vocabularies:
    """The vocabulary of every column that was encoded."""

    def __init__(self) -> None:
        self._columns: dict[str, Vocabulary] = {}

    def __getitem__(self, column: str) -> Vocabulary:
        return self._columns.setdefault(column, Vocabulary())

    def encode(self, table: Table, column: str, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the codes of a column's cells, of all rows or of some."""
        cells = table[column] if rows is None else table.cells(column, rows)
        try:
            return self[column].encode(cells, column)
        except ValueError as error:
            table.refuse(column, error)

    def joined(self, columns: list[str]) -> tuple[pa.Array, np.ndarray]:
        """Return the labels of several columns end to end, and where each column begins."""
        labels = [self[column].labels for column in columns]
        offsets = np.cumsum([0, *map(len, labels)])[:-1].astype(np.int32)
        return pa.concat_arrays([*labels, pa.nulls(0, pa.large_string())]), offsets


def distinct(values: Any, column: str) -> tuple[np.ndarray, pa.Array]:
    """Return each cell's position among the distinct texts (-1: missing), and those texts."""
    if isinstance(values, pd.Series) and isinstance(values.dtype, (pd.StringDtype, pd.ArrowDtype)):
        values = pa.array(values.array)
    if _is_text(values):
        codes, labels = encode_texts(one_chunk(values))
        if pc.min(pc.binary_length(labels)).as_py() != 0:
            return codes, labels
    else:
        codes, labels = _distinct_values(values, column)
    labels = one_chunk(to_text(labels, column=column))
    positions, unified = encode_texts(labels)
    if len(unified) < len(labels):
        # Missing labels ("") and labels that are equal as text (1 and "1").
        codes, labels = np.append(positions, _MISSING)[codes], unified
    return codes, labels


def _is_text(values: Any) -> bool:
    is_arrow = isinstance(values, (pa.Array, pa.ChunkedArray))
    return is_arrow and (pa.types.is_string(values.type) or pa.types.is_large_string(values.type))


def _distinct_values(values: Any, column: str) -> tuple[np.ndarray, Any]:
    if isinstance(values, pd.Series):
        kind = values.dtype
        if isinstance(kind, pd.CategoricalDtype):
            return values.cat.codes.to_numpy().astype(np.int32), pd.Series(kind.categories)
        if isinstance(kind, np.dtype) and kind.kind in "iufb":
            codes, labels = pd.factorize(values.to_numpy())
            return codes.astype(np.int32), pd.Series(labels)
    elif pa.types.is_dictionary(values.type):
        encoded = _dictionary_codes(values)
        if encoded is not None:
            return encoded
    return encode_texts(one_chunk(to_text(values, column=column)))


def _dictionary_codes(values: Any) -> tuple[np.ndarray, pa.Array] | None:
    """Return a dictionary column's own codes and labels, None if Arrow cannot unify them."""
    column = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
    try:
        chunks = column.unify_dictionaries().chunks
    except pa.ArrowException:  # such as labels that are null, in several chunks
        return None
    if not chunks:
        return None
    codes = np.empty(len(column), dtype=np.int32)
    begin = 0
    for chunk in chunks:
        indices = chunk.indices.cast(pa.int32())
        part = indices.fill_null(-1) if indices.null_count else indices
        codes[begin : begin + len(chunk)] = part.to_numpy(zero_copy_only=False)
        begin += len(chunk)
    return codes, chunks[0].dictionary


def one_chunk(array: Any) -> pa.Array:
    """Return the array in one piece."""
    if isinstance(array, pa.Array):
        return array
    if array.num_chunks == 1:
        return array.chunk(0)
    if array.type == pa.string():
        # Together the chunks may hold more bytes than this type can count.
        array = array.cast(pa.large_string())
    return pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)


def encode_texts(array: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """Return each cell's position among the distinct texts (-1: missing), and those texts.

    The kernel takes about half of the time of Arrow's `dictionary_encode`.
    """
    if len(array) < _COMPILED_FROM or not COMPILED:
        return _encode_by_arrow(array)
    # Filled before the kernel is imported: in a process's first call the system provides the
    # memory while another thread loads numba.
    codes = np.full(len(array), -1, dtype=np.int32)
    from pandakit.consolidation._arrays import kernel  # noqa: PLC0415 - imports numba

    buffers = _buffers(array)
    if buffers is None:
        return _encode_by_arrow(array)
    slots, first_rows = kernel.text_slots(_FIRST_SLOTS), np.empty(_FIRST_SLOTS, dtype=np.int64)
    row, count = kernel.encode_texts(*buffers, slots, first_rows, codes, 0, 0)
    while row < len(array):
        larger = kernel.text_slots(8 * len(slots))
        kernel.move_texts(slots, larger)
        slots, first_rows = larger, np.resize(first_rows, len(larger))
        row, count = kernel.encode_texts(*buffers, slots, first_rows, codes, row, count)
    return codes, array.take(pa.array(first_rows[:count]))


def _buffers(array: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Return offsets, the words that begin at each byte, and which cells are present.

    None: there is too little text to read it in words.
    """
    _, offsets, data = array.buffers()
    if data is None or data.size <= 2 * _WORD:
        return None
    kind = np.int64 if pa.types.is_large_string(array.type) else np.int32
    return (
        np.frombuffer(offsets, kind)[array.offset : array.offset + len(array) + 1],
        np.ndarray(data.size - _WORD + 1, "<i8", data, strides=(1,)),
        np.asarray(array.is_valid()) if array.null_count else np.zeros(0, dtype=bool),
    )


def _encode_by_arrow(array: pa.Array) -> tuple[np.ndarray, pa.Array]:
    encoded = array.dictionary_encode()
    indices = encoded.indices
    if indices.null_count:
        indices = indices.fill_null(-1)
    # A copy can be written to: the kernels are compiled for one kind of array.
    return np.array(indices), encoded.dictionary


class NamedCodes:
    """Numbers for pairs (name, code), where each name has its own codes."""

    def __init__(self) -> None:
        self._numbers: dict[Any, np.ndarray] = {}
        self._names: list[Any] = []
        self._owners: list[np.ndarray] = []
        self._codes: list[np.ndarray] = []
        self.size = 0

    def number(self, name: Any, codes: np.ndarray, size: int) -> np.ndarray:
        """Return the numbers of codes, of which there are `size`, under a name; -1 stays -1."""
        numbers = self._numbers.get(name)
        if numbers is None:
            self._names.append(name)
            numbers = np.empty(0, dtype=np.int32)
        if len(numbers) < size:
            check_ids(self.size + size - len(numbers), "values")
            fresh = np.arange(len(numbers), size, dtype=np.int32)
            self._owners.append(np.full(len(fresh), self._names.index(name), dtype=np.int32))
            self._codes.append(fresh)
            numbers = np.append(numbers, np.arange(len(fresh), dtype=np.int32) + self.size)
            self._numbers[name] = numbers
            self.size += len(fresh)
        if len(self._names) == 1:
            return codes  # the numbers of the only name are its codes
        return np.asarray(np.append(numbers, _MISSING)[codes])

    def split(self, numbers: np.ndarray) -> tuple[list[Any], np.ndarray, np.ndarray]:
        """Return the names, and for each number the position of its name and its code."""
        if len(self._names) == 1:
            return self._names, np.where(numbers < 0, np.int8(-1), np.int8(0)), numbers
        missing = np.array([_MISSING])
        owners = np.concatenate([*self._owners, missing])
        codes = np.concatenate([*self._codes, missing])
        return self._names, owners[numbers], codes[numbers]


class Pairs:
    """Numbers for pairs of codes, in the order in which the pairs first appear."""

    def __init__(self) -> None:
        self._slots = np.zeros((0, 2), dtype=np.int64)
        # The pairs of the first chunk, not in the slots yet: there may never be a second chunk.
        self._unplaced = np.zeros(0, dtype=np.int64)
        self.size = 0

    def encode(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return the number of every pair; -1 counts as a code here."""
        codes, first_rows = number_pairs(left, right)
        joined = _joined(left[first_rows], right[first_rows])
        if not self.size:
            self._unplaced, self.size = joined, len(joined)
            return codes
        check_ids(self.size + len(joined), "combinations of values")
        self._make_room(self.size + len(joined))
        numbers, self.size = self._look_up(joined, self.size)
        return np.asarray(numbers[codes])

    def _make_room(self, size: int) -> None:
        known = self._unplaced
        if 2 * size > len(self._slots):
            held = self._slots[self._slots[:, 1] >= 0]
            known = np.concatenate([held[np.argsort(held[:, 1]), 0], known])
            self._slots = np.full((1 << (2 * size).bit_length(), 2), -1, dtype=np.int64)
        self._look_up(known, 0)
        self._unplaced = known[:0].copy()

    def _look_up(self, joined: np.ndarray, count: int) -> tuple[np.ndarray, int]:
        from pandakit.consolidation._arrays import kernel  # noqa: PLC0415 - imports numba

        numbers = np.empty(len(joined), dtype=np.int32)
        return numbers, kernel.look_up(joined, self._slots, count, numbers)


def number_pairs(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers for the pairs, in the order they first appear, and their first rows."""
    height, width = (int(side.max(initial=-1)) + 2 for side in (left, right))
    if COMPILED and height * width <= _TABLE_PER_ROW * len(left) + _SMALL_TABLE:
        from pandakit.consolidation._arrays import kernel  # noqa: PLC0415 - imports numba

        codes = np.empty(len(left), dtype=np.int32)
        first_rows = np.empty(len(left), dtype=np.int64)
        table = np.full(height * width, -1, dtype=np.int32)
        count = kernel.number_pairs(left, right, width, table, codes, first_rows)
        return codes, first_rows[:count].copy()
    codes, _ = pd.factorize(_joined(left, right))
    first_rows = np.empty(codes.max(initial=-1) + 1, dtype=np.int64)
    first_rows[codes[::-1]] = np.arange(len(codes))[::-1]
    return codes.astype(np.int32), first_rows


def _joined(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return both codes in one number of 64 bits."""
    return (left.astype(np.int64) + 1 << 32) | (right.astype(np.int64) + 1)


def check_ids(count: int, what: str) -> None:
    """Raise before numbers of 32 bits run out.

    Raises
    ------
    EventError
        There are too many; `what` names them in the message.
    """
    if count > MOST_IDS:
        raise EventError(
            f"there may be more than {MOST_IDS:,} {what}, which is as far as ids go; consolidate "
            f"fewer integrations or fewer days at once"
        )


def grown(array: np.ndarray, used: int, needed: int) -> np.ndarray:
    """Return an array with room for `needed` rows; rows after the used ones are not set."""
    if needed <= len(array):
        return array
    larger = np.empty((max(needed, len(array) * 3 // 2), *array.shape[1:]), dtype=array.dtype)
    larger[:used] = array[:used]
    return larger
