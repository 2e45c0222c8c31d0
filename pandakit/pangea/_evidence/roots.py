"""Roots of trees: those that came with the results, and those obtained elsewhere."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit.errors import EventError
from pandakit.pangea._evidence.values import UNREADABLE, read_count, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Root", "Roots", "read_roots"]

Row = dict[str, Any]

_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Root:
    """One root of a tree.

    Parameters
    ----------
    tree
        The name of its tree; `None` if the source does not name trees.
    size
        The number of batches under it.
    root_hash
        Its hash in hexadecimal, as received.
    proof
        Its consistency proof, as received.
    source
        Where it comes from: `results`, `given`, `arweave`, `pangea`.
    url, published_at
        Where and when it was published, as received.
    """

    tree: str | None
    size: int
    root_hash: Any
    proof: Any = None
    source: str = "given"
    url: Any = None
    published_at: Any = None

    @property
    def is_readable(self) -> bool:
        """Whether the hash is 64 lower-case hexadecimal digits."""
        return isinstance(self.root_hash, str) and bool(_HASH.fullmatch(self.root_hash))


class Roots:
    """Roots to look up by tree and size.

    Parameters
    ----------
    roots
        All of them; one without the name of a tree counts for every tree.
    """

    def __init__(self, roots: Iterable[Root] = ()) -> None:
        self.all = list(roots)
        self._by_size: dict[int, list[Root]] = defaultdict(list)
        self._by_hash: dict[Any, list[Root]] = defaultdict(list)
        for root in self.all:
            self._by_size[root.size].append(root)
            self._by_hash[root.root_hash].append(root)

    def of_size(self, tree: str | None, size: int) -> list[Root]:
        """Return the roots of a size that a tree may have."""
        return [root for root in self._by_size.get(size, ()) if _may_be(root.tree, tree)]

    def with_hash(self, tree: str | None, root_hash: str) -> list[Root]:
        """Return the roots with a hash that a tree may have."""
        return [root for root in self._by_hash.get(root_hash, ()) if _may_be(root.tree, tree)]


def _may_be(name: str | None, tree: str | None) -> bool:
    return name is None or tree is None or name == tree


def read_roots(roots: Any, source: str = "given") -> list[Root]:
    """Return the roots in root objects, answers of the service, or a frame, at any depth of lists.

    Raises
    ------
    EventError
        If one has no readable size.
    TypeError
        If something is not a root at all.
    """
    return [_read_root(row, source, place) for place, row in enumerate(_rows(roots))]


def _rows(roots: Any) -> Iterator[Row]:
    if roots is None:
        return
    if isinstance(roots, pd.DataFrame):
        for row in roots.to_dict("records"):
            yield {str(name): None if _is_missing(value) else value for name, value in row.items()}
    elif isinstance(roots, dict):
        yield from _unwrapped(roots)
    elif isinstance(roots, list | tuple):
        for each in roots:
            yield from _rows(each)
    else:
        raise TypeError(
            f"roots holds a {type(roots).__name__}; pass root objects, answers of the service or "
            "a frame of Pangea.roots"
        )


def _unwrapped(row: Row) -> Iterator[Row]:
    """Yield the root of an answer; a root object is its own."""
    for key in ("result", "data", "root"):
        if "root_hash" not in row and key in row:
            yield from _rows(row[key])
            return
    yield row


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value  # noqa: PLR0124


def _read_root(row: Row, source: str, place: int) -> Root:
    size, tree = read_count(row.get("size")), read_text(row.get("tree_name"))
    if not isinstance(size, int) or size < 1:
        raise EventError(f"root {place} (counted from 0) has no readable size: {str(row)[:120]}")
    named = row.get("source")
    return Root(
        tree if isinstance(tree, str) else None,
        size,
        row.get("root_hash") if isinstance(row.get("root_hash"), str) else UNREADABLE,
        row.get("consistency_proof"),
        named if isinstance(named, str) else source,
        row.get("url"),
        row.get("published_at"),
    )
