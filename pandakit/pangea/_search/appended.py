"""Bring the frame of an earlier search up to date: the log only grows, so its start is settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pandakit.frames import add_facts, facts

if TYPE_CHECKING:
    from datetime import datetime

    from pandakit.timewindow import Window

__all__ = ["continued", "settled_rows"]


def settled_rows(frame: pd.DataFrame, window: Window) -> tuple[pd.DataFrame, datetime] | None:
    """Return the rows that cannot have changed, and the `received_at` from which to search on.

    An event whose batch is not published yet gets its place in the tree later, and events
    received at the same moment may come in any order. So the search continues at the first event
    that is not published, or else at the moment of the last one; no row before it is requested
    again.

    Parameters
    ----------
    frame
        The result of an earlier search in ascending order of `received_at`.
    window
        The window of the new search; it may start later than that of the frame.

    Returns
    -------
    tuple
        The rows between the start of the window and that moment, and the moment. `None` when
        the frame has no rows, or one without a time.
    """
    times = frame["received_at"]
    if times.empty or times.isna().any() or window.start is None:
        return None
    open_ones = times[~frame["published"].fillna(value=True)]
    settled_until = min([times.iloc[-1], *open_ones.head(1)]).floor("us")
    since = max(settled_until, pd.Timestamp(window.start))
    return frame[(times < since) & (times >= window.start)], since.to_pydatetime()


def continued(
    kept: pd.DataFrame, newer: pd.DataFrame, since: datetime, window: Window
) -> pd.DataFrame | None:
    """Return the settled rows and those from a moment on as the frame of one search.

    `None` when their columns do not agree, as when a field occurs for the first time.
    """
    if not kept.dtypes.equals(newer.dtypes):
        return None
    since_then = newer[newer["received_at"] >= since]
    whole = pd.concat([kept, since_then], ignore_index=True)
    earlier, now = kept.attrs["pandakit"], facts(newer)
    roots = {repr(root): root for root in [*earlier["roots"], *now["roots"]]}
    said = {
        "roots": list(roots.values()),
        "rows": len(whole),
        "rows_from_store": len(kept),
        "window": window.as_text(),
    }
    return add_facts(whole, **{**earlier, **now, **said})
