"""Pieces: parts of the input that are read at once, with their earliest and latest time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pandakit.consolidation._read.ticks import BAD_TIME, scaled
from pandakit.consolidation._read.timestamps import to_ticks
from pandakit.errors import EventError
from pandakit.scale._source.files import naming

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pandakit.scale._source.columns import InputColumns
    from pandakit.scale._source.files import InputFile

__all__ = ["NO_TIME", "Loaded", "ParquetFile", "Piece"]

NO_TIME = int(BAD_TIME) + 1
"""The earliest and latest time of a piece in which no row has one."""


class Loaded(NamedTuple):
    """The rows of a piece."""

    table: pa.Table
    time: np.ndarray
    """In microseconds; `BAD_TIME` where a row has none."""
    rows: np.ndarray | None
    """The number of each row in the whole input; None if they are consecutive."""


@dataclass(frozen=True)
class Piece:
    """A part of the input that is read at once."""

    name: str
    first_row: int
    """Of two events with equal times, the one in the piece with the smaller number is earlier."""
    n_rows: int
    earliest: int
    latest: int
    load: Callable[[], Loaded]
    first_of_file: int = 0
    """The number of the first row of its file."""

    def place(self, row: int) -> str:
        """Return the file of a row of the whole input, and its number there."""
        return f"{self.name}, row {row - self.first_of_file}"

    def place_of(self, row: int) -> str:
        """Return the same for a row number within the piece."""
        return self.place(self.first_row + row)


class ParquetFile:
    """A Parquet file whose row groups are pieces."""

    def __init__(self, file: InputFile, first_row: int, *, staged: Path | None = None) -> None:
        self.file = file
        self.first_row = first_row
        self._staged = staged
        with naming(file.name), self._open() as opened:
            self._metadata = opened.metadata
            self.schema = opened.schema_arrow
        for name, value in file.constants.items():
            kind = pa.scalar(value).type
            self.schema = self.schema.append(pa.field(name, kind))
        self.n_rows: int = self._metadata.num_rows

    @property
    def has_datetimes(self) -> bool:
        """Whether the file itself names the unit of its timestamps."""
        kind = self.schema.field("timestamp").type
        return self._staged is None and bool(pa.types.is_timestamp(kind))

    def _open(self, encoded: list[str] | None = None) -> pq.ParquetFile:
        source = self._staged or self.file.filesystem.open_input_file(self.file.path)
        known = getattr(self, "_metadata", None)
        return pq.ParquetFile(source, metadata=known, read_dictionary=encoded)

    def pieces(self, columns: InputColumns, unit: str) -> list[Piece]:
        """Return the row groups, with their times from the statistics or from one pass.

        Raises
        ------
        EventError
            The timestamps cannot be read.
        """
        found, first_row = [], self.first_row
        for group in range(self._metadata.num_row_groups):
            n_rows = self._metadata.row_group(group).num_rows
            bounds = self._statistics(group, unit) or self._pass_over(group, unit)
            load = partial(self._load, group, first_row, bounds, columns, unit)
            if n_rows:
                found.append(
                    Piece(self.file.name, first_row, n_rows, *bounds, load, self.first_row)
                )
            first_row += n_rows
        return found

    def _statistics(self, group: int, unit: str) -> tuple[int, int] | None:
        """Return the earliest and latest time by the file's own statistics, or None."""
        kind = self.schema.field("timestamp").type
        chunks = self._metadata.row_group(group)
        columns = [chunks.column(place) for place in range(chunks.num_columns)]
        column = next((each for each in columns if each.path_in_schema == "timestamp"), None)
        statistics = None if column is None else column.statistics
        if statistics is None or not statistics.has_min_max:
            return None
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            bounds = np.array([statistics.min, statistics.max])
        elif pa.types.is_timestamp(kind):
            raw = [statistics.min_raw, statistics.max_raw]
            if not all(isinstance(each, int) for each in raw):
                return None
            bounds, unit = np.array(raw), _unit_of_storage(column, kind)
        else:
            return None
        earliest, latest = scaled(bounds, unit).tolist()
        return None if BAD_TIME in (earliest, latest) else (earliest, latest)

    def _pass_over(self, group: int, unit: str) -> tuple[int, int]:
        with naming(self.file.name), self._open() as opened:
            cells = opened.read_row_group(group, columns=["timestamp"]).column("timestamp")
            return _bounds(to_ticks(cells, unit))

    def _load(
        self, group: int, first_row: int, bounds: tuple[int, int], columns: InputColumns, unit: str
    ) -> Loaded:
        with naming(self.file.name):
            wanted = [name for name in columns.names if name in self.schema.names]
            with self._open(columns.encoded(self.schema)) as opened:
                table = opened.read_row_group(group, columns=wanted)
            for name, value in self.file.constants.items():
                if name in wanted:
                    table = table.append_column(name, _repeated(value, table.num_rows))
            table, time = columns.conform(table, unit)
            earliest, latest = _bounds(time)
            if earliest != NO_TIME and (earliest < bounds[0] or latest > bounds[1]):
                raise EventError(
                    f"row group {group} (from row {first_row - self.first_row:,} on) has events "
                    f"outside the times that its own statistics name; write the file again"
                )
            return Loaded(table, time, None)


def _unit_of_storage(column: pq.ColumnChunkMetaData, kind: pa.DataType) -> str:
    logical = column.statistics.logical_type.to_json()
    for unit, name in (("milliseconds", "ms"), ("microseconds", "us"), ("nanoseconds", "ns")):
        if unit in logical:
            return name
    return str(kind.unit)


def _bounds(time: np.ndarray) -> tuple[int, int]:
    known = time if time.min(initial=0) != BAD_TIME else time[time != BAD_TIME]
    return (int(known.min()), int(known.max())) if len(known) else (NO_TIME, NO_TIME)


def _repeated(value: object, n_rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), n_rows)
