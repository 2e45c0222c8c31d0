"""The Pangea audit log of the organisation, sealed in a two-level hash tree.

Events are sealed in batches: the events of a batch are the leaves of a small hot tree, whose
root is one leaf of the cold tree. `leaf_index` counts batches. The newest batches are not
published yet: their events are proved against the unpublished root.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pandakit.sandbox import words
from pandakit.sandbox.draw import DAY, HOUR, stamp
from pandakit.sandbox.pangea.merkle import Tree, leaf_hash, proof_text
from pandakit.sandbox.pangea.signed import signed_envelopes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandakit.sandbox.draw import Draw

Row = dict[str, Any]

_SPAN = 30 * DAY
_UNPUBLISHED_BATCHES = 3
_MOST_IN_BATCH = 40
_FIELDS = (
    ("timestamp", "datetime"),
    ("actor", "string"),
    ("action", "string"),
    ("status", "string"),
    ("target", "string"),
    ("source", "string"),
    ("tenant_id", "string"),
    ("message", "string"),
    ("old", "string-unindexed"),
    ("new", "string-unindexed"),
    ("duration_ms", "integer"),
    ("mfa", "boolean"),
)


@dataclass(kw_only=True)
class AuditLog:
    """The events as a search returns them, with their proofs.

    Parameters
    ----------
    tree_name
        The name of the tree in its roots.
    batches
        The envelopes of each batch, oldest first.
    published
        How many batches the newest published root covers.
    sealed
        When each batch was sealed, epoch seconds.
    schema
        The result of `/v1/schema`.

    Attributes
    ----------
    events
        Oldest first: envelope, hash, membership proof, leaf index.
    tree
        The cold tree over all batches.
    """

    tree_name: str
    batches: list[list[Row]] = field(repr=False)
    published: int
    sealed: list[int] = field(repr=False)
    schema: Row = field(repr=False)
    events: list[Row] = field(init=False, repr=False)
    tree: Tree = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._hot = [_hot_tree(batch) for batch in self.batches]
        self.tree = Tree([tree.root() for tree in self._hot])
        self.events = self._events_from(0)

    def append(self, envelopes: list[Row], second: int) -> list[Row]:
        """Seal envelopes as a new unpublished batch; return their events."""
        self.batches.append(envelopes)
        self.sealed.append(second)
        self._hot.append(_hot_tree(envelopes))
        self.tree = Tree([*self.tree.leaves, self._hot[-1].root()])
        # The proofs of all unpublished events lead to the new unpublished root.
        done = sum(len(batch) for batch in self.batches[: self.published])
        self.events = self.events[:done] + self._events_from(self.published)
        return self.events[-len(envelopes) :]

    def root(self, size: int) -> Row:
        """Return the published root of a size."""
        row: Row = {
            "tree_name": self.tree_name,
            "size": size,
            "root_hash": self.tree.root(size).hex(),
            "url": f"https://arweave.example.net/{transaction_id(self.tree_name, size)}",
            "published_at": stamp(self.sealed[size - 1] + HOUR)[:-1] + ".000000Z",
        }
        if size > 1:
            row["consistency_proof"] = self.tree.consistency(size)
        return row

    def unpublished_root(self) -> Row:
        """Return the root of all batches."""
        size = len(self.tree.leaves)
        return {
            "tree_name": self.tree_name,
            "size": size,
            "root_hash": self.tree.root().hex(),
        }

    def _events_from(self, first: int) -> list[Row]:
        return [
            self._event(index, place)
            for index in range(first, len(self.batches))
            for place in range(len(self.batches[index]))
        ]

    def _event(self, index: int, place: int) -> Row:
        done = index < self.published
        steps = self._hot[index].membership(place)
        steps += self.tree.membership(index, self.published if done else None)
        return {
            "envelope": self.batches[index][place],
            "hash": self._hot[index].leaves[place].hex(),
            "membership_proof": proof_text(steps),
            "published": done,
            "imported": False,
            "leaf_index": index if done else None,
        }


def transaction_id(tree_name: str, size: int) -> str:
    """Return the id of a root on Arweave."""
    return f"{tree_name[:12]}-{size}"


def _hot_tree(batch: list[Row]) -> Tree:
    return Tree([leaf_hash(envelope) for envelope in batch])


def build_log(
    draw: Draw, users: list[Row], count: int, further: Iterable[tuple[int, Row]] = ()
) -> AuditLog:
    """Build the log from a number of events, and from further ones with their times."""
    tree_name = draw.hexadecimal(64)
    moments = sorted(draw.epoch - draw.between(60, _SPAN) for _ in range(count))
    envelopes = [
        {"event": _event(draw, number, moment, users), "received_at": draw.microseconds(moment)}
        for number, moment in enumerate(moments)
    ]
    for place, signed in enumerate(signed_envelopes()):
        # Spread over the log, the last one among the newest events.
        envelopes[-1 - place * (count // 3)] |= signed
    envelopes += [
        {"event": event, "received_at": draw.microseconds(moment)} for moment, event in further
    ]
    batches = _batches(draw, sorted(envelopes, key=lambda envelope: envelope["received_at"]))
    start = draw.epoch - _SPAN
    sealed = [start + (number + 1) * _SPAN // (len(batches) + 1) for number in range(len(batches))]
    return AuditLog(
        tree_name=tree_name,
        batches=batches,
        published=max(1, len(batches) - _UNPUBLISHED_BATCHES),
        sealed=sealed,
        schema=_schema(),
    )


def _batches(draw: Draw, envelopes: list[Row]) -> list[list[Row]]:
    batches, start = [], 0
    while start < len(envelopes):
        width = draw.between(1, _MOST_IN_BATCH)
        batches.append(envelopes[start : start + width])
        start += width
    return batches


def _event(draw: Draw, number: int, moment: int, users: list[Row]) -> Row:
    action, thing = draw.one(words.AUDIT_ACTIONS)
    target = f"{thing}-{draw.between(1, 400):03d}"
    failed = draw.chance(0.06)
    row: Row = {
        "actor": draw.one(users)["email"],
        "action": action,
        "target": target,
        "status": "failure" if failed else "success",
        "source": draw.one(words.AUDIT_SOURCES),
        "tenant_id": draw.one(("north", "south")),
        "message": f"{action} {target}",
        "timestamp": draw.seconds(moment - draw.between(0, HOUR // 60)),
    }
    if action in {"login", "grant"}:
        row |= {"mfa": draw.chance(0.8), "duration_ms": draw.between(20, 9_000)}
    if action == "update":
        row |= _change(draw)
    if number % 50 == 0:
        row["message"] = _awkward_message(number)
    return row


def _change(draw: Draw) -> Row:
    """Return old and new as JSON text with unsorted keys: text is hashed verbatim."""
    city = draw.one(("Århus", "Málaga", "Gdańsk", "Brno"))
    old = json.dumps({"zone": draw.between(1, 9), "city": city}, ensure_ascii=False)
    new = json.dumps({"zone": draw.between(1, 9), "city": city, "by": None}, ensure_ascii=False)
    return {"old": old, "new": new}


def _awkward_message(number: int) -> str:
    texts = ('tag <b>&amp;</b> "quoted"', "caf\u00e9 \u2764 \u2028 end", "literal \\u2764", "123")
    return texts[number // 50 % len(texts)]


def _schema() -> Row:
    return {
        "client_signable": True,
        "tamper_proofing": True,
        "save_malformed": "reject",
        "fields": [
            {
                "id": name,
                "name": name.replace("_", " ").capitalize(),
                "type": kind,
                "required": name == "message",
                "redact": False,
                "ui_default_visible": name not in {"old", "new"},
            }
            for name, kind in _FIELDS
        ],
    }
