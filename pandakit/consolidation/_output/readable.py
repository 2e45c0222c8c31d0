"""Times and the funnel in words."""

from __future__ import annotations

import pandas as pd

__all__ = ["readable_funnel", "readable_time"]


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
