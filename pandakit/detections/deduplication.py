"""From matches to alerts: deduplication and threshold, computed with `consolidate`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.spans import read_span

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["dedup", "dedup_sweep"]

Span = str | timedelta

# A match at or after first + period opens the next window; `consolidate` counts whole
# microseconds and lets an alert at the very end of a pattern's window join.
_OPEN_END = timedelta(microseconds=1)


def dedup(matches: pd.DataFrame, *, period: Span = "60min", threshold: int = 1) -> pd.DataFrame:
    """Return the alerts that matches raise.

    The first match of a rule and deduplication string opens a window; matches before its end
    join it, a match at or after the end opens the next. An alert is created at the match that
    reaches the threshold within the window, and has all matches of the window as its events.

    Parameters
    ----------
    matches
        From `backtest`: `rule_id`, `dedup`, `time`, and `unique` if the rules count distinct
        values. A row without `unique` counts as one.
    period
        Length of a window, such as `"60min"`, `"1h 30min"` or a timedelta.
    threshold
        Matches (or distinct values) that a window needs.

    Returns
    -------
    pandas.DataFrame
        One row per alert, ordered by `created_at`: `rule_id`, `dedup`, `created_at`,
        `first_event_at`, `last_event_at`, `event_count`.

    Raises
    ------
    ValueError
        For a missing column, rule, deduplication string or time, a threshold below 1, or a
        period that is not positive.

    Notes
    -----
    Times are exact to the microsecond. The service uses the time at which it processes an
    event, and its count of distinct values is an estimate.
    Sources: "How deduplication and threshold work", "Will specifying a dedup period delay
    alerts?".

    Examples
    --------
    >>> times = pd.to_datetime(["2026-01-01T10:07Z", "2026-01-01T11:06Z", "2026-01-01T11:07Z"])
    >>> matches = pd.DataFrame({"rule_id": "A", "dedup": "x", "time": times})
    >>> dedup(matches, period="1h")["event_count"].tolist()
    [2, 1]
    >>> len(dedup(matches, period="1h", threshold=2))
    1
    """
    return _alerts(matches, _windows(matches, _period(period)), _threshold(threshold))


def dedup_sweep(
    matches: pd.DataFrame, *, periods: Iterable[Span], thresholds: Iterable[int] = (1,)
) -> pd.DataFrame:
    """Return how many alerts the matches raise under several settings.

    Parameters
    ----------
    matches
        As for `dedup`.
    periods, thresholds
        The settings to try, in all combinations.

    Returns
    -------
    pandas.DataFrame
        One row per setting, in the order given: `period` (a timedelta), `threshold`, `alerts`.

    Raises
    ------
    ValueError
        As for `dedup`, and when there are no settings.

    Examples
    --------
    >>> times = pd.to_datetime(["2026-01-01T10:07Z", "2026-01-01T11:06Z", "2026-01-01T11:07Z"])
    >>> matches = pd.DataFrame({"rule_id": "A", "dedup": "x", "time": times})
    >>> dedup_sweep(matches, periods=["1h", "2h"], thresholds=[1, 3])["alerts"].tolist()
    [2, 0, 1, 1]
    """
    spans, counts = [_period(each) for each in periods], [_threshold(each) for each in thresholds]
    if not spans or not counts:
        raise ValueError("periods and thresholds must name at least one setting each")
    records = [
        (span, count, len(_alerts(matches, windows, count)))
        for span in spans
        for windows in [_windows(matches, span)]
        for count in counts
    ]
    frame = pd.DataFrame(records, columns=["period", "threshold", "alerts"])
    return frame.astype({"period": "timedelta64[ns]", "threshold": "int64", "alerts": "int64"})


def _period(span: Span) -> timedelta:
    period = read_span(span, "period")
    if period <= timedelta(0):
        raise ValueError(f"period={span!r} must be positive")
    return period


def _threshold(threshold: int) -> int:
    if isinstance(threshold, bool) or not isinstance(threshold, int | np.integer):
        raise TypeError(f"threshold is {type(threshold).__name__}; must be a whole number")
    if threshold < 1:
        raise ValueError(f"threshold={threshold} must be at least 1")
    return int(threshold)


def _check(matches: pd.DataFrame) -> None:
    for name in ("rule_id", "dedup", "time"):
        if name not in matches.columns:
            raise ValueError(f"matches has no column {name}: pass .matches of backtest()")
        missing = np.flatnonzero(matches[name].isna())
        if len(missing):
            rows = ", ".join(map(str, missing[:5]))
            raise ValueError(
                f"matches, column {name}: {len(missing)} rows have none (rows {rows} ...)"
            )


def _windows(matches: pd.DataFrame, period: timedelta) -> np.ndarray[Any, Any]:
    """Return the number of each match's window.

    To `consolidate`, a match is an alert of its own, and a window is an incident of alerts that
    share rule and deduplication string.
    """
    from pandakit.consolidation import Pattern, Policy, consolidate  # noqa: PLC0415 - when used

    _check(matches)
    if matches.empty:
        return np.empty(0, dtype=np.int64)
    events = pd.DataFrame(
        {
            "timestamp": matches["time"].array,
            "status": pd.Categorical.from_codes(np.zeros(len(matches), int), ["critical"]),
            "host": np.arange(len(matches)),
            "window_key": matches.groupby(["rule_id", "dedup"], sort=False).ngroup().array,
        }
    )
    policy = Policy(
        patterns=[Pattern("window_key", period - _OPEN_END)],
        dedup="none",
        expire_after=None,
        anchor="first",
    )
    windows = consolidate(events, policy).events["incident_id"]
    return np.asarray(windows, dtype=np.int64)


def _alerts(matches: pd.DataFrame, windows: np.ndarray[Any, Any], threshold: int) -> pd.DataFrame:
    table = _in_order(matches, windows)
    reached = table.loc[table["counted"] & (table["count"] == threshold)].set_index("window")
    spans = table.groupby("window", sort=True)["time"].agg(["first", "last", "size"])
    spans = spans.loc[reached.index]
    alerts = pd.DataFrame(
        {
            "rule_id": reached["rule_id"].astype("string[pyarrow]"),
            "dedup": reached["dedup"].astype("string[pyarrow]"),
            "created_at": reached["time"],
            "first_event_at": spans["first"],
            "last_event_at": spans["last"],
            "event_count": spans["size"].astype("int64"),
        }
    )
    return alerts.sort_values("created_at", kind="stable").reset_index(drop=True)


def _in_order(matches: pd.DataFrame, windows: np.ndarray[Any, Any]) -> pd.DataFrame:
    """Return the matches window by window, each with the number counted in its window so far.

    A match counts unless its value of `unique` has been counted in the window.
    """
    table = pd.DataFrame(
        {
            "window": windows,
            "time": pd.to_datetime(matches["time"], utc=True).astype("datetime64[ns, UTC]").array,
            "rule_id": matches["rule_id"].array,
            "dedup": matches["dedup"].array,
        }
    )
    counted = pd.Series(data=True, index=table.index)
    order = np.lexsort((table["time"].astype("int64"), windows))
    if "unique" in matches.columns:
        unique = pd.Series(matches["unique"].array).iloc[order]
        seen = pd.DataFrame({"window": windows[order], "unique": unique}).duplicated()
        counted = ~seen.sort_index() | matches["unique"].isna().reset_index(drop=True)
    table = table.assign(counted=counted).iloc[order]
    return table.assign(count=table.groupby("window")["counted"].cumsum())
