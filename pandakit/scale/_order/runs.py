"""Sort what cannot be merged in memory into runs on disk, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pandakit.consolidation._read.ticks import BAD_TIME
from pandakit.scale._order.segments import Segment, is_complete, read_pieces, write_segments
from pandakit.scale._order.watermark import CHUNK_ROWS, most_held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pandakit.scale._source.pieces import Piece

__all__ = ["MEMORY", "sorted_pieces"]

MEMORY = 1 << 30
"""The bytes of input that are held at once."""
_COPIES = 3  # while a run is sorted: as loaded, joined, sorted
_FEWEST = 1 << 12  # rows of a segment


def sorted_pieces(pieces: list[Piece], bytes_per_row: int, folder: Path) -> list[Piece]:
    """Return the pieces, or sorted runs in place of those that cannot be merged in memory."""
    if most_held(pieces) * bytes_per_row <= MEMORY:
        return pieces
    return _sorted_runs(pieces, folder, bytes_per_row)


def _sorted_runs(pieces: list[Piece], folder: Path, bytes_per_row: int) -> list[Piece]:
    """Write the rows of all pieces into sorted runs, and return the segments of these.

    Runs that an interrupted process has written are not written again.
    """
    groups = list(_groups(pieces, max(MEMORY // _COPIES // bytes_per_row, _FEWEST)))
    n_rows = max(_FEWEST, min(CHUNK_ROWS, MEMORY // bytes_per_row // max(len(groups), 1) // 4))
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for number, group in enumerate(groups):
        path = folder / f"run-{number:05d}.arrow"
        if not is_complete(path):
            write_segments(path, _segments(group, n_rows))
        found += read_pieces(path)
    return found


def _groups(pieces: list[Piece], most_rows: int) -> Iterator[list[Piece]]:
    """Yield pieces that follow each other in the input and fit into memory together."""
    group: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: piece.first_row):
        if group and sum(each.n_rows for each in group) + piece.n_rows > most_rows:
            yield group
            group = []
        group.append(piece)
    yield group


def _segments(group: list[Piece], n_rows: int) -> Iterator[Segment]:
    """Yield the rows of pieces in time order; rows with equal times keep their order."""
    loaded = [piece.load() for piece in group]
    times = [
        np.where(part.time == BAD_TIME, piece.earliest, part.time)
        for piece, part in zip(group, loaded, strict=True)
    ]
    rows = [
        np.arange(piece.first_row, piece.first_row + piece.n_rows)
        if part.rows is None
        else part.rows
        for piece, part in zip(group, loaded, strict=True)
    ]
    table = pa.concat_tables([part.table for part in loaded]).unify_dictionaries()
    table, time, row = table.combine_chunks(), np.concatenate(times), np.concatenate(rows)
    del loaded, times, rows
    order = np.argsort(time, kind="stable")
    for begin in range(0, len(order), n_rows):
        part = order[begin : begin + n_rows]
        yield Segment(table.take(pa.array(part)), time[part], row[part], group[0].first_row)
