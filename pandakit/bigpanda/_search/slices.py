"""Read a search whose answers are not newest first.

The service promises no order. Without one, pages are numbered: those of a whole window if it has
at most 10,000 incidents, else those of its halves. An incident that moves between two pages may
be missing from both, so the distinct incidents are compared with the total, and the pages are
read again.
"""

from __future__ import annotations

from functools import partial
from statistics import median_low
from typing import TYPE_CHECKING

from pandakit.bigpanda._search.departures import Departures
from pandakit.bigpanda._search.params import narrower_searches
from pandakit.bigpanda._search.rereads import Rereads
from pandakit.errors import PaginationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandakit.bigpanda._search.load import IncidentLoad, IncidentPage
    from pandakit.transport import Task

__all__ = ["read_slice"]


def read_slice(
    load: IncidentLoad, low: int | None, high: int, narrower: Mapping[str, str] | None = None
) -> Task:
    """Read the incidents that were active between two seconds, by numbered pages.

    Parameters
    ----------
    load
        The search.
    low, high
        The window in epoch seconds; without `low` that of the search.
    narrower
        Parameters that narrow the search.

    Raises
    ------
    PaginationError
        When incidents move too fast to prove that none is missing, or when too many were
        active in one second.
    """
    departures = Departures(load, low, high)
    seen: set[str] = set()
    rereads = Rereads()
    while True:
        if not seen:
            yield from departures.mark()
        [first] = yield from load.read(high, [1], low=low, narrower=narrower)
        if first.total > load.ceiling:
            _split(load, low, high, first, narrower or {})
            return
        pages = range(2, -(-first.total // max(1, len(first.keys))) + 1)
        answers = [first, *(yield from load.read(high, pages, low=low, narrower=narrower))]
        known = len(seen)
        seen |= {key for answer in answers for key in answer.keys}
        is_calm = len({answer.total for answer in answers}) == 1
        is_complete = is_calm and len(seen) == first.total
        if is_complete and (yield from departures.has_none(seen)):
            return
        is_steady = is_calm and not is_complete
        has_gained = known < len(seen) < first.total
        if not rereads.may_go_on(is_steady=is_steady, has_gained=has_gained):
            raise PaginationError(
                f"{first.total} incidents match until {high}, and {len(seen)} were received: they "
                "move while they are read. resume() reads them again"
            )
        if not is_steady or len(seen) > first.total:
            seen = set()


def _split(
    load: IncidentLoad, low: int | None, high: int, first: IncidentPage, narrower: Mapping[str, str]
) -> None:
    """Read the halves of a window, or a single second by narrower searches."""
    if low != high:
        middle = min(median_low(first.starts), high - 1)
        middle = middle if low is None else max(middle, low)
        load.queue.add(partial(read_slice, load, low, middle, narrower))
        load.queue.add(partial(read_slice, load, middle + 1, high, narrower))
        return
    parts = list(narrower_searches(load.call.params or {}, narrower))
    if not parts:
        raise PaginationError(
            f"{first.total} incidents were active in second {high}, more than the {load.ceiling} "
            "that the service returns even by folder, status and severity: narrow the query"
        )
    for part in parts:
        load.queue.add(partial(read_slice, load, low, high, part))
