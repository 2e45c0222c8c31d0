"""Building arrays: several at once in threads, and larger ones in place of full ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["grown", "run_all"]

_WORTH_IT = 200_000  # rows: for fewer, starting threads costs more than it saves


def run_all(tasks: Sequence[Callable[[], Any]], n_rows: int) -> list[Any]:
    """Return the results of tasks over `n_rows` rows each, in order.

    They run in threads: Arrow and the kernels release Python's lock.
    """
    if n_rows < _WORTH_IT:
        return [task() for task in tasks]
    with ThreadPoolExecutor() as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]


def grown(array: np.ndarray, used: int, needed: int) -> np.ndarray:
    """Return an array with room for `needed` rows; rows after the used ones are not set."""
    if needed <= len(array):
        return array
    larger = np.empty((max(needed, len(array) * 3 // 2), *array.shape[1:]), dtype=array.dtype)
    larger[:used] = array[:used]
    return larger
