"""Sweeps: the same events under many settings, merged into alerts once."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.consolidation import _state as at
from pandakit.consolidation._consolidator import Consolidator
from pandakit.consolidation._group import Grouper
from pandakit.consolidation._policy import CLASSIC, refuse_unknown
from pandakit.consolidation._spans import read_span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandakit.consolidation._policy import Policy

__all__ = ["sweep", "with_window"]


def sweep(
    events: Any,
    policy: Policy = CLASSIC,
    *,
    windows: Sequence[Any] | None = None,
    anchors: Sequence[str] | None = None,
    pattern: str | None = None,
    unit: str = "s",
) -> pd.DataFrame:
    """Count the incidents that other windows and anchors would give.

    Parameters
    ----------
    events, unit
        As in `consolidate`.
    policy
        All settings that are not varied.
    windows
        Windows to try, such as ``["30min", "1h", "4h"]``; each is given to every pattern,
        or to the one that `pattern` names. Default: those of the policy.
    anchors
        Anchors to try. Default: that of the policy.
    pattern
        The name of the pattern whose window is varied.

    Returns
    -------
    pandas.DataFrame
        One row per anchor and window: ``anchor``, ``window`` (missing when not varied),
        ``alerts``, ``incidents``, ``largest_incident`` (in alerts), ``compression`` (one
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
    settings = [
        (window, with_window(policy, window, pattern).replace(anchor=anchor))
        for anchor in ((policy.anchor,) if anchors is None else anchors)
        for window in ((None,) if windows is None else windows)
    ]
    opened = Consolidator(policy, unit=unit)._open_alerts(events)  # noqa: SLF001 - its other half
    rows = []
    for window, varied in settings:
        grouper = Grouper(varied)
        grouper.take(opened)
        sizes = np.bincount(grouper.places(len(opened.start))[:, at.ITS_INCIDENT])
        rows.append(
            (varied.anchor, window, len(opened.start), len(sizes), max(sizes.tolist(), default=0))
        )
    return _frame(rows)


def with_window(policy: Policy, window: Any, pattern: str | None = None) -> Policy:
    """Give the window to every pattern, or to the one that is named; none changes nothing."""
    if pattern is not None:
        refuse_unknown([pattern], "the policy's patterns", [p.name for p in policy.patterns])
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
    columns = ["anchor", "window", "alerts", "incidents", "largest_incident"]
    frame = pd.DataFrame(rows, columns=columns)
    spans = [
        None if window is None else pd.Timedelta(read_span(window, "windows"))
        for window in frame["window"]
    ]
    frame["window"] = pd.Series(spans, dtype="timedelta64[ns]")
    counts = frame[["alerts", "incidents", "largest_incident"]].astype("int64")
    frame[["alerts", "incidents", "largest_incident"]] = counts
    share = counts["incidents"] / counts["alerts"].where(counts["alerts"] > 0)
    return frame.assign(
        anchor=frame["anchor"].astype("string[pyarrow]"),
        compression=1 - share,
        numerator=counts["incidents"],
        denominator=counts["alerts"],
    )
