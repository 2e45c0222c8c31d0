"""Read a search whose answers are not newest first.

The service promises no order. Without one, pages are numbered: those of a whole window if it has
at most 10,000 incidents, else those of its halves. An incident that moves between two pages may
be missing from both, so the distinct incidents are compared with the total, and the pages are
read again.
"""

from __future__ import annotations

from functools import partial
from statistics import median_low
from typing import TYPE_CHECKING, TypeAlias, cast

from pandakit.bigpanda._search.departures import Departures
from pandakit.bigpanda._search.params import narrower_searches
from pandakit.bigpanda._search.rereads import Rereads
from pandakit.errors import PaginationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pandakit.bigpanda._search.load import IncidentLoad, IncidentPage, Subtask
    from pandakit.transport import Task

__all__ = ["add_slices", "read_slice"]

Part: TypeAlias = "tuple[set[str], set[int]]"  # identities, and totals while they were read


def add_slices(load: IncidentLoad) -> None:
    """Let a search be read again, all of it and whatever the order, once."""
    end = cast("int", load.end)  # the first answer has fixed it
    load.add_once("slices", partial(read_slice, load, None, end))


def read_slice(load: IncidentLoad, low: int | None, high: int) -> Task:
    """Read the incidents that were active between two seconds, by numbered pages.

    Parameters
    ----------
    load
        The search.
    low, high
        The window in epoch seconds; without `low` that of the search.

    Raises
    ------
    PaginationError
        When incidents move too fast to prove that none is missing, or when too many were
        active in one second.
    """
    yield from _Slice(load, low, high, {}).run()


class _Slice:
    """A window of a search, or the part of it that a narrower search matches.

    Parameters
    ----------
    load
        The search.
    low, high
        The window in epoch seconds; without `low` that of the search.
    narrower
        Parameters that narrow the search. Incidents move from one such part to another, so only
        all of them together are proved complete.
    """

    def __init__(
        self, load: IncidentLoad, low: int | None, high: int, narrower: Mapping[str, str]
    ) -> None:
        self._load, self._low, self._high, self._narrower = load, low, high, narrower
        self._departures = Departures(load, low, high)
        self._parts = list(narrower_searches(load.call.params or {}, narrower))

    def run(self) -> Subtask[set[str]]:
        """Read until nothing can be missing, and return the identities."""
        seen: set[str] = set()
        rereads = Rereads()
        while True:
            if not (seen or self._narrower):
                yield from self._departures.mark()
            [first] = yield from self._read([1])
            known = len(seen)
            if first.total <= self._load.ceiling:
                found, totals = yield from self._read_pages(first)
            else:
                middle = yield from self._middle()
                if middle is not None and not self._narrower:  # each incident stays in its half
                    self._load.queue.add(partial(read_slice, self._load, self._low, middle))
                    self._load.queue.add(partial(read_slice, self._load, middle + 1, self._high))
                    return seen
                found, totals = yield from self._read_apart(middle)
            seen |= found
            is_calm = totals == {first.total}
            is_complete = is_calm and len(seen) == first.total
            if is_complete and (self._narrower or (yield from self._departures.has_none(seen))):
                return seen
            is_steady = is_calm and not is_complete
            has_gained = known < len(seen) < first.total
            if not rereads.may_go_on(is_steady=is_steady, has_gained=has_gained):
                raise PaginationError(
                    f"{first.total} incidents match until {self._high}, and {len(seen)} were "
                    "received: they move while they are read. resume() reads them again"
                )
            if not is_steady or len(seen) > first.total:
                seen = set()

    def _read(self, pages: Iterable[int]) -> Subtask[list[IncidentPage]]:
        return self._load.read(self._high, pages, low=self._low, narrower=self._narrower)

    def _read_pages(self, first: IncidentPage) -> Subtask[Part]:
        """Read the pages after the first; return all identities, and the totals meanwhile."""
        last = -(-first.total // max(1, len(first.keys)))
        pages = [first, *(yield from self._read(range(2, last + 1)))]
        return {key for page in pages for key in page.keys}, {page.total for page in pages}

    def _read_apart(self, middle: int | None) -> Subtask[Part]:
        """Read two halves, or narrower searches; return identities, and the total after it."""
        load, low, high = self._load, self._low, self._high
        if middle is None:
            parts = [_Slice(load, low, high, narrower) for narrower in self._parts]
        else:
            halves = (low, middle), (middle + 1, high)
            parts = [_Slice(load, *half, self._narrower) for half in halves]
        seen: set[str] = set()
        for part in parts:
            seen |= yield from part.run()
        [again] = yield from self._read([1])
        return seen, {again.total}

    def _middle(self) -> Subtask[int | None]:
        """Return where to cut by time; `None` where narrower searches do better.

        What was active in the first second of a window is in its first half, wherever it is cut.
        So when that is much, a cut helps little, and when it is too much, not at all. The window
        is cut by the starts on the last page within reach: oldest first, its first half is then
        nearly as much as the service returns; in no order, it is about a half.
        """
        load, low, high = self._load, self._low, self._high
        begin, crowd = (load.call.params or {}).get("from") if low is None else low, 0
        if begin is not None:
            narrower = self._narrower
            [active] = yield from load.read(begin, [1], low=begin, narrower=narrower)
            crowd = active.total
        is_hopeless = low == high or crowd > load.ceiling
        if is_hopeless and not self._parts:
            raise PaginationError(
                f"{crowd} incidents were active in second {begin}, more than the {load.ceiling} "
                "that the service returns even by folder, status and severity: narrow the query"
            )
        if is_hopeless or (self._parts and crowd > load.ceiling // 2):
            return None
        [page] = yield from self._read([load.ceiling // load.size])
        inside = [start for start in page.starts if begin is None or start > begin]
        return min(median_low(inside), high - 1) if inside else ((begin or 0) + high) // 2
