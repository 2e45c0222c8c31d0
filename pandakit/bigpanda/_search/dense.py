"""Read a second in which more incidents started than fit on a page.

A lower `to` cannot split a second, so its pages are numbered. Incidents that move between those
pages, or equal starts whose order changes, can hide an incident from all of them. So the second
is counted: the total at `to` = the second, minus the total at the second before. It is complete
when as many distinct incidents were received, the count was the same before and after, and none
of them left the search meanwhile (see `departures`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from pandakit.bigpanda._search.departures import Departures
from pandakit.bigpanda._search.params import narrower_searches
from pandakit.bigpanda._search.rereads import Rereads
from pandakit.errors import PaginationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandakit.bigpanda._search.load import IncidentLoad, IncidentPage, Subtask
    from pandakit.transport import Task

Totals: TypeAlias = "tuple[IncidentPage, IncidentPage]"

__all__ = ["read_dense_second"]


def read_dense_second(
    load: IncidentLoad, second: int, full: IncidentPage, below: IncidentPage
) -> Task:
    """Read all incidents that started in a second.

    Parameters
    ----------
    load
        The search.
    second
        Epoch seconds.
    full, below
        The first page at `to` = the second, and at the second before.

    Raises
    ------
    PaginationError
        When the incidents move too fast to prove that none is missing, or when there are more
        than the service returns for the narrowest search.
    """
    dense = _DenseSecond(load, second, {}, Departures(load, None, second))
    yield from dense.run(*(yield from dense.start(full, below)))


class _DenseSecond:
    """A second, or the part of it that a narrower search matches, while it is read.

    Parameters
    ----------
    load, second
        The search, and epoch seconds.
    narrower
        Parameters that narrow the search.
    departures
        The incidents that left the search. Not needed for a part: an incident that leaves it
        enters another part, or leaves the whole.
    """

    def __init__(
        self,
        load: IncidentLoad,
        second: int,
        narrower: Mapping[str, str],
        departures: Departures | None = None,
    ) -> None:
        self._load, self._second, self._narrower = load, second, narrower
        self._departures = departures
        self._seen: set[str] = set()

    def start(self, full: IncidentPage, below: IncidentPage) -> Subtask[Totals]:
        """Start again with nothing received."""
        self._seen = set()
        if self._departures is None or not self._departures.can_happen:
            return full, below
        yield from self._departures.mark()
        return (yield from self.count())

    def count(self) -> Subtask[Totals]:
        """Read the first pages whose totals differ by the number of incidents in the second."""
        ends = self._second, self._second - 1
        full, below = yield [self._load.request(to, narrower=self._narrower) for to in ends]
        return self._load.take(full, 1, ends[0]), self._load.take(below, 1, ends[1])

    def run(self, full: IncidentPage, below: IncidentPage) -> Subtask[set[str]]:
        """Read until nothing can be missing, and return the identities."""
        rereads = Rereads()
        while True:
            totals = full.total, below.total
            count, known = full.total - below.total, len(self._seen)
            read = self._read_pages if count <= self._load.ceiling else self._read_parts
            is_calm = yield from read(full, below)
            is_complete = is_calm and len(self._seen) == count
            if is_complete and (yield from self._is_proved(full, below)):
                return self._seen
            full, below = yield from self.count()
            is_steady = is_calm and not is_complete and totals == (full.total, below.total)
            has_gained = known < len(self._seen) < count
            if not rereads.may_go_on(is_steady=is_steady, has_gained=has_gained):
                raise PaginationError(
                    f"{count} incidents started in second {self._second}, and {len(self._seen)} "
                    "were received: they move while they are read. resume() reads that second again"
                )
            if not is_steady or len(self._seen) > count:
                full, below = yield from self.start(full, below)

    def _is_proved(self, full: IncidentPage, below: IncidentPage) -> Subtask[bool]:
        """Return whether no incident left the search, which a new one could hide."""
        if self._departures is None or not self._departures.can_happen:
            return True
        now = yield from self.count()
        is_same = (full.total, below.total) == (now[0].total, now[1].total)
        return is_same and (yield from self._departures.has_none(self._seen))

    def _read_pages(self, full: IncidentPage, below: IncidentPage) -> Subtask[bool]:
        """Read the numbered pages; return whether the total was the same on all of them.

        If there is only the first page, it is read again: `below` was read later, and an incident
        that entered there in between makes the difference too small.
        """
        count = full.total - below.total
        pages = range(2, -(-count // max(1, len(full.keys))) + 1) or [1]
        rest = yield from self._load.read(self._second, pages, narrower=self._narrower)
        answers = [full, *rest]
        self._seen |= {key for answer in answers for key in answer.keys_of(self._second)}
        return len({answer.total for answer in answers}) == 1

    def _read_parts(self, full: IncidentPage, below: IncidentPage) -> Subtask[bool]:
        """Read narrower searches instead; return whether the count stayed the same."""
        load, count, before = self._load, full.total - below.total, len(self._seen)
        for part in narrower_searches(load.call.params or {}, self._narrower):
            dense = _DenseSecond(load, self._second, part)
            self._seen |= yield from dense.run(*(yield from dense.count()))
            if len(self._seen) >= count:
                break
        if not self._seen and before == 0:
            raise PaginationError(
                f"{count} incidents started in second {self._second}, more than the "
                f"{load.ceiling} that the service returns even by folder, status and severity: "
                "narrow the query"
            )
        now = yield from self.count()
        return (full.total, below.total) == (now[0].total, now[1].total)
