"""Group: one pass over the logs of all buckets, in time order."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pandakit.consolidation._arrays.codes import check_ids, grown
from pandakit.consolidation._merge.layout import (
    ALERT_COLUMNS,
    EXPIRED,
    LOG_OPENED,
    OPEN,
    OPENED,
    STANDING,
    Log,
)
from pandakit.consolidation._merge.merger import Alerts, Merged, Merger
from pandakit.consolidation.consolidator import Stages
from pandakit.scale._folder.records import read_records
from pandakit.scale._order.segments import read_facts, read_pieces
from pandakit.scale._order.watermark import in_time_order
from pandakit.scale._tasks.counts import add_up
from pandakit.scale._tasks.reduction import ALERT, BUCKET, WHAT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pandakit.consolidation._output.frames import ResultArrays
    from pandakit.consolidation.policy import Policy
    from pandakit.scale._order.watermark import Chunk
    from pandakit.scale.settings import Settings

__all__ = ["Grouping"]


class Grouping:
    """Numbers the alerts of all buckets in the order in which they opened, and groups them."""

    def __init__(self, buckets: Sequence[Path], settings: Settings) -> None:
        self._buckets = buckets
        self._settings = settings
        self._facts = [read_facts(path) for path in buckets]
        counts = [facts["n_alerts"] for facts in self._facts]
        check_ids(sum(counts), "alerts")
        self._begin = np.cumsum([0, *counts])
        self._ids = np.full(sum(counts), -1, dtype=np.int32)
        self._start = np.zeros(0, dtype=np.int64)
        self._n_alerts = 0
        self.stages = Stages(settings.policy, settings.unit)

    def run(self, counted: Sequence[Path]) -> ResultArrays:
        """Return the result; `counted` are the files of the tasks that read the input."""
        pieces = [piece for path in self._buckets for piece in read_pieces(path)]
        for chunk in in_time_order(pieces):
            self._group(chunk)
        stages = self.stages
        stages.merger = GatheredAlerts(self._buckets, self._parts(), self._settings.policy)
        add_up([read_facts(path) for path in counted], stages.reader)
        arrays = stages.result(self._settings.as_of, final=True)
        return dataclasses.replace(arrays, description=self._descriptions())

    def _group(self, chunk: Chunk) -> None:
        order = np.lexsort((chunk.rows, chunk.time))
        table = chunk.table.combine_chunks().take(pa.array(order))
        what, alert, bucket = (table.column(name).to_numpy() for name in (WHAT, ALERT, BUCKET))
        place = self._begin[bucket] + alert
        opened = np.flatnonzero(what == LOG_OPENED)
        first, self._n_alerts = self._n_alerts, self._n_alerts + len(opened)
        ids = np.arange(first, self._n_alerts, dtype=np.int32)
        self._ids[place[opened]] = ids
        self._start = grown(self._start, first, self._n_alerts)
        self._start[ids] = chunk.time[order[opened]]
        stages = self.stages
        encoded = stages.reader.read(table.drop_columns([WHAT, ALERT, BUCKET]).take(opened))
        merged = Merged(
            outcome=np.full(len(ids), OPENED, dtype=np.int8),
            alert=ids,
            first_alert=first,
            opened_rows=np.arange(len(ids)),
            start=self._start[: self._n_alerts],
            log=Log(self._ids[place], np.array(what)),
        )
        matches = stages.matcher.match(encoded, merged.opened_rows)
        stages.assignment = stages.grouper.group(merged, matches)
        stages.columns.add(encoded, merged)

    def _parts(self) -> list[np.ndarray]:
        return [
            self._ids[begin:stop] for begin, stop in zip(self._begin, self._begin[1:], strict=False)
        ]

    def _descriptions(self) -> pa.Array:
        """Return the description of every alert, in the order of their ids."""
        parts = []
        for path in self._buckets:
            with pa.ipc.open_file(path.with_suffix(".description")) as reader:
                parts.append(reader.read_all().column("text"))
        position = np.empty(len(self._ids), dtype=np.int64)
        position[self._ids] = np.arange(len(self._ids))
        cells = [chunk for part in parts for chunk in part.chunks]
        return pa.concat_arrays([*cells, pa.nulls(0, pa.large_string())]).take(pa.array(position))

    def outcomes(self) -> Iterator[np.ndarray]:
        """Yield the outcome of every row that reached a bucket, with the ids of all buckets."""
        for path, ids in zip(self._buckets, self._parts(), strict=True):
            for records in read_records(path.with_suffix(".outcomes")):
                numbered = records.copy()
                numbered["alert"] = np.append(ids, np.int32(-1))[records["alert"]]
                yield numbered


class GatheredAlerts(Merger):
    """The alerts of all buckets, with the interface of a merger."""

    def __init__(self, buckets: Sequence[Path], ids: list[np.ndarray], policy: Policy) -> None:
        super().__init__(policy)
        self._facts = [read_facts(path) for path in buckets]
        self._found = list(zip(buckets, ids, strict=True))
        self._expire_after = policy.microseconds("expire_after")

    def _sum(self, name: str) -> int:
        return sum(facts[name] for facts in self._facts)

    @property
    def n_alerts(self) -> int:
        """How many alerts there are."""
        return self._sum("n_alerts")

    @property
    def n_conflicts(self) -> int:
        """How many duplicates had another status than the event that was kept."""
        return self._sum("n_conflicts")

    @property
    def n_duplicates(self) -> int:
        """How many events were dropped as duplicates."""
        return self._sum("n_duplicates")

    def alerts(self, as_of: int, *, final: bool) -> Alerts:
        """Return all alerts as they are at `as_of`."""
        del final  # they are read from disk each time
        rows = np.empty((self.n_alerts, ALERT_COLUMNS), dtype=np.int32)
        last, start = (np.empty(self.n_alerts, dtype=np.int64) for _ in range(2))
        for path, ids in self._found:
            with np.load(path.with_suffix(".npz")) as arrays:
                rows[ids], last[ids] = arrays["rows"], arrays["last_event"]
                start[ids] = arrays["start"]
        standing = rows[:, STANDING]
        standing[(standing == OPEN) & (as_of - last > self._expire_after)] = EXPIRED
        end = last.copy()
        end[standing == EXPIRED] += self._expire_after
        return Alerts(rows, last, start, end)
