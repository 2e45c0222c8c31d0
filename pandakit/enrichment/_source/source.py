"""Rows as text, a batch at a time: cells of any type become the text that is sent."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.interchange import as_table, is_table
from pandakit.text import cell_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "LISTS",
    "OTHERS",
    "QUOTED",
    "TEXTS",
    "BadLines",
    "Batch",
    "Cells",
    "FrameSource",
    "Source",
    "described",
    "frame_or_path",
    "rows_at",
    "text_bytes",
    "text_cells",
]


_BATCH_ROWS = 65_536


_BATCH_BYTES = 8 << 20  # a batch has fewer rows where their values are long


_SAMPLE = 1_000


def frame_or_path(table: Any) -> pd.DataFrame | Path:
    """Return a table as a frame, or the path of its file.

    Raises
    ------
    TypeError
        It is neither a table nor a path.
    """
    if isinstance(table, pd.DataFrame):
        return table
    if is_table(table):
        return as_table(table).to_pandas(types_mapper=pd.ArrowDtype)
    path = getattr(table, "path", table)
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            f"a table is a DataFrame, another table (Arrow, polars, DuckDB), the path of a CSV "
            f"file or a CsvFile, not {type(table).__name__}"
        )
    return Path(path)


class BadLines(NamedTuple):
    """Lines of a file that are not rows, because they have too many or too few values."""

    numbers: np.ndarray
    """The row numbers of all of them."""
    examples: list[dict[str, object]]
    """The first ones: `value`, `actual` and `expected`."""


class Batch(NamedTuple):
    """Some rows of a table."""

    numbers: np.ndarray
    """Row numbers as in a report, ascending."""
    cells: list[Cells]
    """One item per column, in the order of the source's `titles`."""
    bad_lines: BadLines | None = None
    """The lines of this batch that are not rows."""
    unreadable: str = ""
    """Why reading ends here, before the end of the file."""

    def table(self, titles: tuple[str, ...]) -> pa.Table:
        """Return the text of the rows."""
        return pa.table([column.text for column in self.cells], list(titles))


class Source(Protocol):
    """A table that can be read any number of times."""

    titles: tuple[str, ...]
    """The columns that are read."""

    def batches(self) -> Iterator[Batch]:
        """Yield all rows, a batch at a time."""


def rows_at(source: Source, numbers: np.ndarray) -> tuple[np.ndarray, pa.Table]:
    """Return the row numbers that exist, ascending, and the text of these rows."""
    found, tables = [np.empty(0, np.int64)], []
    last = max(numbers, default=-1)
    for batch in source.batches():
        is_wanted = np.isin(batch.numbers, numbers)
        found.append(batch.numbers[is_wanted])
        tables.append(batch.table(source.titles).filter(pa.array(is_wanted)))
        if batch.numbers.size and batch.numbers[-1] >= last:
            break
    return np.concatenate(found), pa.concat_tables(tables) if tables else pa.table({})


class FrameSource:
    """The rows of a frame, numbered as by `iloc`.

    Parameters
    ----------
    frame
        The table.
    places
        Title to the position of the frame's column.
    """

    def __init__(self, frame: pd.DataFrame, places: Mapping[str, int]) -> None:
        self.titles = tuple(places)
        self._frame, self._places = frame, list(places.values())

    def batches(self) -> Iterator[Batch]:
        """Yield all rows, a batch at a time."""
        start = 0
        while start < len(self._frame):
            stop = min(start + self._batch_rows(start), len(self._frame))
            cells = [text_cells(self._frame.iloc[start:stop, place]) for place in self._places]
            yield Batch(np.arange(start, stop), cells)
            start = stop

    def _batch_rows(self, start: int) -> int:
        length = _BATCH_ROWS
        while length > 1 and self._bytes(slice(start, start + length)) > _BATCH_BYTES:
            length //= 2
        return length

    def _bytes(self, rows: slice) -> int:
        return sum(_bytes(self._frame.iloc[rows, place]) for place in self._places)


def _bytes(cells: pd.Series) -> int:
    """Return the bytes of a column's values; for categories, an estimate from their labels."""
    if isinstance(cells.dtype, (pd.ArrowDtype, pd.SparseDtype)):
        try:
            return int(cells.array.nbytes)
        except pa.ArrowTypeError:  # views in older releases of Arrow
            values = pa.array(cells.array).to_pylist()
            return int(pd.Series(values, dtype=object).memory_usage(index=False, deep=True))
    if not isinstance(cells.dtype, pd.CategoricalDtype):
        return int(cells.memory_usage(index=False, deep=True))
    labels = cells.dtype.categories
    sample = labels[:: max(len(labels) // _SAMPLE, 1)]
    return int(sample.memory_usage(deep=True) / max(len(sample), 1) * len(cells))


# What a cell was before it became text.
TEXTS, LISTS, OTHERS = 0, 1, 2
#: A text that is one quoted value: a pipe in it is not a separator.
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
    """Rule -> positions of the cells that have no text form; their text is meaningless."""


def text_cells(series: pd.Series) -> Cells:
    """Return the text of every cell of a column."""
    if isinstance(series.dtype, pd.SparseDtype):
        series = series.sparse.to_dense()
    kind = _kind_of_all(series.dtype)
    if kind is None:
        return _from_objects(_objects(series))
    try:
        own = _own_text(series)
        text = _one_array(to_text(series) if own is None else own)
    except ValueError:
        return _from_objects(_objects(series))
    infinite = _matches(text, _INFINITIES) if kind == OTHERS else ()
    return Cells(text, kind, _by_rule(series.array, {"not_finite": infinite}))


def _own_text(series: pd.Series) -> pa.ChunkedArray | None:
    """Return the cells of a column of text as they are, None for any other column."""
    if not isinstance(series.dtype, (pd.StringDtype, pd.ArrowDtype)):
        return None
    cells = pa.array(series.array, from_pandas=True)
    is_text = pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)
    if not is_text:
        return None
    return cells if isinstance(cells, pa.ChunkedArray) else pa.chunked_array([cells])


def _objects(series: pd.Series) -> pd.Series:
    if isinstance(series.dtype, pd.ArrowDtype):  # pandas itself knows no views
        return pd.Series(pa.array(series.array).to_pylist(), dtype=object)
    return series.astype(object)


def _kind_of_all(dtype: Any) -> int | None:
    """Return the kind of all cells of a dtype, None if each must be inspected."""
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
        with suppress(ValueError):  # half of a surrogate pair: find the cells that have one
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
            text.append("\0" + described(cell))  # a NUL, which equals no accepted text
    return pa.array(text, pa.large_string()), _by_rule(cells, rows)


def _by_rule(cells: Any, rows: dict[str, Any]) -> dict[str, dict[int, Any]]:
    return {rule: {int(row): cells[row] for row in at} for rule, at in rows.items() if len(at)}


def _kind(cell: Any) -> int:
    if isinstance(cell, str):
        return TEXTS
    return LISTS if isinstance(cell, _LISTS) else OTHERS


def _protected(cell: Any) -> Any:
    """Quote the items of a list that contain a pipe, so that it is not a separator."""
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
    """Return any object as text; what UTF-8 cannot encode is escaped."""
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
