"""Reduce: the alerts of one bucket, and the log of what happened to them for the grouping.

The log has a row for every alert that opens, with the columns that patterns use, and, if an
incident must have an open alert to be joined, one for every alert that closes or reopens.
Rows are in time order. At equal times, expiries come first, because an alert expires before an
event of that time is handled; events follow in the order of the input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pandakit.consolidation._merge.layout import (
    EXPIRED,
    LOG_CLOSED,
    LOG_OPENED,
    LOG_REOPENED,
    OPEN,
    OPENED,
    REOPENED,
    RESOLVED,
    STANDING,
)
from pandakit.consolidation._merge.merger import Merger
from pandakit.consolidation._output.frames import NewestDescriptions
from pandakit.consolidation._read.events import Reader
from pandakit.consolidation.policy import FOREVER
from pandakit.files import atomic_write
from pandakit.scale._folder.records import numbered_records
from pandakit.scale._order.runs import sorted_pieces
from pandakit.scale._order.segments import Segment, read_pieces, write_segments
from pandakit.scale._order.watermark import in_time_order
from pandakit.scale._source.files import naming
from pandakit.scale._tasks.alert_files import write_alerts
from pandakit.scale._tasks.counts import Counts
from pandakit.scale._tasks.partitions import check_identities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pandakit.consolidation._merge.merger import Merged
    from pandakit.consolidation._read.events import EncodedEvents
    from pandakit.consolidation.policy import Policy, TimeUnit
    from pandakit.scale._order.watermark import Chunk
    from pandakit.scale._source.pieces import Piece

__all__ = ["ALERT", "BUCKET", "WHAT", "BucketTask", "log_schema", "reduce_bucket", "reduce_files"]

WHAT, ALERT, BUCKET = "pandakit.what", "pandakit.alert", "pandakit.bucket"
_LOG = {WHAT: pa.int8(), ALERT: pa.int32(), BUCKET: pa.int32()}
_EXPIRY = -1  # the row of an entry that no event caused
_LOGGED = {OPENED: LOG_OPENED, REOPENED: LOG_REOPENED, RESOLVED: LOG_CLOSED}


@dataclass(frozen=True)
class BucketTask:
    """The settings of a reduce task."""

    number: int
    policy: Policy
    unit: TimeUnit
    schema: pa.Schema
    """The columns that the grouping needs of the events that open alerts."""
    path: Path
    batch_rows: int
    """How many rows of its files the grouping reads at once."""
    events: bool
    """Whether the outcome of each event is kept."""
    column: str | None = None
    """The part of the identity by which the caller says that the files are split."""


def log_schema(schema: pa.Schema) -> pa.Schema:
    """Return the columns of a log of events with some columns."""
    return pa.schema([*_LOG.items(), *schema])


def reduce_bucket(paths: list[Path], task: BucketTask) -> Path:
    """Write the alerts and the log of one bucket, whose rows are in several files."""
    pieces = [piece for path in paths for piece in read_pieces(path, task.number)]
    return _reduce(pieces, task, lambda row: f"row {row}")


def reduce_files(pieces: list[Piece], task: BucketTask, bytes_per_row: int) -> Path:
    """Write the alerts and the log of files whose identities are in no other file."""
    starts = np.array([piece.first_row for piece in pieces])

    def place(row: int) -> str:
        return pieces[int(np.searchsorted(starts, row, "right")) - 1].place(row)

    ordered = sorted_pieces(pieces, bytes_per_row, task.path.with_suffix(".runs"))
    with naming(", ".join(dict.fromkeys(piece.name for piece in pieces))):
        return _reduce(ordered, task, place)


def _reduce(pieces: list[Piece], task: BucketTask, place: Callable[[int], str]) -> Path:
    bucket = _Bucket(task)
    write_segments(task.path, bucket.segments(pieces, place), bucket.facts)
    return task.path


class _Bucket:
    def __init__(self, task: BucketTask) -> None:
        self._task = task
        self._reader = Reader(task.policy, task.unit)
        self._merger = Merger(task.policy)
        self._descriptions = NewestDescriptions()
        self._needs_open = not task.policy.join_resolved
        self._expire_after = task.policy.microseconds("expire_after")
        self._limit = _prunable_after(task.policy)
        self._last = np.zeros(0, dtype=np.int64)
        self._resolved = np.zeros(0, dtype=bool)
        self._tally = Counts()

    def segments(self, pieces: list[Piece], place: Callable[[int], str]) -> Iterator[Segment]:
        """Yield the log; at the end, everything else is on disk."""
        outcomes = self._task.path.with_suffix(".outcomes")
        with atomic_write(outcomes) as file:
            for chunk in in_time_order(pieces):
                encoded = self._reader.read(chunk.table, _numbered(place, chunk.rows))
                if self._task.column is not None:
                    check_identities(self._reader, encoded, self._task.column)
                merged = self._merger.merge(encoded)
                self._descriptions.add(encoded, merged)
                if self._task.events:
                    arrays = chunk.rows, merged.alert, merged.outcome, encoded.reason
                    file.write(numbered_records(*arrays).tobytes())
                yield from self._log(chunk, encoded, merged)
        yield from self._at_the_end()
        self._tally.add(self._reader)

    def _log(self, chunk: Chunk, encoded: EncodedEvents, merged: Merged) -> Iterator[Segment]:
        """Yield what the events of a chunk did, and the expiries that they revealed."""
        wanted = list(_LOGGED) if self._needs_open else [OPENED]
        rows = np.flatnonzero(np.isin(merged.outcome, wanted))
        what = np.array([_LOGGED.get(outcome, 0) for outcome in range(7)])[merged.outcome[rows]]
        entries = _Entries(encoded.time[rows], chunk.rows[rows], merged.alert[rows], what, rows)
        if self._needs_open:
            entries = entries.joined(self._expiries(encoded, merged))
        yield from self._pruned(entries, merged.start).segments(chunk.table, self._task)

    def _expiries(self, encoded: EncodedEvents, merged: Merged) -> _Entries:
        """Return the expiries of alerts that were reopened after them."""
        n_alerts = len(merged.start)
        self._last = np.append(self._last, np.zeros(n_alerts - len(self._last), dtype=np.int64))
        self._resolved = np.append(
            self._resolved, np.zeros(n_alerts - len(self._resolved), dtype=bool)
        )
        order = np.arange(len(encoded.time)) if encoded.order is None else encoded.order
        order = order[merged.alert[order] >= 0]
        order = order[np.argsort(merged.alert[order], kind="stable")]
        alert, time = merged.alert[order], encoded.time[order]
        outcome = merged.outcome[order]
        first = np.append(True, alert[1:] != alert[:-1]) if len(alert) else np.zeros(0, dtype=bool)
        before = np.where(first, self._last[alert], np.append(0, time[:-1])[: len(time)])
        resolved = np.append(False, outcome[:-1] == RESOLVED)[: len(time)]
        resolved = np.where(first, self._resolved[alert], resolved)
        found = (outcome == REOPENED) & ~resolved
        self._last[alert], self._resolved[alert] = time, outcome == RESOLVED  # the last one wins
        return _expired(alert[found], before[found] + self._expire_after)

    def _at_the_end(self) -> Iterator[Segment]:
        """Write the alerts, and yield the expiries that no event revealed."""
        alerts = self._merger.alerts(self._reader.until or 0, final=True)
        task, description = self._task, self._descriptions.of_all(len(alerts.start))
        write_alerts(task.path.with_suffix(".alerts"), alerts, description, task.batch_rows)
        if self._needs_open and self._expire_after < FOREVER:
            ends = np.flatnonzero(np.isin(alerts.rows[:, STANDING], (OPEN, EXPIRED)))
            entries = _expired(ends, alerts.last_event[ends] + self._expire_after)
            yield from self._pruned(entries, alerts.start).segments(None, self._task)

    def _pruned(self, entries: _Entries, start: np.ndarray) -> _Entries:
        """Return the entries that can matter; no incident can be joined long after its start."""
        if self._limit is None or not self._needs_open:
            return entries
        late = entries.time > start[entries.alert] + self._limit
        return entries.only((entries.what == LOG_OPENED) | ~late)

    def facts(self) -> dict[str, Any]:
        """Return the counts."""
        return {
            **self._tally.facts(),
            "n_alerts": self._merger.n_alerts,
            "n_duplicates": self._merger.n_duplicates,
            "n_conflicts": self._merger.n_conflicts,
        }


def _numbered(place: Callable[[int], str], rows: np.ndarray) -> Callable[[int], str]:
    return lambda row: place(int(rows[row]))


def _prunable_after(policy: Policy) -> int | None:
    """Return how long after an alert's start its changes can matter, or None if always.

    If values do not spread (`intersect`) and windows do not move (not `latest`), all entries of
    an incident are dead one longest window after its start, and no alert joined before that.
    """
    if policy.anchor == "latest" or policy.matchers == "union":
        return None
    return max(policy.windows())


@dataclass(frozen=True)
class _Entries:
    """Rows of the log."""

    time: np.ndarray
    row: np.ndarray
    alert: np.ndarray
    what: np.ndarray
    place: np.ndarray
    """The row in the chunk's table; -1 if no event caused the entry."""

    def _arrays(self) -> tuple[np.ndarray, ...]:
        return self.time, self.row, self.alert, self.what, self.place

    def joined(self, other: _Entries) -> _Entries:
        return _Entries(*map(np.concatenate, zip(self._arrays(), other._arrays(), strict=True)))

    def only(self, kept: np.ndarray) -> _Entries:
        return _Entries(*(each[kept] for each in self._arrays()))

    def segments(self, table: pa.Table | None, task: BucketTask) -> Iterator[Segment]:
        order = np.lexsort((self.row, self.time))
        for begin in range(0, len(order), task.batch_rows):
            part = self.only(order[begin : begin + task.batch_rows])
            columns = {
                WHAT: part.what,
                ALERT: part.alert,
                BUCKET: np.full(len(part.row), task.number),
            }
            log = pa.table({name: pa.array(each, _LOG[name]) for name, each in columns.items()})
            places = pa.array(part.place, mask=part.place < 0)
            for field in task.schema:
                cells = (
                    pa.nulls(len(places), field.type)
                    if table is None
                    else table.column(field.name).take(places)
                )
                log = log.append_column(field, cells)
            yield Segment(log, part.time, part.row, task.number)


def _expired(alert: np.ndarray, end: np.ndarray) -> _Entries:
    """Return entries that close alerts, at the first microsecond after their end."""
    nothing = np.full(len(alert), _EXPIRY)
    return _Entries(end + 1, nothing, alert, np.full(len(alert), LOG_CLOSED), nothing)
