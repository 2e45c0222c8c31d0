"""Pairs of alerts that share an incident: how two groupings of the same alerts agree."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = [
    "Overlap",
    "PairCounts",
    "cell_sizes",
    "companions_kept",
    "group_sizes",
    "n_pairs",
    "overlap",
    "same_alerts",
]


class PairCounts(NamedTuple):
    """How many pairs of alerts share an incident: in both groupings, and in each one."""

    kept: int
    a: int
    b: int

    @property
    def f1(self) -> float:
        """Twice the shared pairs over the pairs of both; 1 if neither has any."""
        return 2 * self.kept / (self.a + self.b) if self.a + self.b else 1.0


class Overlap(NamedTuple):
    """The alerts of both groupings, those of them with other companions, and all pairs."""

    same: int
    moved: int
    pairs: PairCounts


def group_sizes(groups: np.ndarray, n_groups: int = 0) -> np.ndarray:
    """Return how many things each group has, in 64 bits also where a platform has 32.

    Examples
    --------
    >>> group_sizes(np.array([0, 0, 2]), 4)
    array([2, 0, 1, 0])
    """
    return np.bincount(groups.astype(np.intp, copy=False), minlength=n_groups).astype(np.int64)


def n_pairs(groups: np.ndarray) -> int:
    """Return how many pairs share a group.

    Examples
    --------
    >>> n_pairs(np.array([0, 0, 0, 1]))
    3
    """
    sizes = group_sizes(groups)
    return int((sizes * (sizes - 1) // 2).sum())


def cell_sizes(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return for each thing how many share both its groups, itself included."""
    key = a.astype(np.int64) * (int(b.max(initial=-1)) + 1) + b
    _, place, counts = np.unique(key, return_inverse=True, return_counts=True)
    sizes: np.ndarray = counts[place].astype(np.int64)
    return sizes


def companions_kept(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return for each thing how many others share its group in both groupings."""
    return cell_sizes(a, b) - 1


def same_alerts(rows_a: np.ndarray, rows_b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers, on each side, of the alerts that the same row opened."""
    if np.array_equal(rows_a, rows_b):
        every = np.arange(len(rows_a))
        return every, every
    _, in_a, in_b = np.intersect1d(rows_a, rows_b, assume_unique=True, return_indices=True)
    return in_a, in_b


def overlap(
    rows_a: np.ndarray, groups_a: np.ndarray, rows_b: np.ndarray, groups_b: np.ndarray
) -> Overlap:
    """Return how two groupings of alerts agree; a row names the event that opened the alert.

    Examples
    --------
    >>> rows = np.arange(4)
    >>> overlap(rows, np.array([0, 0, 0, 1]), rows, np.array([0, 0, 1, 2]))
    Overlap(same=4, moved=3, pairs=PairCounts(kept=1, a=3, b=1))
    """
    in_a, in_b = same_alerts(rows_a, rows_b)
    kept = cell_sizes(groups_a[in_a], groups_b[in_b])
    sizes_a, sizes_b = (group_sizes(groups)[groups] for groups in (groups_a, groups_b))
    moved = (sizes_a[in_a] != kept) | (sizes_b[in_b] != kept)
    pairs = PairCounts(int((kept - 1).sum()) // 2, n_pairs(groups_a), n_pairs(groups_b))
    return Overlap(len(in_a), int(moved.sum()), pairs)
