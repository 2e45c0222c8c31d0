"""Building arrays: several at once in threads, and larger ones in place of full ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from pandakit.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["MOST_IDS", "check_ids", "grown", "run_all"]

MOST_IDS = int(np.iinfo(np.int32).max)
"""The largest number of alerts, values or entries: numbers of 32 bits, -1 for none."""

_WORTH_IT = 200_000  # rows: for fewer, starting threads costs more than it saves


def run_all(tasks: Sequence[Callable[[], Any]], n_rows: int) -> list[Any]:
    """Return the results of tasks over `n_rows` rows each, in order.

    They run in threads: Arrow and the kernels release Python's lock.
    """
    if n_rows < _WORTH_IT:
        return [task() for task in tasks]
    with ThreadPoolExecutor() as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]


def check_ids(count: int, what: str) -> None:
    """Raise before numbers of 32 bits run out.

    Raises
    ------
    EventError
        There are too many to number; `what` says of what.
    """
    if count > MOST_IDS:
        raise EventError(
            f"there may be more than {MOST_IDS:,} {what}, which is as far as ids go; consolidate "
            f"fewer integrations or fewer days at once"
        )


def grown(array: np.ndarray, used: int, needed: int) -> np.ndarray:
    """Return an array with room for `needed` rows; rows after the used ones are not set."""
    if needed <= len(array):
        return array
    larger = np.empty((max(needed, len(array) * 3 // 2), *array.shape[1:]), dtype=array.dtype)
    larger[:used] = array[:used]
    return larger
