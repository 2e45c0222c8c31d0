"""Times of raw columns: numbers in a unit, datetimes, ISO 8601 or a given format; then UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from difflib import get_close_matches
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.errors import EventError

__all__ = ["TimeRules", "Times", "read_times", "time_zone"]

UNITS = ("s", "ms", "us", "ns")
_UTC = pa.timestamp("ns", "UTC")
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
# At most one unit puts a number between 1990 and 2100.
_FROM_1990, _TO_2100 = 631_152_000, 4_102_444_800
_LATEST = np.iinfo(np.int64).max
_TICKS_PER_US = 1_000
_NAT = np.datetime64("NaT", "ns")
_NUMBER = r"^\s*[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?\s*$"
_ZONE = r"[ T][0-9:.,]+(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
_CLOCK = r"^[0-9]{4}-?[0-9]{2}-?[0-9]{2}"
_MIDNIGHT = r"([T ])24:?00(:?00([.,]0+)?)?"
#: What databases, spreadsheets and services write for a missing time.
_MISSING = ("", "null", "none", "nan", "nat", "n/a", "na", "-", "\\n", "0001-01-01t00:00:00z")


@dataclass(frozen=True)
class TimeRules:
    """How the cells of a column of times are read.

    Parameters
    ----------
    unit
        The unit of numbers; ``None``: the one that puts them between 1990 and 2100, else seconds.
    tz
        The zone of times without one.
    time_format
        The `strptime` format of text.
    """

    unit: str | None = None
    tz: tzinfo | None = None
    time_format: str | None = None


class Times(NamedTuple):
    """The times of a column, and which cells are not times."""

    instants: pa.ChunkedArray
    """Timestamps in nanoseconds, UTC; null where there is no time, or a bad one."""
    bad: dict[str, np.ndarray]
    """Reason -> which rows have something that is not a time."""
    unit: str | None
    """The unit that numbers were read in."""


def time_zone(tz: str | tzinfo | None) -> tzinfo | None:
    """Return the time zone of that name.

    Raises
    ------
    ValueError
        There is no such zone; the message has the nearest names.
    """
    if tz is None or isinstance(tz, tzinfo):
        return tz
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        near = get_close_matches(str(tz), sorted(available_timezones()), 3, 0.5)
        hint = f"; nearest: {', '.join(near)}" if near else ""
        raise ValueError(f"tz={tz!r} is not a time zone, such as 'Europe/Berlin'{hint}") from None


def read_times(cells: pa.ChunkedArray, rules: TimeRules, column: str) -> Times:
    """Read a column of times.

    Raises
    ------
    EventError
        Times have no zone and `rules` has none.
    """
    kind = cells.type
    if pa.types.is_dictionary(kind):
        return read_times(cells.cast(kind.value_type), rules, column)
    for fits, read in _KINDS:
        if fits(kind):
            return read(cells, rules, column)
    return _times(np.full(len(cells), _NAT), bad_timestamp=_valid(cells))


def _times(instants: np.ndarray, unit: str | None = None, **bad: np.ndarray) -> Times:
    values = pa.chunked_array([pa.array(instants.astype("M8[ns]")).cast(_UTC)])
    return Times(values, {reason: rows for reason, rows in bad.items() if rows.any()}, unit)


def _valid(cells: pa.ChunkedArray) -> np.ndarray:
    if not cells.null_count:
        return np.ones(len(cells), bool)
    return np.asarray(cells.is_valid().to_numpy())


def _from_instants(cells: pa.ChunkedArray, rules: TimeRules, column: str) -> Times:
    if pa.types.is_date(cells.type):
        cells = cells.cast(pa.timestamp("ms"))
    if cells.type.tz is None:
        return _localized(cells.to_pandas().to_numpy(), rules, column)
    try:
        return Times(cells.cast(_UTC), {}, None)
    except pa.ArrowInvalid:  # nanoseconds end in the year 2262
        low, high = (pa.scalar(end, pa.int64()) for end in _BOUNDS[cells.type.unit])
        ticks = cells.cast(pa.int64())
        fits = pc.and_(pc.greater_equal(ticks, low), pc.less_equal(ticks, high))
        held = pc.if_else(fits, cells, pa.scalar(None, cells.type)).cast(_UTC)
        return Times(held, {"bad_timestamp": _valid(cells) & ~_valid(held)}, None)


_BOUNDS = {
    unit: tuple(sign * (_LATEST // (1_000_000_000 // per)) for sign in (-1, 1))
    for unit, per in _PER_SECOND.items()
}


def _from_numbers(cells: pa.ChunkedArray, rules: TimeRules, _column: str) -> Times:
    """Read numbers; floats have their fraction rounded to the microsecond."""
    valid = _valid(cells)
    if pa.types.is_integer(cells.type):
        numbers = pc.fill_null(cells, 0).to_numpy()
    else:
        numbers = pc.fill_null(cells.cast(pa.float64(), safe=False), np.nan).to_numpy()
    unit = rules.unit or _likely_unit(numbers[valid] if not valid.all() else numbers)
    instants, fits = _scaled(numbers, 1_000_000_000 // _PER_SECOND[unit])
    instants[~valid] = _NAT
    return _times(instants, unit, bad_timestamp=valid & ~fits)


def _likely_unit(numbers: np.ndarray) -> str:
    finite = numbers[np.isfinite(numbers)] if numbers.dtype.kind == "f" else numbers
    middle = float(np.median(finite[:: max(len(finite) // 1_000, 1)])) if len(finite) else 0.0
    for unit, per_second in _PER_SECOND.items():
        if _FROM_1990 * per_second <= middle <= _TO_2100 * per_second:
            return unit
    return "s"


def _scaled(numbers: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers times a factor as datetimes, and which of them fit."""
    limit = _LATEST // factor
    if numbers.dtype.kind in "iu":
        fits = (numbers <= limit) & (numbers >= -limit if numbers.dtype.kind == "i" else True)
        whole = numbers if fits.all() else np.where(fits, numbers, 0)
        instants = whole.astype(np.int64) * factor
    else:
        fits = np.abs(numbers) < limit
        held = np.where(fits, numbers, 0.0)
        whole = np.floor(held)
        parts = np.rint((held - whole) * (factor / _TICKS_PER_US)) * _TICKS_PER_US
        instants = whole.astype(np.int64) * factor + np.asarray(parts).astype(np.int64)
    stamps = instants.view("M8[ns]")
    if not fits.all():
        stamps[~fits] = _NAT
    return stamps, np.asarray(fits)


