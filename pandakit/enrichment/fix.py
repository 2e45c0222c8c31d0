"""Repairs that cannot change what a table means, each one listed."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.enrichment._checks.columns import renames
from pandakit.enrichment._match.rows import repeats, row_ids
from pandakit.enrichment._source.source import QUOTED, TEXTS, text_cells
from pandakit.enrichment._source.table import whole_frame
from pandakit.errors import PartialWarning
from pandakit.interchange import as_table

if TYPE_CHECKING:
    from pathlib import Path

    from pandakit.enrichment.schema import EnrichmentSchema

__all__ = ["fix_table"]

_CHANGES = ("change", "column", "row", "before", "after")
_NAMED_ROWS = 5


def fix_table(
    table: pd.DataFrame | Path, schema: EnrichmentSchema
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the repaired frame and the list of changes."""
    frame, renamed = _rename(_without_views(whole_frame(table)), schema)
    if isinstance(frame.columns, pd.MultiIndex) or not frame.columns.is_unique:
        return frame, _listed([renamed])
    trims = {title: _trim(frame[title]) for title in schema.columns if title in frame}
    _leave_meaning(trims, schema)
    _warn_of_left(trims)
    frame = frame.assign(
        **{
            title: _with_texts(frame[title], trim)
            for title, trim in trims.items()
            if trim.rows.size
        }
    )
    trimmed = [
        _changes("trimmed", title, trim.rows, *trim.texts()) for title, trim in trims.items()
    ]
    if sorted(map(str, frame.columns)) != sorted(schema.columns):
        return frame, _listed([renamed, *trimmed])
    text = pa.table([trims[title].text() for title in schema.columns], list(schema.columns))
    is_repeat = _repeated(text)
    rows = np.flatnonzero(is_repeat)
    before = [", ".join(row.values()) for row in text.take(pa.array(rows)).to_pylist()]
    dropped = _changes("dropped", None, rows, before, [None] * len(rows))
    return (frame[~is_repeat] if rows.size else frame), _listed([renamed, *trimmed, dropped])


