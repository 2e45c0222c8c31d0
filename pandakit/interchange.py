"""What counts as a table: pandas, Arrow, and everything that exports an Arrow stream.

polars frames, DuckDB relations and narwhals frames export one through ``__arrow_c_stream__``
(Arrow's PyCapsule interface), so none of these libraries is imported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TableLike", "as_table", "is_table"]

#: pandas.DataFrame, pyarrow.Table, RecordBatch or RecordBatchReader, or an exporter of a stream.
TableLike: TypeAlias = Any

_EXPORT = "__arrow_c_stream__"
# They export a stream too, but of one column.
_COLUMNS = (pd.Series, pd.Index, pa.Array, pa.ChunkedArray)


def is_table(value: object) -> bool:
    """Return whether `as_table` accepts a value as a table.

    Examples
    --------
    >>> is_table(pd.DataFrame()), is_table(pa.table({})), is_table([{"host": "db-1"}])
    (True, True, False)
    """
    if isinstance(value, (*_COLUMNS, type)):
        return False
    return isinstance(value, (pd.DataFrame, pa.RecordBatch)) or hasattr(value, _EXPORT)


def as_table(
    value: TableLike, *, name: str = "the table", error: type[Exception] = TypeError
) -> pd.DataFrame | pa.Table:
    """Return a DataFrame as it is, and every other table as an Arrow table.

    Views, run-end encoded columns and null-typed dictionaries become Arrow's plain layouts, so
    a column is the same whichever library exported it. No other value changes.

    Parameters
    ----------
    value
        A pandas DataFrame; an Arrow table, record batch or reader of batches; or anything with
        ``__arrow_c_stream__``, such as a polars frame or a DuckDB relation. Readers and
        relations are read to their end.
    name
        What messages call the value.
    error
        The class to raise.

    Raises
    ------
    TypeError
        Or `error`: the value is not a table, or its stream broke.

    Examples
    --------
    >>> as_table(pa.record_batch({"host": ["db-1"]})).num_rows
    1
    >>> as_table([1, 2], name="events")
    Traceback (most recent call last):
    TypeError: events: a list is not a table; pass a pandas DataFrame, an Arrow table, record batch
    or reader, or an object with __arrow_c_stream__ (a polars frame, a DuckDB relation)
    """
    if isinstance(value, pd.DataFrame):
        return value
    if not is_table(value):
        raise error(
            f"{name}: a {type(value).__name__} is not a table; pass a pandas DataFrame, an Arrow "
            f"table, record batch or reader, or an object with {_EXPORT} (a polars frame, a "
            f"DuckDB relation)"
        )
    try:
        return _plain(_read(value))
    except Exception as failure:  # a stream raises whatever its library raises
        raise error(f"{name}: a {type(value).__name__} cannot be read: {failure}") from failure


def _read(value: Any) -> pa.Table:
    if isinstance(value, pa.Table):
        return value
    if isinstance(value, pa.RecordBatch):
        return pa.Table.from_batches([value])
    if not isinstance(value, pa.RecordBatchReader):
        value = pa.RecordBatchReader.from_stream(value)
    return value.read_all()


def _plain(table: pa.Table) -> pa.Table:
    for place, column in enumerate(table.schema):
        plain = _plain_type(column.type)
        if plain != column.type:
            cells = _cast(table.column(place), plain)
            table = table.set_column(place, column.with_type(plain), cells)
    return table


def _cast(cells: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if not pa.types.is_nested(kind):
        try:
            return cells.cast(kind)
        except pa.ArrowNotImplementedError:
            pass  # views in older releases of Arrow
    # Through Python, because Arrow's own cast empties the last list of a list view.
    values = cells.to_pylist()
    if not pa.types.is_dictionary(kind):
        return pa.chunked_array([pa.array(values, type=kind)])
    encoded = pa.array(values, type=kind.value_type).dictionary_encode()
    codes = encoded.indices.cast(kind.index_type)
    return pa.chunked_array([pa.DictionaryArray.from_arrays(codes, encoded.dictionary)])


def _plain_type(kind: pa.DataType) -> pa.DataType:
    for fits, plain in _LAYOUTS:
        if fits(kind):
            return plain(kind)
    return kind


def _field(kind: pa.DataType) -> pa.Field:
    return kind.value_field.with_type(_plain_type(kind.value_type))


_Row: TypeAlias = "tuple[Callable[[pa.DataType], bool], Callable[[pa.DataType], pa.DataType]]"
_LAYOUTS: tuple[_Row, ...] = (
    (pa.types.is_string_view, lambda _: pa.large_string()),
    (pa.types.is_binary_view, lambda _: pa.large_binary()),
    (pa.types.is_run_end_encoded, lambda kind: _plain_type(kind.value_type)),
    (pa.types.is_list_view, lambda kind: pa.list_(_field(kind))),
    (pa.types.is_large_list_view, lambda kind: pa.large_list(_field(kind))),
    (pa.types.is_list, lambda kind: pa.list_(_field(kind))),
    (pa.types.is_large_list, lambda kind: pa.large_list(_field(kind))),
    (
        lambda kind: pa.types.is_dictionary(kind) and pa.types.is_null(kind.value_type),
        lambda _: pa.null(),
    ),
    (
        pa.types.is_dictionary,
        lambda kind: pa.dictionary(kind.index_type, _plain_type(kind.value_type), kind.ordered),
    ),
)
