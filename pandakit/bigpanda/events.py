"""Methods of `BigPanda`: events."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pandakit.bigpanda._lists.page_load import PageLoad
from pandakit.bigpanda._lists.resources import RESOURCES, check_of, pages_of, user_call
from pandakit.bigpanda._lists.rows import event_row, to_frame
from pandakit.bigpanda._sending.batches import Outbox, send_in_batches
from pandakit.bigpanda._sending.payloads import read_payloads, time_order
from pandakit.bigpanda._sending.schedule import SendSchedule
from pandakit.timewindow import TimeLike, to_time
from pandakit.transport import loader

if TYPE_CHECKING:
    import pandas as pd

    from pandakit.bigpanda.service import Account
    from pandakit.transport import StorePath

__all__ = ["raw_alerts", "replay", "send_alerts"]


@loader()
def raw_alerts(
    self: Account,
    app_key: str,
    *,
    start: TimeLike,
    page_size: int = 100,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
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
        Rows per request; more are faster, if the service allows them.
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; `None` for all rows.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.

    Returns
    -------
    pandas.DataFrame
        One row per event, ready for `consolidate`; the sender's own fields keep their names.

    Raises
    ------
    PaginationError
        When events moved from page to page each time that the list was read, or fewer arrive than
        the service counts; with `partial` and `resume()`.

    Notes
    -----
    Several pages are read in parallel, within the rate limit. Events that arrive meanwhile may be
    among the rows. The service publishes no order, so the first page is read again at the
    end: if events moved from page to page, all pages are read again.

    Source: "Integration Alerts".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     events = services.bigpanda.raw_alerts("nagios.core", start="2026-05-01")
    >>> {"timestamp", "status", "host", "check"} <= set(events)
    True
    """
    asked = self._window(start, None)
    since = asked.start or to_time(start)  # None is refused
    resource = RESOURCES["raw_alerts"]
    params = {"app_key": app_key, "since": int(since.timestamp())}
    return self._load(
        PageLoad(
            user_call(resource.path, resource.path, params),
            replace(pages_of("limit", page_size), check=check_of("raw_alerts")),
            label=f"BigPanda events {app_key}",
            max_rows=max_rows,
        ),
        to_frame("raw_alerts", lambda row: {"app_key": app_key, **event_row(row)}),
        session=self._user_session,
        window=asked,
        max_rows=max_rows,
        progress=progress,
    )


def send_alerts(
    self: Account,
    frame: pd.DataFrame,
    *,
    app_key: str,
    dry_run: bool = True,
    batch_size: int = 100,
    primary_property: str | None = None,
    secondary_property: str | None = None,
) -> pd.DataFrame:
    """Send a frame of alerts to an integration, and return the outcome of each row.

    Every row is checked before any is sent. Rows are then sent by ascending `timestamp` over all
    batches (equal times in row order), one request at a time, with the org token.

    Parameters
    ----------
    frame
        One row per alert: `status` (`ok`, `critical`, `warning`, `acknowledged` or `unknown`), a
        subject (`host`, `service`, `application` or `device`), and optionally `timestamp`
        (zone-aware, or epoch seconds; cut to whole seconds), `check` and any other columns,
        which become tags. Missing cells are left out.
    app_key
        The integration.
    dry_run
        `True` checks the rows and sends nothing; `False` sends them.
    batch_size
        Alerts per request; 1 sends each in the form for single alerts.
    primary_property
        Column of the subject, if it is not one of the four.
    secondary_property
        Column of the second part of the identity, instead of `check`.

    Returns
    -------
    pandas.DataFrame
        With the index of `frame`: `outcome`, which is `planned` (a dry run), `accepted`,
        `duplicate` (the service already has all alerts of the batch), `refused`, `unknown` or
        `not_sent`; and `message`, the service's message about a refusal.

    Raises
    ------
    EventError
        When a row has no valid status, subject or time, a nested value or another `app_key`. The
        message names the rows, and nothing was sent.
    OutcomeUnknownError
        When a response was lost. The message names the first and last row of that batch;
        `partial` has the outcomes, and `resume()` sends what was not sent, but never the rows
        whose outcome is unknown.
    PandakitError
        When the service could not be reached or refuses the token; with `partial` and
        `resume()`. Only responses that say that nothing happened (429, 503) are retried.
    KeyboardInterrupt
        When it is interrupted; rows that were being sent are `unknown`. With `partial` and
        `resume()`, which sends what was not sent.

    Notes
    -----
    Source: "Alerts REST API".

    Examples
    --------
    >>> import pandas as pd
    >>> from pandakit import sandbox
    >>> alerts = pd.DataFrame({"host": ["db-1", "db-2"], "status": ["critical", "ok"]})
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     planned = services.bigpanda.send_alerts(alerts, app_key="my-monitor")
    ...     sent = services.bigpanda.send_alerts(alerts, app_key="my-monitor", dry_run=False)
    ...     list(planned["outcome"]), list(sent["outcome"])
    (['planned', 'planned'], ['accepted', 'accepted'])
    """
    session = self._session_for("v1.0")
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size}: at least 1")
    payloads = read_payloads(frame, app_key, primary_property, secondary_property)
    outbox = Outbox(payloads, frame.index, app_key, partial(_sending_facts, self, dry_run=dry_run))
    if dry_run:
        return outbox.frame()
    return send_in_batches(outbox, session, time_order(payloads), batch_size)


def replay(
    self: Account,
    events: pd.DataFrame,
    *,
    app_key: str,
    speed: float = 1.0,
    dry_run: bool = True,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Send recorded events again, at their original pace, and return the outcome of each row.

    Each event is sent once (its time - the first time) / `speed` has passed, stamped with that
    moment. So at `speed=60` an hour takes a minute, and every window of the tenant's patterns
    covers sixty times as much of the recording as it did originally.

    Parameters
    ----------
    events
        As for `send_alerts`, each row with a `timestamp`.
    app_key
        The integration.
    speed
        How many times faster than the recording.
    dry_run
        `True` checks the rows and sends nothing; `False` sends them.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.

    Returns
    -------
    pandas.DataFrame
        With the index of `events`: `outcome` and `message` as for `send_alerts`, and
        `seconds_after_start`, when the event is sent.

    Raises
    ------
    EventError
        When a row would be refused, or has no `timestamp`; nothing was sent.
    OutcomeUnknownError
        When an answer was lost; `partial` has the outcomes, as after an interrupt. A replay
        cannot resume, because its times have passed.

    Notes
    -----
    Source: "Alerts REST API".

    Examples
    --------
    >>> import pandas as pd
    >>> alerts = pd.DataFrame({"timestamp": [0, 60], "host": "db-1", "status": ["critical", "ok"]})
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     plan = services.bigpanda.replay(alerts, app_key="api.checks", speed=60)
    >>> plan["seconds_after_start"].tolist()
    [0.0, 1.0]
    """
    session = self._session_for("v1.0")
    if not 0 < speed < float("inf"):
        raise ValueError(f"speed={speed}: a positive number")
    payloads = read_payloads(events, app_key, None, None)
    facts = partial(_sending_facts, self, dry_run=dry_run, speed=speed)
    schedule = SendSchedule(Outbox(payloads, events.index, app_key, facts), speed)
    if dry_run:
        return schedule.frame()
    show = self._progress if progress is None else progress
    return schedule.run(session, progress=show)


def _sending_facts(self: Account, requests: int, **more: Any) -> dict[str, Any]:
    return {"source": self.source, "requests": requests, **more}
