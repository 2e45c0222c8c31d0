"""Recognise a file by its content, and read its rows as a table of raw columns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pandakit.errors import EventError
from pandakit.events._files.delimited import read_delimited
from pandakit.events._files.dictionaries import stored_as_dictionaries, with_repeating
from pandakit.events._files.lines import LOG_LINE, read_lines
from pandakit.events._files.nested import as_flat_text, flat_column, nesting
from pandakit.events._files.raw import Raw, checked_names
from pandakit.events._files.records import read_records
from pandakit.events._files.text import encoding_of_head
from pandakit.interchange import as_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandakit.events._files.find import Member

__all__ = ["from_frame", "from_member"]


_FIRST_LINES = 10  # a log may begin with other lines


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
    except Exception as error:  # parsers raise all kinds of errors for damaged files
        raise EventError(f"{member.name} cannot be read as a table: {error}") from error


def _parquet(member: Member) -> Raw:
    from pyarrow import parquet  # noqa: PLC0415 - loaded on use

    with parquet.ParquetFile(member.open()) as source:
        names = stored_as_dictionaries(source)
    with parquet.ParquetFile(member.open(), read_dictionary=names) as source:
        return Raw(member.name, with_repeating(source.read(), names), "Parquet")


def _feather(member: Member) -> Raw:
    from pyarrow import feather  # noqa: PLC0415 - loaded on use

    table = feather.read_table(member.open())
    table.validate(full=True)  # a damaged file may contain arbitrary offsets
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
    return _from_pandas(member.name, f"Excel, sheet {name!r}", sheet)


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
        return _plain(_from_pandas(name, type(value).__name__, table))
    return _plain(Raw(name, table, type(value).__name__))


def _from_pandas(name: str, form: str, frame: pd.DataFrame) -> Raw:
    """Return the columns of a frame, as text where their cells are of different kinds."""
    names = checked_names("the frame", [str(name) for name in frame.columns])
    columns = [_frame_column(frame.iloc[:, place], each) for place, each in enumerate(names)]
    table = pa.table([cells for cells, _ in columns], names=names)
    nested = {each: kinds for each, (_, kinds) in zip(names, columns, strict=True) if kinds.any()}
    return Raw(name, table, form, nested=nested)


def _frame_column(series: pd.Series, name: str) -> tuple[Any, np.ndarray]:
    """Return the cells of a column, and their nesting if they were converted to text."""
    try:
        column = pa.array(series.array, from_pandas=True)
        if not isinstance(column.type, pa.BaseExtensionType):
            return column, np.zeros(0, np.int8)
    except (pa.ArrowException, TypeError, OverflowError, UnicodeEncodeError):
        pass
    kinds = nesting(series.array)
    return as_flat_text(name, series.array, kinds), kinds


def _plain(raw: Raw) -> Raw:
    """Flatten nested columns, write lists of objects as JSON, and turn all text into one type."""
    table = raw.table
    while any(pa.types.is_struct(kind) for kind in table.schema.types):
        table = table.flatten()
    table = as_table(table, name=raw.name, error=EventError)
    raw = replace(raw, table=table).renamed(checked_names(raw.name, table.column_names))
    table, nested = raw.table, dict(raw.nested)
    for place, field in enumerate(table.schema):
        cells = table.column(place)
        if pa.types.is_string(field.type):
            cells = cells.cast(pa.large_string())
        elif found := flat_column(field.name, cells):
            cells, nested[field.name] = found
        else:
            continue
        table = table.set_column(place, field.name, cells)
    return replace(raw, table=table, nested=nested)
