"""The text form of cells: how values of any type are compared, joined and written.

Alert tags, enrichment keys and query values are all text at the services. A frame holds
numbers, booleans, categories and lists as well, so one rule turns every cell into text.
"""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.interchange import as_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["cell_text", "counted", "to_text"]


def to_text(values: Any, *, column: str = "") -> pa.ChunkedArray:
    """Return the text form of every cell, null where the cell is missing.

    ======================================== ==========================================
    cell                                     text
    ======================================== ==========================================
    ``None``, NaN, ``NA``, ``NaT``, ``""``   missing
    text                                     as it is
    whole numbers, also as floats            without decimal point: ``3``, ``0``
    other floats                             the shortest text that reads back: ``0.1``
    booleans                                 ``true``, ``false``
    categories                               their label
    lists, tuples, arrays                    items by these rules, joined with ``|``;
                                             a list within a list is refused
    datetimes with a zone                    ISO 8601 in UTC: ``2026-03-01T12:00:00Z``
    decimals                                 plain digits, never an exponent
    ======================================== ==========================================

    Parameters
    ----------
    values
        A pandas Series of any dtype, an Arrow array, or a sequence.
    column
        The name to use in error messages.

    Returns
    -------
    pyarrow.ChunkedArray
        Of ``string`` or ``large_string``; Arrow-backed text without empty cells comes
        back as it is, without a copy.

    Raises
    ------
    ValueError
        A cell has no text form (bytes, a dict, a list within a list, a datetime without zone
        ...): the message names the column and the first such row, counted from 0.

    Examples
    --------
    >>> import pandas as pd
    >>> to_text(pd.Series([3.0, 0.25, None])).to_pylist()
    ['3', '0.25', None]
    >>> to_text(pd.Series([["a", None, 2], True, ""], dtype=object)).to_pylist()
    ['a|2', 'true', None]
    """
    cells = _as_arrow(values)
    if isinstance(cells, list):
        return _from_objects(cells, column)
    for fits, from_cells in _COLUMNS:
        if fits(cells.type):
            return from_cells(cells, column)
    return _from_objects(cells.to_pylist(), column)


def _as_arrow(values: Any) -> Any:
    """Return a ChunkedArray, or a list where the cells are Python objects."""
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return _chunked(values)
    series = values if isinstance(values, pd.Series) else pd.Series(values)
    if isinstance(series.dtype, pd.ArrowDtype):  # pandas itself does not support views
        return _chunked(pa.array(series.array))
    if isinstance(series.dtype, pd.SparseDtype):
        series = series.sparse.to_dense()
    if isinstance(series.dtype, pd.CategoricalDtype):
        return _categories_as_arrow(series.cat)
    is_object = series.dtype == object
    if is_object and pd.api.types.infer_dtype(series, skipna=True) not in {"string", "empty"}:
        return list(series)
    kind = pa.large_string() if is_object else None
    try:
        array = pa.array(series.array, type=kind, from_pandas=True)
    except (pa.ArrowException, TypeError, UnicodeEncodeError):
        return list(series)
    # A period is stored as a number; as Python objects such cells keep their meaning.
    return list(series) if isinstance(array.type, pa.BaseExtensionType) else _chunked(array)


def _chunked(array: Any) -> pa.ChunkedArray:
    """Return a chunked array; views and run-end encoding become Arrow's plain layouts."""
    column = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    if any(fits(column.type) for fits, _ in _COLUMNS):
        return column
    return as_table(pa.table({"cells": column})).column(0)


def _categories_as_arrow(categories: Any) -> Any:
    labels = _as_arrow(pd.Series(categories.categories))
    codes = categories.codes.to_numpy()
    if isinstance(labels, list):
        return [None if code < 0 else labels[code] for code in codes]
    indices = pa.array(codes.astype(np.int64), mask=codes < 0)
    return _chunked(pa.DictionaryArray.from_arrays(indices, labels.combine_chunks()))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_countable(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_boolean(kind))


def _is_instant(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) and kind.tz is not None)


def _without_empty(text: pa.ChunkedArray, _: str) -> pa.ChunkedArray:
    if pc.min(pc.binary_length(text)).as_py() != 0:
        return text
    return pc.if_else(pc.equal(text, pa.scalar("", text.type)), pa.scalar(None, text.type), text)


def _from_dictionary(cells: pa.ChunkedArray, column: str) -> pa.ChunkedArray:
    texts = []
    for chunk in cells.chunks:  # they may have different dictionaries
        try:
            labels = to_text(chunk.dictionary).cast(pa.large_string()).combine_chunks()
        except ValueError:  # raised again, with the first row that has such a label
            return _from_objects(cells.to_pylist(), column)
        texts.append(labels.take(chunk.indices))
    return pa.chunked_array(texts, type=pa.large_string())


def _from_counts(cells: pa.ChunkedArray, _: str) -> pa.ChunkedArray:
    return cells.cast(pa.large_string())


