"""Recognise a file by its content, and read its rows as a table of raw columns."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from pandakit.errors import EventError
from pandakit.events._files.delimited import read_delimited
from pandakit.events._files.lines import LOG_LINE, read_lines
from pandakit.events._files.raw import Raw, checked_names
from pandakit.events._files.records import read_records
from pandakit.events._files.text import encoding_of_head
from pandakit.interchange import as_table
from pandakit.text import to_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandakit.events._files.find import Member

__all__ = ["from_frame", "from_member"]


_FIRST_LINES = 10  # a log may begin with other lines
# Columns of which only the different values are looked at: those are what a file stores.
_FEW_VALUES = ("status", "state", "severity")


def from_member(member: Member) -> Raw:
    """Return the rows of one file.

    Raises
    ------
    EventError
        The file is empty, damaged, or of no known format.
    """
    head = member.head
    if not head:
        raise EventError(f"{member.name} cannot be read as a table: it is empty")
    for magic, read in _BINARY:
        if head.startswith(magic):
            return _plain(_refusing(member, read))
    text = head.decode(encoding_of_head(head, member.name), errors="replace")
    start = text.lstrip("\ufeff \t\r\n")
    if any(LOG_LINE.match(line) for line in start.splitlines()[:_FIRST_LINES]):
        return read_lines(member)
    if start[:1] in {"{", "["}:
        return _plain(read_records(member))
    return read_delimited(member)


def _refusing(member: Member, read: Callable[[Member], Raw]) -> Raw:
    try:
        return read(member)
    except EventError:
        raise
    except Exception as error:  # the parsers of damaged files fail with whatever they meet
        raise EventError(f"{member.name} cannot be read as a table: {error}") from error


def _parquet(member: Member) -> Raw:
    from pyarrow import parquet  # noqa: PLC0415 - loaded on use

    with parquet.ParquetFile(member.open()) as source:
        names = source.schema_arrow.names
    coded = [name for name in names if name.lower() in _FEW_VALUES]
    with parquet.ParquetFile(member.open(), read_dictionary=coded) as source:
        return Raw(member.name, source.read(), "Parquet")


def _feather(member: Member) -> Raw:
    from pyarrow import feather  # noqa: PLC0415 - loaded on use

    table = feather.read_table(member.open())
    table.validate(full=True)  # a damaged file may hold offsets that lead anywhere
    return Raw(member.name, table, "Feather")


def _arrow_stream(member: Member) -> Raw:
    with pa.ipc.open_stream(member.open()) as reader:
        table = reader.read_all()
    table.validate(full=True)
    return Raw(member.name, table, "Arrow stream")


def _excel(member: Member) -> Raw:
    """Return the only sheet that has rows."""
    try:
        sheets = pd.read_excel(
            member.path or member.open(),
            sheet_name=None,
            dtype=object,
            keep_default_na=False,
            na_values=[""],
        )
    except ImportError as error:
        raise EventError(
            f"{member.name}: Excel files need openpyxl: pip install 'pandakit[excel]'"
        ) from error
    filled = {name: sheet for name, sheet in sheets.items() if len(sheet)}
    if len(filled) != 1:
        found = ", ".join(map(repr, filled)) or "none"
        raise EventError(
            f"{member.name} must have exactly one sheet with rows; it has {found}. Read the one "
            f"you mean with pandas.read_excel(..., sheet_name=...) and pass the frame"
        )
    ((name, sheet),) = filled.items()
    sheet.columns = sheet.columns.map(str)
    return Raw(member.name, frame_columns(sheet), f"Excel, sheet {name!r}")


def _old_excel(member: Member) -> Raw:
    raise EventError(f"{member.name} is in the old Excel format; save it as .xlsx")


_BINARY: tuple[tuple[bytes, Callable[[Member], Raw]], ...] = (
    (b"PAR1", _parquet),
    (b"ARROW1", _feather),
    (b"FEA1", _feather),
    (b"\xff\xff\xff\xff", _arrow_stream),
    (b"PK\x03\x04", _excel),
    (b"\xd0\xcf\x11\xe0", _old_excel),
)


def from_frame(value: Any) -> Raw:
    """Return the rows of a pandas frame, an Arrow table, or anything with an Arrow stream.

    Raises
    ------
    EventError
        The value is not a table, or a column has cells without a text form.
    """
    name = f"the {type(value).__name__}"
    table = as_table(value, name="source", error=EventError)
    if isinstance(table, pd.DataFrame):
        table = frame_columns(table)
    return _plain(Raw(name, table, type(value).__name__))


def frame_columns(frame: pd.DataFrame) -> pa.Table:
    """Return the columns of a frame, as text where their cells are of different kinds."""
    names = checked_names("the frame", [str(name) for name in frame.columns])
    return pa.table(
        [_frame_column(frame.iloc[:, place], name) for place, name in enumerate(names)], names=names
    )


def _frame_column(series: pd.Series, name: str) -> Any:
    try:
        column = pa.array(series.array, from_pandas=True)
        if not isinstance(column.type, pa.BaseExtensionType):
            return column
    except (pa.ArrowException, TypeError, OverflowError, UnicodeEncodeError):
        pass
    cells = [_json_text(cell) if isinstance(cell, (dict, list)) else cell for cell in series]
    try:
        return to_text(cells, column=name)
    except ValueError as error:
        raise EventError(str(error)) from None


def _plain(raw: Raw) -> Raw:
    """Flatten nested columns, write lists of objects as JSON, and turn all text into one type."""
    table = raw.table
    while any(pa.types.is_struct(kind) for kind in table.schema.types):
        table = table.flatten()
    table = as_table(table, name=raw.name, error=EventError)
    table = table.rename_columns(checked_names(raw.name, table.column_names))
    for place, field in enumerate(table.schema):
        cells = table.column(place)
        if pa.types.is_string(field.type):
            cells = cells.cast(pa.large_string())
        elif _holds_objects(field.type):
            texts = [None if cell is None else _json_text(cell) for cell in cells.to_pylist()]
            cells = pa.chunked_array([pa.array(texts, pa.large_string())])
        else:
            continue
        table = table.set_column(place, field.name, cells)
    return replace(raw, table=table)


def _holds_objects(kind: pa.DataType) -> bool:
    if pa.types.is_map(kind):
        return True
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    return bool(is_list and pa.types.is_nested(kind.value_type))


def _json_text(cell: Any) -> str:
    return json.dumps(cell, ensure_ascii=False, default=str)
