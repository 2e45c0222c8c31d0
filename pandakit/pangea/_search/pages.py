"""Pages of a search, and searches that find more than the service returns at once.

A search finds at most 10,000 events. Another search, which starts at the `received_at` of the
last event, finds the rest, and the events of that moment again. Those are recognised by moment,
hash and how often both occurred. Proofs cannot distinguish equal events, since they change when
the tree grows between two searches.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from pandakit.pangea._evidence.documents import root_of
from pandakit.pangea._evidence.exact_json import decode
from pandakit.pangea.service import ROW_CHECKS
from pandakit.transport import OffsetPages

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandakit.errors import NotFoundError
    from pandakit.transport import Call, Page, Reply

__all__ = ["IDENTITY", "PAGE_SIZE", "AuditPages", "Position", "read_identity"]

Row = dict[str, Any]
Bound = Literal["start", "end"]

PAGE_SIZE = 1_000
IDENTITY = "event\0identity"  # cannot be the name of a member of an event

_RESULTS = OffsetPages("/v1/results", PAGE_SIZE, carry=("config_id",), check=ROW_CHECKS["events"])


class Position(NamedTuple):
    """A page: its search, and its offset there.

    Parameters
    ----------
    part
        The number of the search, from 0.
    moment
        The `received_at` from which it continues; empty for the first search.
    handle, offset, total
        The id of its results, the number of events before the page, and how many it found; the
        id is empty if the search has not been made yet.
    """

    part: int = 0
    moment: str = ""
    handle: str = ""
    offset: int = 0
    total: int = 0


@dataclass(slots=True)
class AuditPages:
    """The page style of searches and of their kept results.

    Parameters
    ----------
    ceiling
        The greatest number of events that one search finds.
    search_id
        The id of an earlier search; empty when the first call makes the search.
    bound
        The end of the window that moves when a search is split; `None` if it cannot be split,
        because its order is not that of `received_at`.
    closed
        Returns the body of a search with both ends of its window fixed.
    """

    ceiling: int
    search_id: str = ""
    bound: Bound | None = None
    closed: Callable[[Row], Row] = dict
    _body: Row = field(default_factory=dict)
    # What a page needs to know about those before it, by position: a page may be read twice.
    _counts: dict[Position, Counter[str]] = field(default_factory=dict)
    _last: dict[Position, str] = field(default_factory=dict)
    _renewed: dict[Position, Position] = field(default_factory=dict)
    _asked: tuple[Call, Position | None] | None = None

    def _place(self, position: Position | None) -> Position:
        position = position or Position(handle=self.search_id)
        return self._renewed.get(position, position)

    def request(self, call: Call, position: Position | None) -> Call:
        """Return the call for a page."""
        self._asked = call, position
        place = self._place(position)
        if place.handle:
            return _RESULTS.request(call, (place.handle, place.offset, place.total))
        if not place.part:
            return call
        if not self._body:
            self._body = self.closed(call.json)
        body = {**self._body, str(self.bound): place.moment}
        return replace(call, json=body)

    def renew(self, error: NotFoundError) -> Call:
        """Return the search that continues where the requested results expired.

        Raises
        ------
        NotFoundError
            If there is no other search to make.
        """
        call, position = self._asked or (None, None)
        place = self._place(position)
        moment = self._last.get(place, "")
        if call is None or position is None or not moment:
            raise error
        self._renewed[position] = Position(place.part + 1, moment)
        return self.request(call, position)

    def read(self, reply: Reply, position: Position | None) -> Page:
        """Return the events of a page, each with the root that its proof leads to."""
        place = self._place(position)
        inner = (place.handle, place.offset, place.total) if place.handle else None
        page = _RESULTS.read(reply, inner)
        total = page.total or 0
        full = total >= self.ceiling
        rows = _exact_rows(reply)
        moments = [_moment(row) for row in rows]
        following = None
        if page.next is not None:
            where = cast("tuple[str, int, int]", page.next)
            following = Position(place.part, place.moment, *where)
        if full and following is None and self.bound is not None and moments and moments[-1]:
            following = Position(place.part + 1, moments[-1])
        before = self._counts.get(place, Counter())
        counts = before.copy()
        if self.bound:
            _identify(rows, moments, counts)
        if following is not None and following.part == place.part:
            self._counts = {place: before, following: counts}
            self._last = {following: moments[-1] if self.bound else ""}
        return replace(
            page,
            rows=rows,
            next=following,
            total=None if full or place.part else total,
            beyond=self._beyond(place, following) if full else "",
            ceiling=0 if self.bound else self.ceiling,
            first=not place.handle,
        )

    def _beyond(self, place: Position, following: Position | None) -> str:
        """Return why the events beyond the ceiling cannot be fetched, if so."""
        if self.bound is None:
            way_on = "a new search" if self.search_id else "resume()"
            return (
                f"the search found {self.ceiling:,} events, the most that it may: there may be "
                f"more ({way_on} in the order of received_at finds all)"
            )
        if following is None:
            return "the last event has no received_at to continue from: there may be more"
        if following.part > place.part and following.moment == place.moment:
            return f"more than {self.ceiling:,} events were received at {place.moment}"
        return ""


def read_identity(row: Row) -> str | None:
    """Remove the identity of an event from its row, and return it."""
    identity: str | None = row.pop(IDENTITY, None)
    return identity


def _exact_rows(reply: Reply) -> list[Row]:
    """Return the events of a reply as they were written, each with its root."""
    result = decode(reply.content.decode("utf-8-sig")).get("result")
    events = result.get("events") if isinstance(result, dict) else None
    if events is None:
        events = []
    if not isinstance(events, list):
        raise reply.malformed("repeats the list of events")
    return [{**row, "root": root_of(row, result)} for row in events]


def _moment(row: Row) -> str:
    envelope = row.get("envelope")
    moment = envelope.get("received_at") if isinstance(envelope, dict) else None
    return moment if isinstance(moment, str) else ""


def _identify(rows: list[Row], moments: list[str], counts: Counter[str]) -> None:
    """Add an identity to each row, which also distinguishes equal rows of one search."""
    for row, moment in zip(rows, moments, strict=True):
        known = f"{moment} {_content(row)}"
        counts[known] += 1
        row[IDENTITY] = f"{known} {counts[known]}"


def _content(row: Row) -> str:
    known = row.get("hash")
    return known if isinstance(known, str) else json.dumps(row.get("envelope"), default=repr)
