"""Fold membership proofs: from each event's own hash to the hash of its batch and to a root.

A proof is `l:<hash>,r:<hash>,…` from the event up to the root: first the part inside its batch
(the hot tree), then the part above (the cold tree). Events of a batch share most of their path,
so every pair of siblings is hashed once, and an event stops climbing where an earlier one passed.

Source: "Tamperproofing".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ITEM", "NO_FOLD", "Fold", "fold_all", "fold_item", "read_items"]

ITEM = 67  # characters: side, colon, 64 hexadecimal digits, comma
_MOST = 128 * ITEM  # two trees, neither of them deeper than 64
_ITEM = re.compile(r"([lr]):([0-9a-f]{64}),")

NO_FOLD = -1


@dataclass(frozen=True, slots=True)
class Fold:
    """Where a group of proofs leads: all their events have the same batch and the same root.

    Parameters
    ----------
    root
        The hash that the proofs lead to; `None` if they cannot be read.
    batch
        The hash of the batch; `None` if the proofs do not show where it ends.
    letters
        The sides of the siblings above the batch.
    """

    root: bytes | None = None
    batch: bytes | None = None
    letters: str = ""


def read_items(text: str) -> list[tuple[str, bytes]] | None:
    """Return the sides and hashes of a proof; `None` if it cannot be read.

    Examples
    --------
    >>> read_items(""), read_items("x:12")
    ([], None)
    >>> len(read_items("l:" + 64 * "0" + ",r:" + 64 * "1"))
    2
    """
    if not text:
        return []
    items = [_ITEM.fullmatch(item + ",") for item in text.split(",")]
    return None if None in items else [(i[1], bytes.fromhex(i[2])) for i in items if i]


def fold_item(node: bytes, side: str, sibling: bytes) -> bytes:
    """Return the parent of a node and its sibling.

    Nodes have no prefix, unlike in RFC 6962.
    """
    return sha256(sibling + node if side == "l" else node + sibling).digest()


def fold_all(
    leaves: Iterable[bytes | None], proofs: Iterable[Any], depths: Iterable[int], folds: list[Fold]
) -> list[int]:
    """Return the number of each event's fold in `folds`, to which new folds are added.

    Parameters
    ----------
    leaves
        The hash of each event; events without one have `NO_FOLD`.
    proofs
        The proof of each event; those that are not text have `NO_FOLD`.
    depths
        The number of items above the batch, by the tree's size and the batch's number; -1
        if it is not known.
    folds
        The folds so far.
    """
    numbers: list[int] = []
    climbs: dict[str | None, _Climb] = {None: _Climb(None, folds)}
    climb, last = climbs[None], None
    for leaf, proof, depth in zip(leaves, proofs, depths, strict=True):
        if leaf is None or not isinstance(proof, str):
            numbers.append(NO_FOLD)
            continue
        text = proof + "," if proof else ""
        stop = len(text) - ITEM * depth
        # A proof that is too short is folded like one with an unknown depth.
        above = text[stop:] if depth >= 0 and stop >= 0 else None
        if above != last:  # the events of a batch usually follow each other
            last = above
            climb = climbs.get(above) or climbs.setdefault(above, _Climb(above, folds))
        numbers.append(climb.fold(leaf, text if above is None else text[:stop]))
    return numbers


class _Climb:
    """The path above a batch, which many proofs share, and the known results of their lower parts.

    Two siblings have the same parent, so once one of them has been folded, the text that must
    follow the other is known: the sibling's item with the sides swapped, then the same path up.
    """

    def __init__(self, above: str | None, folds: list[Fold]) -> None:
        self._known: dict[bytes, tuple[str, int]] = {}
        self._arrived: dict[bytes | None, int] = {}
        self._folds = folds
        self._items = read_items((above or "")[:-1])
        self._knows_batch = above is not None

    def fold(self, node: bytes, text: str) -> int:
        """Return the number of the fold of an event, whose proof inside the batch is `text`."""
        known, place, passed = self._known, 0, []
        number = None
        if len(text) % ITEM or len(text) > _MOST:
            return self._unreadable()
        while place < len(text):
            expected = known.get(node)
            if expected is not None and expected[0] == text[place:]:
                number = expected[1]
                break
            side, digits = text[place], text[place + 2 : place + ITEM - 1]
            try:
                sibling = bytes.fromhex(digits)
            except ValueError:
                return self._unreadable()
            # Reading is lenient about capitals and whitespace; a proof is not.
            if sibling.hex() != digits or text[place + 1] != ":" or text[place + ITEM - 1] != ",":
                return self._unreadable()
            place += ITEM
            if side == "l":
                passed.append((sibling, "r:", node, place))
                node = sha256(sibling + node).digest()
            elif side == "r":
                passed.append((sibling, "l:", node, place))
                node = sha256(node + sibling).digest()
            else:
                return self._unreadable()
        if number is None:
            number = self._arrive(node)
        for sibling, head, below, after in passed:
            known[sibling] = f"{head}{below.hex()},{text[after:]}", number
        return number

    def _arrive(self, batch: bytes) -> int:
        """Return the number of the fold of a batch."""
        if self._items is None:
            return self._unreadable()
        if batch not in self._arrived:
            root = batch
            for side, sibling in self._items:
                root = fold_item(root, side, sibling)
            letters = "".join(side for side, _ in self._items)
            self._add(batch, Fold(root, batch if self._knows_batch else None, letters))
        return self._arrived[batch]

    def _unreadable(self) -> int:
        """Return the number of the fold of proofs that cannot be read."""
        if None not in self._arrived:
            self._add(None, Fold())
        return self._arrived[None]

    def _add(self, batch: bytes | None, fold: Fold) -> None:
        self._arrived[batch] = len(self._folds)
        self._folds.append(fold)
