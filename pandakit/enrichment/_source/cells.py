"""From cells of any type to the text that is sent: one rule for validator and writer."""

from __future__ import annotations

import math
from contextlib import suppress
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.text import cell_text, to_text

__all__ = ["LISTS", "OTHERS", "QUOTED", "TEXTS", "Cells", "described", "text_bytes", "text_cells"]

# What a cell was before it became text.
TEXTS, LISTS, OTHERS = 0, 1, 2
#: A text that is one quoted value: a pipe in it separates nothing.
QUOTED = r'^"(?:[^"]|"")*"$'

_LISTS = (list, tuple, np.ndarray)
_INFINITIES = r"(^|\|)-?[Ii]nf(inity)?(\||$)"
_NOTHING = pa.array([], pa.large_string())


class Cells(NamedTuple):
    """Some cells of one column, as text."""

    text: pa.LargeStringArray
    """Without nulls: a missing cell is empty text."""
    kinds: np.ndarray | int
    """TEXTS, LISTS or OTHERS for each cell; one number if all are alike."""
    invalid: dict[str, dict[int, Any]]
    """By rule, the cells that have no text form, by their position; their text means nothing."""


def text_cells(series: pd.Series) -> Cells:
    """Return the text of every cell of a column."""
    if isinstance(series.dtype, pd.SparseDtype):
        series = series.sparse.to_dense()
    kind = _kind_of_all(series.dtype)
    if kind is None:
        return _from_objects(_objects(series))
    try:
        text = _one_array(to_text(series))
    except ValueError:
        return _from_objects(_objects(series))
    infinite = _matches(text, _INFINITIES) if kind == OTHERS else ()
    return Cells(text, kind, _by_rule(series.array, {"not_finite": infinite}))


def _objects(series: pd.Series) -> pd.Series:
    if isinstance(series.dtype, pd.ArrowDtype):  # pandas itself knows no views
        return pd.Series(pa.array(series.array).to_pylist(), dtype=object)
    return series.astype(object)


def _kind_of_all(dtype: Any) -> int | None:
    """Return the kind of all cells of a dtype, None where each must be looked at."""
    if isinstance(dtype, pd.CategoricalDtype):
        labels = pd.api.types.infer_dtype(dtype.categories)
        if labels in {"string", "empty"}:
            return TEXTS
        return None if dtype.categories.dtype == object else OTHERS
    if isinstance(dtype, pd.ArrowDtype):
        return _kind_of_arrow(dtype.pyarrow_dtype)
    if pd.api.types.is_object_dtype(dtype):
        return None
    return TEXTS if pd.api.types.is_string_dtype(dtype) else OTHERS


def _kind_of_arrow(dtype: pa.DataType) -> int | None:
    if pa.types.is_dictionary(dtype) or pa.types.is_run_end_encoded(dtype):
        return _kind_of_arrow(dtype.value_type)
    if pa.types.is_nested(dtype):
        return None
    text = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return TEXTS if any(is_text(dtype) for is_text in text) else OTHERS


def _from_objects(series: pd.Series) -> Cells:
    if pd.api.types.infer_dtype(series, skipna=True) in {"string", "empty"}:
        with suppress(ValueError):  # half of a surrogate pair: find out which cells have one
            return Cells(_one_array(to_text(series)), TEXTS, {})
    cells = series.to_numpy(dtype=object)
    text, invalid = _one_by_one(cells)
    infinite = [row for row in _matches(text, _INFINITIES) if _is_infinite(cells[row])]
    kinds = np.fromiter(map(_kind, cells), np.uint8, len(cells))
    return Cells(text, kinds, invalid | _by_rule(cells, {"not_finite": infinite}))


def _one_by_one(cells: np.ndarray) -> tuple[pa.LargeStringArray, dict[str, dict[int, Any]]]:
    """Return the text of every cell, and the cells that have none."""
    text: list[str] = []
    rows: dict[str, list[int]] = {}
    for row, cell in enumerate(cells):
        try:
            text.append(cell_text(_protected(cell)) or "")
        except ValueError:
            rule = "lone_surrogate" if isinstance(cell, str) else "no_text_form"
            rows.setdefault(rule, []).append(row)
            text.append("\0" + described(cell))  # a NUL: equal to no text that is accepted
    return pa.array(text, pa.large_string()), _by_rule(cells, rows)


def _by_rule(cells: Any, rows: dict[str, Any]) -> dict[str, dict[int, Any]]:
    return {rule: {int(row): cells[row] for row in at} for rule, at in rows.items() if len(at)}


def _kind(cell: Any) -> int:
    if isinstance(cell, str):
        return TEXTS
    return LISTS if isinstance(cell, _LISTS) else OTHERS


def _protected(cell: Any) -> Any:
    """Quote the items of a list that hold a pipe, so that it separates nothing."""
    if not isinstance(cell, _LISTS) or (isinstance(cell, np.ndarray) and cell.ndim != 1):
        return cell
    return [_quoted(item) for item in cell]


def _quoted(item: Any) -> Any:
    if isinstance(item, str) and ("|" in item or (item[:1] == item[-1:] == '"')):
        return '"' + item.replace('"', '""') + '"'
    return item


def _is_infinite(cell: Any) -> bool:
    if isinstance(cell, _LISTS):
        return any(map(_is_infinite, cell))
    return isinstance(cell, (float, Decimal, np.floating)) and math.isinf(cell)


def described(cell: Any) -> str:
    """Return any object as text; what UTF-8 cannot hold is escaped."""
    return str(cell).encode("utf-8", "backslashreplace").decode()


def _one_array(text: pa.ChunkedArray) -> pa.LargeStringArray:
    """Return one array without nulls."""
    if text.type != pa.large_string():
        text = text.cast(pa.large_string())
    array = text.chunk(0) if text.num_chunks == 1 else pa.concat_arrays([_NOTHING, *text.chunks])
    return pc.fill_null(array, "") if array.null_count else array


def _matches(text: pa.LargeStringArray, pattern: str) -> np.ndarray:
    return np.flatnonzero(pc.match_substring_regex(text, pattern).to_numpy(zero_copy_only=False))


def text_bytes(text: pa.LargeStringArray) -> tuple[np.ndarray, np.ndarray]:
    """Return the bytes of all values, one after another, and where each begins and ends."""
    _, offsets, data = text.buffers()
    ends = np.frombuffer(offsets, np.int64)[text.offset : text.offset + len(text) + 1]
    if not len(ends) or data is None:
        return np.empty(0, np.uint8), np.zeros(len(text) + 1, np.int64)
    first, last = int(ends[0]), int(ends[-1])
    return np.frombuffer(data, np.uint8, last - first, first), ends - first
