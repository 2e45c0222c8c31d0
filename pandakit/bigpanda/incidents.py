"""Methods of `BigPanda`: environments, incidents, alerts and activities."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pandakit.bigpanda._lists.resources import RESOURCES, user_call
from pandakit.bigpanda._lists.rows import alert_rows, incident_row, to_frame
from pandakit.bigpanda._search.activities import ActivityLoad, wanted_types
from pandakit.bigpanda._search.load import IncidentLoad
from pandakit.bigpanda._search.params import expansion, search_params
from pandakit.bigpanda._search.touched import TouchedLoad, merged
from pandakit.bigpanda._search.walk import walk
from pandakit.errors import NotFoundError, PermissionDeniedError
from pandakit.frames import add_facts, facts
from pandakit.timewindow import Window, counts_back, to_time
from pandakit.transport import (
    Call,
    Listing,
    OneAnswer,
    loader,
    path_segment,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from pandakit.bigpanda._search.activities import ActivityType
    from pandakit.bigpanda._search.params import Expansion, Folder
    from pandakit.bigpanda.account import Account
    from pandakit.timewindow import TimeLike
    from pandakit.transport import StorePath

__all__ = ["activities", "alerts", "environments", "incident", "incidents", "refresh"]

AnyLoad = TypeVar("AnyLoad", bound=IncidentLoad)

_PAGE = 100
_EXPANDED_PAGE = 10  # the service refuses more when alerts are expanded
_SLACK = 2  # seconds: what changed while the first answer was under way is read again
_ID = re.compile(r"[0-9a-f]{24}")


def _brought_up_to_date(
    self: Account, frame: pd.DataFrame, asked: dict[str, Any]
) -> pd.DataFrame | None:
    """Return the frame of an earlier load, refreshed; `None` if its window was cut or has moved."""
    if facts(frame)["capped"] or counts_back(asked["start"]) or counts_back(asked["end"]):
        return None
    fresh = refresh(self, frame, progress=asked["progress"])
    return add_facts(fresh, rows_from_store=len(fresh) - facts(fresh)["refreshed_rows"])


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
    """
    return self._load_resource("environments", max_rows=max_rows, progress=progress)


@loader(_brought_up_to_date)
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
        service decides how far back it looks; without `end` it is the present.
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
    the first request (`df.attrs["pandakit"]["window"]`), and an incident
    that matches from the first response to the last is there exactly once, in the latest state
    received; one that starts or stops matching meanwhile may be. Several ranges are fetched in
    parallel, within the rate limit.

    Source: "Search Incidents".
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
    """
    call = _incident_call(self, environment, expansion(expand), f"/{path_segment(id)}")
    return self._load(
        Listing(call, OneAnswer(), label=f"BigPanda incident {id}"),
        to_frame("incidents", incident_row),
        session=self._user_session,
        max_rows=max_rows,
        progress=progress,
    )


@loader(_brought_up_to_date)
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
        back it looks; without `end` it is the present.
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


@loader()
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
        One id, or several (also a column of `incidents`).
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
        One row per activity, newest first within each incident. Several incidents are read at
        the same time, within the rate limit.

    Notes
    -----
    Source: "Retrieve Incident Activities".
    """
    ids = [incident_ids] if isinstance(incident_ids, str) else list(dict.fromkeys(incident_ids))
    return self._load(
        ActivityLoad(ids, wanted_types(types), max_rows),
        to_frame("activities"),
        session=self._user_session,
        max_rows=max_rows,
        progress=progress,
    )


