"""A whole table as text, for look-ups and comparisons; it must have the schema's columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from pandakit.enrichment._source.csv_file import read_csv_file
from pandakit.enrichment._source.source import FrameSource, frame_or_path
from pandakit.errors import EnrichmentError

if TYPE_CHECKING:
    from pandakit.enrichment.schema import EnrichmentSchema

__all__ = ["table_text", "whole_frame"]


def whole_frame(table: Any) -> pd.DataFrame:
    """Return a table as a frame; a CSV file is read as text."""
    found = frame_or_path(table)
    return found if isinstance(found, pd.DataFrame) else read_csv_file(found)


def table_text(table: Any, schema: EnrichmentSchema) -> pa.Table:
    """Return a table as the text that would be sent, in the schema's order.

    Parameters
    ----------
    table
        A frame or another table, the path of a CSV file, or a `CsvFile`.
    schema
        The mapping's columns.

    Returns
    -------
    pyarrow.Table
        Columns of ``large_string`` without nulls: a missing value is empty text.

    Raises
    ------
    EnrichmentError
        A column is missing or repeated, or a cell has no text form.
    """
    frame = whole_frame(table)
    names = list(frame.columns)
    if wrong := [title for title in schema.columns if names.count(title) != 1]:
        raise EnrichmentError(
            f"the table needs each of these columns once: {', '.join(map(repr, wrong))}"
        )
    source = FrameSource(frame, {title: names.index(title) for title in schema.columns})
    found = [pa.table([pa.array([], pa.large_string())] * len(source.titles), schema.columns)]
    for batch in source.batches():
        for title, cells in zip(source.titles, batch.cells, strict=True):
            for rule, invalid in cells.invalid.items():
                row = batch.numbers[min(invalid)]
                raise EnrichmentError(f"column {title!r}, row {row}: {rule}; validate it first")
        found.append(batch.table(source.titles))
    return pa.concat_tables(found)
