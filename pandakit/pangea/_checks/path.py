"""The shape of the tree: on which side each sibling of a leaf is.

A tree of n leaves is split at the largest power of two below n (as in RFC 6962), so the size of
the tree and the number of the leaf determine the letters of the whole path.

Source: "Tamperproofing".
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from pandakit.pangea._checks.outcome import FAIL, NONE, PASS, CheckOutcome
from pandakit.pangea._evidence.values import Unreadable

if TYPE_CHECKING:
    from pandakit.pangea._checks.folds import Fold
    from pandakit.pangea._evidence.events import Place

__all__ = ["check_path", "depth_of", "sides"]

_CACHED = 1 << 16


@lru_cache(_CACHED)
def sides(size: int, leaf: int) -> str:
    """Return the letters from a leaf up to the root: `l` where the sibling is on the left.

    Parameters
    ----------
    size
        The number of leaves of the tree.
    leaf
        The number of the leaf, from 0; below `size`.

    Examples
    --------
    >>> sides(31, 30), sides(5, 4), sides(1, 0)
    ('llll', 'l', '')
    """
    letters = []
    while size > 1:
        left = 1 << ((size - 1).bit_length() - 1)
        if leaf < left:
            letters.append("r")
            size = left
        else:
            letters.append("l")
            leaf, size = leaf - left, size - left
    return "".join(reversed(letters))


def depth_of(place: Place, size: int | None) -> int:
    """Return how many items of a proof are above the batch; -1 if that is not known."""
    leaf = place.leaf
    if place.published is not True or not isinstance(leaf, int) or size is None or leaf >= size:
        return -1
    return len(sides(size, leaf))


def check_path(place: Place, size: int | None, fold: Fold | None) -> CheckOutcome:
    """Return whether a proof ends with the path of the batch that the event claims to be in."""
    leaf = place.leaf
    if isinstance(place.published, Unreadable) or isinstance(leaf, Unreadable):
        return CheckOutcome(FAIL, "'published' or 'leaf_index' cannot be read")
    if place.published is not True:
        return CheckOutcome(NONE, "not published yet")
    if leaf is None:
        return CheckOutcome(NONE, "the event has no leaf_index")
    if size is None:
        return CheckOutcome(NONE, "the size of the tree is not known")
    return _follow(leaf, size, fold)


def _follow(leaf: int, size: int, fold: Fold | None) -> CheckOutcome:
    if leaf >= size:
        return CheckOutcome(FAIL, f"batch {leaf} is beyond a tree of size {size}")
    if fold is None:
        return CheckOutcome(NONE, "no proof")
    if fold.root is None:
        return CheckOutcome(FAIL, "the proof cannot be read")
    if fold.batch is None or fold.letters != sides(size, leaf):
        return CheckOutcome(FAIL, f"the proof is not of batch {leaf} in a tree of size {size}")
    return PASS
