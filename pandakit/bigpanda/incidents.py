"""Methods of `BigPanda`: environments, incidents, alerts and activities."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pandakit.bigpanda._lists.resources import check_of
from pandakit.bigpanda._lists.rows import incident_row, load_resource, to_frame
from pandakit.bigpanda._search.activities import ActivityLoad, wanted_types
from pandakit.bigpanda._search.load import IncidentLoad
from pandakit.bigpanda._search.loads import incident_call, new_load, time_of_start
from pandakit.bigpanda._search.params import expansion, search_params
from pandakit.bigpanda._search.walk import walk
from pandakit.bigpanda.refreshes import brought_up_to_date
from pandakit.transport import Listing, OneAnswer, loader, path_segment

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from pandakit.bigpanda._search.activities import ActivityType
    from pandakit.bigpanda._search.params import Expansion, Folder
    from pandakit.bigpanda.service import Account
    from pandakit.timewindow import TimeLike, Window
    from pandakit.transport import StorePath

__all__ = ["activities", "alerts", "environments", "incident", "incidents"]


@loader()
def environments(
    self: Account,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the environments that the token may see.

    Parameters
    ----------
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
        One row per environment.

    Notes
    -----
    Source: "Environments".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     environments = services.bigpanda.environments()
    >>> "All Incidents" in set(environments["name"])
    True
    """
    return load_resource(self, "environments", max_rows=max_rows, progress=progress)


