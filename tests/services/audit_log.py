"""A second builder of two-level audit logs, straight from the definitions and sharing no code.

The hash of a list of leaves is the hash of its two parts, split at the largest power of two
below its length. The events of a batch are one such list, and so are the hashes of all batches.
"""

import json
from copy import deepcopy
from functools import cache
from hashlib import sha256

TREE = "a" * 64


def canonical(value):
    """Write JSON as it is hashed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(text):
    """Hash a text."""
    return sha256(text.encode()).digest()


def split(leaves):
    """Cut a list of leaves into its left and its right part."""
    width = 1
    while width * 2 < len(leaves):
        width *= 2
    return leaves[:width], leaves[width:]


@cache
def top(leaves):
    """Hash a list of leaves."""
    if len(leaves) == 1:
        return leaves[0]
    left, right = split(leaves)
    return sha256(top(left) + top(right)).digest()


@cache
def climb(leaves, low, high):
    """List the siblings from the part `[low, high)` of the leaves up to their top."""
    if (low, high) == (0, len(leaves)):
        return ()
    left, right = split(leaves)
    if high <= len(left):
        return (*climb(left, low, high), f"r:{top(right).hex()}")
    skipped = len(left)
    return (*climb(right, low - skipped, high - skipped), f"l:{top(left).hex()}")


def whole_parts(size):
    """Cut `size` leaves into complete parts, the last and smallest first."""
    parts, low = [], 0
    for bit in reversed(range(size.bit_length())):
        if size >> bit & 1:
            parts.append((low, low + (1 << bit)))
            low += 1 << bit
    return parts[::-1]


class Log:
    """A log of batches of envelopes; `published` counts the batches under the published root."""

    def __init__(self, batches, *, published=None, tree=TREE, hash_of=None):
        self.batches = [list(batch) for batch in batches]
        self.tree = tree
        hash_of = hash_of or (lambda envelope: digest(canonical(envelope)))
        self.hot = [tuple(hash_of(envelope) for envelope in batch) for batch in self.batches]
        self.cold = tuple(top(leaves) for leaves in self.hot)
        self.published = len(self.batches) if published is None else published

    def root(self, size=None):
        """Write the published root of a size."""
        size = size or self.published
        leaves = self.cold[:size]
        root = {
            "tree_name": self.tree,
            "size": size,
            "root_hash": top(leaves).hex(),
            "url": f"https://arweave.example.net/{size}",
            "published_at": f"2026-03-01T00:{size // 60 % 60:02d}:{size % 60:02d}.000000Z",
        }
        if size > 1:
            root["consistency_proof"] = [
                ",".join((f"x:{top(leaves[low:high]).hex()}", *climb(leaves, low, high)))
                for low, high in whole_parts(size - 1)
            ]
        return root

    def roots(self):
        """Write the published roots of all sizes."""
        return [self.root(size) for size in range(1, self.published + 1)]

    def unpublished_root(self):
        """Write the root of all batches."""
        size = len(self.cold)
        return {"tree_name": self.tree, "size": size, "root_hash": top(self.cold).hex()}

    def event(self, batch, place, size=None):
        """Write an event as a search returns it when `size` batches are published."""
        size = size or self.published
        done = batch < size
        cold = climb(self.cold[:size] if done else self.cold, batch, batch + 1)
        return {
            "envelope": deepcopy(self.batches[batch][place]),
            "hash": self.hot[batch][place].hex(),
            "membership_proof": ",".join((*climb(self.hot[batch], place, place + 1), *cold)),
            "published": done,
            "imported": False,
            "leaf_index": batch if done else None,
        }

    def events(self, size=None):
        """Write all events, oldest first."""
        return [
            self.event(batch, place, size)
            for batch, leaves in enumerate(self.hot)
            for place in range(len(leaves))
        ]

    def result(self, events=None, size=None):
        """Write the result of a search."""
        rows = self.events(size) if events is None else events
        return {
            "id": "pas_1",
            "expires_at": "2026-03-03T00:00:00Z",
            "count": len(rows),
            "events": rows,
            "root": self.root(size),
            "unpublished_root": self.unpublished_root(),
        }

    def answer(self, events=None, size=None):
        """Write the whole answer of a search."""
        return {
            "request_id": "prq_1",
            "request_time": "2026-03-01T00:00:00.000Z",
            "response_time": "2026-03-01T00:00:00.004Z",
            "status": "Success",
            "summary": "Found events",
            "result": self.result(events, size),
        }


def received(number):
    """Write the moment at which the service received an event."""
    return f"2026-02-01T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}.000001Z"


def plain_log(sizes, **options):
    """Build a log of simple events in batches of the given sizes."""
    number, batches = 0, []
    for size in sizes:
        batch = []
        for _ in range(size):
            event = {"actor": f"user-{number % 7}", "action": "login", "message": f"event {number}"}
            batch.append({"event": event, "received_at": received(number)})
            number += 1
        batches.append(batch)
    return Log(batches, **options)
