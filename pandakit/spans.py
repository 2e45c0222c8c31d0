"""Spans of time: read from text such as ``"4h"``, counted in whole microseconds."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pandas as pd

__all__ = ["microseconds", "read_span", "span_text"]

_UNITS = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "min": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
}
_TICKS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
# What `timedelta64[ns]` can hold, in microseconds: gaps and margins come in it.
_LONGEST = (2**63 - 1) // 1_000
_PART = re.compile(r"\s*(\d+)\s*(us|ms|s|min|h|d)", re.IGNORECASE)


def read_span(value: Any, setting: str) -> timedelta:
    """Read ``"4h"``, ``"1h 30min"``, a timedelta or 0; `setting` names it in messages.

    Examples
    --------
    >>> read_span("1h 30min", "window")
    datetime.timedelta(seconds=5400)
    """
    count = _from_text(value, setting) if isinstance(value, str) else _counted(value, setting)
    if abs(count) > _LONGEST:
        raise ValueError(
            f"{setting}: {value!r} is longer than {_LONGEST // _UNITS['d']:,} days (292 years), "
            f"the longest span that pandas holds in nanoseconds"
        )
    return timedelta(microseconds=count)


def _counted(value: Any, setting: str) -> int:
    if type(value) is int and value == 0:
        return 0  # the only span that needs no unit
    if not _is_timedelta(value) or pd.isna(value):
        raise ValueError(
            f"{setting}: {value!r} is not a span of time; give text such as '4h' or a timedelta"
        )
    if isinstance(value, timedelta) and not isinstance(value, pd.Timedelta):
        return microseconds(value)
    try:
        span = pd.Timedelta(value)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{setting}: {value!r} is not a span of time: {error}") from None
    ticks, per_second = int(span.asm8.view("i8")), _TICKS[span.unit]
    if ticks * 1_000_000 % per_second:
        raise ValueError(f"{setting}: {value!r} is finer than a microsecond")
    return ticks * 1_000_000 // per_second


def _is_timedelta(value: Any) -> bool:
    return isinstance(value, timedelta) or type(value).__name__ == "timedelta64"


def _from_text(text: str, setting: str) -> int:
    total, position = 0, 0
    while position < len(text.rstrip()):
        part = _PART.match(text, position)
        if part is None:
            raise ValueError(
                f"{setting}: {text!r} is not a span of time; write a number and one of "
                f"{', '.join(_UNITS)}, such as '4h' or '1h 30min'"
            )
        total += int(part[1]) * _UNITS[part[2].lower()]
        position = part.end()
    if not position:
        raise ValueError(f"{setting}: the text is empty; write a span such as '4h'")
    return total


def microseconds(span: timedelta) -> int:
    """Count the microseconds of a span.

    Examples
    --------
    >>> microseconds(timedelta(seconds=2))
    2000000
    """
    return span // timedelta(microseconds=1)


def span_text(span: timedelta) -> str:
    """Write a span in the largest unit that divides it.

    Examples
    --------
    >>> span_text(timedelta(hours=4)), span_text(timedelta(0))
    ('4h', '0s')
    """
    total = microseconds(span)
    if not total:
        return "0s"
    unit = max((name for name in _UNITS if not total % _UNITS[name]), key=_UNITS.__getitem__)
    return f"{total // _UNITS[unit]}{unit}"
