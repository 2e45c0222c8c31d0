"""Columns of timestamps, read into whole microseconds since the epoch, UTC."""

from __future__ import annotations

import math
import re
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.consolidation._arrays.table import row_list
from pandakit.consolidation._read.ticks import BAD_TIME, exact, instant, scaled
from pandakit.consolidation._read.time_text import NUMBER, is_naive_text, times_of_text
from pandakit.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["to_ticks"]

_SECONDS_LOOK_LIKE_MILLISECONDS = 1e11


def to_ticks(values: Any, unit: str, column: str = "timestamp") -> np.ndarray:
    """Return the microseconds of each cell; `BAD_TIME` where it is not a time.

    Parameters
    ----------
    values
        Numbers or decimal text in `unit`, datetimes with a zone, ISO 8601 text with a zone.
    unit
        ``"s"``, ``"ms"``, ``"us"`` or ``"ns"``.
    column
        For messages.

    Raises
    ------
    EventError
        Times have no zone, or milliseconds were taken for seconds: the message names the
        column, the rows and the fix.
    """
    read = _from_series if isinstance(values, pd.Series) else _from_arrow
    times = read(values, unit, column)
    # Milliseconds read as seconds are out of bounds, so if no row is bad, the unit is plausible.
    if unit == "s" and times.min(initial=0) == BAD_TIME:
        _refuse_milliseconds(values, column)
    return times


def _from_series(series: pd.Series, unit: str, column: str) -> np.ndarray:
    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        try:
            times = _from_series(pd.Series(kind.categories), unit, column)
        except EventError:  # its message names categories: read the rows, to name these
            return _from_series(series.astype(object), unit, column)
        codes = series.cat.codes.to_numpy()
        return np.where(codes < 0, BAD_TIME, np.append(times, BAD_TIME)[codes])
    if isinstance(kind, pd.DatetimeTZDtype):
        return scaled(series.array.asi8, kind.unit)
    if isinstance(kind, np.dtype) and kind.kind in "iuf":
        return scaled(series.to_numpy(), unit)
    cells = _cells(series)
    read = _from_objects if isinstance(cells, np.ndarray) else _from_arrow
    return read(cells, unit, column)


def _cells(series: pd.Series) -> Any:
    """Return an Arrow array, or an array of objects where the cells are of different kinds."""
    if series.dtype == object and pd.api.types.infer_dtype(series, skipna=True) != "string":
        return series.to_numpy()
    try:
        arrow = pa.array(series.array, from_pandas=True)
    except (pa.ArrowException, TypeError, UnicodeEncodeError):
        return np.array(series, dtype=object)
    if isinstance(arrow.type, pa.BaseExtensionType):  # a period is kept as a number
        return np.array(series, dtype=object)
    return pa.chunked_array([arrow]) if isinstance(arrow, pa.Array) else arrow


def _from_arrow(cells: pa.ChunkedArray, unit: str, column: str) -> np.ndarray:
    if pa.types.is_dictionary(cells.type):
        if not pa.types.is_timestamp(cells.type.value_type):
            return _from_series(cells.to_pandas().astype("category"), unit, column)
        cells = cells.cast(cells.type.value_type)  # as pandas categories they lose their zone
    kind = cells.type
    if pa.types.is_timestamp(kind):
        if kind.tz is None:
            _refuse_naive(column, np.flatnonzero(cells.is_valid().to_numpy()))
        ticks = pc.fill_null(cells.cast(pa.int64()), BAD_TIME)
        return scaled(ticks.to_numpy(), kind.unit)
    if pa.types.is_integer(kind) and cells.null_count:
        numbers = scaled(pc.fill_null(cells, 0).to_numpy(), unit)
        return np.where(cells.is_null().to_numpy(), BAD_TIME, numbers)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return scaled(cells.to_numpy(), unit)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _from_text(cells, unit, column)
    return _from_objects(np.array(cells.to_pylist(), dtype=object), unit, column)


