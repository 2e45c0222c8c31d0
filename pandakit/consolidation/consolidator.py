"""From events to incidents: all stages in order, for one table or for one chunk after another."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.consolidation._arrays.compile import COMPILED
from pandakit.consolidation._group.grouper import Grouper, Matcher
from pandakit.consolidation._merge.merger import Merger
from pandakit.consolidation._output.arrays import EventArrays, ResultArrays
from pandakit.consolidation._output.frames import AlertColumns, events_frame
from pandakit.consolidation._read.events import Reader
from pandakit.consolidation._read.ticks import moment, read_time
from pandakit.consolidation.policy import CLASSIC, check_policy
from pandakit.consolidation.result import Consolidation
from pandakit.errors import EventError
from pandakit.interchange import as_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandakit.consolidation.policy import Policy, TimeUnit

__all__ = ["Consolidator", "Stages", "consolidate"]

_EARLIEST_YEAR = 1990
_SLOW_FROM = 200_000  # rows: interpreted, these take about a second


class Stages:
    """All stages, with the state that each keeps between chunks."""

    def __init__(self, policy: Policy, unit: TimeUnit) -> None:
        self.reader = Reader(policy, unit)
        self.merger = Merger(policy)
        self.matcher = Matcher(policy)
        self.grouper = Grouper(policy)
        self.columns = AlertColumns(self.reader)
        self.assignment = np.zeros((0, 3), dtype=np.int32)
        self._half_fed = False

    def run(self, events: Any, place: Callable[[int], str] | None = None) -> EventArrays:
        """Run events through all stages; return what became of each row.

        `place` returns the name of a row for messages; by default its number among all rows.
        """
        self._refuse_half_fed()
        encoded = self.reader.read(events, place)
        self._half_fed = True
        merged = self.merger.merge(encoded)
        matches = self.matcher.match(encoded, merged.opened_rows)
        self.assignment = self.grouper.group(merged, matches)
        self.columns.add(encoded, merged)
        self._half_fed = False
        return EventArrays(
            encoded.table.index, merged.outcome, encoded.reason, merged.alert, encoded.time, matches
        )

    def result(self, as_of: Any, *, final: bool) -> ResultArrays:
        """Return the arrays of the result, without copies if no more events follow (`final`)."""
        self._refuse_half_fed()
        self.reader.rejections.report(stacklevel=3)
        until = self.clock(as_of)
        alerts = self.merger.alerts(0 if until is None else until, final=final)
        return ResultArrays(
            alerts=alerts,
            assignment=self.assignment if final else self.assignment.copy(),
            live_entries=self.grouper.live_entries(),
            incidents=self.grouper.totals(self.assignment, alerts),
            identity=self.columns.identity(),
            description=self.columns.description(self.merger.n_alerts),
            counts=self.counts(),
            rejected=dict(self.reader.rejections.counts),
            as_of=until,
        )

    def _refuse_half_fed(self) -> None:
        if self._half_fed:
            raise EventError(
                "an earlier chunk failed after some of its events were counted; correct that chunk "
                "and start again with a new Consolidator"
            )

    def clock(self, as_of: Any) -> int | None:
        """Return the time of the last event, or a later one; None without accepted events."""
        last = self.reader.until
        if as_of is None:
            return last
        until = read_time(as_of, "as_of")
        if last is not None and until < last:
            raise EventError(
                f"as_of: {as_of!r} is earlier than the last event, {moment(last)}; pass a later "
                f"time, or leave the later events out"
            )
        return until

    def counts(self) -> dict[str, int]:
        """Return the measures of the funnel."""
        rejections = self.reader.rejections
        received, rejected = rejections.n_received, rejections.n_rejected
        duplicates = self.merger.n_duplicates
        return {
            "received": received,
            "rejected": rejected,
            "duplicates": duplicates,
            "conflicting": self.merger.n_conflicts,
            "events": received - rejected - duplicates,
            "alerts": self.merger.n_alerts,
            "incidents": self.grouper.n_incidents,
        }

    def notes(self) -> tuple[str, ...]:
        """Return the notes that qualify the numbers."""
        rejections = self.reader.rejections
        notes = [rejections.note] if rejections.n_rejected else []
        notes += [*self._odd_years(), *self.matcher.notes]
        if self.merger.n_conflicts:
            notes.append(
                f"{self.merger.n_conflicts:,} duplicates have another status than the event that "
                f"was kept; a lost 'ok' leaves its alert open until it expires (see Policy.dedup)"
            )
        if rejections.n_received >= _SLOW_FROM and not COMPILED:
            notes.append(
                "the kernels ran interpreted, with the same results but tens of times slower; "
                "pip install 'pandakit[fast]' compiles them"
            )
        return tuple(notes)

    def _odd_years(self) -> list[str]:
        """Return a note if the events lie in years that suggest a wrong unit."""
        first, last = self.reader.earliest, self.reader.until
        if first is None or last is None:
            return []
        begin, end = moment(first), moment(last)
        if begin.year >= _EARLIEST_YEAR and end.year <= datetime.now(UTC).year + 1:
            return []
        days = f"{begin:%Y-%m-%d} and {end:%Y-%m-%d}"
        unit = f"numeric timestamps were read with unit={self.reader.unit!r}"
        return [f"the events lie between {days}; check the unit if that is wrong: {unit}"]


class Consolidator:
    """Consolidates events that arrive in chunks, in time order.

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

    def __init__(self, policy: Policy = CLASSIC, *, unit: TimeUnit = "s") -> None:
        self.policy = check_policy(policy)
        self.unit = unit
        self._stages = Stages(policy, unit)

    def feed(self, chunk: Any) -> pd.DataFrame:
        """Consolidate the next chunk and return the outcome of each of its rows.

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
            As in `consolidate`; or an event is earlier than the end of the last chunk, in which
            case the chunk has no effect.

        Examples
        --------
        >>> import pandas as pd
        >>> consolidator = Consolidator()
        >>> chunk = pd.DataFrame({"timestamp": [0, 60], "status": "critical", "host": "db-1"})
        >>> consolidator.feed(chunk)["outcome"].tolist()
        ['opened', 'updated']
        """
        return events_frame(self._stages.run(chunk), self._stages.assignment)

    def result(self, as_of: Any = None) -> Consolidation:
        """Return the result so far; more chunks may follow.

        Parameters
        ----------
        as_of
            When the clock stops, a time with a zone; default: the time of the last event.

        Returns
        -------
        Consolidation
            Its `events` raises an error, because `feed` returned each chunk's frame.

        Examples
        --------
        >>> import pandas as pd
        >>> consolidator = Consolidator()
        >>> chunk = pd.DataFrame({"timestamp": [0, 60], "status": "critical", "host": "db-1"})
        >>> outcomes = consolidator.feed(chunk)
        >>> consolidator.result()
        <Consolidation: 2 events -> 1 alert -> 1 incident>
        """
        stages = self._stages
        arrays = stages.result(as_of, final=False)
        return Consolidation(arrays, self.policy, stages.notes(), unit=self.unit)