def _without_views(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose Arrow columns have layouts that pandas can index."""
    frame = frame.copy(deep=False)
    for place, dtype in enumerate(frame.dtypes):
        kind = getattr(dtype, "pyarrow_dtype", pa.null())
        if pa.types.is_string_view(kind) or pa.types.is_run_end_encoded(kind):
            cells = pa.table({"": pa.array(frame.iloc[:, place].array)})
            plain = pd.arrays.ArrowExtensionArray(as_table(cells).column(0))
            frame.isetitem(place, plain)
    return frame


def _changes(change: str, column: Any, rows: Any, before: Any, after: Any) -> pd.DataFrame:
    count = len(before)
    cells = (change, column, rows, before, after)
    return pd.DataFrame(dict(zip(_CHANGES, cells, strict=True)), index=range(count)).astype(
        {name: "Int64" if name == "row" else object for name in _CHANGES}
    )


def _listed(changes: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(changes, ignore_index=True).astype({"row": "Int64"})


def _rename(frame: pd.DataFrame, schema: EnrichmentSchema) -> tuple[pd.DataFrame, pd.DataFrame]:
    new = {} if isinstance(frame.columns, pd.MultiIndex) else renames(list(frame.columns), schema)
    changes = _changes("renamed", list(new), pd.NA, list(new), list(new.values()))
    return frame.rename(columns=new), changes


class _Trim(NamedTuple):
    """The texts of a column before and after trimming, and the rows to trim."""

    before: pa.LargeStringArray
    after: pa.LargeStringArray
    rows: np.ndarray
    left: np.ndarray
    """Rows whose whitespace stays, because cutting it could change what is meant."""

    def texts(self) -> tuple[list[str], list[str]]:
        """Return the texts of the trimmed rows, before and after."""
        rows = pa.array(self.rows)
        return self.before.take(rows).to_pylist(), self.after.take(rows).to_pylist()

    def text(self) -> pa.LargeStringArray:
        """Return the text of the repaired column."""
        is_trimmed = np.zeros(len(self.before), bool)
        is_trimmed[self.rows] = True
        return pc.if_else(pa.array(is_trimmed), self.after, self.before)

    def leave(self, is_left: np.ndarray) -> _Trim:
        """Return the same column, with the whitespace of some rows left alone."""
        kept = is_left[self.rows]
        left = np.sort(np.concatenate([self.left, self.rows[kept]]))
        return self._replace(rows=self.rows[~kept], left=left)


def _trim(series: pd.Series) -> _Trim:
    """Trim the texts of a column; lists and cells without a text form stay as they are."""
    cells = text_cells(series)
    after = pc.utf8_trim_whitespace(cells.text)
    differs = pc.not_equal(cells.text, after).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(differs & (np.asarray(cells.kinds) == TEXTS))
    rows = np.setdiff1d(rows, [row for cells in cells.invalid.values() for row in cells])
    return _Trim(cells.text, after, rows, rows[:0])


def _leave_meaning(trims: dict[str, _Trim], schema: EnrichmentSchema) -> None:
    """Leave whitespace that keeps keys distinct or non-empty, or values unquoted."""
    query = [field.title for field in schema.query if field.title in trims]
    for title, trim in trims.items():
        quoted = (pc.match_substring_regex(text, QUOTED) for text in (trim.before, trim.after))
        is_left = pc.not_equal(*quoted)
        if title in query:
            is_left = pc.or_(is_left, pc.equal(trim.after, ""))
        trims[title] = trim.leave(is_left.to_numpy(zero_copy_only=False))
    if len(trims) == len(schema.columns):
        merges = _merged_keys(trims, query)
        for title in query:
            trims[title] = trims[title].leave(merges)


def _merged_keys(trims: dict[str, _Trim], query: list[str]) -> np.ndarray:
    """Return the rows whose keys now differ, but would be equal with different results."""
    now = pa.table([trims[title].before for title in query], query)
    then = pa.table([trim.text() for trim in trims.values()], list(trims))
    key = row_ids(then.select(query))
    ids = pd.DataFrame({"row": row_ids(then), "key": row_ids(now)})
    several = ids.groupby(key).transform("nunique") > 1
    merged: np.ndarray = several.all(axis=1).to_numpy()
    return merged


def _warn_of_left(trims: dict[str, _Trim]) -> None:
    for title, trim in trims.items():
        if trim.left.size:
            rows = ", ".join(map(str, trim.left[:_NAMED_ROWS]))
            more = ", ..." if len(trim.left) > _NAMED_ROWS else ""
            warnings.warn(
                f"column {title!r}, rows {rows}{more}: {len(trim.left):,} cells keep leading or "
                f"trailing whitespace; without it a key would be empty or equal to another row's, "
                f"or a value would become a quoted one. Decide what they mean",
                PartialWarning,
                stacklevel=4,
            )


def _with_texts(series: pd.Series, trim: _Trim) -> pd.Series:
    """Rebuild a column with the trimmed texts, as objects if its dtype cannot hold them."""
    if isinstance(series.dtype, pd.ArrowDtype):
        array = _arrow_with_texts(series, trim)
    else:
        array = series.astype(object).to_numpy(copy=True)
        array[trim.rows] = trim.texts()[1]
    dtype = series.dtype if isinstance(series.dtype, pd.StringDtype) else None
    if dtype is None and isinstance(array, np.ndarray):
        dtype = object  # also for categories and sparse columns, which lack the new texts
    return pd.Series(array, index=series.index, name=series.name, dtype=dtype)


def _arrow_with_texts(series: pd.Series, trim: _Trim) -> Any:
    cells = pa.array(series.array).to_pylist()
    for row, text in zip(trim.rows, trim.texts()[1], strict=True):
        cells[row] = text
    try:
        array = pa.array(cells, series.dtype.pyarrow_dtype)
    except pa.ArrowException:  # run-end encoding
        array = pa.array(cells, pa.large_string())
    return pd.arrays.ArrowExtensionArray(array)


def _repeated(text: pa.Table) -> np.ndarray:
    """Return the rows to drop: those whose text equals an earlier row's.

    The last row of a table may not end in whitespace. If dropping it would leave such a row at
    the end, its earlier twin is dropped instead.
    """
    is_repeat, first = repeats(row_ids(text))
    end = len(is_repeat) - 1
    if end > 0 and is_repeat[end] and not _ends_in_whitespace(text, end):
        last = int(np.flatnonzero(~is_repeat)[-1])
        if _ends_in_whitespace(text, last):
            is_repeat = is_repeat.copy()
            is_repeat[[first[end], end]] = True, False
    return is_repeat


def _ends_in_whitespace(text: pa.Table, row: int) -> bool:
    values = text.slice(row, 1).to_pylist()[0].values()
    return any(value.endswith((" ", "\t")) for value in values)
