"""Timestamps of events, read into whole microseconds since the epoch, UTC."""

from __future__ import annotations

import math
import re
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.consolidation._arrays.table import row_list
from pandakit.errors import EventError

__all__ = ["BAD_TIME", "check_unit", "moment", "read_time", "read_times"]

BAD_TIME = np.iinfo(np.int64).min
# Microseconds per unit as a ratio, so that nanoseconds are read exactly.
_UNITS = {"s": (1_000_000, 1), "ms": (1_000, 1), "us": (1, 1), "ns": (1, 1_000)}
# What `datetime64[ns]` can hold, in microseconds.
_LATEST = np.iinfo(np.int64).max // 1_000
_SECONDS_LOOK_LIKE_MILLISECONDS = 1e11
_ISO_WITH_ZONE = r"^\d[^ T]*[T ].*([Zz]|[+-]\d{2}(:?\d{2})?)$"
_BLOCK = 1 << 16  # rows: what is in between stays in the processor's cache
_DIGITS = r"^[0-9]{1,19}$"  # today in nanoseconds; always fits into 64 bits without a sign


def read_times(values: Any, unit: str, column: str = "timestamp") -> np.ndarray:
    """Read a column of timestamps; `BAD_TIME` where a cell is not one.

    Parameters
    ----------
    values
        Numbers or text of digits in `unit`, datetimes with a zone, ISO 8601 text with a zone.
    unit
        ``"s"``, ``"ms"``, ``"us"`` or ``"ns"``.
    column
        For messages.

    Raises
    ------
    EventError
        The datetimes have no zone, or milliseconds were taken for seconds: the message names
        the column, the rows and the fix.
    """
    read = _from_series if isinstance(values, pd.Series) else _from_arrow
    times = read(values, unit, column)
    # Milliseconds as seconds are beyond what can be held, so that no row is bad says enough.
    if unit == "s" and times.min(initial=0) == BAD_TIME:
        _refuse_milliseconds(values, column)
    return times


def check_unit(unit: str) -> None:
    """Refuse a unit that numbers of a timestamp column cannot have."""
    if unit not in _UNITS:
        raise ValueError(f"unit: {unit!r} is not one of {', '.join(_UNITS)}")


def read_time(value: Any, setting: str) -> int:
    """Read one zone-aware time, such as `as_of`, into microseconds."""
    try:
        stamp = pd.Timestamp(value)
    except (TypeError, ValueError) as error:
        raise EventError(f"{setting}: {value!r} is not a time: {error}") from None
    if isinstance(value, (int, float)) or stamp is pd.NaT:
        raise EventError(f"{setting}: {value!r} is not a time; pass a datetime with a zone")
    if stamp.tzinfo is None:
        raise EventError(
            f"{setting}: {value!r} has no zone; say which, for example "
            f"pd.Timestamp({str(value)!r}, tz='UTC')"
        )
    time = _instant(stamp)
    if time == BAD_TIME:
        raise EventError(
            f"{setting}: {value!r} is out of bounds; pandas holds times from 1678 to 2262"
        )
    return time


def moment(time: int) -> pd.Timestamp:
    """Return microseconds as a timestamp, in nanoseconds unless it is out of their bounds."""
    stamp = pd.Timestamp(np.datetime64(time, "us"), tz="UTC")
    try:
        return stamp.as_unit("ns")
    except pd.errors.OutOfBoundsDatetime:
        return stamp


def _instant(cell: datetime) -> int:
    stamp = pd.Timestamp(cell)
    return int(_from_ticks(np.array([stamp.asm8.view("i8")]), stamp.unit)[0])


def _from_series(series: pd.Series, unit: str, column: str) -> np.ndarray:
    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        try:
            times = _from_series(pd.Series(kind.categories), unit, column)
        except EventError:  # it names labels: read the rows, to name those
            return _from_series(series.astype(object), unit, column)
        codes = series.cat.codes.to_numpy()
        return np.where(codes < 0, BAD_TIME, np.append(times, BAD_TIME)[codes])
    if isinstance(kind, pd.DatetimeTZDtype):
        return _from_ticks(series.array.asi8, kind.unit)
    if isinstance(kind, np.dtype) and kind.kind in "iuf":
        return _scaled(series.to_numpy(), _UNITS[unit])
    cells = _cells(series)
    read = _from_objects if isinstance(cells, np.ndarray) else _from_arrow
    return read(cells, unit, column)


def _cells(series: pd.Series) -> Any:
    """Return an Arrow array, or an array of objects where cells are of different kinds."""
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
        return _from_ticks(ticks.to_numpy(), kind.unit)
    if pa.types.is_integer(kind) and cells.null_count:
        numbers = _scaled(pc.fill_null(cells, 0).to_numpy(), _UNITS[unit])
        return np.where(cells.is_null().to_numpy(), BAD_TIME, numbers)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _scaled(cells.to_numpy(), _UNITS[unit])
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _from_text(cells, unit)
    return _from_objects(np.array(cells.to_pylist(), dtype=object), unit, column)