def _from_text(cells: pa.ChunkedArray, rules: TimeRules, column: str) -> Times:
    if rules.time_format is not None:
        return _by_format(cells, rules, column)
    for fast in (pa.int64(), _UTC):  # the whole column at once, if all cells are alike
        try:
            typed = cells.cast(fast)
        except pa.ArrowInvalid:
            continue
        return read_times(typed, rules, column)
    return _from_mixed_text(cells, rules, column)


def _from_mixed_text(cells: pa.ChunkedArray, rules: TimeRules, column: str) -> Times:
    text = pc.utf8_trim_whitespace(cells)
    missing = pa.array(_MISSING, text.type)
    text = pc.if_else(pc.is_in(pc.utf8_lower(text), missing), pa.scalar(None, text.type), text)
    is_number = _true(pc.match_substring_regex(text, _NUMBER))
    instants = np.full(len(text), _NAT)
    bad = _valid(text) & ~is_number
    reasons: dict[str, np.ndarray] = {}
    unit = None
    if is_number.any():
        read = _from_numbers(_numbers(text.filter(pa.array(is_number))), rules, column)
        unit = read.unit
        _place(read, np.flatnonzero(is_number), instants, reasons)
    if bad.any():
        rows = np.flatnonzero(bad)
        _place(_from_iso(text.filter(pa.array(bad)), rules, column, rows), rows, instants, reasons)
    return _times(instants, unit, **reasons)


def _place(
    read: Times, rows: np.ndarray, instants: np.ndarray, reasons: dict[str, np.ndarray]
) -> None:
    instants[rows] = read.instants.cast(pa.timestamp("ns")).to_numpy()
    for reason, bad in read.bad.items():
        reasons.setdefault(reason, np.zeros(len(instants), bool))[rows[bad]] = True


