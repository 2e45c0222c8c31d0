"""Times as whole microseconds since the epoch, UTC."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.errors import EventError

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "BAD_TIME",
    "check_unit",
    "exact",
    "instant",
    "moment",
    "read_time",
    "scaled",
    "split_scaled",
]

BAD_TIME = np.iinfo(np.int64).min
# Microseconds per unit as a ratio, so that nanoseconds are read exactly.
_UNITS = {"s": (1_000_000, 1), "ms": (1_000, 1), "us": (1, 1), "ns": (1, 1_000)}
# What `datetime64[ns]` can hold, in microseconds.
_LATEST = np.iinfo(np.int64).max // 1_000
_BLOCK = 1 << 16  # rows: what is computed in between stays in the processor's cache


def check_unit(unit: str) -> None:
    """Refuse a unit that numeric timestamps cannot have."""
    if unit not in _UNITS:
        raise ValueError(f"unit: {unit!r} is not one of {', '.join(_UNITS)}")


def read_time(value: Any, setting: str) -> int:
    """Return one time with a zone, such as `as_of`, in microseconds."""
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
    time = instant(stamp)
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


def instant(cell: datetime) -> int:
    """Return a datetime with a zone in microseconds, `BAD_TIME` if it is out of bounds."""
    try:
        stamp = pd.Timestamp(cell)
        ticks = np.array([stamp.asm8.view("i8")])
    except (OverflowError, ValueError):  # its UTC lies after the year 9999 or before the year 1
        return int(BAD_TIME)
    return int(scaled(ticks, stamp.unit)[0])


def exact(number: Fraction, unit: str) -> int:
    """Return a number of units in microseconds, rounded half to even."""
    time = round(number * Fraction(*_UNITS[unit]))
    return time if abs(time) <= _LATEST else int(BAD_TIME)


def scaled(numbers: np.ndarray, unit: str) -> np.ndarray:
    """Return numbers of units in microseconds, rounded half to even; `BAD_TIME` out of bounds."""
    times = np.empty(len(numbers), dtype=np.int64)
    for begin in range(0, len(numbers), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        times[block] = _scaled_block(numbers[block], *_UNITS[unit])
    return times


def split_scaled(whole: np.ndarray, fraction: np.ndarray, n_digits: int, unit: str) -> np.ndarray:
    """Return `whole` + `fraction` / 10**n_digits units in microseconds, all without a sign.

    With up to 12 digits nothing overflows, so the rounding is exact.
    """
    times, over = _UNITS[unit]
    limit = min(_LATEST * over // times, np.iinfo(np.int64).max)
    bad = whole > limit
    units, rest = np.divmod(np.where(bad, 0, whole).astype(np.int64) * times, over)
    numerator = rest * 10**n_digits + fraction.astype(np.int64) * times
    denominator = over * 10**n_digits
    more, rest = np.divmod(numerator, denominator)
    units += more
    units += (2 * rest > denominator) | ((2 * rest == denominator) & (units % 2 == 1))
    return np.where(bad | (units > _LATEST), BAD_TIME, units)


def _scaled_block(numbers: np.ndarray, times: int, over: int) -> np.ndarray:
    if numbers.dtype.kind == "f":
        found = _rounded_floats(numbers.astype(np.float64, copy=False), times, over)
        if _all_within(found, _LATEST):
            return found.astype(np.int64)
        bad = ~(np.abs(found) <= _LATEST)
        return np.where(bad, BAD_TIME, np.where(bad, 0, found).astype(np.int64))
    limit = min(_LATEST * over // times, np.iinfo(np.int64).max)
    if _all_within(numbers, limit):
        return _rounded(numbers.astype(np.int64), times, over)
    bad = (numbers > limit) | (numbers.astype(np.int64) < -limit)
    whole = np.where(bad, 0, numbers).astype(np.int64)
    return np.where(bad, BAD_TIME, _rounded(whole, times, over))


def _rounded_floats(numbers: np.ndarray, times: int, over: int) -> np.ndarray:
    if over > 1:
        return np.asarray(np.rint(numbers / over))
    # For current dates the product of whole seconds is exact only to a quarter, so the fraction
    # is multiplied separately.
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
