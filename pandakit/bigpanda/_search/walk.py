"""Read every incident that a search matches, while incidents move between the answers.

Each answer is the list at one moment, newest start first, and a lower `to` cuts that list by
start. So the search walks: it reads the first page, and continues with `to` = the oldest start.
That second is read again, because the page may have ended in the middle of it. Nothing that
moves can push an incident past such a reader, and no page lies beyond the 10,000 results that
the service returns for one query.

    to=09   09 08 08 07    the page ends in second 07
    to=07   07 07 06 05    second 07 is complete now, and the page ends in second 05

Three cases need more:

- A second that fills a page cannot be walked: see `dense`.
- In another order than newest first nothing can be walked: see `slices`.
- Ranges of starts are walked at the same time: a numbered page shows where to cut.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from pandakit.bigpanda._search.dense import read_dense_second
from pandakit.bigpanda._search.rereads import REREADS
from pandakit.bigpanda._search.slices import read_slice

if TYPE_CHECKING:
    from pandakit.bigpanda._search.load import IncidentLoad, IncidentPage, Subtask
    from pandakit.transport import Task

Proof: TypeAlias = "tuple[IncidentPage, IncidentPage | None]"

__all__ = ["walk"]

_LANES = 8  # ranges that are walked in parallel


def walk(
    load: IncidentLoad, to: int | None, floor: int | None = None, *, in_lanes: bool = False
) -> Task:
    """Read what started at `to` or before, down to and including `floor`.

    Parameters
    ----------
    load
        The search.
    to
        Latest start; `None` is the present by the service's clock.
    floor
        Earliest start that this walk has to complete; `None` for all.
    in_lanes
        Cut what follows the first page into ranges, and walk those at the same time.
    """
    if to is not None and floor is not None and to < floor:
        return
    answer = yield from load.page(to)
    to = load.fix_end(to, answer)
    while not (answer.is_whole or load.is_capped):
        proof: Proof | None = (answer, None)
        if not load.is_order_known:
            proof = yield from _prove_order(load, to, answer)
        if proof is None or not answer.is_newest_first:
            load.queue.add(partial(read_slice, load, None, to))
            return
        answer, below = proof
        if floor is not None and answer.oldest < floor:
            return
        if answer.oldest == to:  # the whole page started in that second
            if to in load.dense_seconds and to == floor:
                return
            below = yield from load.page(to - 1)
            load.add_dense_second(to, partial(read_dense_second, load, to, answer, below))
            to, answer = to - 1, below
        elif in_lanes and load.is_order_known:
            yield from _cut(load, to, answer)
            return
        else:
            to = answer.oldest
            answer = below or (yield from load.page(to))


def _prove_order(load: IncidentLoad, to: int, answer: IncidentPage) -> Subtask[Proof | None]:
    """Return a page with the newest incidents, and the page below it; `None` without proof.

    A short page, or one with equal starts, may look newest first by chance. In that case the total
    at its oldest start is lower than its own total by more than the newer incidents on it. Totals
    also differ while incidents move, but not twice in the same way.
    """
    differed: set[tuple[int, int]] = set()
    while answer.is_newest_first and answer.oldest < to and len(differed) <= REREADS:
        below = yield from load.page(answer.oldest)
        if load.is_order_known:
            return answer, below
        again = yield from load.page(to)
        newer = sum(start > answer.oldest for start in answer.starts)
        if answer.total == again.total == below.total + newer:
            return answer, below
        if (answer.total, below.total) in differed:
            return None
        differed.add((answer.total, below.total))
        answer = again
    is_proved = answer.oldest == to or answer.is_whole
    return (answer, None) if is_proved else None


def _cut(load: IncidentLoad, to: int, first: IncidentPage) -> Task:
    """Divide what follows the first page into ranges, and walk them at the same time.

    A numbered page holds everything that started between its newest and its oldest incident, so
    the range above it ends at its newest start and the range below it begins at its oldest.
    """
    pages = min(first.total, load.ceiling) // load.size
    lanes = min(_LANES, pages // 2)
    goes_on = first.total > load.ceiling
    numbers = [1 + pages * lane // lanes for lane in range(1, lanes)] + [pages] * goes_on
    answers = yield from load.read(to, numbers)
    if not load.is_order_known:  # one of them was in another order
        load.queue.add(partial(read_slice, load, None, to))
        return
    start = first.oldest
    for answer in answers:
        if answer.keys:
            load.queue.add(partial(walk, load, start, answer.newest))
            start = min(start, answer.oldest)
    load.queue.add(partial(walk, load, start, in_lanes=goes_on))
