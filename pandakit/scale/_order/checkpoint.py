"""The state of a consolidation on disk, so that an interrupted run continues from there."""

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
"""The number of events from one checkpoint to the next."""


class Checkpoint:
    """Keeps the stages, and the time before which they have consolidated all rows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._n_rows = 0

    def read(self) -> tuple[Stages, int] | None:
        """Return what was last kept, or None."""
        if not self._path.exists():
            return None
        kept: tuple[Stages, int] = pickle.loads(self._path.read_bytes())  # noqa: S301 - our own
        return kept

    def offer(self, stages: Stages, chunk: Chunk) -> None:
        """Keep the stages after a chunk, if there were enough rows since the last time."""
        self._n_rows += len(chunk.rows)
        if self._n_rows < EVERY or chunk.until is None:
            return
        with atomic_write(self._path) as file:
            pickle.dump((stages, chunk.until), file, protocol=pickle.HIGHEST_PROTOCOL)
        self._n_rows = 0
