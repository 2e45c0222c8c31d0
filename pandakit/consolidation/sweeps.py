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
        One window to try, or several, such as ``["30min", "1h", "4h"]``; each applies to
        every pattern, or to the one that `pattern` names. Default: those of the policy.
    anchors
        One anchor to try, or several. Default: that of the policy.
    pattern
        The name of the pattern whose window is varied.

    Returns
    -------
    pandas.DataFrame
        One row per anchor and window: ``anchor``, ``window`` (missing when not varied),
        ``alerts``, ``incidents``, ``largest`` (in alerts), ``compression`` (one
        minus incidents over alerts), ``numerator``, ``denominator``.

    Raises
    ------
    EventError
        As in `consolidate`.
    ValueError
        A window, an anchor or the pattern's name has no meaning.

    Examples
    --------
    >>> events = pd.DataFrame(
    ...     {"timestamp": [0, 1800, 7200], "status": "critical", "host": ["a", "b", "c"],
    ...      "cluster": "x"}
    ... )
    >>> sweep(events, windows=["10min", "1h", "4h"])[["window", "incidents"]]
               window  incidents
    0 0 days 00:10:00          3
    1 0 days 01:00:00          2
    2 0 days 04:00:00          1
    """
    settings = _settings(check_policy(policy), windows, anchors, pattern)
    reading = Reader(policy, unit).read(events)
    merged = Merger(policy).merge(reading)
    matches = Matcher(policy).match(reading, merged.opened_rows)
    rows = []
    for window, varied in settings:
        membership = Grouper(varied).group(merged, matches)
        sizes = np.bincount(membership[:, ITS_INCIDENT])
        rows.append(
            (varied.anchor, window, len(membership), len(sizes), max(sizes.tolist(), default=0))
        )
    return _frame(rows)


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
    """Return the policy with the window in every pattern, or in the named one; None: unchanged."""
    names = [known.name for known in policy.patterns]
    if pattern is not None and pattern not in names:
        raise ValueError(
            f"pattern: the policy has none called {pattern!r}; there is {', '.join(names)}"
        )
    if window is None:
        return policy
    span = read_span(window, "windows")
    return policy.replace(
        patterns=[
            dataclasses.replace(known, window=span) if pattern in {None, known.name} else known
            for known in policy.patterns
        ]
    )


def _frame(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    columns = ["anchor", "window", "alerts", "incidents", "largest"]
    frame = pd.DataFrame(rows, columns=columns)
    spans = [
        None if window is None else pd.Timedelta(read_span(window, "windows"))
        for window in frame["window"]
    ]
    frame["window"] = pd.Series(spans, dtype="timedelta64[ns]")
    counts = frame[["alerts", "incidents", "largest"]].astype("int64")
    frame[["alerts", "incidents", "largest"]] = counts
    share = counts["incidents"] / counts["alerts"].where(counts["alerts"] > 0)
    return frame.assign(
        anchor=frame["anchor"].astype("string[pyarrow]"),
        compression=1 - share,
        numerator=counts["incidents"],
        denominator=counts["alerts"],
    )