def _numbers(text: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return text.cast(pa.int64())
    except pa.ArrowInvalid:
        return text.cast(pa.float64())


def _true(condition: Any) -> np.ndarray:
    return np.asarray(pc.fill_null(condition, fill_value=False).to_numpy(), dtype=bool)


def _from_iso(text: pa.ChunkedArray, rules: TimeRules, column: str, rows: np.ndarray) -> Times:
    """Read ISO 8601, also when it is written with spaces, commas or a name for UTC."""
    for pattern, written in (
        (r"\s*(?:UTC|GMT|z)$", "Z"),
        (r"\s+([+-][0-9]{2}:?[0-9]{2})$", r"\1"),
        (r"(:[0-9]{2}),([0-9])", r"\1.\2"),
    ):
        text = pc.replace_substring_regex(text, pattern, written)
    late = _true(pc.match_substring_regex(text, _CLOCK + _MIDNIGHT))
    if late.any():
        text = pc.replace_substring_regex(text, _MIDNIGHT, r"\100:00:00")
    aware = _true(pc.match_substring_regex(text, _ZONE))
    series = pd.Series(text.to_numpy(zero_copy_only=False), dtype=object)
    instants = np.full(len(text), _NAT)
    instants[aware] = _parsed(series[aware], utc=True)
    local = _parsed(series[~aware], utc=False)
    reasons: dict[str, np.ndarray] = {}
    if np.isfinite(local.astype("i8")).any() and not np.isnat(local).all():
        read = _localized(local, rules, column, rows[~aware])
        _place(read, np.flatnonzero(~aware), instants, reasons)
    instants[late] += np.timedelta64(1, "D")
    bad = np.isnat(instants)
    for rows_of_reason in reasons.values():
        bad &= ~rows_of_reason
    return _times(instants, None, bad_timestamp=bad, **reasons)


def _parsed(series: pd.Series, *, utc: bool, time_format: str = "ISO8601") -> np.ndarray:
    if series.empty:
        return np.array([], "M8[ns]")
    read = pd.to_datetime(series, format=time_format, errors="coerce", utc=utc)
    plain = read.dt.tz_convert(None) if getattr(read.dtype, "tz", None) else read
    return np.asarray(_in_nanoseconds(plain.to_numpy()))


def _in_nanoseconds(times: np.ndarray) -> np.ndarray:
    """Return times in nanoseconds; NaT where they lie beyond the years 1678 to 2262."""
    if times.dtype == np.dtype("M8[ns]"):
        return times
    unit = np.datetime_data(times.dtype)[0]
    low, high = _BOUNDS[unit]
    ticks = times.view("i8")
    return np.where((ticks < low) | (ticks > high), _NAT, times).astype("M8[ns]")


def _by_format(cells: pa.ChunkedArray, rules: TimeRules, column: str) -> Times:
    text = pc.utf8_trim_whitespace(cells)
    missing = pa.array(_MISSING, text.type)
    given = _valid(text) & ~_true(pc.is_in(pc.utf8_lower(text), missing))
    series = pd.Series(text.to_numpy(zero_copy_only=False), dtype=object)
    time_format = rules.time_format or ""
    with_zone = "%z" in time_format or "%Z" in time_format
    times = np.full(len(series), _NAT)
    try:
        times[given] = _parsed(series[given], utc=with_zone, time_format=time_format)
    except ValueError as error:
        raise ValueError(f"time_format={time_format!r}: {error}") from None
    bad = given & np.isnat(times)
    if with_zone:
        return _times(times, None, bad_timestamp=bad)
    read = _localized(times, rules, column)
    return Times(read.instants, {**read.bad, **({"bad_timestamp": bad} if bad.any() else {})}, None)


def _localized(
    times: np.ndarray, rules: TimeRules, column: str, rows: np.ndarray | None = None
) -> Times:
    """Read times of a wall clock; those that daylight saving time repeats or skips are bad."""
    wall = pd.Series(_in_nanoseconds(times))
    bad = ~np.isnat(times) & wall.isna().to_numpy()
    known = np.flatnonzero(wall.notna())
    if rules.tz is None and len(known):
        row = known[0] if rows is None else rows[known[0]]
        raise EventError(
            f"column {column!r} has times without a zone (row {row}: {wall[known[0]]}); "
            f"pass the zone they are in, such as tz='Europe/Berlin' or tz='UTC'"
        )
    earlier = _in_zone(wall, rules.tz, first=True)
    later = _in_zone(wall, rules.tz, first=False)
    skipped = wall.notna() & (_in_zone(wall, rules.tz, first=True, shift="NaT").isna())
    twice = wall.notna() & ~skipped & (earlier != later)
    instants = earlier.where(~(skipped | twice)).dt.tz_convert(None).to_numpy()
    return _times(
        instants,
        None,
        bad_timestamp=bad,
        repeated_hour=twice.to_numpy(),
        skipped_hour=skipped.to_numpy(),
    )


def _in_zone(
    wall: pd.Series, tz: tzinfo | None, *, first: bool, shift: str = "shift_forward"
) -> pd.Series:
    is_summer = np.full(len(wall), first)
    local = wall.dt.tz_localize(tz or "UTC", ambiguous=is_summer, nonexistent=shift)
    return local.dt.tz_convert("UTC")


_KINDS = (
    (lambda kind: pa.types.is_timestamp(kind) or pa.types.is_date(kind), _from_instants),
    (pa.types.is_integer, _from_numbers),
    (lambda kind: pa.types.is_floating(kind) or pa.types.is_decimal(kind), _from_numbers),
    (lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind), _from_text),
)
