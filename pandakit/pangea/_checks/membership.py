"""The membership check: the proof leads from our own hash of the event to a root.

The root that came with the results is only as trustworthy as their file, so roots from elsewhere
take precedence. Roots of the same tree and size must agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandakit.pangea._checks.outcome import FAIL, NONE, PASS, CheckOutcome
from pandakit.pangea._evidence.roots import Root
from pandakit.pangea._evidence.values import Unreadable

if TYPE_CHECKING:
    from pandakit.pangea._checks.folds import Fold
    from pandakit.pangea._evidence.events import Place
    from pandakit.pangea._evidence.roots import Roots

__all__ = ["ExpectedRoot", "check_membership", "expected_root", "problem_with"]

_PREFERRED = ("arweave",)  # of several equal roots, the one that is hardest to change


@dataclass(frozen=True, slots=True)
class ExpectedRoot:
    """The root that the events of a place have to lead to.

    Parameters
    ----------
    root
        The root; `None` if there is no usable one.
    problem
        Why it cannot be used.
    trusted
        Whether it came from elsewhere than the results.
    """

    root: Root | None = None
    problem: CheckOutcome | None = None
    trusted: bool = False

    @property
    def size(self) -> int | None:
        """The size of the tree, if it is known."""
        return None if self.root is None else self.root.size


def expected_root(place: Place, given: Roots) -> ExpectedRoot:
    """Return the root for a place: one from elsewhere, or else that of the results."""
    tree, size = place.tree, place.size
    if any(isinstance(value, Unreadable) for value in (tree, size, place.root_hash)):
        return ExpectedRoot(problem=CheckOutcome(FAIL, "the root cannot be read"))
    if isinstance(place.published, Unreadable):
        return ExpectedRoot(problem=CheckOutcome(FAIL, "'published' cannot be read"))
    if not isinstance(size, int):
        missing = "root" if place.root_hash is None else "size of the root"
        return ExpectedRoot(problem=CheckOutcome(NONE, f"no {missing}"))
    name = tree if isinstance(tree, str) else None
    came = None if place.root_hash is None else Root(name, size, place.root_hash, source="results")
    found = sorted(given.of_size(name, size), key=lambda root: root.source not in _PREFERRED)
    known = [*found, *([came] if came else [])]
    root = known[0] if known else Root(name, size, None)
    return ExpectedRoot(root, problem_with(known, size), trusted=bool(found))


def problem_with(roots: list[Root], size: int) -> CheckOutcome | None:
    """Return why the roots of a size cannot be used, if so: there is none, or they disagree."""
    if not roots:
        return CheckOutcome(NONE, f"no root of size {size}")
    if len({root.root_hash for root in roots}) > 1:
        if len({root.tree for root in roots} - {None}) > 1:
            return CheckOutcome(NONE, f"several trees have a root of size {size}")
        return CheckOutcome(FAIL, f"roots of size {size} contradict each other")
    if not roots[0].is_readable:
        return CheckOutcome(FAIL, f"the root of size {size} cannot be read")
    return None


def check_membership(expected: ExpectedRoot, fold: Fold | None) -> CheckOutcome:
    """Return whether a proof leads to the root."""
    if fold is not None and fold.root is None:
        return CheckOutcome(FAIL, "the proof cannot be read")
    if expected.problem is not None:
        return expected.problem
    if fold is None or fold.root is None or expected.root is None:
        return CheckOutcome(NONE, "no proof, or no hash to start from")
    if fold.root.hex() != expected.root.root_hash:
        return CheckOutcome(FAIL, f"the proof does not lead to the root of size {expected.size}")
    return PASS
