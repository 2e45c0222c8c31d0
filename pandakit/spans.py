"""Spans of time: one grammar to read them, one form to write them, whole microseconds inside."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pandas as pd

__all__ = ["is_span", "microseconds", "read_span", "span_text"]

_DAY, _HOUR = 86_400_000_000, 3_600_000_000
# unit as it is written -> microseconds, other names for it
_UNITS: dict[str, tuple[int, tuple[str, ...]]] = {
    "w": (7 * _DAY, ("wk", "week", "weeks")),
    "d": (_DAY, ("day", "days")),
    "h": (_HOUR, ("hr", "hrs", "hour", "hours")),
    "min": (60_000_000, ("m", "mins", "minute", "minutes")),
    "s": (1_000_000, ("sec", "secs", "second", "seconds")),
    "ms": (1_000, ("milli", "millis", "millisecond", "milliseconds")),
    "us": (1, ("µs", "μs", "micro", "micros", "microsecond", "microseconds")),
}
_SIZES = {name: size for unit, (size, others) in _UNITS.items() for name in (unit, *others)}
_TICKS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
# What `timedelta64[ns]` can hold, in microseconds: gaps and margins are stored in it.
_LONGEST = (2**63 - 1) // 1_000
_PART = re.compile(r"\s*([0-9]{1,99}(?:\.[0-9]{1,99})?)\s*([^\W\d_]+)\s*,?")
_FORMS = "a number and a unit, such as '4h', '90s', '2w' or '1h 30min'"
_WRITTEN = ("d", "h", "min", "s", "ms", "us")
# People think of windows in hours, up to two days.
_DAYS_ABOVE = 48 * _HOUR


def read_span(value: Any, setting: str) -> timedelta:
    """Return a span as a timedelta.

    Parameters
    ----------
    value
        Text of numbers and units (``"90s"``, ``"60m"``, ``"1 hour"``, ``"1h30min"``,
        ``"1.5 h"``, ``"2w"``), a timedelta of Python, numpy or pandas, or 0. Units are ``w``,
        ``d``, ``h``, ``min`` or ``m``, ``s``, ``ms`` and ``us``, or their English names, in
        upper or lower case.
    setting
        The name of the value in messages.

    Raises
    ------
    ValueError
        The value is not a span, is finer than a microsecond or longer than pandas can hold.

    Examples
    --------
    >>> read_span("1h30min", "window"), read_span("60m", "window") == read_span("1 hour", "window")
    (datetime.timedelta(seconds=5400), True)
    """
    count = _from_text(value, setting) if isinstance(value, str) else _counted(value, setting)
    if abs(count) > _LONGEST:
        raise ValueError(
            f"{setting}: {value!r} is longer than {_LONGEST // _DAY:,} days (292 years), "
            f"the longest span that pandas holds in nanoseconds"
        )
    return timedelta(microseconds=count)


def is_span(value: object) -> bool:
    """Return whether `read_span` reads a value.

    Examples
    --------
    >>> is_span("7d"), is_span(timedelta(days=7)), is_span("2026-01-31"), is_span(7)
    (True, True, False, False)
    """
    try:
        read_span(value, "")
    except ValueError:
        return False
    return True


def _counted(value: Any, setting: str) -> int:
    if type(value) is int and value == 0:
        return 0  # the only span that needs no unit
    if not _is_timedelta(value) or pd.isna(value):
        raise ValueError(
            f"{setting}: {value!r} is not a span of time; pass {_FORMS}, or a timedelta"
        )
    if isinstance(value, timedelta) and not isinstance(value, pd.Timedelta):
        return microseconds(value)
    try:
        span = pd.Timedelta(value)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{setting}: {value!r} is not a span of time: {error}") from None
    ticks, per_second = int(span.asm8.view("i8")), _TICKS[span.unit]
    return _whole(Fraction(ticks * 1_000_000, per_second), value, setting)


def _is_timedelta(value: Any) -> bool:
    return isinstance(value, timedelta) or type(value).__name__ == "timedelta64"


def _from_text(text: str, setting: str) -> int:
    if text.strip() == "0":
        return 0
    total, position = Fraction(0), 0
    while position < len(text.rstrip()):
        part = _PART.match(text, position)
        if part is None or (size := _size(part[2])) is None:
            raise ValueError(f"{setting}: {text!r} is not a span of time; write {_FORMS}")
        total += Fraction(part[1]) * size
        position = part.end()
    if not position:
        raise ValueError(f"{setting}: the text is empty; write {_FORMS}")
    return _whole(total, text, setting)


def _size(unit: str) -> int | None:
    return None if unit == "M" else _SIZES.get(unit.lower())  # "M" would be months elsewhere


def _whole(count: Fraction, value: Any, setting: str) -> int:
    if count.denominator != 1:
        raise ValueError(f"{setting}: {value!r} is finer than a microsecond")
    return count.numerator


def microseconds(span: timedelta) -> int:
    """Return the whole microseconds of a span.

    Examples
    --------
    >>> microseconds(timedelta(seconds=2))
    2000000
    """
    return span // timedelta(microseconds=1)


def span_text(span: timedelta, *, max_parts: int | None = None) -> str:
    """Return the one written form of a span, which `read_span` reads back.

    Parameters
    ----------
    span
        A timedelta of Python or pandas.
    max_parts
        The number of units to keep, largest first; the rest is cut off. Default: all.

    Examples
    --------
    >>> span_text(timedelta(hours=24)), span_text(timedelta(days=30)), span_text(timedelta(0))
    ('24 h', '30 d', '0 s')
    >>> span_text(timedelta(hours=20, minutes=48, seconds=5), max_parts=2)
    '20 h 48 min'
    """
    if isinstance(span, pd.Timedelta):
        span = span.to_pytimedelta()
    total = microseconds(span)
    parts, rest = [], abs(total)
    for unit in _WRITTEN if rest > _DAYS_ABOVE else _WRITTEN[1:]:
        count, rest = divmod(rest, _SIZES[unit])
        if count:
            parts.append(f"{count} {unit}")
    return ("-" if total < 0 else "") + (" ".join(parts[:max_parts]) or "0 s")
