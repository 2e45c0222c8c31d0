"""Sweeps: the same events under many settings, merged into alerts once."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.consolidation._group.grouper import Grouper
from pandakit.consolidation._group.layout import ITS_INCIDENT
from pandakit.consolidation._match.matcher import Matcher
from pandakit.consolidation._merge.merger import Merger
from pandakit.consolidation._read.events import Reader
from pandakit.consolidation.policy import CLASSIC, check_policy
from pandakit.spans import read_span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandakit.consolidation.policy import Anchor, Policy, TimeUnit

__all__ = ["sweep", "with_window"]

_ALL = "all"


def sweep(
    events: Any,
    policy: Policy = CLASSIC,
    *,
    windows: Any = None,
    anchors: Anchor | Sequence[Anchor] | None = None,
    pattern: str | None = None,
    unit: TimeUnit = "s",
) -> pd.DataFrame:
    """Return how many incidents there are under other windows and anchors.

    Parameters
    ----------
    events, unit
        As in `consolidate`.
    policy
        All settings that are not varied.
    windows
        One window to try, or several, such as ``["30min", "1h", "4h"]``, for the pattern that
        `pattern` names. Default: the windows of the policy.
    anchors
        One anchor to try, or several. Default: that of the policy.
    pattern
        The name of the pattern whose window is varied; default: the first one of the policy.
        ``"all"`` gives each window to all patterns.

    Returns
    -------
    pandas.DataFrame
        One row per anchor and window: ``anchor``, ``pattern`` and ``window`` (both missing
        if no window is varied); the same in every row: ``received``, ``rejected``,
        ``duplicates``, ``alerts``; ``incidents``, ``largest`` (in alerts), ``compression`` (one
        minus incidents over alerts), ``numerator``, ``denominator``.

    Raises
    ------
    EventError
        As in `consolidate`.
    ValueError
        A window, an anchor or the pattern's name has no meaning.

    Warns
    -----
    RejectedEventsWarning
        As in `consolidate`.

    Examples
    --------
    >>> events = pd.DataFrame(
    ...     {"timestamp": [0, 1800, 7200], "status": "critical", "host": ["a", "b", "c"],
    ...      "cluster": "x"}
    ... )
    >>> table = sweep(events, windows=["10min", "1h", "4h"], pattern="cluster")
    >>> table[["pattern", "window", "incidents"]]
       pattern          window  incidents
    0  cluster 0 days 00:10:00          3
    1  cluster 0 days 01:00:00          2
    2  cluster 0 days 04:00:00          1
    """
    settings = _settings(check_policy(policy), windows, anchors, pattern)
    reader, merger = Reader(policy, unit), Merger(policy)
    reading = reader.read(events)
    reader.rejections.report(stacklevel=2)
    merged = merger.merge(reading)
    matches = Matcher(policy).match(reading, merged.opened_rows)
    rows = []
    for window, varied in settings:
        membership = Grouper(varied).group(merged, matches)
        sizes = np.bincount(membership[:, ITS_INCIDENT])
        rows.append((varied.anchor, window, len(sizes), max(sizes.tolist(), default=0)))
    counts = {
        "received": reader.rejections.n_received,
        "rejected": reader.rejections.n_rejected,
        "duplicates": merger.n_duplicates,
        "alerts": merger.n_alerts,
    }
    moved = None if windows is None else pattern or policy.patterns[0].name
    return _frame(rows, moved, counts)


def _settings(
    policy: Policy,
    windows: Any,
    anchors: Anchor | Sequence[Anchor] | None,
    pattern: str | None,
) -> list[tuple[Any, Policy]]:
    """Return each window with its policy; all arguments are checked, even if a list is empty."""
    unvaried = with_window(policy, None, pattern)
    by_window = [(window, with_window(policy, window, pattern)) for window in _listed(windows)]
    by_window = [(None, unvaried)] if windows is None else by_window
    tried = [policy.anchor] if anchors is None else _listed(anchors)
    checked = [policy.replace(anchor=anchor).anchor for anchor in tried]
    return [
        (window, varied.replace(anchor=anchor))
        for anchor in checked
        for window, varied in by_window
    ]


def _listed(given: Any) -> list[Any]:
    one = isinstance(given, (str, timedelta, np.timedelta64))
    return [given] if one else list(() if given is None else given)


def with_window(policy: Policy, window: Any, pattern: str | None = None) -> Policy:
    """Return a policy whose named pattern has another window.

    Parameters
    ----------
    policy
        All other settings.
    window
        Text such as ``"4h"`` or a timedelta; None changes nothing.
    pattern
        The name of a pattern; default: the first one. ``"all"``: all of them, unless one has
        this name.

    Examples
    --------
    >>> with_window(CLASSIC, "1h").patterns
    (Pattern('primary', 1 h), Pattern('cluster', 4 h))
    """
    names = [known.name for known in policy.patterns]
    if pattern not in {None, _ALL, *names}:
        raise ValueError(
            f"pattern: the policy has none called {pattern!r}; there is {', '.join(names)}, or "
            f"{_ALL!r}"
        )
    if window is None:
        return policy
    span = read_span(window, "windows")
    moved = names if pattern == _ALL and _ALL not in names else [pattern or names[0]]
    return policy.replace(
        patterns=[
            dataclasses.replace(known, window=span) if known.name in moved else known
            for known in policy.patterns
        ]
    )


def _frame(
    rows: list[tuple[Any, ...]], pattern: str | None, counts: dict[str, int]
) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["anchor", "window", "incidents", "largest"])
    spans = [
        None if window is None else pd.Timedelta(read_span(window, "windows"))
        for window in frame["window"]
    ]
    found = frame[["incidents", "largest"]].astype("int64")
    n_alerts = counts["alerts"]
    share = found["incidents"] / n_alerts if n_alerts else np.nan
    return pd.DataFrame(
        {
            "anchor": frame["anchor"].astype("string[pyarrow]"),
            "pattern": pd.Series([pattern] * len(frame), dtype="string[pyarrow]"),
            "window": pd.Series(spans, dtype="timedelta64[ns]"),
            **{name: np.full(len(frame), count) for name, count in counts.items()},
            **found,
            "compression": np.asarray(1 - share, dtype=np.float64) * np.ones(len(frame)),
            "numerator": found["incidents"],
            "denominator": np.full(len(frame), n_alerts),
        }
    )
