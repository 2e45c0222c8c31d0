"""The funnel: how many events, alerts and incidents there are, as a frame and in words."""

from __future__ import annotations

from typing import Any

import pandas as pd

__all__ = ["funnel_frame", "readable_funnel"]


_COUNTS = ("received", "rejected", "duplicates", "events", "alerts", "incidents")


_COMPRESSIONS = {
    "event_compression": ("alerts", "events"),
    "correlation_compression": ("incidents", "alerts"),
    "overall_compression": ("incidents", "events"),
}


def funnel_frame(counts: dict[str, int]) -> pd.DataFrame:
    """Return the funnel."""
    rows: list[tuple[Any, Any, Any]] = [(counts[name], pd.NA, pd.NA) for name in _COUNTS]
    for upper, lower in _COMPRESSIONS.values():
        numerator, denominator = counts[upper], counts[lower]
        value = 1 - numerator / denominator if denominator else float("nan")
        rows.append((value, numerator, denominator))
    frame = pd.DataFrame(
        rows,
        columns=["value", "numerator", "denominator"],
        index=pd.Index([*_COUNTS, *_COMPRESSIONS], name="measure"),
        dtype=object,  # otherwise counts would show as 20893.0 beside the compressions
    )
    return frame.astype({"numerator": "Int64", "denominator": "Int64"})


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
