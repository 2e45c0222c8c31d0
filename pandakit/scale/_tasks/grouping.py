"""Group: one pass over the logs of all buckets, in time order.

Alerts are handed on as they are grouped. What stays in memory are the ids, the assignment and the
incidents of all alerts, at most 36 bytes an alert, and the texts and entries of those incidents
that can still be joined. Sums over incidents and starts of alerts are in files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pandakit.consolidation._arrays.codes import check_ids
from pandakit.consolidation._group.grouper import Grouper
from pandakit.consolidation._group.layout import ANCHOR_ALERT
from pandakit.consolidation._merge.layout import LOG_OPENED, OPENED, Log
from pandakit.consolidation._merge.merger import Alerts, Merged, Merger, ended
from pandakit.consolidation._output.arrays import AlertArrays
from pandakit.consolidation._output.frames import identity_codes, identity_columns
from pandakit.consolidation.consolidator import Stages
from pandakit.scale._folder.records import read_records
from pandakit.scale._order.segments import read_facts, read_pieces
from pandakit.scale._order.watermark import Chunk, in_time_order
from pandakit.scale._tasks.alert_files import AlertFile, FinishedAlerts, join_alerts
from pandakit.scale._tasks.counts import add_up
from pandakit.scale._tasks.incident_sums import IncidentSums, fresh_array
from pandakit.scale._tasks.openings import Openings
from pandakit.scale._tasks.reduction import ALERT, BUCKET, WHAT, log_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pandakit.consolidation._output.arrays import IncidentArrays
    from pandakit.consolidation._read.events import EncodedEvents
    from pandakit.consolidation.policy import Policy
    from pandakit.scale.settings import Settings

__all__ = ["Grouping"]

GROUP_ROWS = 1 << 15
"""Rows of the log that are grouped at once."""
EVICT_FROM = 1 << 17
"""So many openings are kept before those that no longer matter are dropped."""


class Grouping:
    """Numbers the alerts of all buckets in the order in which they opened, and groups them.

    Parameters
    ----------
    buckets, counted
        The files of the buckets, and those of the tasks that read the input.
    settings, schema
        What is done, and the columns of the events that opened alerts.
    folder
        For what is not kept in memory.
    """

    def __init__(
        self,
        buckets: Sequence[Path],
        counted: Sequence[Path],
        settings: Settings,
        schema: pa.Schema,
        folder: Path,
    ) -> None:
        policy = settings.policy
        facts = [read_facts(path) for path in buckets]
        counts = [each["n_alerts"] for each in facts]
        self.n_alerts = sum(counts)
        check_ids(self.n_alerts, "alerts")
        self.stages = Stages(policy, settings.unit)
        self.stages.merger = _CountedAlerts(facts, policy)
        self.stages.grouper = Grouper(policy, self.n_alerts)
        add_up([read_facts(path) for path in counted], self.stages.reader)
        self.stages.reader.rejections.report(stacklevel=4)
        self.as_of = self.stages.clock(settings.as_of)
        self._expire_after = policy.microseconds("expire_after")
        self._buckets = buckets
        self._schema = schema
        self._files = [AlertFile(path.with_suffix(".alerts")) for path in buckets]
        self._begin = np.cumsum([0, *counts])
        self._ids = np.full(self.n_alerts, -1, dtype=np.int32)
        self._n_grouped = 0
        self._openings = Openings(policy, settings.unit)
        self._most_openings = EVICT_FROM
        self._incidents = IncidentSums(folder, self.n_alerts, len(policy.patterns))
        self._start = fresh_array(folder / "starts", (self.n_alerts,), np.int64)

    def alerts(self) -> Iterator[AlertArrays]:
        """Yield all alerts in the order of their ids; must be taken to the end."""
        pieces = [piece for path in self._buckets for piece in read_pieces(path)]
        with self._incidents.writing():
            for chunk in in_time_order(pieces, most_rows=GROUP_ROWS):
                yield self._group(chunk)
            if not pieces:  # for the columns
                yield self._group(_nothing(log_schema(self._schema)))
        self._incidents.set_live(self.stages.grouper.live_entries())

    def incidents(self) -> Iterator[IncidentArrays]:
        """Yield all incidents in the order of their ids, after all alerts."""
        return self._incidents.parts()

    @property
    def assignment(self) -> np.ndarray:
        """The assignment of all alerts."""
        return self.stages.assignment

    def _group(self, chunk: Chunk) -> AlertArrays:
        order = np.lexsort((chunk.rows, chunk.time))
        table = chunk.table.combine_chunks().take(pa.array(order))
        what, alert, bucket = (table.column(name).to_numpy() for name in (WHAT, ALERT, BUCKET))
        opened = np.flatnonzero(what == LOG_OPENED)
        first, self._n_grouped = self._n_grouped, self._n_grouped + len(opened)
        ids = np.arange(first, self._n_grouped, dtype=np.int32)
        place = self._begin[bucket] + alert
        self._ids[place[opened]] = ids
        start = chunk.time[order[opened]]
        self._start.array[ids] = start
        events = table.drop_columns([WHAT, ALERT, BUCKET]).take(pa.array(opened))
        encoded = self._match(events, ids, Log(self._ids[place], np.array(what)))
        found = self._alert_arrays(first, start, bucket[opened], encoded)
        self._incidents.add(found)
        self._start.release()
        if self._openings.n_rows > self._most_openings:
            self._evict(int(chunk.time.max()))
        return found

    def _match(self, events: pa.Table, ids: np.ndarray, log: Log) -> EncodedEvents:
        """Put the alerts that events open into incidents."""
        encoded, matches = self._openings.read(events, ids)
        merged = Merged(
            outcome=np.full(len(ids), OPENED, dtype=np.int8),
            alert=ids,
            first_alert=self._n_grouped - len(ids),
            opened_rows=np.arange(len(ids)),
            start=self._start.array[: self._n_grouped],
            log=log,
        )
        self.stages.assignment = self.stages.grouper.group(merged, matches)
        self.stages.matcher = self._openings.matcher
        return encoded

    def _alert_arrays(
        self, first: int, start: np.ndarray, bucket: np.ndarray, encoded: EncodedEvents
    ) -> AlertArrays:
        finished = self._finished(bucket)
        alerts = Alerts(finished.rows, finished.last_event, start, start)
        assignment = self.stages.assignment[first:]
        codes = identity_codes(encoded, np.arange(len(start)))
        return AlertArrays(
            first=first,
            alerts=ended(alerts, self.as_of or 0, self._expire_after),
            assignment=assignment,
            anchor_start=self._start.array[assignment[:, ANCHOR_ALERT]],
            identity=identity_columns(self._openings.reader, codes),
            description=finished.description,
        )

    def _finished(self, bucket: np.ndarray) -> FinishedAlerts:
        """Return the next alerts of each bucket, in the order in which the buckets follow."""
        order = np.argsort(bucket, kind="stable")
        numbers, counts = np.unique(bucket, return_counts=True)
        parts = [
            part
            for number, count in zip(numbers.tolist(), counts.tolist(), strict=True)
            for part in self._files[number].take(count)
        ]
        position = np.empty(len(order), dtype=np.int64)
        position[order] = np.arange(len(order))
        last_event, rows, description = join_alerts(parts)
        return FinishedAlerts(
            last_event[position], rows[position], description.take(pa.array(position))
        )

    def _evict(self, time: int) -> None:
        """Forget the entries and texts of incidents that can no longer be joined."""
        evicted = self.stages.grouper.evict(time)
        self._incidents.set_live(evicted.live_entries)
        matches = self._openings.keep_only(evicted.setters)
        self.stages.grouper.renumber(evicted.setters, matches)
        self._most_openings = max(EVICT_FROM, 2 * len(evicted.setters))

    def outcomes(self) -> Iterator[np.ndarray]:
        """Yield the outcome of every row that reached a bucket, with the ids of all buckets."""
        for number, path in enumerate(self._buckets):
            ids = np.append(self._ids[self._begin[number] : self._begin[number + 1]], np.int32(-1))
            for records in read_records(path.with_suffix(".outcomes")):
                numbered = records.copy()
                numbered["alert"] = ids[records["alert"]]
                yield numbered


class _CountedAlerts(Merger):
    """The counts of all buckets, with the interface of a merger."""

    def __init__(self, facts: Sequence[dict[str, Any]], policy: Policy) -> None:
        super().__init__(policy)
        self._facts = facts

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


def _nothing(schema: pa.Schema) -> Chunk:
    none = np.zeros(0, dtype=np.int64)
    return Chunk(schema.empty_table(), none, none, None)
