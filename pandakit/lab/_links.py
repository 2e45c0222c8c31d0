"""Connected components: of a graph, and of alerts that share values."""

from __future__ import annotations

import numpy as np

__all__ = ["connected_components", "linked_by_values"]


def connected_components(left: np.ndarray, right: np.ndarray, size: int) -> np.ndarray:
    """Return for each of `size` nodes the least node of its component.

    Examples
    --------
    >>> connected_components(np.array([0, 3]), np.array([1, 1]), 5)
    array([0, 0, 2, 0, 4])
    """
    part = np.arange(size)
    while True:
        least = np.minimum(part[left], part[right])
        before = part.copy()
        np.minimum.at(part, part[left], least)
        np.minimum.at(part, part[right], least)
        part = part[part]
        if (part == before).all():
            return part


def linked_by_values(values: np.ndarray) -> np.ndarray:
    """Return the component of each row: rows are linked if they share a value.

    Parameters
    ----------
    values
        One row per alert and one column per pattern; -1 is no value. A value belongs to one
        pattern only.
    """
    n_rows = len(values)
    rows, columns = np.nonzero(values >= 0)
    nodes = n_rows + values[rows, columns].astype(np.int64)
    return connected_components(rows, nodes, n_rows + int(values.max(initial=-1)) + 1)[:n_rows]
