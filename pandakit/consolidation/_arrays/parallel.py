"""Independent tasks in threads: Arrow and the kernels release Python's lock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["run_all"]

_WORTH_IT = 200_000  # rows: for fewer, starting threads costs more than it saves


def run_all(tasks: Sequence[Callable[[], Any]], n_rows: int) -> list[Any]:
    """Return the results of tasks over `n_rows` rows each, in order."""
    if n_rows < _WORTH_IT:
        return [task() for task in tasks]
    with ThreadPoolExecutor() as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]