def _from_objects(cells: np.ndarray, unit: str, column: str) -> np.ndarray:
    times = np.full(len(cells), BAD_TIME)
    texts = [row for row, cell in enumerate(cells) if isinstance(cell, str) and _is_text(cell)]
    if texts:
        found = times_of_text(_text_array([cells[row] for row in texts]), unit)
        times[texts] = found
        bad = [row for row, time in zip(texts, found, strict=True) if time == BAD_TIME]
        _refuse_naive_text(((row, cells[row]) for row in bad), column)
    for row, cell in enumerate(cells):
        number = _number(cell)
        if number is not None:
            times[row] = exact(number, unit)
        elif isinstance(cell, datetime) and cell is not pd.NaT and cell.tzinfo is not None:
            times[row] = instant(cell)
    _refuse_naive_objects(cells, column)
    return times


def _number(cell: Any) -> Fraction | None:
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, bool) or not isinstance(cell, (int, float, Decimal)):
        return None
    try:
        return Fraction(cell) if math.isfinite(cell) else None
    except ValueError:  # a signalling NaN
        return None


def _is_text(cell: str) -> bool:
    try:
        cell.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True


def _text_array(texts: list[str]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(texts, type=pa.large_string())])


def _from_text(cells: pa.ChunkedArray, unit: str, column: str) -> np.ndarray:
    times = times_of_text(cells, unit)
    bad = np.flatnonzero((times == BAD_TIME) & cells.is_valid().to_numpy())
    if len(bad):
        texts = cells.take(pa.array(bad)).to_pylist()
        _refuse_naive_text(zip(bad.tolist(), texts, strict=True), column)
    return times


def _refuse_naive_text(cells: Iterable[tuple[int, str]], column: str) -> None:
    rows = [row for row, text in cells if is_naive_text(text)]
    if rows:
        raise EventError(
            f"column {column!r} holds ISO 8601 text without a zone ({row_list(np.array(rows))}); "
            f"say which zone the times are in, for example "
            f"pd.to_datetime(frame[{column!r}]).dt.tz_localize('UTC')"
        )


def _refuse_naive_objects(cells: np.ndarray, column: str) -> None:
    moments = [
        row
        for row, cell in enumerate(cells)
        if isinstance(cell, (datetime, np.datetime64)) and not pd.isna(cell)
    ]
    if moments and not any(getattr(cells[row], "tzinfo", None) for row in moments):
        _refuse_naive(column, np.array(moments))


def _refuse_naive(column: str, rows: np.ndarray) -> None:
    raise EventError(
        f"column {column!r} holds datetimes without a zone ({row_list(rows)}); say which zone "
        f"they are in, for example frame[{column!r}].dt.tz_localize('UTC')"
    )


def _refuse_milliseconds(values: Any, column: str) -> None:
    numbers = _numbers(values)
    numbers = np.where(np.isinf(numbers), np.nan, numbers)
    rows = np.flatnonzero(numbers > _SECONDS_LOOK_LIKE_MILLISECONDS)
    middle = np.nanmedian(numbers) if len(rows) else 0
    if middle > _SECONDS_LOOK_LIKE_MILLISECONDS:
        raise EventError(
            f"column {column!r}, read in seconds, lies thousands of years ahead: its median is "
            f"{middle:.16g} ({row_list(rows)}); for milliseconds pass unit='ms' (also 'us', 'ns')"
        )


def _numbers(values: Any) -> np.ndarray:
    """Return all numbers of a column, NaN where a cell is none."""
    if isinstance(values, pd.Series) and isinstance(values.dtype, pd.CategoricalDtype):
        of_labels = _numbers(pd.Series(values.dtype.categories))
        return np.asarray(np.append(of_labels, np.nan)[values.cat.codes.to_numpy()])
    cells = _cells(values) if isinstance(values, pd.Series) else values
    if isinstance(cells, np.ndarray):
        return np.array([_as_float(cell) for cell in cells])
    kind = cells.type
    if pa.types.is_dictionary(kind):
        return _numbers(cells.to_pandas().astype("category"))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return np.asarray(cells.cast(pa.float64(), safe=False).to_numpy())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        numbers = pc.match_substring_regex(cells, NUMBER)
        return np.asarray(pc.if_else(numbers, cells, None).cast(pa.float64()).to_numpy())
    return np.array([_as_float(cell) for cell in cells.to_pylist()])


def _as_float(cell: Any) -> float:
    if isinstance(cell, str):
        return float(cell) if re.fullmatch(NUMBER, cell) else math.nan
    number = _number(cell)
    return math.nan if number is None else float(number)
