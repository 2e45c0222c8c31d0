"""The consistency check: the tree only grew when the event's batch was added.

The proof of size n is a list of `x:<node>,<l|r>:<hash>,…`, one item for each complete part of
the tree of size n - 1, the last and smallest first. The nodes fold together to the root of size
n - 1, and each node folds with the rest of its item to the root of size n. The first sibling of
the first item is the batch that was added, which binds the proof to the event.

Source: "Tamperproofing".
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from pandakit.pangea._checks.folds import fold_item, read_items
from pandakit.pangea._checks.membership import problem_with
from pandakit.pangea._checks.outcome import FAIL, NONE, PASS, CheckOutcome
from pandakit.pangea._evidence.values import Unreadable

if TYPE_CHECKING:
    from pandakit.pangea._checks.folds import Fold
    from pandakit.pangea._evidence.events import Place
    from pandakit.pangea._evidence.roots import Root, Roots

__all__ = ["ConsistencyCheck"]


class _Step(NamedTuple):
    """What the roots of two sizes show, for every event: the added batch, or an outcome."""

    batch: bytes | None
    problem: CheckOutcome | None
    root: Root | None = None


class ConsistencyCheck:
    """Check events against the roots of two neighbouring sizes; each pair is checked once.

    Parameters
    ----------
    given
        Roots from elsewhere.
    included
        Roots that came with the results.
    """

    def __init__(self, given: Roots, included: Roots) -> None:
        self._given, self._included = given, included
        self._steps: dict[tuple[str | None, int], _Step] = {}

    def check(self, place: Place, fold: Fold | None) -> tuple[CheckOutcome, Root | None]:
        """Return the outcome, and for a pass the root from elsewhere behind it, if any."""
        tree, leaf = place.tree, place.leaf
        if isinstance(tree, Unreadable) or isinstance(leaf, Unreadable):
            return CheckOutcome(FAIL, "the tree or the batch cannot be read"), None
        if place.published is not True or leaf is None:
            return CheckOutcome(NONE, "not published yet"), None
        step = self._steps.get((tree, leaf))
        if step is None:
            step = self._steps[tree, leaf] = self._step(tree, leaf)
        if step.problem is not None:
            return step.problem, None
        if fold is None or fold.batch is None:
            return CheckOutcome(NONE, "no proof that gives the hash of the batch"), None
        if fold.batch != step.batch:
            return CheckOutcome(FAIL, f"the tree of size {leaf + 1} has another batch {leaf}"), None
        trusted = step.root is not None and step.root.source != "results"
        return PASS, step.root if trusted else None

    def _step(self, tree: str | None, leaf: int) -> _Step:
        roots, problem = self._agreed(tree, leaf + 1)
        if problem is not None:
            return _Step(None, problem)
        root_hash = bytes.fromhex(roots[0].root_hash)
        if leaf == 0:
            return _Step(root_hash, None, roots[0])
        proofs = [root.proof for root in roots if root.proof is not None]
        if not proofs:
            return _Step(None, CheckOutcome(NONE, f"the root of size {leaf + 1} has no proof"))
        smaller, problem = self._agreed(tree, leaf)
        before = None if problem is not None else bytes.fromhex(smaller[0].root_hash)
        if problem is not None and problem.status == FAIL:
            return _Step(None, problem)
        steps = [_read_step(proof, root_hash, before, leaf) for proof in proofs]
        # A second source may replace a bad proof, since a proof needs no trust.
        best = next((step for step in steps if step.problem is None), steps[0])
        return best if best.problem else best._replace(problem=problem, root=roots[0])

    def _agreed(self, tree: str | None, size: int) -> tuple[list[Root], CheckOutcome | None]:
        """Return the roots of a size, which have one hash, or the problem with them."""
        roots = [*self._given.of_size(tree, size), *self._included.of_size(tree, size)]
        return roots, problem_with(roots, size)


def _read_step(proof: Any, root: bytes, before: bytes | None, leaf: int) -> _Step:
    """Return the batch that a proof adds, if the proof holds."""
    items = _read_proof(proof)
    if not items:
        return _Step(None, CheckOutcome(FAIL, f"the proof of size {leaf + 1} cannot be read"))
    smaller = items[0][0]
    for node, _ in items[1:]:
        smaller = sha256(node + smaller).digest()
    if before is not None and smaller != before:
        return _Step(None, CheckOutcome(FAIL, f"size {leaf + 1} does not extend size {leaf}"))
    if any(_top(node, siblings) != root for node, siblings in items):
        words = f"the proof of size {leaf + 1} does not lead to its root"
        return _Step(None, CheckOutcome(FAIL, words))
    siblings = items[0][1]
    if not siblings or siblings[0][0] != "r":
        return _Step(None, CheckOutcome(FAIL, f"the proof of size {leaf + 1} adds no batch"))
    return _Step(siblings[0][1], None)


def _top(node: bytes, siblings: list[tuple[str, bytes]]) -> bytes:
    for side, sibling in siblings:
        node = fold_item(node, side, sibling)
    return node


def _read_proof(proof: Any) -> list[tuple[bytes, list[tuple[str, bytes]]]] | None:
    if not isinstance(proof, list | tuple):
        return None
    found = []
    for text in proof:
        # `x` only marks the node; as a left sibling it is read by the same rule.
        items = read_items("l" + text[1:]) if isinstance(text, str) and text[:1] == "x" else None
        if not items:
            return None
        found.append((items[0][1], items[1:]))
    return found
