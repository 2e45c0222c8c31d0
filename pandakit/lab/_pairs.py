"""Pairs of alerts that share an incident: how two groupings of the same alerts agree."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = [
    "PairCounts",
    "cell_sizes",
    "companions_kept",
    "count_pairs",
    "group_sizes",
    "n_moved",
    "n_pairs",
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
    _, in_a, in_b = np.intersect1d(rows_a, rows_b, assume_unique=True, return_indices=True)
    return in_a, in_b


def count_pairs(
    rows_a: np.ndarray, groups_a: np.ndarray, rows_b: np.ndarray, groups_b: np.ndarray
) -> PairCounts:
    """Return how many pairs of alerts two groupings have, and share.

    Examples
    --------
    >>> rows = np.arange(4)
    >>> count_pairs(rows, np.array([0, 0, 0, 1]), rows, np.array([0, 0, 1, 1]))
    PairCounts(kept=1, a=3, b=2)
    """
    in_a, in_b = same_alerts(rows_a, rows_b)
    kept = companions_kept(groups_a[in_a], groups_b[in_b])
    return PairCounts(int(kept.sum()) // 2, n_pairs(groups_a), n_pairs(groups_b))


def n_moved(
    rows_a: np.ndarray, groups_a: np.ndarray, rows_b: np.ndarray, groups_b: np.ndarray
) -> int:
    """Return how many alerts of both groupings have other companions in one than in the other.

    Examples
    --------
    >>> rows = np.arange(4)
    >>> n_moved(rows, np.array([0, 0, 0, 1]), rows, np.array([0, 0, 1, 2]))
    3
    """
    in_a, in_b = same_alerts(rows_a, rows_b)
    kept = cell_sizes(groups_a[in_a], groups_b[in_b])
    sizes_a, sizes_b = (group_sizes(groups)[groups] for groups in (groups_a, groups_b))
    return int(((sizes_a[in_a] != kept) | (sizes_b[in_b] != kept)).sum())
