"""Bring a loaded or saved frame up to date with what was touched since it was loaded."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from pandakit.bigpanda._lists.rows import updated_at
from pandakit.bigpanda._search.load import IncidentLoad
from pandakit.errors import PaginationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandakit.bigpanda._search.load import Subtask
    from pandakit.frames import Column
    from pandakit.transport import Task

__all__ = ["TouchedLoad", "in_order_of", "merged", "newest_start_first"]

_MOST_PAGES = 100  # the service's limit for one query


class TouchedLoad(IncidentLoad):
    """The incidents of a search that were updated at or after a second.

    They are read by last change, newest first, and again from the top until nothing new appears:
    an incident that is touched meanwhile moves to the top.
    """

    def add_first(self, to: int, since: int) -> None:
        """Add the first task."""
        self._since = since
        self.queue.add(partial(self._read, to, since))

    @property
    def touched_ids(self) -> set[str]:
        """The ids of the incidents that were touched; their pages contain others too."""
        keys = {str(row.get("id")): key for key, row in self.items()}
        return {each for each, key in keys.items() if self._updated(key) >= self._since}

    def _read(self, to: int, since: int) -> Task:
        known: set[tuple[str, float]] = set()
        while (yield from self._read_pass(to, since, known)):
            pass

    def _read_pass(self, to: int, since: int, known: set[tuple[str, float]]) -> Subtask[bool]:
        """Read from the top to older incidents; return whether anything was new, or left."""
        any_new, totals = False, set()
        for page in range(1, _MOST_PAGES + 1):
            [answer] = yield from self.read(to, [page])
            updates = [(key, self._updated(key)) for key in answer.keys]
            if updates != sorted(updates, key=lambda each: -each[1]):
                raise PaginationError(
                    "the service does not list incidents by their last change, newest first, so "
                    "the frame cannot be refreshed: load it again"
                )
            new = {each for each in updates if each[1] >= since} - known
            any_new |= bool(new)
            known |= new
            totals.add(answer.total)  # one that left may have hidden another one between pages
            is_last = page * self.size >= answer.total
            if is_last or min(moment for _, moment in updates) < since:
                return any_new or len(totals) > 1
        raise PaginationError(
            "more incidents changed than the service returns for one query: load the frame again"
        )

    def _updated(self, key: str) -> float:
        """Return when an incident was last updated, in epoch seconds."""
        return updated_at(self.incident(key)) / 10**9


def merged(
    frame: pd.DataFrame, changed: pd.DataFrame, touched: set[str], columns: Sequence[Column]
) -> pd.DataFrame:
    """Return the frame with the changed rows in place of those of the incidents touched.

    Parameters
    ----------
    frame
        The frame that was loaded before.
    changed
        The rows of touched incidents that still match.
    touched
        Ids of all incidents that were touched.
    columns
        The declared columns, which come first.
    """
    kept = frame[~frame["incident_id"].isin(touched)]
    names = [column.name for column in columns]
    more = [name for name in [*changed, *kept] if name not in names]
    names += list(dict.fromkeys(more))
    parts = [part.reindex(columns=names) for part in (kept, changed) if len(part)]
    if not parts:
        return changed.reindex(columns=names)
    whole = pd.concat(parts, ignore_index=True)
    for name in names:
        if whole[name].dtype == object:  # what a column of one part lacks is None, as in a load
            whole[name] = whole[name].where(whole[name].notna(), None)
    there = [name for name in names if name in changed.columns or whole[name].notna().any()]
    return whole[there].astype(
        {column.name: column.dtype for column in columns if column.name in there}
    )


def newest_start_first(whole: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of incidents, or of their alerts, in the order of a load."""
    first = whole.groupby("incident_id")["start"].transform("min")
    order = whole.assign(first=first).sort_values(
        ["first", "incident_id"], ascending=[False, True], kind="stable"
    )
    return whole.loc[order.index].reset_index(drop=True)


def in_order_of(whole: pd.DataFrame, incident_ids: Sequence[str]) -> pd.DataFrame:
    """Return the rows of incidents in the order of their ids."""
    place = pd.Series(range(len(incident_ids)), index=pd.Index(incident_ids, dtype=object))
    order = whole["incident_id"].astype(object).map(place).argsort(kind="stable")
    return whole.iloc[order].reset_index(drop=True)
