"""Methods of `BigPanda`: events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.bigpanda._lists.resources import RESOURCES, pages_of, user_call
from pandakit.bigpanda._lists.rows import event_row, to_frame
from pandakit.timewindow import TimeLike, to_time
from pandakit.transport import Listing

if TYPE_CHECKING:
    import pandas as pd

    from pandakit.bigpanda.account import Account

__all__ = ["raw_alerts"]


def raw_alerts(
    self: Account,
    app_key: str,
    *,
    start: TimeLike,
    page_size: int = 100,
    max_rows: int | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Return the events that an integration sent, as they were before enrichment.

    Parameters
    ----------
    app_key
        The integration.
    start
        Earliest time: a zone-aware datetime, ISO 8601 text with a zone, a date (UTC
        midnight) or a span back from now (`"7d"`, `"36h"`, `"15min"`).
    page_size
        Rows per request; more are faster, where the service allows them.
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; `None` for all rows.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.

    Returns
    -------
    pandas.DataFrame
        One row per event, ready for `consolidate`; the sender's own fields keep their names.

    Notes
    -----
    Source: "Integration Alerts".
    """
    asked = self._window(start, None)
    since = asked.start or to_time(start)  # None is refused
    resource = RESOURCES["raw_alerts"]
    params = {"app_key": app_key, "since": int(since.timestamp())}
    return self._load(
        Listing(
            user_call(resource.path, resource.path, params),
            pages_of("limit", page_size),
            label=f"BigPanda events {app_key}",
        ),
        to_frame("raw_alerts", lambda row: {"app_key": app_key, **event_row(row)}),
        session=self._user_session,
        window=asked,
        max_rows=max_rows,
        progress=progress,
    )
