"""Detect that incidents stopped matching a search while its numbered pages were read.

An incident that enters, or only moves, does no harm: as long as none leaves, the list is complete
when it has as many distinct incidents as the service counts. One that leaves makes room, so that
another slips to a page that has already been read; if a third one enters meanwhile, even the count
stays the same. But an incident that leaves a folder or stops matching a query was changed, so it
is among the last changes of the environment, though not among those of the search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.bigpanda._lists.rows import updated_at
from pandakit.bigpanda._search.load import PAGES, incident_id

if TYPE_CHECKING:
    from pandakit.bigpanda._search.load import IncidentLoad, Subtask
    from pandakit.transport import Call

__all__ = ["Departures"]

_MOST_PAGES = 10  # of changes during one pass
_ANYWHERE = {"query": None, "folder": None}

Row = dict[str, Any]
Changes = dict[str, int]  # identity of an incident: when it was last changed


class Departures:
    """The incidents that left a search between `mark` and `has_none`.

    Parameters
    ----------
    load
        The search.
    low, high
        Its window in epoch seconds; without `low` that of the search.
    """

    def __init__(self, load: IncidentLoad, low: int | None, high: int) -> None:
        params = load.call.params or {}
        self.can_happen = bool(params.get("folder") or params.get("query"))
        """Whether a search leaves anything out; otherwise nothing can leave it."""
        window = {"to": high} if low is None else {"from": low, "to": high}
        self._load = load
        self._search = load.call.with_params(**window, sort_by="last_change", page_size=load.size)
        self._known: Changes | None = None
        self._before: set[str] | None = None

    def mark(self) -> Subtask[None]:
        """Remember the last changes up to now."""
        if self.can_happen:
            self._known = yield from self._changes(self._search.with_params(**_ANYWHERE), None)

    def has_none(self, received: set[str]) -> Subtask[bool]:
        """Return whether all incidents that were received since `mark` still match.

        If the service does not list the last changes first, this cannot be known; then the same
        incidents must have been received twice.
        """
        if not self.can_happen:
            return True
        left = yield from self._left(received)
        if left is None:
            is_same, self._before = received == self._before, received
            return is_same
        return not left

    def _left(self, received: set[str]) -> Subtask[set[str] | None]:
        if self._known is None:
            return None
        since = max(self._known.values(), default=0)
        anywhere = self._search.with_params(**_ANYWHERE)
        changes = yield from self._changes(anywhere, since)
        if changes is None:
            return None
        known = self._known.items()
        changed = {key for key, moment in changes.items() - known if moment >= since}
        if not changed & received:
            return set()
        matching = yield from self._changes(self._search, since)
        return None if matching is None else changed & received - set(matching)

    def _changes(self, search: Call, since: int | None) -> Subtask[Changes | None]:
        """Return the changes since a moment, or the last ones; `None` if the service hides them."""
        rows, total = yield from self._page(search, 1)
        if not rows or len(rows) >= total:
            return _moments(rows) if len(rows) >= total else None
        is_newest_first = updated_at(rows[0]) >= updated_at(rows[-1])
        last = -(-total // len(rows))
        if not is_newest_first and last * self._load.size > self._load.ceiling:
            return None
        found: Changes = {}
        for number in range(1, min(_MOST_PAGES, self._load.ceiling // self._load.size) + 1):
            page = number if is_newest_first else last + 1 - number
            if page != 1:
                rows, _ = yield from self._page(search, page)
            moments = list(_moments(rows).values())
            is_sorted = moments == sorted(moments, reverse=is_newest_first)
            if not rows or not is_sorted or found.keys() & _moments(rows).keys():
                return None  # another order, or one that changes from page to page
            found |= _moments(rows)
            oldest_wanted = max(found.values()) if since is None else since
            if min(moments) < oldest_wanted or page == (last if is_newest_first else 1):
                return found
        return None

    def _page(self, search: Call, number: int) -> Subtask[tuple[list[Row], int]]:
        [reply] = yield [search.with_params(page=number)]
        rows, total = PAGES.rows_and_total(reply, number)
        self._load.renew(rows, is_stored=reply.is_stored)
        return rows, len(rows) if total is None else total


def _moments(rows: list[Row]) -> Changes:
    """Return when each incident was last changed, in the order of the rows."""
    return {incident_id(row): updated_at(row) for row in rows}
