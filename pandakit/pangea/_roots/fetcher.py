"""Fetch the roots that results need, in parallel, from Arweave and from Pangea."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pandakit.errors import NotFoundError, PandakitError
from pandakit.pangea._evidence.events import read_events
from pandakit.pangea._roots.arweave import CHUNK, Transaction, fetch_root, find_transactions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pandakit.progress import ProgressLine
    from pandakit.transport import Session

__all__ = ["FetchedRoots", "RootFetcher", "distinct_roots", "needed_sizes"]

Row = dict[str, Any]
TreeName = str | None

_AT_ONCE = 4  # calls side by side


def needed_sizes(results: Any) -> dict[TreeName, list[int]]:
    """Return the sizes that verifying results needs, by tree.

    These are, for published events, the size of the root that came with them, and the sizes
    just before and just after their batch was added.
    """
    sizes: dict[TreeName, set[int]] = defaultdict(set)
    for place in read_events(results).places:
        if place.published is not True:
            continue
        tree = place.tree if isinstance(place.tree, str) else None
        if isinstance(place.size, int):
            sizes[tree].add(place.size)
        if isinstance(place.leaf, int):
            sizes[tree] |= {place.leaf, place.leaf + 1}
    return {tree: sorted(found - {0}) for tree, found in sizes.items()}


@dataclass
class FetchedRoots:
    """The roots that were fetched.

    Parameters
    ----------
    rows
        The roots, each with its `source`.
    requests
        How many calls were made.
    missing
        The sizes for which neither source has a root.
    arweave_error
        Why Arweave could not be read, if so.
    """

    rows: list[Row] = field(default_factory=list)
    requests: int = 0
    missing: list[int] = field(default_factory=list)
    arweave_error: PandakitError | None = None


@dataclass
class RootFetcher:
    """Fetches roots over a few connections in parallel.

    Parameters
    ----------
    session
        The session that sends the calls.
    arweave_url
        The URL of the Arweave gateway.
    owners
        The Arweave addresses that may have published the roots; `None` for any.
    ask_pangea
        Returns the root of a size from Pangea.
    """

    session: Session
    arweave_url: str
    owners: Iterable[str] | None
    ask_pangea: Callable[[int], Row]
    found: FetchedRoots = field(default_factory=FetchedRoots)

    def fetch(self, sizes: dict[TreeName, list[int]], line: ProgressLine) -> None:
        """Fetch the roots of all sizes into `found`, each once from each source.

        Raises
        ------
        PandakitError
            If Pangea fails for a reason other than a missing root.
        """
        found = self.found
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            waiting = {pool.submit(*task) for task in self._first_tasks(sizes)}
            try:
                while waiting:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        for transaction in self._take(future):
                            waiting.add(pool.submit(self._of_transaction, transaction))
                        line.advance(1, 1, None)
            finally:
                for future in waiting:
                    future.cancel()
        named = [(row.get("tree_name"), row.get("size")) for row in found.rows]
        there = {
            root for root in named if isinstance(root[0], str | None) and isinstance(root[1], int)
        }
        known = {size for _, size in there}
        found.missing = sorted(
            size
            for tree, wanted in sizes.items()
            for size in wanted
            if (tree, size) not in there and (tree is not None or size not in known)
        )

    def _first_tasks(self, sizes: dict[TreeName, list[int]]) -> list[tuple[Any, ...]]:
        tasks: list[tuple[Any, ...]] = [
            (self._of_tree, tree, wanted[start : start + CHUNK])
            for tree, wanted in sizes.items()
            if tree is not None  # Arweave finds trees by name
            for start in range(0, len(wanted), CHUNK)
        ]
        every = sorted({size for wanted in sizes.values() for size in wanted})
        return [*tasks, *((self._of_pangea, size) for size in every)]

    def _of_tree(self, tree: str, sizes: list[int]) -> list[Transaction] | PandakitError:
        try:
            return find_transactions(self.session, self.arweave_url, tree, sizes, self.owners)
        except PandakitError as error:
            return error

    def _of_transaction(self, transaction: Transaction) -> Row | PandakitError | None:
        try:
            return fetch_root(self.session, self.arweave_url, transaction)
        except PandakitError as error:
            return error

    def _of_pangea(self, size: int) -> Row | None:
        try:
            return {**self.ask_pangea(size), "source": "pangea"}
        except NotFoundError:
            return None

    def _take(self, future: Future[Any]) -> list[Transaction]:
        """Keep the result of a task, and return the transactions to fetch next."""
        result, found = future.result(), self.found
        found.requests += 1
        if isinstance(result, PandakitError):
            found.arweave_error = result
        elif isinstance(result, list):
            return [] if found.arweave_error else list(dict.fromkeys(result))
        elif result is not None:
            found.rows.append(result)
        return []


def distinct_roots(rows: list[Row]) -> list[Row]:
    """Return roots in order; where both sources agree, only the one from Arweave."""
    ordered = sorted(rows, key=lambda row: (str(row.get("tree_name")), row["size"], row["source"]))
    kept: dict[str, Row] = {}
    for row in ordered:
        says = repr([row.get(key) for key in ("tree_name", "size", "root_hash")])
        kept.setdefault(says + repr(row.get("consistency_proof") or []), row)
    return list(kept.values())
