"""What someone who can change the log, or its responses, might do.

Every kind changes a published event in the middle of the results of a search. The log itself stays
unchanged, except for `forge`, which rebuilds the whole log.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from pandakit.sandbox.pangea.log import AuditLog
from pandakit.sandbox.pangea.merkle import leaf_hash

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["alter_root", "forged", "tamper_events"]

Row = dict[str, Any]

_ACTOR = "somebody.else@example.com"


def tamper_events(kind: str, events: list[Row]) -> list[Row]:
    """Return the events of a search after tampering."""
    change = _CHANGES.get(kind)
    published = [place for place, row in enumerate(events) if row["leaf_index"] is not None]
    if change is None or not published:
        return events
    copied = deepcopy(events)
    return change(copied, published[len(published) // 2])


def alter_root(root: Row) -> Row:
    """Return a root with another hash."""
    return {**root, "root_hash": _other_digits(root["root_hash"])}


def forged(log: AuditLog) -> AuditLog:
    """Return the log with one event altered, and everything above it rebuilt."""
    batches = deepcopy(log.batches)
    batches[log.published // 2][0]["event"]["actor"] = _ACTOR
    return AuditLog(
        tree_name=log.tree_name,
        batches=batches,
        published=log.published,
        sealed=list(log.sealed),
        schema=log.schema,
    )


def _event(events: list[Row], place: int) -> list[Row]:
    events[place]["envelope"]["event"]["actor"] = _ACTOR
    return events


def _rehash(events: list[Row], place: int) -> list[Row]:
    row = _event(events, place)[place]
    row["hash"] = leaf_hash(row["envelope"]).hex()
    return events


def _proof(events: list[Row], place: int) -> list[Row]:
    proof = events[place]["membership_proof"]
    events[place]["membership_proof"] = proof[:-64] + _other_digits(proof[-64:])
    return events


def _drop(events: list[Row], place: int) -> list[Row]:
    """Leave out an event, if possible from a batch that keeps others."""
    batches = [row["leaf_index"] for row in events]
    inner = [at for at in range(place, len(events)) if batches.count(batches[at]) > 1]
    del events[inner[0] if inner else place]
    return events


def _drop_batch(events: list[Row], place: int) -> list[Row]:
    batch = events[place]["leaf_index"]
    return [row for row in events if row["leaf_index"] != batch]


def _reorder(events: list[Row], place: int) -> list[Row]:
    """Swap two events in the log, so that each has the other's proof."""
    one = events[place]
    other = next((row for row in events if row["hash"] != one["hash"]), one)
    for name in ("envelope", "hash"):
        one[name], other[name] = other[name], one[name]
    return events


def _other_digits(digits: str) -> str:
    return ("0" if digits[0] != "0" else "1") + digits[1:]


_CHANGES: dict[str, Callable[[list[Row], int], list[Row]]] = {
    "event": _event,
    "rehash": _rehash,
    "proof": _proof,
    "drop": _drop,
    "drop_batch": _drop_batch,
    "reorder": _reorder,
}