def consolidate(
    events: Any, policy: Policy = CLASSIC, *, as_of: Any = None, unit: TimeUnit = "s"
) -> Consolidation:
    """Return the alerts and incidents that events make by the rules of a policy.

    Parameters
    ----------
    events
        A DataFrame, an Arrow table or reader, or anything with ``__arrow_c_stream__``; one row
        per event as BigPanda's Alerts API accepts it: ``timestamp``, ``status``, at least one of
        ``host``, ``service``, ``application``, ``device``, and optionally ``app_key``,
        ``check``, ``cluster``, ``description`` and any other tags. Rows may be in any order;
        equal timestamps stay in row order.
    policy
        The settings; `CLASSIC` and `CURRENT` are presets.
    as_of
        When the clock stops, a time with a zone; default: the time of the last event.
    unit
        The unit of numeric timestamps: ``"s"``, ``"ms"``, ``"us"`` or ``"ns"``.

    Returns
    -------
    Consolidation
        With the frames ``events``, ``alerts``, ``incidents`` and ``funnel``.

    Raises
    ------
    EventError
        The events cannot be read: a column is missing, times have no zone, milliseconds were
        taken for seconds, every row was rejected, or `as_of` is too early. The message has the
        fix.

    Warns
    -----
    RejectedEventsWarning
        More than 1 % of the rows were rejected; the message has the reasons and examples.

    Notes
    -----
    Sources: BigPanda, "Alerts REST API" and "Correlation Pattern Object"; what they leave
    open is a setting of `Policy`. `docs/consolidation.md` has all rules.

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame({
    ...     "timestamp": [0, 60, 120, 180],
    ...     "status": ["critical", "critical", "ok", "warning"],
    ...     "host": ["db-1", "db-2", "db-1", "db-1"],
    ...     "cluster": ["db", "db", "db", "db"],
    ... })
    >>> result = consolidate(events)
    >>> result
    <Consolidation: 4 events -> 2 alerts -> 1 incident>
    >>> result.events["outcome"].tolist()
    ['opened', 'opened', 'resolved', 'reopened']
    """
    stages = Stages(check_policy(policy), unit)
    # A stream can be read only once, and a frame may change before an alert is explained.
    table = as_table(events, name="events", error=EventError)
    table = table.copy(deep=False) if isinstance(table, pd.DataFrame) else table
    rows = stages.run(table)
    arrays = stages.result(as_of, final=True)
    return Consolidation(arrays, policy, stages.notes(), events=rows, source=table, unit=unit)
