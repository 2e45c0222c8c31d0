"""Nested cells: objects, and lists that contain more than values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pandakit.errors import EventError
from pandakit.text import to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NESTED_LIST", "OBJECT", "as_flat_text", "flat_column", "nesting"]

#: What a cell is: a value or a list of values, an object or a list of them, a list within a list.
_FLAT, OBJECT, NESTED_LIST = range(3)
_LISTS = (list, tuple, np.ndarray)


def nesting(cells: Sequence[Any]) -> np.ndarray:
    """Return what each cell is.

    Examples
    --------
    >>> nesting([None, "a", ["a", "b"], {"a": 1}, [{"a": 1}], ["a", ["b"]]])
    array([0, 0, 0, 1, 1, 2], dtype=int8)
    """
    return np.fromiter((_nesting(cell) for cell in cells), np.int8, len(cells))


def _nesting(cell: Any) -> int:
    if isinstance(cell, dict):
        return OBJECT
    if not isinstance(cell, _LISTS):
        return _FLAT
    if any(isinstance(item, _LISTS) for item in cell):
        return NESTED_LIST
    return OBJECT if any(isinstance(item, dict) for item in cell) else _FLAT


def as_flat_text(name: str, cells: Sequence[Any], nested: np.ndarray) -> pa.ChunkedArray:
    """Return the text form of cells, which is JSON where they are not flat.

    Raises
    ------
    EventError
        A cell has no text form, such as bytes.
    """
    flat = [
        json.dumps(cell, ensure_ascii=False, default=_as_json) if kind else cell
        for cell, kind in zip(cells, nested.tolist(), strict=True)
    ]
    try:
        return to_text(flat, column=name)
    except ValueError as error:
        raise EventError(str(error)) from None


def _as_json(value: Any) -> Any:
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)


def flat_column(name: str, column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, np.ndarray] | None:
    """Return a column of nested lists or of maps as text, and what its cells are; else None."""
    kind = column.type
    if not (pa.types.is_map(kind) or (_is_list(kind) and pa.types.is_nested(kind.value_type))):
        return None
    cells = column.to_pylist()
    nested = nesting(cells)
    if pa.types.is_map(kind) or not _is_list(kind.value_type):
        nested = np.minimum(nested, OBJECT)  # Arrow returns a map as a list of pairs
    return as_flat_text(name, cells, nested), nested


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )
