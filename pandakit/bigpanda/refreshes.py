"""Methods of `BigPanda`: bring a loaded or saved frame up to date."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pandakit.bigpanda._lists.resources import RESOURCES
from pandakit.bigpanda._lists.rows import incident_row, to_frame
from pandakit.bigpanda._search.activities import ActivityLoad
from pandakit.bigpanda._search.loads import new_load, time_of_start
from pandakit.bigpanda._search.params import search_params
from pandakit.bigpanda._search.touched import (
    TouchedLoad,
    in_order_of,
    merged,
    newest_start_first,
)
from pandakit.frames import add_facts, facts
from pandakit.timewindow import Window, counts_back, to_time

if TYPE_CHECKING:
    import pandas as pd

    from pandakit.bigpanda.service import Account

__all__ = ["brought_up_to_date", "refresh"]

Facts = dict[str, Any]

_ALL_TIME = Window(datetime.fromtimestamp(0, UTC), None)


def refresh(self: Account, frame: pd.DataFrame, *, progress: bool | None = None) -> pd.DataFrame:
    """Return a frame of `incidents`, `alerts` or `activities`, brought up to date.

    Only incidents that were updated since the frame was loaded are read: those that still match
    the search, and those of the environment, to find the ones that no longer do.

    Parameters
    ----------
    frame
        From `incidents`, `alerts` or `activities`; it may have been saved with `pandakit.save` and
        loaded with `pandakit.load`.
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
    again. If the ids of activities did not come from a loaded frame, all activities are read
    again, because the environment in which to look for changes is unknown.

    Source: "Search Incidents".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     incidents = services.bigpanda.incidents("All Incidents", start="2026-05-01")
    ...     services.control.move("update", 0)
    ...     fresh = services.bigpanda.refresh(incidents)
    >>> (incidents["updated_at"] != fresh["updated_at"]).sum().item()
    1
    """
    said = facts(frame)
    name = said.get("list")
    refreshed = {"incidents": _incidents, "alerts": _incidents, "activities": _activities}
    if name not in refreshed or said.get("capped") or not said.get("complete"):
        raise ValueError(
            "refresh takes a whole frame of incidents(), alerts() or activities(), with its "
            f"attrs; this one says list={name!r}, capped={said.get('capped')}, "
            f"complete={said.get('complete')}"
        )
    return refreshed[name](self, frame, said, progress=progress)


def brought_up_to_date(self: Account, frame: pd.DataFrame, asked: Facts) -> pd.DataFrame | None:
    """Return the frame of an earlier load with the same arguments, refreshed.

    `None` if it was cut, its window has moved, or the changed incidents cannot be determined.
    """
    said = facts(frame)
    moved = counts_back(asked.get("start")) or counts_back(asked.get("end"))
    if moved or said["capped"] or said["environment"] is None:
        return None
    fresh = refresh(self, frame, progress=asked["progress"])
    return add_facts(fresh, rows_from_store=len(fresh) - facts(fresh)["refreshed_rows"])


def _incidents(
    self: Account, frame: pd.DataFrame, said: Facts, *, progress: bool | None
) -> pd.DataFrame:
    name, session = said["list"], self._user_session
    start, end = (None if each is None else to_time(each) for each in said["window"])
    window = Window(start, None if said["to_present"] else end)
    # First all changes: an incident that changes in between is then among those that still match.
    anywhere = _touched(self, said, search_params(None, window, None), window)
    others = self._load(anywhere, to_frame("incidents"), session=session, progress=progress)
    params = search_params(said["query"], window, said["folder"], said["expand"])
    matching = _touched(self, said, params, window)
    make_frame = to_frame(name, incident_row if name == "incidents" else None)
    changed = self._load(matching, make_frame, session=session, progress=progress)
    touched = matching.ids | anywhere.touched_ids
    whole = newest_start_first(merged(frame, changed, touched, RESOURCES[name].columns))
    return _with_facts(whole, said, changed, others)


def _activities(
    self: Account, frame: pd.DataFrame, said: Facts, *, progress: bool | None
) -> pd.DataFrame:
    session, moment = self._user_session, time_of_start(self._user_session)
    ids, here = json.loads(said["incident_ids"]), said["environment"]
    touched, others = set(ids), []
    if here is not None:
        load = _touched(self, said, search_params(None, _ALL_TIME, None), _ALL_TIME)
        others = [self._load(load, to_frame("incidents"), session=session, progress=progress)]
        touched &= load.touched_ids
    chosen = [each for each in ids if each in touched]
    changed = self._load(
        ActivityLoad(chosen, said["types"], None, environment=here, loaded_at=moment),
        to_frame("activities"),
        session=session,
        progress=progress,
    )
    whole = in_order_of(merged(frame, changed, touched, RESOURCES["activities"].columns), ids)
    refreshed = _with_facts(whole, said, changed, *others)
    return add_facts(refreshed, incident_ids=said["incident_ids"])


def _touched(self: Account, said: Facts, params: dict[str, Any], window: Window) -> TouchedLoad:
    """Return a search for the incidents that were touched since a frame was loaded."""
    session = self._user_session
    if not session.knows_time:
        self._learn_time()
    params = {**params, "sort_by": "last_change"}
    name = said["list"] if params.get("expand") else "incidents"
    load = new_load(self, TouchedLoad, name, said["environment"], params, window)
    load.add_first(params["to"] or int(session.server_time()), int(said["loaded_at"]))
    return load


def _with_facts(whole: pd.DataFrame, said: Facts, *loaded: pd.DataFrame) -> pd.DataFrame:
    """Return a refreshed frame with the facts of the earlier frame and of its loads."""
    requests = sum(facts(each)["requests"] for each in loaded)
    news = {"requests": requests, "rows": len(whole), "refreshed_rows": len(loaded[0])}
    return add_facts(whole, **{**said, **facts(loaded[0]), **news})
