"""Which hashes come more than once, among any number of them, in little memory.

They are sorted in runs. A run that is full is put aside in a temporary file, and the runs are
then looked through side by side, one range of values after the other.
"""

from __future__ import annotations

from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Repeats"]

_RUN = 1 << 19  # hashes: 4 MiB
_RANGES = 256
_BORDERS = np.arange(1, _RANGES, dtype=np.uint64) << np.uint64(56)


class Repeats:
    """Hashes, of which those are wanted that come more than once."""

    def __init__(self) -> None:
        self._new: list[np.ndarray] = []
        self._count = 0
        self._file = SpooledTemporaryFile(_RUN, prefix="pandakit-")  # noqa: SIM115 - see close
        self._runs: list[np.ndarray] = []  # where each range begins in the file

    def add(self, hashes: np.ndarray) -> None:
        """Take some more.

        Raises
        ------
        OSError
            There is no room for the temporary file.
        """
        self._new.append(hashes)
        self._count += len(hashes)
        if self._count >= _RUN:
            try:
                self._put_aside()
            except OSError as error:
                raise OSError(error.errno, _NO_ROOM.format(error.strerror)) from None

    def again(self) -> Iterator[np.ndarray]:
        """Give the hashes that came more than once, rising, a range of values at a time."""
        last = _run(self._new)
        borders = _BORDERS if self._runs else _BORDERS[:0]
        for at, inside in enumerate(np.split(last, np.searchsorted(last, borders))):
            found = np.concatenate([inside, *(self._range(run, at) for run in self._runs)])
            found.sort()
            yield np.unique(found[1:][found[1:] == found[:-1]])

    def close(self) -> None:
        """Delete the temporary file; what it could not take does not matter any more."""
        with suppress(OSError):
            self._file.close()

    def _put_aside(self) -> None:
        run = _run(self._new)
        self._new, self._count = [], 0
        run = np.concatenate([run[:2], run[2:][run[2:] != run[:-2]]])  # two of each tell as much
        start = self._file.seek(0, 2)
        self._file.write(run.data)
        self._file.flush()
        begins = np.searchsorted(run, _BORDERS)
        self._runs.append(start + run.itemsize * np.concatenate([[0], begins, [len(run)]]))

    def _range(self, run: np.ndarray, at: int) -> np.ndarray:
        """Read the hashes of one range of values of a run."""
        self._file.seek(run[at])
        return np.frombuffer(self._file.read(run[at + 1] - run[at]), np.uint64)


_NO_ROOM = (
    "repeated rows are found by way of a temporary file, for which there is no room ({}): make "
    "room, or set TMPDIR to a folder that has some"
)


def _run(hashes: list[np.ndarray]) -> np.ndarray:
    run = np.concatenate([*hashes, np.empty(0, np.uint64)])
    run.sort()
    return run
