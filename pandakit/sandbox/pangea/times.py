"""Times in a Pangea search: RFC 3339, or a span back from now."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

__all__ = ["read_time"]

_SPAN = re.compile(r"(\d+)\s*([a-z]+)")
_UNITS = {
    "second": 1,
    "minute": 60,
    "hour": 3_600,
    "day": 86_400,
    "week": 604_800,
    "month": 2_592_000,
    "year": 31_536_000,
}
_SHORT = {
    "s": "second", "sec": "second", "min": "minute", "h": "hour", "hr": "hour", "d": "day",
    "w": "week", "mo": "month", "y": "year",
}  # fmt: skip


def read_time(text: str, now: datetime) -> datetime:
    """Return the time in a text; without a zone it is UTC.

    Examples
    --------
    >>> read_time("2h", datetime(2026, 6, 1, 12, tzinfo=UTC)).isoformat()
    '2026-06-01T10:00:00+00:00'
    """
    span = _SPAN.fullmatch(text)
    if span:
        unit = span[2].rstrip("s") or "s"
        return now - timedelta(seconds=int(span[1]) * _UNITS[_SHORT.get(unit, unit)])
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
