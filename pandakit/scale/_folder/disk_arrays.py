"""Arrays in files: as large as the input, while the process holds only what it touches."""

from __future__ import annotations

import mmap
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DiskArray"]


class DiskArray:
    """An array in a file; a file that is there already keeps its content, a new one is zero.

    Parameters
    ----------
    path
        The file.
    shape, dtype
        Of the array.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: Any) -> None:
        kind = np.dtype(dtype)
        n_bytes = max(prod(shape), 1) * kind.itemsize
        with path.open("a+b") as file:
            file.truncate(n_bytes)
            self._map = mmap.mmap(file.fileno(), n_bytes)
        self.array: np.ndarray = np.frombuffer(self._map, kind, prod(shape)).reshape(shape)

    def release(self) -> None:
        """Take what was touched out of memory; it stays in the file."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)
