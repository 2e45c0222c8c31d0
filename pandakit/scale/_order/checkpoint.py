"""The state of a consolidation on disk, so that an interrupted run goes on from there."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

from pandakit.files import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

    from pandakit.consolidation.consolidator import Stages
    from pandakit.scale._order.watermark import Chunk

__all__ = ["Checkpoint"]

EVERY = 50_000_000
"""Events from one checkpoint to the next."""


class Checkpoint:
    """Keeps the stages, and the time up to which all rows went through them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._n_rows = 0

    def read(self) -> tuple[Stages, int] | None:
        """Return what was kept last, None if nothing was."""
        if not self._path.exists():
            return None
        kept: tuple[Stages, int] = pickle.loads(self._path.read_bytes())  # noqa: S301 - our own
        return kept

    def offer(self, stages: Stages, chunk: Chunk) -> None:
        """Keep the stages after a chunk, if enough rows went by since the last time."""
        self._n_rows += len(chunk.rows)
        if self._n_rows < EVERY or chunk.until is None:
            return
        with atomic_write(self._path) as file:
            pickle.dump((stages, chunk.until), file, protocol=pickle.HIGHEST_PROTOCOL)
        self._n_rows = 0
