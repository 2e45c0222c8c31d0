"""A whole table as text, for looking up and comparing; it must have the schema's columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.enrichment._duplicates.ids import row_ids
from pandakit.enrichment._source.file import read_text
from pandakit.enrichment._source.source import FrameSource
from pandakit.errors import EnrichmentError

if TYPE_CHECKING:
    from pandakit.enrichment.schema import EnrichmentSchema

__all__ = ["first_rows", "lowered", "table_text"]


def table_text(table: Any, schema: EnrichmentSchema) -> pa.Table:
    """Give a frame, a file's path or a `CsvFile` as text, in the schema's order.

    Parameters
    ----------
    table
        One of these; what this function gave is given back.
    schema
        The mapping's columns.

    Returns
    -------
    pyarrow.Table
        As it would be sent; a missing value is empty text.

    Raises
    ------
    EnrichmentError
        A column is missing or stands twice, or a cell has no text form.
    """
    if isinstance(table, pa.Table):
        return table
    frame = table if isinstance(table, pd.DataFrame) else read_text(Path(_path(table)))
    names = list(frame.columns)
    if wrong := [title for title in schema.columns if names.count(title) != 1]:
        raise EnrichmentError(
            f"the table needs each of these columns once: {', '.join(map(repr, wrong))}"
        )
    source = FrameSource(frame, {title: names.index(title) for title in schema.columns})
    found = [pa.table([pa.array([], pa.large_string())] * len(source.titles), schema.columns)]
    start = 0
    for stretch in source.stretches():
        for title, cells in zip(source.titles, stretch, strict=True):
            for rule, bad in cells.refused.items():
                row = start + int(bad.index[0])
                raise EnrichmentError(f"column {title!r}, row {row}: {rule}; validate it first")
        found.append(pa.table([cells.text for cells in stretch], schema.columns))
        start += found[-1].num_rows
    return pa.concat_tables(found)


def _path(table: Any) -> Any:
    return getattr(table, "path", table)


def lowered(table: pa.Table) -> pa.Table:
    """Give a table of text in lower case."""
    return pa.table([pc.utf8_lower(column) for column in table.columns], table.column_names)


def first_rows(table: pa.Table, looked_up: pa.Table) -> np.ndarray:
    """Give, for each row that is looked up, the first row of `table` with its text, or -1."""
    both = pa.concat_tables([table, looked_up.rename_columns(table.column_names)])
    ids = row_ids(both, range(both.num_columns))
    first = np.full(len(ids) + 1, -1, np.int64)
    rows = np.arange(table.num_rows)[::-1]
    first[ids[rows]] = rows
    found: np.ndarray = first[ids[table.num_rows :]]
    return found