def _from_floats(cells: pa.ChunkedArray, _: str) -> pa.ChunkedArray:
    codes, distinct = pd.factorize(cells.to_numpy())
    text = pa.array([_float_text(value) for value in distinct], type=pa.large_string())
    return pa.chunked_array([text.take(pa.array(codes, mask=codes < 0))])


def _float_text(value: Any) -> str:
    if np.isfinite(value) and value == np.trunc(value):
        return str(int(value))
    return str(value)


def _from_instants(cells: pa.ChunkedArray, column: str) -> pa.ChunkedArray:
    """Write a fraction of 6 or 9 digits, or none, as `datetime.isoformat` does."""
    unit = cells.type.unit
    # The count is UTC whatever the zone; without one, Arrow needs no table of zones.
    instants = cells.cast(pa.int64()).cast(pa.timestamp(unit))
    years = pc.year(instants)
    odd = pc.or_(pc.less(years, MINYEAR), pc.greater(years, MAXYEAR))
    if pc.any(odd).as_py():
        row = pc.index(odd, value=True).as_py()
        raise ValueError(f"{_place(column, row)}the year {years[row]} has no text form")
    text = instants.cast(pa.timestamp("us") if unit == "ms" else instants.type)
    text = pc.replace_substring(text.cast(pa.large_string()), " ", "T")
    if unit != "s":
        text = pc.replace_substring_regex(text, r"\.0+$", "")
    if unit == "ns":
        text = pc.replace_substring_regex(text, r"(\.\d{6})000$", r"\1")
    zulu, nothing = (pa.scalar(part, text.type) for part in ("Z", ""))
    return pc.binary_join_element_wise(text, zulu, nothing)


def _place(column: str, row: int) -> str:
    return f"column {column!r}, row {row}: " if column else f"row {row}: "


def _from_objects(cells: Sequence[Any], column: str) -> pa.ChunkedArray:
    text: list[str | None] = []
    for row, cell in enumerate(cells):
        try:
            text.append(cell_text(cell))
        except ValueError as error:
            raise ValueError(
                f"{_place(column, row)}{error}; pass text, a number, a boolean, a list of these, "
                f"or a datetime with a zone"
            ) from None
    return pa.chunked_array([pa.array(text, type=pa.large_string())])


def cell_text(cell: Any) -> str | None:
    """Return the text form of one cell by the rules of `to_text`, None if it is missing.

    Raises
    ------
    ValueError
        The cell has no text form.
    """
    if isinstance(cell, (list, tuple, np.ndarray)):
        return _list_text(cell)
    if isinstance(cell, Decimal) and cell.is_snan():  # pandas fails to compare it
        raise ValueError("a signalling NaN has no text form")
    if pd.api.types.is_scalar(cell) and pd.isna(cell):
        return None
    for kinds, text in _CELLS:
        if isinstance(cell, kinds):
            return text(cell) or None
    raise ValueError(f"a {type(cell).__name__} has no text form")


def _list_text(cells: Any) -> str | None:
    if isinstance(cells, np.ndarray) and cells.ndim != 1:
        raise ValueError(f"an array of {cells.ndim} dimensions has no text form")
    if any(isinstance(item, (list, tuple, np.ndarray)) for item in cells):
        raise ValueError("a list within a list has no text form")
    items = map(cell_text, cells)
    return "|".join(item for item in items if item is not None) or None


def _checked_text(cell: str) -> str:
    cell.encode()  # half of a surrogate pair is not text
    return str.__str__(cell)  # a member of an enumeration: its value, not its name


def _instant_text(cell: datetime) -> str:
    if cell.tzinfo is None:
        raise ValueError("a datetime without a zone has no text form")
    try:
        return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:
        raise ValueError(f"{cell.isoformat()} is beyond the year 9999 in UTC") from None


# The first row whose types fit decides: a bool is an int too.
_CELLS: tuple[tuple[tuple[type, ...], Callable[[Any], str]], ...] = (
    ((str,), _checked_text),
    ((bool, np.bool_), lambda cell: "true" if cell else "false"),
    ((int, np.integer), lambda cell: str(int(cell))),
    ((float, np.floating), _float_text),
    ((Decimal,), lambda cell: format(cell, "f")),
    ((datetime,), _instant_text),
)

_COLUMNS: tuple[
    tuple[Callable[[pa.DataType], bool], Callable[[pa.ChunkedArray, str], pa.ChunkedArray]], ...
] = (
    (pa.types.is_dictionary, _from_dictionary),
    (_is_text, _without_empty),
    (_is_countable, _from_counts),
    (pa.types.is_floating, _from_floats),
    (_is_instant, _from_instants),
)


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, which is in the plural if needed.

    Examples
    --------
    >>> counted(68699, "event"), counted(1, "incident")
    ('68,699 events', '1 incident')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
