"""A frame that is written in parts, and read again as one."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd

__all__ = ["write_frame"]

_ROWS = 1 << 16
"""Of a row group, whatever parts the frame comes in: so equal frames are equal files."""
_PATTERNS = pa.list_(pa.string())


def write_frame(path: Path, parts: Iterable[pd.DataFrame], n_rows: int) -> None:
    """Write a frame as Parquet, part by part; `pandas.read_parquet` returns the whole.

    Parameters
    ----------
    path
        The file.
    parts
        At least one, the indexes of which count on.
    n_rows
        How many rows all parts have together.
    """
    held: list[pa.Table] = []
    with ExitStack() as files:
        writer = None
        for part in parts:
            table = _table(part)
            if writer is None:
                schema = _schema_of_whole(table.schema, n_rows)
                writer = files.enter_context(pq.ParquetWriter(path, schema))
            held.append(table.replace_schema_metadata(schema.metadata))
            while _n_rows(held) >= _ROWS:
                whole = pa.concat_tables(held)
                writer.write_table(whole[:_ROWS].combine_chunks())
                held = [whole[_ROWS:]]
        if writer is not None and (_n_rows(held) or not n_rows):
            writer.write_table(pa.concat_tables(held).combine_chunks())


def _n_rows(tables: list[pa.Table]) -> int:
    return sum(table.num_rows for table in tables)


def _table(frame: pd.DataFrame) -> pa.Table:
    table = pa.Table.from_pandas(frame)
    if "patterns" in table.column_names:
        place = table.column_names.index("patterns")
        cells = table.column(place).cast(_PATTERNS)  # tuples may all be empty
        table = table.set_column(place, "patterns", cells)
    return table


def _schema_of_whole(schema: pa.Schema, n_rows: int) -> pa.Schema:
    """Return the schema with an index from 0 to the end of the whole frame."""
    described = json.loads(schema.metadata[b"pandas"])
    (index,) = described["index_columns"]
    index |= {"start": 0, "stop": n_rows}
    return schema.with_metadata({**schema.metadata, b"pandas": json.dumps(described).encode()})
