"""Independent pieces of work side by side: Arrow and the kernel let go of Python's lock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["side_by_side"]

_WORTH_IT = 200_000  # rows: for fewer, starting threads costs more than it saves


def side_by_side(tasks: Sequence[Callable[[], Any]], n_rows: int) -> list[Any]:
    """Run tasks over so many rows each, and give their results in order."""
    if n_rows < _WORTH_IT:
        return [task() for task in tasks]
    with ThreadPoolExecutor() as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]
