"""Timestamps written as text: decimal numbers, and ISO 8601 with a zone."""

from __future__ import annotations

import re
from datetime import datetime
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.consolidation._read.ticks import BAD_TIME, exact, instant, scaled, split_scaled

__all__ = ["NUMBER", "is_naive_text", "times_of_text"]

NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"
_DIGITS = r"^[0-9]{1,19}$"  # today in nanoseconds; always fits into 64 bits without a sign
_SHORT = r"^(?P<sign>-?)(?P<whole>[0-9]{1,18})\.(?P<fraction>[0-9]{1,12})$"
_ZONE = r"([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)$"
_ISO_WITH_ZONE = rf"^[0-9][^ Tt]*[Tt ].*{_ZONE}"
_DATED = r"[0-9]{4}(-|[0-9]{4}[Tt ])"
_HOUR_24 = r"^([0-9-]+[Tt ])24"
_MIDNIGHT = rf"{_HOUR_24}(:?00(:?00([.,]0+)?)?)?([+-][0-9:]+|[Zz])$"
_DAY = 86_400_000_000


def times_of_text(cells: pa.ChunkedArray, unit: str) -> np.ndarray:
    """Return the microseconds of each text, `BAD_TIME` where it is not a time."""
    times = np.full(len(cells), BAD_TIME)
    todo = _matching(cells, _DIGITS)
    if todo.any():
        times[todo] = scaled(cells.filter(pa.array(todo)).cast(pa.uint64()).to_numpy(), unit)
    numbers = _matching(cells, NUMBER) & ~todo
    if numbers.any():
        times[numbers] = _decimals(_flat(cells.filter(pa.array(numbers))), unit)
    iso = _matching(cells, _ISO_WITH_ZONE)
    if iso.any():
        times[iso] = _iso(cells.filter(pa.array(iso)))
    return times


def is_naive_text(text: str) -> bool:
    """Return whether text is ISO 8601 without a zone.

    Examples
    --------
    >>> is_naive_text("2026-03-01 12:00"), is_naive_text("2026-03-01T12:00Z"), is_naive_text("12")
    (True, False, False)
    """
    if re.match(_DATED, text) is None:
        return False
    try:
        return datetime.fromisoformat(re.sub(_HOUR_24, r"\g<1>00", text)).tzinfo is None
    except ValueError:
        return False


def _decimals(cells: pa.Array, unit: str) -> np.ndarray:
    """Read decimal numbers exactly; short ones, as programs write them, all at once."""
    parts = pc.extract_regex(cells, _SHORT)
    short = np.asarray(parts.is_valid())
    times = np.full(len(cells), BAD_TIME)
    lengths = pc.fill_null(pc.utf8_length(pc.struct_field(parts, "fraction")), 0).to_numpy()
    for n_digits in np.unique(lengths[short]):
        rows = short & (lengths == n_digits)
        sign, whole, fraction = (
            pc.struct_field(parts, name).filter(pa.array(rows))
            for name in ("sign", "whole", "fraction")
        )
        found = split_scaled(_as_numbers(whole), _as_numbers(fraction), int(n_digits), unit)
        negative = np.asarray(pc.equal(sign, "-")) & (found != BAD_TIME)
        times[rows] = np.where(negative, -found, found)
    long = np.flatnonzero(~short)
    for row, text in zip(long, cells.take(pa.array(long)).to_pylist(), strict=True):
        times[row] = _long_decimal(text, unit)
    return times


def _long_decimal(text: str, unit: str) -> int:
    try:
        return exact(Fraction(text), unit)
    except ValueError:  # more digits than Python converts
        return int(BAD_TIME)


def _as_numbers(texts: pa.Array) -> np.ndarray:
    return np.asarray(texts.cast(pa.int64()))


def _iso(cells: pa.ChunkedArray) -> np.ndarray:
    """Read ISO 8601 with a zone; 24:00 is the next midnight."""
    late = _matching(cells, _MIDNIGHT)
    texts = pc.replace_substring_regex(cells, r"[Zz]$", "Z")
    if late.any():
        earlier = pc.replace_substring_regex(texts, _HOUR_24, r"\100")
        texts = pc.if_else(pa.array(late), earlier, texts)
    series = texts.to_pandas()
    read = pd.to_datetime(series, format="ISO8601", utc=True, errors="coerce")
    times = scaled(read.array.asi8, read.dtype.unit)
    for row in np.flatnonzero(read.isna().to_numpy()):
        times[row] = _rare_iso(series.iloc[row])
    return np.where(late & (times != BAD_TIME), times + _DAY, times)


def _rare_iso(text: str) -> int:
    """Read what pandas does not: week dates, a comma before the fraction, a small t."""
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        return int(BAD_TIME)
    return int(BAD_TIME) if stamp.tzinfo is None else instant(stamp)


def _matching(cells: pa.ChunkedArray, pattern: str) -> np.ndarray:
    matches = pc.fill_null(pc.match_substring_regex(cells, pattern), fill_value=False)
    return np.asarray(matches.to_numpy(), dtype=bool)


def _flat(array: Any) -> pa.Array:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
