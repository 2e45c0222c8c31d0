"""Merge pieces behind a watermark: the time before which no unread row can be.

Pieces are loaded in the order of their earliest time. The watermark is the earliest time of the
next piece: all loaded rows before it are emitted in time order, and rows with equal times in the
order of their numbers.

Example, with pieces a (0:00 to 0:50), b (0:20 to 1:10) and c (0:40 to 0:45)::

    loaded   watermark   emitted             still held
    a        0:20        a before 0:20       a
    b        0:40        a, b before 0:40    a, b
    c        none        everything          nothing
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from pandakit.consolidation._read.ticks import BAD_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pandakit.scale._source.pieces import Piece

__all__ = ["CHUNK_ROWS", "Chunk", "in_time_order", "most_held"]

CHUNK_ROWS = 1 << 21
_SAMPLED = 64  # at most: one row in this many decides where a long chunk is cut
_FEWEST_SAMPLES = 256


class Chunk(NamedTuple):
    """Rows that are all earlier than those of the next chunk."""

    table: pa.Table
    time: np.ndarray
    rows: np.ndarray
    """The number of each row in the whole input."""
    until: int | None
    """The watermark: every row before it was in this chunk or an earlier one; None at the end."""


class _Held:
    """The rows of a piece that have not been emitted yet, in time order."""

    def __init__(self, piece: Piece) -> None:
        table, time, rows = piece.load()
        time = np.where(time == BAD_TIME, piece.earliest, time)
        if rows is None:
            rows = np.arange(piece.first_row, piece.first_row + len(time))
        if (time[1:] < time[:-1]).any():
            order = np.argsort(time, kind="stable")
            table, time, rows = table.take(pa.array(order)), time[order], rows[order]
        self.piece = piece
        self._table, self.time, self._rows = table, time, rows

    def cut(self, until: int | None) -> tuple[pa.Table, np.ndarray, np.ndarray]:
        """Remove and return the rows before a time."""
        place = len(self.time) if until is None else int(np.searchsorted(self.time, until))
        table, time, rows = self._table[:place], self.time[:place], self._rows[:place]
        self._table, self.time = self._table[place:], self.time[place:]
        self._rows = self._rows[place:]
        return table, time, rows


def in_time_order(
    pieces: Iterable[Piece], since: int | None = None, most_rows: int | None = None
) -> Iterator[Chunk]:
    """Yield all rows in chunks, each later than those before; those before `since` are left out.

    Chunks have about `most_rows` rows, by default `CHUNK_ROWS`.
    """
    most_rows = most_rows or CHUNK_ROWS
    waiting = sorted(pieces, key=lambda piece: (piece.earliest, piece.first_row))
    if since is not None:
        waiting = [piece for piece in waiting if piece.latest >= since]
    held: list[_Held] = []
    n_new = 0
    for place, piece in enumerate(waiting, 1):
        loaded = _Held(piece)
        if since is not None:
            loaded.cut(since)
        held.append(loaded)
        n_new += len(loaded.time)
        watermark = waiting[place].earliest if place < len(waiting) else None
        if n_new >= most_rows or watermark is None:
            yield from _before(held, watermark, most_rows)
            held = [each for each in held if len(each.time)]
            n_new = 0


def _before(held: list[_Held], watermark: int | None, most_rows: int) -> Iterator[Chunk]:
    """Yield the rows before the watermark, in chunks."""
    while True:
        until = _cut_time(held, watermark, most_rows)
        chunk = _chunk(held, until)
        if len(chunk.rows):
            yield chunk
        if until == watermark:
            return


def _cut_time(held: list[_Held], watermark: int | None, most_rows: int) -> int | None:
    """Return a time up to which a chunk is not too long, or the watermark if there is none."""
    ready = [each.time if watermark is None else each.time[: _n_before(each, watermark)]
             for each in held]  # fmt: skip
    if sum(map(len, ready)) <= 2 * most_rows:
        return watermark
    step = max(1, min(_SAMPLED, most_rows // _FEWEST_SAMPLES))
    # From the middle of each step, or many short pieces would count as longer than they are.
    sample = np.concatenate([time[step // 2 :: step] for time in ready])
    wanted = most_rows // step
    if wanted >= len(sample):
        return watermark
    until = int(np.partition(sample, wanted)[wanted])
    if any(len(time) and time[0] < until for time in ready):
        return until
    # More rows share one time than a chunk should have: they stay together.
    later = [time[int(np.searchsorted(time, until, "right")) :][:1] for time in ready]
    return min((int(time[0]) for time in later if len(time)), default=watermark)


def _n_before(held: _Held, time: int) -> int:
    return int(np.searchsorted(held.time, time))


def _chunk(held: list[_Held], until: int | None) -> Chunk:
    ordered = sorted(held, key=lambda each: each.piece.first_row)
    parts = [each.cut(until) for each in ordered]
    parts = [part for part in parts if len(part[1])] or parts[:1]
    tables, times, rows = zip(*parts, strict=True)
    return Chunk(pa.concat_tables(tables), np.concatenate(times), np.concatenate(rows), until)


def most_held(pieces: Iterable[Piece]) -> int:
    """Return the greatest number of rows held while the pieces are merged."""
    most = held = 0
    ends: list[tuple[int, int]] = []
    for piece in sorted(pieces, key=lambda piece: piece.earliest):
        while ends and ends[0][0] < piece.earliest:
            held -= heappop(ends)[1]
        heappush(ends, (piece.latest, piece.n_rows))
        held += piece.n_rows
        most = max(most, held)
    return most
