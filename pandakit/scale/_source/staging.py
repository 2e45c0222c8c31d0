"""Rewrite CSV and JSON Lines as Parquet, because their rows cannot be read in parts."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from pandakit.consolidation._read.ticks import BAD_TIME
from pandakit.consolidation._read.timestamps import to_ticks
from pandakit.errors import EventError
from pandakit.files import atomic_write
from pandakit.scale._source.columns import TICKS
from pandakit.scale._source.files import CSV, naming
from pandakit.text import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pandakit.scale._source.files import InputFile

__all__ = ["stage", "text_schema"]

_BLOCK = 1 << 24  # bytes
_TEXT = pa.large_string()


def stage(file: InputFile, path: Path, unit: str, *, timestamp_as_text: bool) -> None:
    """Write the rows of a text file as Parquet: all cells in their text form.

    Timestamps become datetimes, unless they are needed as text.
    """
    if path.exists():
        return
    with naming(file.name):
        tables = _csv_tables(file) if file.format == CSV else _json_tables(file)
        first = next(tables)
        if not timestamp_as_text:
            first = _with_ticks(first, unit)
        with atomic_write(path) as target, pq.ParquetWriter(target, first.schema) as writer:
            writer.write_table(first)
            for table in tables:
                writer.write_table(table if timestamp_as_text else _with_ticks(table, unit))


def text_schema(file: InputFile) -> pa.Schema:
    """Return the columns of a file of text, for JSON Lines those of the first line.

    Raises
    ------
    EventError
        The beginning cannot be read, or a cell of the first line has no text form.
    """
    with naming(file.name):
        if file.format == CSV:
            with _open_csv(file) as reader:
                names = reader.schema.names
        else:
            record = _first_record(file)
            for name, cell in record.items():
                _text([cell], name)
            names = list(record)
    return pa.schema([(name, _TEXT) for name in names])


def _with_ticks(table: pa.Table, unit: str) -> pa.Table:
    if "timestamp" not in table.column_names:
        return table
    place = table.column_names.index("timestamp")
    times = to_ticks(table.column(place), unit)
    ticks = pa.array(times, mask=times == BAD_TIME).cast(TICKS)
    return table.set_column(place, pa.field("timestamp", TICKS), ticks)


def _csv_tables(file: InputFile) -> Iterator[pa.Table]:
    with _open_csv(file) as reader:
        names = reader.schema.names
    with _open_csv(file, dict.fromkeys(names, _TEXT)) as reader:
        yield reader.schema.empty_table()
        for batch in reader:
            yield pa.Table.from_batches([batch])


def _open_csv(
    file: InputFile, types: dict[str, pa.DataType] | None = None
) -> csv.CSVStreamingReader:
    return csv.open_csv(
        file.filesystem.open_input_stream(file.path),
        read_options=csv.ReadOptions(block_size=_BLOCK),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=True
        ),
    )


def _json_tables(file: InputFile) -> Iterator[pa.Table]:
    """Yield the lines of each block; all tables have all columns of the file."""
    names = list(dict.fromkeys(name for block in _records(file) for row in block for name in row))
    yield pa.table({name: pa.array([], _TEXT) for name in names})
    for block in _records(file):
        columns = [_text([row.get(name) for row in block], name) for name in names]
        yield pa.table(columns, names=names)


def _text(cells: list[Any], name: str) -> pa.ChunkedArray:
    try:
        return to_text(pd.Series(cells, dtype=object), column=name).cast(_TEXT)
    except ValueError as error:
        raise EventError(str(error)) from None


def _records(file: InputFile) -> Iterator[list[dict[str, Any]]]:
    number, rest = 0, b""
    with file.filesystem.open_input_stream(file.path) as stream:
        while block := stream.read(_BLOCK):
            *lines, rest = (rest + block).split(b"\n")
            yield [_record(line, number + at) for at, line in enumerate(lines) if line.strip()]
            number += len(lines)
    if rest.strip():
        yield [_record(rest, number)]


def _first_record(file: InputFile) -> dict[str, Any]:
    with io.BufferedReader(file.filesystem.open_input_stream(file.path)) as lines:
        for number, line in enumerate(lines):
            if line.strip():
                return _record(line, number)
    raise EventError("there is no record in it")


def _record(line: bytes, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise EventError(f"line {number + 1:,} is not JSON: {error}") from None
    if not isinstance(record, dict):
        raise EventError(f"line {number + 1:,} is not a JSON object")
    return record
