"""Repairs that cannot change what a table means, each of them listed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.enrichment._checks.columns import renames
from pandakit.enrichment._duplicates.ids import row_ids
from pandakit.enrichment._source.file import read_text
from pandakit.enrichment._source.text import text_cells

if TYPE_CHECKING:
    from pandakit.enrichment.schema import EnrichmentSchema

__all__ = ["fixed"]

_CHANGES = ("change", "column", "row", "before", "after")


def fixed(table: Any, schema: EnrichmentSchema) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the repaired frame and the list of changes."""
    frame = (
        table if isinstance(table, pd.DataFrame) else read_text(Path(getattr(table, "path", table)))
    )
    frame, renamed = _renamed(frame, schema)
    trimmed = []
    if frame.columns.is_unique:
        for title in [title for title in schema.columns if title in frame]:
            cells, changes = _trimmed(frame[title])
            frame = frame.assign(**{title: cells}) if len(changes) else frame
            trimmed.append(changes)
    frame, dropped = _without_repeats(frame, schema)
    changes = pd.concat([renamed, *trimmed, dropped], ignore_index=True)
    return frame, changes.astype({"row": "Int64"})


def _changes(change: str, column: Any, row: Any, before: Any, after: Any, count: int) -> Any:
    """Give `count` lines of the list of changes."""
    cells = dict(zip(_CHANGES, (change, column, row, before, after), strict=True))
    return pd.DataFrame(cells, index=range(count)).astype(
        {name: "Int64" if name == "row" else object for name in _CHANGES}
    )


def _renamed(frame: pd.DataFrame, schema: EnrichmentSchema) -> tuple[pd.DataFrame, pd.DataFrame]:
    new = {} if isinstance(frame.columns, pd.MultiIndex) else renames(list(frame.columns), schema)
    lines = _changes("renamed", list(new), pd.NA, list(new), list(new.values()), len(new))
    return frame.rename(columns=new), lines


def _trimmed(series: pd.Series) -> tuple[pd.Series, pd.DataFrame]:
    """Trim the whitespace around the texts of a column; lists and numbers stay as they are."""
    text, _, refused = text_cells(series)
    bare = pc.utf8_trim_whitespace(text)
    rows = np.flatnonzero(pc.not_equal(text, bare).to_numpy(zero_copy_only=False))
    for bad in refused.values():
        rows = np.setdiff1d(rows, bad.index)
    rows = rows[[isinstance(cell, str) for cell in series.iloc[rows]]] if rows.size else rows
    after = bare.take(rows).to_pylist()
    lines = _changes("trimmed", series.name, rows, text.take(rows).to_pylist(), after, len(rows))
    if not rows.size:
        return series, lines
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    cells = series.copy()
    cells.iloc[rows] = after
    return cells, lines


def _without_repeats(
    frame: pd.DataFrame, schema: EnrichmentSchema
) -> tuple[pd.DataFrame, pd.DataFrame]:
    if sorted(map(str, frame.columns)) != sorted(schema.columns):
        return frame, _changes("dropped", None, pd.NA, None, None, 0)
    text = pa.table([text_cells(frame[title]).text for title in schema.columns], schema.columns)
    repeated = pd.Series(row_ids(text, range(text.num_columns))).duplicated().to_numpy()
    rows = np.flatnonzero(repeated)
    before = [", ".join(row.values()) for row in text.take(pa.array(rows)).to_pylist()]
    lines = _changes("dropped", None, rows, before, None, len(rows))
    return (frame[~repeated] if rows.size else frame), lines
