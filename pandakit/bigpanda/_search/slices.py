"""Read a search whose answers are not newest first.

No order is promised. Without one, pages are numbered: those of a whole window when it has at
most 10,000 incidents, else those of its halves. An incident that moves between two pages may
hide from both, so the distinct incidents are compared with the total, and the pages read again.
"""

from __future__ import annotations

from functools import partial
from statistics import median_low
from typing import TYPE_CHECKING, cast

from pandakit.bigpanda._search.departures import Departures
from pandakit.bigpanda._search.params import narrower_searches
from pandakit.bigpanda._search.rereads import Rereads
from pandakit.errors import PaginationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandakit.bigpanda._search.load import IncidentLoad, Subtask
    from pandakit.transport import Task

__all__ = ["add_slices", "read_slice"]


def add_slices(load: IncidentLoad) -> None:
    """Let a search be read again, all of it and whatever the order, once."""
    end = cast("int", load.end)  # the first answer has fixed it
    load.add_once("slices", partial(read_slice, load, None, end))


def read_slice(
    load: IncidentLoad, low: int | None, high: int, narrower: Mapping[str, str] | None = None
) -> Task:
    """Read what was active between two seconds, by numbered pages.

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
            yield from _split(load, low, high, narrower or {})
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
    load: IncidentLoad, low: int | None, high: int, narrower: Mapping[str, str]
) -> Subtask[None]:
    """Read two parts of a window, or all of it by narrower searches.

    What was active in the first second of a window is in its first part, wherever it is cut. So
    when that is much, a cut by time helps little, and when it is too much, not at all.
    """
    begin, crowd = (load.call.params or {}).get("from") if low is None else low, 0
    if begin is not None:
        [active] = yield from load.read(begin, [1], low=begin, narrower=narrower)
        crowd = active.total
    parts = list(narrower_searches(load.call.params or {}, narrower))
    is_hopeless = low == high or crowd > load.ceiling
    if is_hopeless and not parts:
        raise PaginationError(
            f"{crowd} incidents were active in second {begin}, more than the {load.ceiling} "
            "that the service returns even by folder, status and severity: narrow the query"
        )
    if is_hopeless or (parts and crowd > load.ceiling // 2):
        for part in parts:
            load.queue.add(partial(read_slice, load, low, high, part))
        return
    middle = yield from _middle(load, low, high, narrower)
    load.queue.add(partial(read_slice, load, low, middle, narrower))
    load.queue.add(partial(read_slice, load, middle + 1, high, narrower))


def _middle(
    load: IncidentLoad, low: int | None, high: int, narrower: Mapping[str, str]
) -> Subtask[int]:
    """Return where to cut a window: by the starts on the last page within reach.

    Oldest first, its first part is then nearly as much as the service returns; in no order, it
    is about a half.
    """
    [page] = yield from load.read(high, [load.ceiling // load.size], low=low, narrower=narrower)
    inside = [start for start in page.starts if low is None or start > low]
    return min(median_low(inside), high - 1) if inside else ((low or 0) + high) // 2
