"""One grammar for `start` and `end`, always UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pandakit.spans import is_span, read_span

__all__ = ["TimeLike", "Window", "counts_back", "to_time", "window"]

TimeLike = datetime | date | timedelta | str

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_FORMS = (
    'a zone-aware datetime, ISO 8601 text with a zone ("2026-01-31T08:00:00Z"), '
    'a date (UTC midnight) or a span back from now ("7d", "36h", "15min", a timedelta)'
)


@dataclass(frozen=True)
class Window:
    """From `start` to `end`, both zone-aware UTC; `None` where the service decides."""

    start: datetime | None
    end: datetime | None

    def as_text(self) -> list[str | None]:
        """Return both ends as ISO 8601 text, as in `df.attrs`."""
        return [time.isoformat() if time else None for time in (self.start, self.end)]


def counts_back(value: object) -> bool:
    """Return whether an end of a window is a span, which counts back from someone's clock.

    Examples
    --------
    >>> counts_back("7d"), counts_back("2026-01-31")
    (True, False)
    """
    return is_span(value)


def to_time(value: TimeLike, *, name: str = "start", now: datetime | None = None) -> datetime:
    """Return one end of a window as a zone-aware UTC time.

    Parameters
    ----------
    value
        A zone-aware datetime (pandas' Timestamp too), ISO 8601 text with a zone, a date
        (UTC midnight), or a span back from now ("7d", "36h", "15min", "1h30min", a timedelta).
    name
        The name of the value in messages.
    now
        The time from which a span counts back; default: the clock.

    Raises
    ------
    ValueError
        For a time without a zone (the message shows the fix) and for other text.
    TypeError
        For anything else.

    Examples
    --------
    >>> to_time("2026-01-31T09:00:00+01:00").isoformat()
    '2026-01-31T08:00:00+00:00'
    """
    if isinstance(value, timedelta):
        return _back(value, name, now)
    if isinstance(value, datetime):
        return _aware(value, name, repr(value))
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, str):
        raise TypeError(f"{name} is {type(value).__name__}; pass {_FORMS}")
    return _from_text(value.strip(), name, now)


def window(start: TimeLike | None, end: TimeLike | None, *, now: datetime | None = None) -> Window:
    """Return the window between two ends, both resolved against the same `now`.

    Raises
    ------
    ValueError
        When an end cannot be read or the window ends before it starts.
    """
    now = now or datetime.now(UTC)
    low = None if start is None else to_time(start, name="start", now=now)
    high = None if end is None else to_time(end, name="end", now=now)
    if low and high and high < low:
        raise ValueError(f"end ({high.isoformat()}) is before start ({low.isoformat()})")
    return Window(low, high)


def _from_text(text: str, name: str, now: datetime | None) -> datetime:
    if counts_back(text):
        return _back(text, name, now)
    try:
        if _DATE.fullmatch(text):
            return to_time(date.fromisoformat(text))
        return _aware(datetime.fromisoformat(text), name, repr(text))
    except ValueError as error:
        if "zone" in str(error):
            raise
        raise ValueError(f"{name}={text!r} is not a time; pass {_FORMS}") from None


def _back(value: timedelta | str, name: str, now: datetime | None) -> datetime:
    span = read_span(value, name)
    if span < timedelta(0):
        raise ValueError(f"{name}: {value!r} is negative; a span counts back from now")
    return (now or datetime.now(UTC)) - span


def _aware(value: datetime, name: str, shown: str) -> datetime:
    if value != value:  # noqa: PLR0124 - pandas' NaT is a datetime that is not a time
        raise ValueError(f"{name} is {shown}: pass {_FORMS}")
    if value.tzinfo is None or value.utcoffset() is None:
        raise ValueError(
            f"{name}={shown} has no zone. Add one: "
            f'"{value.isoformat()}Z" for UTC, or value.replace(tzinfo=zoneinfo.ZoneInfo(...))'
        )
    to_python = getattr(value, "to_pydatetime", None)  # a Timestamp may hold nanoseconds
    plain: datetime = to_python(warn=False) if to_python else value
    return plain.astimezone(UTC)