def _scaled(numbers: np.ndarray, ratio: tuple[int, int]) -> np.ndarray:
    """Multiply by a ratio, rounding half to even; what does not fit is bad."""
    scaled = np.empty(len(numbers), dtype=np.int64)
    for begin in range(0, len(numbers), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        scaled[block] = _scaled_block(numbers[block], *ratio)
    return scaled


def _scaled_block(numbers: np.ndarray, times: int, over: int) -> np.ndarray:
    if numbers.dtype.kind == "f":
        scaled = _rounded_floats(numbers.astype(np.float64, copy=False), times, over)
        if _all_within(scaled, _LATEST):
            return scaled.astype(np.int64)
        bad = ~(np.abs(scaled) <= _LATEST)
        return np.where(bad, BAD_TIME, np.where(bad, 0, scaled).astype(np.int64))
    limit = min(_LATEST * over // times, np.iinfo(np.int64).max)
    if _all_within(numbers, limit):
        return _rounded(numbers.astype(np.int64), times, over)
    bad = (numbers > limit) | (numbers.astype(np.int64) < -limit)
    whole = np.where(bad, 0, numbers).astype(np.int64)
    return np.where(bad, BAD_TIME, _rounded(whole, times, over))


def _rounded_floats(numbers: np.ndarray, times: int, over: int) -> np.ndarray:
    if over > 1:
        return np.asarray(np.rint(numbers / over))
    # The product of today's seconds is exact to a quarter only, that of their fraction is exact.
    with np.errstate(invalid="ignore", over="ignore"):  # infinity is not a time
        whole: np.ndarray = np.floor(numbers)
        fraction = np.rint((numbers - whole) * times)
        whole *= times
        whole += fraction
    return whole


def _all_within(numbers: np.ndarray, limit: int) -> bool:
    return not numbers.size or bool(numbers.min() >= -limit and numbers.max() <= limit)


def _rounded(whole: np.ndarray, times: int, over: int) -> np.ndarray:
    if over == 1:
        return whole * times
    quotient, rest = np.divmod(whole, over)
    quotient += (2 * rest > over) | ((2 * rest == over) & (quotient % 2 == 1))
    return quotient


def _from_ticks(ticks: np.ndarray, unit: str) -> np.ndarray:
    return _scaled(ticks, _UNITS[unit])


def _from_text(cells: pa.ChunkedArray, unit: str) -> np.ndarray:
    times = np.full(len(cells), BAD_TIME)
    digits = _where(pc.match_substring_regex(cells, _DIGITS))
    if digits.any():
        numbers = cells.filter(pa.array(digits)).cast(pa.uint64()).to_numpy()
        times[digits] = _scaled(numbers, _UNITS[unit])
    iso = _where(pc.match_substring_regex(cells, _ISO_WITH_ZONE))
    if iso.any():
        texts = cells.filter(pa.array(iso)).to_pandas()
        read = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
        times[iso] = _from_ticks(read.array.asi8, read.dtype.unit)
    return times


def _where(condition: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(pc.fill_null(condition, fill_value=False).to_numpy(), dtype=bool)


def _from_objects(cells: np.ndarray, unit: str, column: str) -> np.ndarray:
    times = np.full(len(cells), BAD_TIME)
    texts = [row for row, cell in enumerate(cells) if isinstance(cell, str)]
    if texts:
        column_of_text = pd.Series([cells[row] for row in texts], dtype="string[pyarrow]")
        times[texts] = _from_series(column_of_text, unit, column)
    for row, cell in enumerate(cells):
        number = _number(cell)
        if number is not None:
            exact = round(number * Fraction(*_UNITS[unit]))
            times[row] = exact if abs(exact) <= _LATEST else BAD_TIME
        elif isinstance(cell, datetime) and cell is not pd.NaT and cell.tzinfo is not None:
            times[row] = _instant(cell)
    _refuse_naive_objects(cells, column)
    return times


def _number(cell: Any) -> Fraction | None:
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, bool) or not isinstance(cell, (int, float, Decimal)):
        return None
    return Fraction(cell) if math.isfinite(cell) else None


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
            f"column {column!r} lies thousands of years ahead when read in seconds, in the "
            f"middle at {middle:.16g} ({row_list(rows)}); for milliseconds say unit='ms' (also "
            f"'us', 'ns')"
        )


def _numbers(values: Any) -> np.ndarray:
    """Return all numbers of a column, NaN where a cell is not a number."""
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
        digits = pc.match_substring_regex(cells, _DIGITS)
        return np.asarray(pc.if_else(digits, cells, None).cast(pa.float64()).to_numpy())
    return np.array([_as_float(cell) for cell in cells.to_pylist()])


def _as_float(cell: Any) -> float:
    if isinstance(cell, str):
        return float(cell) if re.fullmatch(_DIGITS, cell) else math.nan
    number = _number(cell)
    return math.nan if number is None else float(number)
