"""Hash trees of the audit log: roots, membership paths and consistency proofs.

A tree of n leaves is split at the largest power of two below n. Nodes are SHA-256 of the
two concatenated child hashes, without a prefix (Pangea: "Tamperproofing" pages).
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

Step = tuple[str, bytes]


def canonical(value: Any) -> bytes:
    """Return the canonical JSON that is hashed: sorted keys, no whitespace, raw UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def leaf_hash(envelope: dict[str, Any]) -> bytes:
    return sha256(canonical(envelope)).digest()


class Tree:
    """A growing tree over leaf hashes, with the roots and proofs of every earlier size.

    Parameters
    ----------
    leaves
        The leaf hashes in order.
    """

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves
        self._nodes: dict[tuple[int, int], bytes] = {}

    def node(self, low: int, high: int) -> bytes:
        """Return the hash over the leaves from `low` up to, not including, `high`."""
        if high - low == 1:
            return self.leaves[low]
        if (low, high) not in self._nodes:
            middle = low + _split(high - low)
            pair = self.node(low, middle) + self.node(middle, high)
            self._nodes[low, high] = sha256(pair).digest()
        return self._nodes[low, high]

    def root(self, size: int | None = None) -> bytes:
        return self.node(0, len(self.leaves) if size is None else size)

    def path(self, low: int, high: int, size: int) -> list[Step]:
        """Return the siblings from the node over `[low, high)` up to the root of `size` leaves."""
        steps: list[Step] = []
        left, right = 0, size
        while (left, right) != (low, high):
            middle = left + _split(right - left)
            if low < middle:
                steps.append(("r", self.node(middle, right)))
                right = middle
            else:
                steps.append(("l", self.node(left, middle)))
                left = middle
        return steps[::-1]

    def membership(self, index: int, size: int | None = None) -> list[Step]:
        return self.path(index, index + 1, len(self.leaves) if size is None else size)

    def consistency(self, size: int, before: int | None = None) -> list[str]:
        """Return the proof that the root of `size` leaves extends that of `before` leaves.

        By default that is the root of one leaf less.

        One item per complete subtree of the smaller tree, the smallest and right-most first.
        """
        return [
            f"x:{self.node(low, high).hex()}{_tail(self.path(low, high, size))}"
            for low, high in reversed(_complete_subtrees(size - 1 if before is None else before))
        ]


def proof_text(steps: list[Step]) -> str:
    return ",".join(f"{side}:{digest.hex()}" for side, digest in steps)


def _tail(steps: list[Step]) -> str:
    return f",{proof_text(steps)}" if steps else ""


def _split(count: int) -> int:
    return 1 << ((count - 1).bit_length() - 1)


def _complete_subtrees(size: int) -> list[tuple[int, int]]:
    subtrees, low = [], 0
    while size:
        width = 1 << (size.bit_length() - 1)
        subtrees.append((low, low + width))
        low += width
        size -= width
    return subtrees
