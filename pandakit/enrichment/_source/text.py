"""From cells of any type to the text that is sent: one rule for validator and writer."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.text import to_text

__all__ = ["LISTS", "OTHERS", "QUOTED", "TEXTS", "Cells", "bare_text", "odd_text", "text_cells"]

# What a cell was before it became text.
TEXTS, LISTS, OTHERS = 0, 1, 2
#: Cells with one verdict for the whole type are tried once; these are tried one by one.
_TRIED_ALONE = (str, list, tuple, np.ndarray, datetime)
#: A text that is one quoted value: a pipe in it separates nothing.
QUOTED = r'^"(?:[^"]|"")*"$'
_INFINITIES = r"(^|\|)-?[Ii]nf(inity)?(\||$)"


class Cells(NamedTuple):
    """A stretch of one column as it is sent."""

    text: pa.LargeStringArray
    """Without nulls: a missing cell is empty text."""
    kinds: np.ndarray | int
    """TEXTS, LISTS or OTHERS, a cell each; one number when all are alike."""
    refused: dict[str, pd.Series]
    """Rule name to the cells without text form, by position; their text counts for nothing."""


def text_cells(series: pd.Series) -> Cells:
    """Give the text of every cell of a stretch of a column."""
    form = _form(series.dtype)
    if form is None:
        return _from_objects(series.astype(object))
    try:
        text = bare_text(to_text(series))
    except ValueError:
        if form == TEXTS:
            return _from_objects(series.astype(object))
        return _none_has_text(series)
    infinite = _where(text, _INFINITIES) if form == OTHERS else ()
    return Cells(text, form, _by_rule(series, {"not_finite": infinite}))


def _form(dtype: Any) -> int | None:
    """Say what all cells of a dtype are; nothing where each must be looked at."""
    if isinstance(dtype, pd.CategoricalDtype):
        labels = pd.api.types.infer_dtype(dtype.categories)
        if labels in {"string", "empty"}:
            return TEXTS
        return None if dtype.categories.dtype == object else OTHERS
    if pd.api.types.is_object_dtype(dtype):
        return None
    if isinstance(dtype, pd.ArrowDtype):
        kind = dtype.pyarrow_dtype
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if pa.types.is_nested(kind):
            return None
        return TEXTS if pa.types.is_string(kind) or pa.types.is_large_string(kind) else OTHERS
    return TEXTS if pd.api.types.is_string_dtype(dtype) else OTHERS


def _none_has_text(series: pd.Series) -> Cells:
    """Refuse every cell: their type, the same for all, has no text form."""
    shown = series.astype(object).map(_shown, na_action="ignore")
    text = pa.array(shown, pa.large_string(), from_pandas=True)
    bad = {"no_text_form": np.flatnonzero(series.notna())}
    return Cells(bare_text(pa.chunked_array([text])), OTHERS, _by_rule(series.astype(object), bad))


def _shown(cell: Any) -> str:
    """Show a cell without text form; with a NUL it is like no text that is accepted."""
    return "\0" + odd_text(cell)


def odd_text(cell: Any) -> str:
    """Show any object; what UTF-8 has not is escaped."""
    return str(cell).encode("utf-8", "backslashreplace").decode()


def bare_text(text: pa.ChunkedArray) -> pa.LargeStringArray:
    """Give one array of large strings without nulls."""
    if text.type != pa.large_string():
        text = text.cast(pa.large_string())
    array = text.chunk(0) if text.num_chunks == 1 else pa.concat_arrays([_NONE, *text.chunks])
    return pc.fill_null(array, "") if array.null_count else array


_NONE = pa.array([], pa.large_string())


def _from_objects(series: pd.Series) -> Cells:
    if pd.api.types.infer_dtype(series, skipna=True) in {"string", "empty"}:
        kinds: np.ndarray | int = TEXTS
    else:
        kinds = np.fromiter(map(_kind, series), np.uint8, len(series))
        if (kinds == LISTS).any():
            series = series.map(_protected)
    bad: dict[str, Any] = {}
    try:
        text = bare_text(to_text(series))
    except ValueError:
        bad = _without_text(series)
        kept = series.to_numpy(dtype=object, copy=True)
        for row in np.concatenate([*bad.values()]):
            kept[row] = _shown(kept[row])
        text = bare_text(to_text(pd.Series(kept, dtype=object)))
    if isinstance(kinds, np.ndarray):
        found = _where(text, _INFINITIES)
        bad["not_finite"] = [at for at in found if _is_infinite(series.iloc[at])]
    return Cells(text, kinds, _by_rule(series, bad))


def _by_rule(series: pd.Series, rows: dict[str, Any]) -> dict[str, pd.Series]:
    cells = series.reset_index(drop=True)
    return {rule: cells.iloc[at] for rule, at in rows.items() if len(at)}


def _kind(cell: Any) -> int:
    if isinstance(cell, str):
        return TEXTS
    return LISTS if isinstance(cell, (list, tuple, np.ndarray)) else OTHERS


def _protected(cell: Any) -> Any:
    """Give a list whose items with a pipe are quoted, so that the pipe separates nothing."""
    return [_quoted(item) for item in cell] if _kind(cell) == LISTS else cell


def _quoted(item: Any) -> Any:
    if isinstance(item, str) and ("|" in item or (item[:1] == item[-1:] == '"')):
        return '"' + item.replace('"', '""') + '"'
    return item


def _without_text(series: pd.Series) -> dict[str, np.ndarray]:
    """Find the cells that have no text form."""
    types = series.map(type)
    bad: dict[str, list[np.ndarray]] = {}
    for kind in types.unique():
        rows = np.flatnonzero((types == kind).to_numpy())
        if issubclass(kind, _TRIED_ALONE):
            rows = rows[[not _has_text(series.iloc[row]) for row in rows]]
        elif _has_text(series.iloc[rows[0]]):
            continue
        bad.setdefault("lone_surrogate" if issubclass(kind, str) else "no_text_form", []).append(
            rows
        )
    return {rule: np.sort(np.concatenate(rows)) for rule, rows in bad.items()}


def _has_text(cell: Any) -> bool:
    try:
        to_text(pd.Series([cell], dtype=object))
    except ValueError:
        return False
    return True


def _is_infinite(cell: Any) -> bool:
    if _kind(cell) == LISTS:
        return any(_is_infinite(item) for item in cell)
    return isinstance(cell, (float, Decimal, np.floating)) and math.isinf(cell)


def _where(text: pa.LargeStringArray, pattern: str) -> np.ndarray:
    return np.flatnonzero(pc.match_substring_regex(text, pattern).to_numpy(zero_copy_only=False))
