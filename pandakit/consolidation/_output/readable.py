"""Spans, times and the funnel in words."""

from __future__ import annotations

import pandas as pd

from pandakit.spans import microseconds

__all__ = ["readable_funnel", "readable_span", "readable_time"]

_UNITS = (
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("min", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
)
# Windows are thought of in hours: 24 h, 48 h, then days.
_DAYS_ABOVE = 48 * 3_600_000_000


def readable_span(span: pd.Timedelta) -> str:
    """Return a span in full.

    Examples
    --------
    >>> import pandas as pd
    >>> readable_span(pd.Timedelta(hours=20, minutes=48)), readable_span(pd.Timedelta(days=1))
    ('20 h 48 min', '24 h')
    >>> readable_span(pd.Timedelta(days=30, seconds=1)), readable_span(pd.Timedelta(0))
    ('30 d 1 s', '0 s')
    """
    rest = microseconds(span.to_pytimedelta())
    parts = []
    for unit, size in _UNITS if rest > _DAYS_ABOVE else _UNITS[1:]:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def readable_time(time: pd.Timestamp) -> str:
    """Return a time to the second or finer.

    Examples
    --------
    >>> import pandas as pd
    >>> readable_time(pd.Timestamp("2026-03-01 04:00", tz="UTC"))
    '2026-03-01 04:00:00 UTC'
    """
    return f"{time.tz_convert(None)} UTC"


def readable_funnel(funnel: pd.DataFrame) -> pd.DataFrame:
    """Return the funnel in words: counts, and compressions as shares with their fraction.

    Parameters
    ----------
    funnel
        `Consolidation.funnel`.

    Returns
    -------
    pandas.DataFrame
        One row per measure, all text: `measure`, `value`, `of`.

    Examples
    --------
    >>> import pandakit as pk
    >>> events = pd.DataFrame({"host": ["a"], "timestamp": [0], "status": ["critical"]})
    >>> readable_funnel(pk.consolidate(events).funnel).iloc[-1].tolist()
    ['overall compression', '0.0%', '1 - 1 / 1']
    """
    rows = zip(
        funnel.index, funnel["value"], funnel["numerator"], funnel["denominator"], strict=True
    )
    return pd.DataFrame(
        [_readable(*row) for row in rows], columns=["measure", "value", "of"], dtype="string"
    )


def _readable(name: str, value: float, numerator: int, denominator: int) -> tuple[str, str, str]:
    measure = str(name).replace("_", " ")
    if pd.isna(denominator):
        return measure, f"{value:,.0f}", ""
    share = "no data" if pd.isna(value) else f"{value:.1%}"
    return measure, share, f"1 - {numerator:,} / {denominator:,}"
