"""Segment files: parts of a table that can be read one by one, each with its own dictionaries.

A file is a sequence of Arrow streams. Its index, a JSON file beside it, has the offset of each
stream and its earliest and latest time. The index is written last: a file without one does not
count.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pandakit.errors import EventError
from pandakit.files import atomic_write
from pandakit.scale._source.columns import TICKS
from pandakit.scale._source.pieces import Loaded, Piece

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["Segment", "compact", "is_complete", "read_facts", "read_pieces", "write_segments"]

_ROW, _TIME = "pandakit.row", "pandakit.time"
_TIMESTAMP = "timestamp"
_MOST_NARROW = np.iinfo(np.uint32).max
_OPTIONS = {"compression": "lz4"} if pa.Codec.is_available("lz4") else {}


@dataclass(frozen=True)
class Segment:
    """Rows in time order, from a bucket."""

    table: pa.Table
    time: np.ndarray
    rows: np.ndarray
    first_row: int
    """Of rows with equal times, those with the smaller number are earlier."""
    bucket: int = 0


def write_segments(
    path: Path, segments: Iterable[Segment], facts: Callable[[], dict[str, Any]] = dict
) -> None:
    """Write a segment file, and in its index the facts that are known at the end."""
    index = []
    with atomic_write(path) as file:
        for segment in segments:
            begin = file.tell()
            row_base, table = _as_written(segment)
            with pa.ipc.new_stream(
                file, table.schema, options=pa.ipc.IpcWriteOptions(**_OPTIONS)
            ) as writer:
                writer.write_table(table)
            index.append(
                {
                    "bucket": segment.bucket,
                    "begin": begin,
                    "n_bytes": file.tell() - begin,
                    "first_row": segment.first_row,
                    "row_base": row_base,
                    "n_rows": table.num_rows,
                    "earliest": int(segment.time[0]),
                    "latest": int(segment.time[-1]),
                }
            )
    with atomic_write(_index_of(path)) as file:
        file.write(json.dumps({"segments": index, **facts()}).encode())


def _as_written(segment: Segment) -> tuple[int, pa.Table]:
    """Return the table of a segment in few bytes, and the number that its rows count from."""
    rows = segment.rows
    base = int(rows.min(initial=0 if len(rows) == 0 else rows[0]))
    offsets = rows - base
    if offsets.max(initial=0) <= _MOST_NARROW:
        offsets = offsets.astype(np.uint32)
    table = compact(segment.table, narrow=True)
    table = table.append_column(_ROW, pa.array(offsets))
    return base, table.append_column(_TIME, pa.array(segment.time))


def compact(table: pa.Table, *, narrow: bool = False) -> pa.Table:
    """Drop dictionary labels that no row has, and make codes as `narrow` as the others allow."""
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            cells = table.column(place).unify_dictionaries().combine_chunks()
            cells = cells.chunk(0) if isinstance(cells, pa.ChunkedArray) else cells
            cells = _with_used_labels(cells, narrow=narrow)
            table = table.set_column(place, field.name, cells)
    return table.combine_chunks()


def _with_used_labels(cells: pa.DictionaryArray, *, narrow: bool) -> pa.DictionaryArray:
    indices = cells.indices
    missing = None
    if indices.null_count:
        missing, indices = np.asarray(indices.is_null()), indices.fill_null(0)
    codes = np.asarray(indices)
    used = np.zeros(len(cells.dictionary), dtype=bool)
    used[codes if missing is None else codes[~missing]] = True
    labels = cells.dictionary.filter(pa.array(used))
    kind = np.min_scalar_type(-max(len(labels), 1)) if narrow else np.dtype(np.int32)
    numbers = (np.cumsum(used) - 1).astype(kind) if len(used) else np.zeros(1, dtype=kind)
    return pa.DictionaryArray.from_arrays(pa.array(numbers[codes], mask=missing), labels)


def _index_of(path: Path) -> Path:
    return path.with_suffix(".json")


def is_complete(path: Path) -> bool:
    """Return whether a segment file was written to its end."""
    return _index_of(path).exists() and path.exists()


def read_facts(path: Path) -> dict[str, Any]:
    """Return the facts in the index of a file."""
    facts: dict[str, Any] = json.loads(_index_of(path).read_bytes())
    return facts


def read_pieces(path: Path, bucket: int | None = None) -> list[Piece]:
    """Return the segments of a file, of all buckets or of one."""
    return [
        Piece(
            path.name,
            each["first_row"],
            each["n_rows"],
            each["earliest"],
            each["latest"],
            partial(_load, path, each),
        )
        for each in read_facts(path)["segments"]
        if bucket is None or each["bucket"] == bucket
    ]


def _load(path: Path, segment: dict[str, int]) -> Loaded:
    with path.open("rb") as file:
        file.seek(segment["begin"])
        content = file.read(segment["n_bytes"])
    table = pa.ipc.open_stream(content).read_all()
    rows, time = (table.column(name).to_numpy() for name in (_ROW, _TIME))
    rows = rows.astype(np.int64) + segment["row_base"]
    if (
        len(time) != segment["n_rows"]
        or (time[1:] < time[:-1]).any()
        or (len(time) and (time[0], time[-1]) != (segment["earliest"], segment["latest"]))
    ):
        raise EventError(f"{path} is not in the order of time; delete it and start again")
    table = _with_wide_codes(table.drop_columns([_ROW, _TIME]))
    if _TIMESTAMP not in table.column_names:
        table = table.add_column(0, _TIMESTAMP, pa.array(time).cast(TICKS))
    return Loaded(table, time, rows)


def _with_wide_codes(table: pa.Table) -> pa.Table:
    """Return the table with all codes as int32, whatever they were written as."""
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type) and field.type.index_type != pa.int32():
            (cells,) = table.column(place).chunks
            wide = pa.DictionaryArray.from_arrays(cells.indices.cast(pa.int32()), cells.dictionary)
            table = table.set_column(place, field.name, wide)
    return table