@loader(brought_up_to_date)
def incidents(
    self: Account,
    environment: str,
    *,
    query: str | None = None,
    start: TimeLike | None = None,
    end: TimeLike | None = None,
    folder: Folder | None = None,
    expand: Expansion | Iterable[Expansion] | None = None,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the incidents of an environment, newest start first.

    Parameters
    ----------
    environment
        Id or name of the environment.
    query
        BPQL text of at most 2,000 characters; `None` for all incidents.
    start, end
        Incidents that were active at any moment between the two, not only those that
        started then. Each is a zone-aware datetime, ISO 8601 text with a zone, a date (UTC
        midnight) or a span back from now (`"7d"`, `"36h"`, `"15min"`). Without `start` the
        service decides how far back it looks; `end` defaults to now.
    folder
        `"active"`, `"shared"`, `"snoozed"`, `"resolved"`, `"unhandled"` or
        `"maintenance"`; `None` for all folders.
    expand
        What to return in full, one name or several: `"alerts"`. The service then returns 10
        incidents per request instead of 100; `alerts` has them as a table of their own.
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; `None` for all rows.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.
        After a whole load it requests only what changed, if `start` and `end` are fixed times.

    Returns
    -------
    pandas.DataFrame
        One row per incident; incident tags as `tag.<id>`.

    Raises
    ------
    PaginationError
        When it cannot be proved that the list is complete: incidents kept moving while a second
        was read in which more than 100 of them started, more than 10,000 started in one second,
        or the service ignores the window. `partial` has the rows so far, and `resume()` fetches
        what is missing.

    Notes
    -----
    Incidents may start, end and change while they are fetched. The end of the window is fixed at
    the first request (`df.attrs["pandakit"]["window"]`). An incident that matches from the first
    response to the last is in the frame exactly once, in the latest state received; one that
    starts or stops matching meanwhile may or may not be. Several ranges are fetched in
    parallel, within the rate limit.

    Source: "Search Incidents".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     incidents = services.bigpanda.incidents("All Incidents", start="2026-05-01")
    >>> len(incidents), incidents["start"].is_monotonic_decreasing
    (5, True)
    """
    asked = self._window(start, end)
    params = search_params(query, asked, folder, expand)
    return self._load(
        _search(self, "incidents", environment, params, asked, max_rows),
        to_frame("incidents", incident_row),
        session=self._user_session,
        max_rows=max_rows,
        progress=progress,
    )


@loader()
def incident(
    self: Account,
    environment: str,
    id: str,  # noqa: A002 - the service's own word
    *,
    expand: Expansion | Iterable[Expansion] | None = None,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return one incident.

    Parameters
    ----------
    environment
        Id or name of an environment that the incident is in.
    id
        The incident's id.
    expand
        What to return in full, one name or several: `"alerts"`.
    max_rows
        At least 1, or `None`; there is only one row.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.

    Returns
    -------
    pandas.DataFrame
        One row, with the columns of `incidents`.

    Raises
    ------
    NotFoundError
        When the incident is not in this environment.

    Notes
    -----
    Source: "Retrieve Incident by ID".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     incidents = services.bigpanda.incidents("All Incidents", start="2026-05-01")
    ...     incident = services.bigpanda.incident("All Incidents", incidents["incident_id"].iloc[0])
    >>> len(incident)
    1
    """
    call = incident_call(self, environment, expansion(expand), f"/{path_segment(id)}")
    return self._load(
        Listing(call, OneAnswer(check=check_of("incidents")), label=f"BigPanda incident {id}"),
        to_frame("incidents", incident_row),
        session=self._user_session,
        max_rows=max_rows,
        progress=progress,
    )


@loader(brought_up_to_date)
def alerts(
    self: Account,
    environment: str,
    *,
    query: str | None = None,
    start: TimeLike | None = None,
    end: TimeLike | None = None,
    folder: Folder | None = None,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the alerts of an environment's incidents, newest incident first.

    Parameters
    ----------
    environment
        Id or name of the environment.
    query
        BPQL text of at most 2,000 characters; `None` for all incidents.
    start, end
        Alerts of incidents that were active at any moment between the two. Each is a
        zone-aware datetime, ISO 8601 text with a zone, a date (UTC midnight) or a span back
        from now (`"7d"`, `"36h"`, `"15min"`). Without `start` the service decides how far
        back it looks; `end` defaults to now.
    folder
        `"active"`, `"shared"`, `"snoozed"`, `"resolved"`, `"unhandled"` or
        `"maintenance"`; `None` for all folders.
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; `None` for all rows.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.
        After a whole load it requests only what changed, if `start` and `end` are fixed times.

    Returns
    -------
    pandas.DataFrame
        One row per alert, with its `incident_id`; tags as `tag.<name>`. The service returns 10
        incidents per request.

    Raises
    ------
    PaginationError
        When it cannot be proved that the list is complete; see `incidents`.

    Notes
    -----
    The list is complete in the same sense as that of `incidents`.

    Source: "Search Incidents", "Alert Object".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     alerts = services.bigpanda.alerts("All Incidents", start="2026-05-01")
    >>> alerts["incident_id"].nunique()
    5
    """
    asked = self._window(start, end)
    params = search_params(query, asked, folder, "alerts")
    return self._load(
        _search(self, "alerts", environment, params, asked, max_rows),
        to_frame("alerts"),
        session=self._user_session,
        max_rows=max_rows,
        progress=progress,
    )


@loader(brought_up_to_date)
def activities(
    self: Account,
    incident_ids: str | Iterable[str],
    *,
    types: ActivityType | Iterable[ActivityType] | None = None,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return what was done with incidents: assigned, commented, resolved, reopened ...

    Parameters
    ----------
    incident_ids
        One id, or several. A column of `incidents` or `alerts` also tells pandakit their
        environment, which saves requests when the frame is refreshed.
    types
        Types of activities, one or several; `None` for all of them. `"incident_reopen"` and
        `"incident_reopened"` are the same: the service spells it both ways.
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
        One row per activity, newest first within each incident. Several incidents are read in
        parallel, within the rate limit.

    Notes
    -----
    Source: "Retrieve Incident Activities".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     incidents = services.bigpanda.incidents("All Incidents", start="2026-05-01")
    ...     activities = services.bigpanda.activities(incidents["incident_id"])
    >>> set(activities["incident_id"]) <= set(incidents["incident_id"])
    True
    """
    ids = [incident_ids] if isinstance(incident_ids, str) else list(dict.fromkeys(incident_ids))
    known = getattr(incident_ids, "attrs", {}).get("pandakit", {})  # those of a loaded frame
    here = known.get("environment") if known.get("source") == self.source else None
    moment = time_of_start(self._user_session)
    return self._load(
        ActivityLoad(ids, wanted_types(types), max_rows, environment=here, loaded_at=moment),
        to_frame("activities"),
        session=self._user_session,
        max_rows=max_rows,
        progress=progress,
    )


def _search(
    self: Account,
    name: str,
    environment: str,
    params: dict[str, Any],
    window: Window,
    max_rows: int | None,
) -> IncidentLoad:
    """Return a search for incidents, ready to run; `name` is the loader's."""
    session = self._user_session
    load = new_load(self, IncidentLoad, name, environment, params, window, max_rows)
    end = params["to"]
    if end is None and session.knows_time:
        end = int(session.server_time())
    load.queue.add(partial(walk, load, end, in_lanes=max_rows is None))
    return load
