"""Batches as a frame: which are complete, which lack events, and which are missing."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.pangea._checks.outcome import PASS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from pandakit.pangea._evidence.events import Events
    from pandakit.pangea._output.outcomes import CheckOutcomes

__all__ = ["batches_frame"]

_DTYPES = {
    "tree_name": "string[pyarrow]",
    "leaf_index": "Int64",
    "events": "Int64",
    "missing": "Int64",
    "repeated": "Int64",
    "verdict": "string[pyarrow]",
}

Row = dict[str, Any]

# The most rows for one gap in the numbers, the last for the rest: a forged file may claim any size.
_LISTED = 1_000


def batches_frame(events: Events, outcomes: CheckOutcomes, verdicts: Any) -> pd.DataFrame:
    """Return `Verification.batches`, by tree and number.

    Parameters
    ----------
    events, outcomes
        The events and the outcomes of their checks.
    verdicts
        The verdict of each event: those that failed are missing from their batches.
    """
    rows = _found(events, outcomes, np.asarray(verdicts != "failed", dtype=bool))
    listed = [
        row
        for _, tree in groupby(rows, lambda row: row["tree_name"])
        for row in _with_absent([*tree])
    ]
    return pd.DataFrame(listed, columns=list(_DTYPES)).astype(_DTYPES)


def _found(events: Events, outcomes: CheckOutcomes, good: NDArray[np.bool_]) -> list[Row]:
    """Count the events of each batch, and the distinct positions that they fill."""
    batch_of, batches = _batch_numbers(events, outcomes)
    rows = np.flatnonzero(good & (batch_of >= 0))
    if not len(rows):
        return []
    texts, addresses = pd.factorize(np.array(outcomes.addresses, dtype=object)[rows])
    pairs = np.unique(batch_of[rows] * len(addresses) + texts)
    owner, text = pairs // len(addresses), pairs % len(addresses)
    share = np.array([2.0 ** -len(address) for address in addresses])
    filled = np.bincount(owner, share[text], len(batches))
    distinct = np.bincount(owner, minlength=len(batches))
    count = np.bincount(batch_of[rows], minlength=len(batches))
    found = []
    for number in sorted(np.unique(owner).tolist(), key=lambda each: _order(batches[each])):
        mine = addresses[text[owner == number]] if filled[number] != 1 else ()
        found.append(
            {
                "tree_name": batches[number][0],
                "leaf_index": batches[number][1],
                "events": int(count[number]),
                "missing": _gaps({address[::-1] for address in mine}),
                "repeated": int(count[number] - distinct[number]),
            }
        )
    return found


def _order(batch: tuple[str | None, int]) -> tuple[str, int]:
    return batch[0] or "", batch[1]


def _batch_numbers(
    events: Events, outcomes: CheckOutcomes
) -> tuple[NDArray[np.int64], list[tuple[str | None, int]]]:
    """Return the number of each event's batch, -1 if its position is not proved."""
    numbers: dict[Any, int] = {}
    of_place = np.array(
        [numbers.setdefault((place.tree, place.leaf), len(numbers)) for place in events.places],
        np.int64,
    )
    placed = np.array(
        [group.outcomes[0] is PASS and group.outcomes[1] is PASS for group in outcomes.groups],
        bool,
    )
    return np.where(placed[outcomes.group_of], of_place[events.place_of], -1), list(numbers)


def _gaps(addresses: set[str]) -> int:
    """Count the parts of a batch's tree without events; each lacks at least one.

    Examples
    --------
    >>> _gaps({"ll", "r"}), _gaps({"ll"}), _gaps(set())
    (1, 2, 0)
    """
    inner = {address[:length] for address in addresses for length in range(len(address))}
    known = inner | addresses
    return sum(node + side not in known for node in inner for side in "lr")


def _with_absent(rows: list[Row]) -> Iterator[Row]:
    """Yield the batches of a tree with their verdicts, and the absent ones in between."""
    last = len(rows) - 1
    for place, row in enumerate(rows):
        whole = "cut" if place in {0, last} else "incomplete"
        yield {**row, "verdict": whole if row["missing"] else "complete"}
        if place < last:
            yield from _absent(
                row["tree_name"], row["leaf_index"] + 1, rows[place + 1]["leaf_index"]
            )


def _absent(tree: str | None, first: int, after: int) -> Iterator[Row]:
    """Yield the batches from `first` to before `after`, which have no events."""
    last = min(after, first + _LISTED) - 1
    for number in range(first, last + 1):
        missing = after - number if number == last else 1
        yield {
            "tree_name": tree,
            "leaf_index": number,
            "events": 0,
            "missing": missing,
            "repeated": 0,
            "verdict": "absent",
        }
