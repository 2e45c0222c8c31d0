"""Consolidation in chunks, and of everything at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pandakit.consolidation._engine import layout as at
from pandakit.consolidation._engine.alerts import Merger
from pandakit.consolidation._engine.compile import kernels
from pandakit.consolidation._engine.incidents import Grouper, Opened
from pandakit.consolidation._engine.payload_duplicates import Payloads
from pandakit.consolidation._output import frames as _frames
from pandakit.consolidation._output.descriptions import NewestTexts
from pandakit.consolidation._read.codes import one_chunk
from pandakit.consolidation._read.events import Reader
from pandakit.consolidation._read.pattern_keys import Keys
from pandakit.consolidation._read.row_list import shown_rows
from pandakit.consolidation._read.table import Table
from pandakit.consolidation._read.timestamps import read_time
from pandakit.consolidation.policy import CLASSIC, check_policy
from pandakit.consolidation.result import Consolidation, EventFacts, Facts
from pandakit.errors import EventError

if TYPE_CHECKING:
    import pandas as pd

    from pandakit.consolidation._engine.alerts import Merged
    from pandakit.consolidation._read.events import Reading
    from pandakit.consolidation.policy import Policy

__all__ = ["Consolidator", "consolidate"]

_SLOW_FROM = 200_000  # interpreted, this takes about a second
_OPENING_COLUMNS = ("app", "primary", "secondary", "incident_identifier")


class Consolidator:
    """Consolidates events that come in chunks, in the order of time.

    The result is that of `consolidate` for all chunks together, wherever they were cut.
    Memory grows with the identities and alerts, not with the events.

    Parameters
    ----------
    policy
        The settings.
    unit
        The unit of numeric timestamps: ``"s"``, ``"ms"``, ``"us"`` or ``"ns"``.

    Examples
    --------
    >>> import pandas as pd
    >>> consolidator = Consolidator()
    >>> for second in (0, 60):
    ...     chunk = pd.DataFrame(
    ...         {"timestamp": [second], "status": ["critical"], "host": ["db-1"]}
    ...     )
    ...     print(consolidator.feed(chunk)["outcome"].tolist())
    ['opened']
    ['updated']
    >>> consolidator.result()
    <Consolidation: 2 events -> 1 alert -> 1 incident>
    """

    def __init__(self, policy: Policy = CLASSIC, *, unit: str = "s") -> None:
        self.policy = check_policy(policy)
        self.unit = unit
        self._reader = Reader(unit)
        self._payloads = Payloads() if policy.dedup == "payload" else None
        self._merger = Merger(policy, logged=not policy.join_resolved)
        self._keys = Keys(policy, self._reader)
        self._grouper = Grouper(policy)
        self._descriptions = NewestTexts()
        self._openings: list[dict[str, np.ndarray]] = []
        self._until: int | None = None
        self._sound = True
        self._counts = dict.fromkeys(("received", "rejected", "duplicates"), 0)

    def feed(self, chunk: Any) -> pd.DataFrame:
        """Take the next chunk and say what became of each of its rows.

        Parameters
        ----------
        chunk
            Events as `consolidate` takes them, none of them earlier than the latest one of
            the chunks before.

        Returns
        -------
        pandas.DataFrame
            As `Consolidation.events`, for this chunk.

        Raises
        ------
        EventError
            As in `consolidate`; or an event is earlier than the last chunk's end: then the
            chunk left no trace.
        """
        return _frames.events_frame(self._take(chunk), self._grouper.places(self._merger.n_alerts))

    def _take(self, chunk: Any) -> EventFacts:
        self._refuse_half_fed()
        table = Table(chunk)
        self._keys.check(table)
        reading = self._reader.read(table)
        order = _time_order(reading)
        self._refuse_late(reading, order)
        self._sound = False
        merged = self._merge(reading, order)
        self._grouper.take(self._opened(reading, merged))
        self._keep_openings(reading, merged.opened_rows)
        self._keep_descriptions(reading, merged, order)
        self._counts["received"] += table.n_rows
        if order is not None:
            self._counts["rejected"] += table.n_rows - len(order)
        if order is None or len(order):
            self._until = int(reading.time[-1 if order is None else order[-1]])
        self._sound = True
        return EventFacts(table.index, merged.outcome, reading.reason, merged.alert)

    def _merge(self, reading: Reading, order: np.ndarray | None) -> Merged:
        n_identities = self._reader.n_identities
        if self._payloads is None:
            return self._merger.take(reading, order, n_identities)
        repeats = self._payloads.repeated(reading, order, n_identities)
        if len(repeats):
            kept = np.ones(len(reading.time), dtype=bool)
            kept[repeats] = False
            order = np.flatnonzero(kept) if order is None else order[kept[order]]
        merged = self._merger.take(reading, order, n_identities)
        merged.outcome[repeats] = at.DUPLICATE
        self._counts["duplicates"] += len(repeats)
        return merged

    def _opened(self, reading: Reading, merged: Merged) -> Opened:
        keys = self._keys.encode(reading, merged.opened_rows)
        return Opened(merged.log, keys, self._keys.size, merged.first_alert, self._merger.start)

    def _open_alerts(self, events: Any) -> Opened:
        """Turn events into alerts only: what a sweep groups again and again."""
        table = Table(events)
        self._keys.check(table)
        reading = self._reader.read(table)
        return self._opened(reading, self._merge(reading, _time_order(reading)))

    def _refuse_half_fed(self) -> None:
        if not self._sound:
            raise EventError(
                "an earlier chunk failed while it was taken in, so its events count in part; "
                "correct that chunk and start again with a new Consolidator"
            )

    def _refuse_late(self, reading: Reading, order: np.ndarray | None) -> None:
        if self._until is None:
            return
        early = reading.time < self._until
        late = np.flatnonzero(early if order is None else early & (reading.reason < 0))
        if not len(late):
            return
        raise EventError(
            f"column 'timestamp': events of this chunk are earlier than "
            f"{_frames.moment(self._until)}, the end of the last chunk ({shown_rows(late)}); sort "
            f"all events by time before cutting them into chunks"
        )

    def _keep_openings(self, reading: Reading, rows: np.ndarray) -> None:
        missing = np.full(len(rows), -1, dtype=np.int32)
        by_name = reading.incident_identifier
        self._openings.append(
            {
                "app": reading.app[rows],
                "primary": reading.primary[rows],
                "secondary": reading.secondary[rows],
                "incident_identifier": missing if by_name is None else by_name[rows],
            }
        )

    def _keep_descriptions(
        self, reading: Reading, merged: Merged, order: np.ndarray | None
    ) -> None:
        if "description" not in reading.table and self._descriptions.is_empty:
            return
        n_alerts = self._merger.n_alerts
        taken = merged.alert if order is None else merged.alert[order]
        rows = np.flatnonzero(taken >= 0)
        rows = rows if order is None else order[rows]
        newest = np.full(n_alerts, -1, dtype=np.int64)
        newest[merged.alert[rows]] = rows  # the last one of an alert stays
        alerts = np.flatnonzero(newest >= 0)
        if "description" in reading.table:
            texts = one_chunk(reading.table.text("description", newest[alerts]))
        else:
            texts = pa.nulls(len(alerts), pa.large_string())
        self._descriptions.put(alerts, texts, n_alerts)

    def result(self, as_of: Any = None) -> Consolidation:
        """Give the result so far; more chunks may follow.

        Parameters
        ----------
        as_of
            Until when the clock runs on, a time with a zone; default: the last event.

        Returns
        -------
        Consolidation
            Its `events` raises: each chunk's frame was given back by `feed`.
        """
        facts = self._facts(as_of, final=False)
        return Consolidation(facts, self.policy, self._notes(), unit=self.unit)

    def _facts(self, as_of: Any, *, final: bool) -> Facts:
        self._refuse_half_fed()
        until = self._clock(as_of)
        merger, n_alerts = self._merger, self._merger.n_alerts
        alerts, last_event = merger.alerts(until if until is not None else 0, final=final)
        start, places = merger.start, self._grouper.places(n_alerts)
        counts = dict(self._counts, conflicting=merger.n_conflicts)
        counts["duplicates"] += merger.n_duplicates
        counts["events"] = counts["received"] - counts["rejected"] - counts["duplicates"]
        counts["alerts"], counts["incidents"] = n_alerts, self._grouper.n_incidents
        return Facts(
            alerts=alerts,
            last_event=last_event,
            start=start if final else start.copy(),
            places=places if final else places.copy(),
            live_entries=self._grouper.live_entries(),
            identity=self._identity_columns(),
            description=self._descriptions.of_all(n_alerts),
            counts=counts,
            as_of=until,
            expire_after=merger.rules.expire_after,
            n_incidents=counts["incidents"],
        )

    def _clock(self, as_of: Any) -> int | None:
        if as_of is None:
            return self._until
        until = read_time(as_of, "as_of")
        if self._until is not None and until < self._until:
            raise EventError(
                f"as_of: {as_of!r} is earlier than the last event, {_frames.moment(self._until)}; "
                f"give a later time, or leave the later events out"
            )
        return until

    def _identity_columns(self) -> dict[str, tuple[Any, np.ndarray]]:
        codes = self._openings[0] if len(self._openings) == 1 else _joined(self._openings)
        self._openings = [codes]
        reader = self._reader
        columns = {"app_key": (reader.vocabulary("app_key").labels, codes["app"])}
        for role, numbers in (("primary", reader.primaries), ("secondary", reader.secondaries)):
            names, owners, values = numbers.split(codes[role])
            labels, offsets = reader.joined_labels(names)
            columns[f"{role}_property"] = (names, owners)
            if len(names) > 1:
                values = values + np.append(offsets, np.int32(0))[owners]
            columns[f"{role}_value"] = (labels, values)
        by_name = reader.vocabulary("incident_identifier").labels
        columns["incident_identifier"] = (by_name, codes["incident_identifier"])
        return columns

    def _notes(self) -> tuple[str, ...]:
        notes = list(self._keys.notes)
        conflicts = self._merger.n_conflicts
        if conflicts:
            notes.append(
                f"{conflicts:,} duplicates have another status than the event that was kept; a "
                f"lost 'ok' leaves its alert open until it expires (see Policy.dedup)"
            )
        if self._counts["received"] >= _SLOW_FROM and not kernels().fast:
            notes.append(
                "the kernel ran interpreted, which gives the same answers tens of times slower; "
                "pip install 'pandakit[fast]' compiles it"
            )
        return tuple(notes)


def _joined(openings: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    none = np.zeros(0, dtype=np.int32)
    return {
        name: np.concatenate([none, *(part[name] for part in openings)])
        for name in _OPENING_COLUMNS
    }


def _time_order(reading: Reading) -> np.ndarray | None:
    """Give the accepted rows in the order of time, equal times in the order of rows.

    None says that all rows are accepted and in order, as they mostly are.
    """
    times, accepted = reading.time, None
    if not len(times) or (reading.reason >= 0).any():
        accepted = np.flatnonzero(reading.reason < 0)
        times = times[accepted]
    if (times[1:] >= times[:-1]).all():
        return accepted
    order = np.argsort(times, kind="stable")
    return order if accepted is None else accepted[order]


def consolidate(
    events: Any, policy: Policy = CLASSIC, *, as_of: Any = None, unit: str = "s"
) -> Consolidation:
    """Turn events into alerts and incidents by the rules of a policy.

    Parameters
    ----------
    events
        A DataFrame or an Arrow table, one row per event as BigPanda's Alerts API takes it:
        ``timestamp``, ``status``, at least one of ``host``, ``service``, ``application``,
        ``device``, and where there are such, ``app_key``, ``check``, ``cluster``,
        ``description`` and any other tags. Any order; equal timestamps stay in row order.
    policy
        The settings; `CLASSIC` and `CURRENT` are presets.
    as_of
        Until when the clock runs on after the last event: a time with a zone.
    unit
        The unit of numeric timestamps: ``"s"``, ``"ms"``, ``"us"`` or ``"ns"``.

    Returns
    -------
    Consolidation
        With the frames ``events``, ``alerts``, ``incidents`` and ``funnel``.

    Raises
    ------
    EventError
        The events cannot be read: a column is missing, the times have no zone, milliseconds
        were taken for seconds, or `as_of` is too early. The message has the fix.

    Notes
    -----
    Sources: BigPanda, "Alerts REST API" and "Correlation Pattern Object"; what they leave
    open is a setting of `Policy`. `docs/consolidation.md` has all rules.

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame({
    ...     "timestamp": [0, 60, 120, 180],
    ...     "status": ["critical", "critical", "ok", "nonsense"],
    ...     "host": ["db-1", "db-2", "db-1", "db-1"],
    ...     "cluster": ["db", "db", "db", "db"],
    ... })
    >>> result = consolidate(events)
    >>> result
    <Consolidation: 3 events -> 2 alerts -> 1 incident; 1 rejected>
    >>> result.events["outcome"].tolist()
    ['opened', 'opened', 'resolved', 'rejected']
    """
    consolidator = Consolidator(policy, unit=unit)
    rows = consolidator._take(events)  # noqa: SLF001 - one chunk of the same machine
    return Consolidation(
        consolidator._facts(as_of, final=True),  # noqa: SLF001
        policy,
        consolidator._notes(),  # noqa: SLF001
        events=rows,
        source=events,
        unit=unit,
    )
