"""One grammar for `start` and `end`, always UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

__all__ = ["TimeLike", "Window", "counts_back", "to_span", "to_time", "window"]

TimeLike = datetime | date | str

_UNITS = {
    "s": "seconds",
    "sec": "seconds",
    "min": "minutes",
    "h": "hours",
    "d": "days",
    "w": "weeks",
}
_SPAN = re.compile(r"\s*(\d+)\s*([A-Za-z]+)\s*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_FORMS = (
    'a zone-aware datetime, ISO 8601 text with a zone ("2026-01-31T08:00:00Z"), '
    'a date (UTC midnight) or a span back from now ("7d", "36h", "15min")'
)


@dataclass(frozen=True)
class Window:
    """From `start` to `end`, both zone-aware UTC; `None` where the service decides."""

    start: datetime | None
    end: datetime | None

    def as_text(self) -> list[str | None]:
        """Give both ends as ISO 8601 text, as they stand in `df.attrs`."""
        return [time.isoformat() if time else None for time in (self.start, self.end)]


def to_span(text: str) -> timedelta:
    """Read a span such as "15min", "36h", "7d" or "2w".

    Raises
    ------
    ValueError
        When the text is no span; "m" is refused, for it could be minutes or months.

    Examples
    --------
    >>> to_span("36h")
    datetime.timedelta(days=1, seconds=43200)
    """
    found = _SPAN.fullmatch(text)
    unit = _UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None:
        raise ValueError(
            f"{text!r} is not a span: write a whole number and one of {', '.join(_UNITS)}, "
            'as in "15min" or "7d"'
        )
    try:
        return timedelta(**{unit: int(found[1])})
    except OverflowError:
        raise ValueError(f"the span {text!r} is too long") from None


def counts_back(value: object) -> bool:
    """Say whether an end of a window is a span, which counts back from somebody's clock.

    Examples
    --------
    >>> counts_back("7d"), counts_back("2026-01-31")
    (True, False)
    """
    return isinstance(value, str) and _SPAN.fullmatch(value) is not None


def to_time(value: TimeLike, *, name: str = "start", now: datetime | None = None) -> datetime:
    """Read one end of a window as a zone-aware UTC time.

    Parameters
    ----------
    value
        A zone-aware datetime (pandas' Timestamp too), ISO 8601 text with a zone, a date
        (UTC midnight), or a span back from now ("7d", "36h", "15min").
    name
        What the message calls it.
    now
        What a span counts back from; default the clock.

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
    if isinstance(value, datetime):
        return _aware(value, name, repr(value))
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, str):
        raise TypeError(f"{name} is {type(value).__name__}; give {_FORMS}")
    return _from_text(value.strip(), name, now)


def window(start: TimeLike | None, end: TimeLike | None, *, now: datetime | None = None) -> Window:
    """Read both ends, with one and the same now.

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
    if _SPAN.fullmatch(text):
        try:
            return (now or datetime.now(UTC)) - to_span(text)
        except OverflowError:
            raise ValueError(f"{name}={text!r} reaches back before year 1") from None
    try:
        if _DATE.fullmatch(text):
            return to_time(date.fromisoformat(text))
        return _aware(datetime.fromisoformat(text), name, repr(text))
    except ValueError as error:
        if "zone" in str(error):
            raise
        raise ValueError(f"{name}={text!r} is not a time; give {_FORMS}") from None


def _aware(value: datetime, name: str, shown: str) -> datetime:
    if value != value:  # noqa: PLR0124 - pandas' NaT is a datetime that is no time
        raise ValueError(f"{name} is {shown}: give {_FORMS}")
    if value.tzinfo is None or value.utcoffset() is None:
        raise ValueError(
            f"{name}={shown} has no zone. Say which one: "
            f'"{value.isoformat()}Z" for UTC, or value.replace(tzinfo=zoneinfo.ZoneInfo(...))'
        )
    to_python = getattr(value, "to_pydatetime", None)  # a Timestamp may hold nanoseconds
    plain: datetime = to_python(warn=False) if to_python else value
    return plain.astimezone(UTC)