def refresh(self: Account, frame: pd.DataFrame, *, progress: bool | None = None) -> pd.DataFrame:
    """Return a frame of `incidents` or `alerts`, brought up to date.

    Only incidents that were updated since the frame was loaded are read: those that still match
    the search, and those of the environment, to find the ones that no longer do.

    Parameters
    ----------
    frame
        From `incidents` or `alerts`, also one that `pandakit.save` wrote and `pandakit.load` read.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.

    Returns
    -------
    pandas.DataFrame
        What a fresh load of the same search would return, from the same start.

    Raises
    ------
    ValueError
        When the frame does not record its search, was cut by `max_rows` or is incomplete.
    PaginationError
        When too many incidents changed: load the frame again.

    Notes
    -----
    The service must list incidents by their last change, newest first, when asked to. An incident
    that left the environment, or was merged into another one, stays until the frame is loaded
    again.

    Source: "Search Incidents".
    """
    said = facts(frame)
    name = said.get("list")
    if name not in ("incidents", "alerts") or said.get("capped") or not said.get("complete"):
        raise ValueError(
            "refresh takes a whole frame of incidents() or alerts(), with its attrs; "
            f"this one says list={name!r}, capped={said.get('capped')}, "
            f"complete={said.get('complete')}"
        )
    start, end = (None if each is None else to_time(each) for each in said["window"])
    window = Window(start, None if said["to_present"] else end)
    matching = _touched(
        self, said, search_params(said["query"], window, said["folder"], said["expand"]), window
    )
    make_frame = to_frame(name, incident_row if name == "incidents" else None)
    session = self._user_session
    changed = self._load(matching, make_frame, session=session, progress=progress)
    anywhere = _touched(self, said, search_params(None, window, None), window)
    others = self._load(anywhere, to_frame("incidents"), session=session, progress=progress)
    touched = matching.ids | anywhere.touched_ids
    whole = merged(frame, changed, touched, RESOURCES[name].columns)
    requests = facts(changed)["requests"] + facts(others)["requests"]
    news = {"requests": requests, "rows": len(whole), "refreshed_rows": len(changed)}
    return add_facts(whole, **{**said, **facts(changed), "complete": True, **news})


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
    load = _new_load(self, IncidentLoad, name, environment, params, window, max_rows)
    end = params["to"]
    if end is None and session.knows_time:
        end = int(session.server_time())
    load.queue.add(partial(walk, load, end, in_lanes=max_rows is None))
    return load


def _touched(
    self: Account, said: dict[str, Any], params: dict[str, Any], window: Window
) -> TouchedLoad:
    """Return a search for the incidents that were touched since a frame was loaded."""
    session = self._user_session
    if not session.knows_time:
        self._learn_time()
    params = {**params, "sort_by": "last_change"}
    name = said["list"] if params.get("expand") else "incidents"
    load = _new_load(self, TouchedLoad, name, said["environment"], params, window, None)
    load.add_first(params["to"] or int(session.server_time()), int(said["loaded_at"]))
    return load


def _new_load(
    self: Account,
    kind: type[AnyLoad],
    name: str,
    environment: str,
    params: dict[str, Any],
    window: Window,
    max_rows: int | None,
) -> AnyLoad:
    session = self._user_session
    call = _incident_call(self, environment, params)
    return kind(
        call,
        f"BigPanda {name} {environment}",
        size=_EXPANDED_PAGE if "expand" in params else _PAGE,
        now=session.server_time,
        rows_of=alert_rows if name == "alerts" else lambda row: [row],
        max_rows=max_rows,
        facts={
            "list": name,
            "environment": call.url.split("/")[4],
            **{key: params.get(key) for key in ("query", "folder", "expand")},
            "to_present": window.end is None,
            "loaded_at": int(session.server_time()) - _SLACK,
        },
        window=window,
    )


def _incident_call(self: Account, environment: str, params: dict[str, Any], tail: str = "") -> Call:
    path = RESOURCES["incidents"].path
    key = path_segment(_environment_id(self, environment))
    return user_call(path.format(environment=key) + tail, path + tail[:1], params)


def _environment_id(self: Account, environment: str) -> str:
    """Return the id of an environment; only what does not look like an id is looked up."""
    if _ID.fullmatch(environment):
        return environment
    try:
        known = environments(self, progress=False)
    except (NotFoundError, PermissionDeniedError):
        return environment  # without a list to look it up in, it can only be an id
    ids = known.loc[known["environment_id"] == environment, "environment_id"]
    named = known.loc[known["name"] == environment, "environment_id"]
    found = list(ids) or list(named)
    if len(found) == 1 and isinstance(found[0], str) and found[0]:
        return found[0]
    names = ", ".join(map(repr, known["name"]))
    problem = f"{len(found)} environments are called" if found else "no environment is called"
    raise NotFoundError(f"{problem} {environment!r}: use an id, or one of the names {names}")
