"""Read a second in which more incidents started than fit on a page.

A lower `to` cannot cut inside a second, so its pages are numbered. Incidents that move between
those pages, or equal starts whose order changes, can hide one from all of them. So the second
is counted: the total at `to` = the second less the total at the second before. It is complete
when as many distinct incidents were received and the count was the same before and after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.bigpanda._search.params import narrower_searches
from pandakit.errors import PaginationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandakit.bigpanda._search.load import Answer, IncidentLoad, Reading
    from pandakit.transport import Task

__all__ = ["REREADS", "SHUFFLED_REREADS", "read_dense_second"]

REREADS = 3  # after passes during which something moved
SHUFFLED_REREADS = 12  # that bring nothing new although nothing moves: only the order changes


def read_dense_second(load: IncidentLoad, second: int, full: Answer, below: Answer) -> Task:
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
    yield from _read_second(load, second, full, below, {})


def _read_second(
    load: IncidentLoad, second: int, full: Answer, below: Answer, narrower: Mapping[str, str]
) -> Reading[set[str]]:
    """Read a second, or the part of it that a narrower search matches, and return its keys."""
    seen: set[str] = set()
    fruitless = 0
    while True:
        count, known = full.total - below.total, len(seen)
        if count > load.ceiling:
            seen |= yield from _read_parts(load, second, count, narrower)
            is_calm = True
        else:
            pages = range(2, -(-count // max(1, len(full.keys))) + 1)
            answers = [full, *(yield from load.read(second, pages, narrower=narrower))]
            seen |= {key for answer in answers for key in answer.keys_of(second)}
            is_calm = len({answer.total for answer in answers}) == 1
            if is_calm and len(seen) == count:
                return seen
        before = full.total, below.total
        full, below = yield from _count(load, second, narrower)
        is_steady = is_calm and before == (full.total, below.total)
        if is_steady and len(seen) == count:
            return seen
        fruitless = 0 if is_steady and known < len(seen) < count else fruitless + 1
        if fruitless > (SHUFFLED_REREADS if is_steady else REREADS):
            raise PaginationError(
                f"{count} incidents started in second {second}, and {len(seen)} were received: "
                "they move while they are read. resume() reads that second again"
            )
        if not is_steady or len(seen) > count:
            seen = set()


def _count(
    load: IncidentLoad, second: int, narrower: Mapping[str, str]
) -> Reading[tuple[Answer, Answer]]:
    """Read the first pages whose totals differ by the number of incidents in a second."""
    full, below = yield [load.request(to, narrower=narrower) for to in (second, second - 1)]
    return load.take(full, second), load.take(below, second - 1)


def _read_parts(
    load: IncidentLoad, second: int, count: int, narrower: Mapping[str, str]
) -> Reading[set[str]]:
    """Read a second with more incidents than one search returns, by narrower searches."""
    seen: set[str] = set()
    for part in narrower_searches(load.call.params or {}, narrower):
        full, below = yield from _count(load, second, part)
        seen |= yield from _read_second(load, second, full, below, part)
        if len(seen) >= count:
            return seen
    if not seen:
        raise PaginationError(
            f"{count} incidents started in second {second}, more than the {load.ceiling} that the "
            "service returns even by folder, status and severity: narrow the query"
        )
    return seen
