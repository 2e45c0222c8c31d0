"""The result of a consolidation: frames that are built on first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from pandakit.consolidation._explain.explain import checked_alert, explain
from pandakit.consolidation._explain.replay import Replay
from pandakit.consolidation._output.frames import (
    alert_arrays,
    alerts_frame,
    events_frame,
    incident_arrays,
    incidents_frame,
)
from pandakit.consolidation._output.funnel import funnel_frame
from pandakit.consolidation._output.html import consolidation_html
from pandakit.consolidation._read.ticks import moment
from pandakit.errors import EventError
from pandakit.text import counted

if TYPE_CHECKING:
    import pandas as pd

    from pandakit.consolidation._explain.explain import Explanation
    from pandakit.consolidation._output.arrays import EventArrays, ResultArrays
    from pandakit.consolidation.policy import Policy

__all__ = ["Consolidation"]


class Consolidation:
    """Events consolidated into alerts and incidents. Made by `consolidate`.

    Every frame is built on first access, and kept. Times are
    ``datetime64[ns, UTC]``, `gap` and `margin` ``timedelta64[ns]``.

    Attributes
    ----------
    policy : Policy
        The settings that were used.
    notes : tuple of str
        Notes that qualify the numbers.
    n_conflicting_duplicates : int
        Duplicates whose status differs from that of the event that was kept.
    input : pandas.DataFrame or pyarrow.Table or None
        The events as they were given; None from a `Consolidator`.
    unit : str
        The unit of numeric timestamps in `input`.
    as_of : pandas.Timestamp or None
        When the clock stopped; None without accepted events.

    Examples
    --------
    >>> import pandas as pd
    >>> from pandakit.consolidation import consolidate
    >>> events = pd.DataFrame({
    ...     "timestamp": [0, 60, 120],
    ...     "status": ["critical", "warning", "ok"],
    ...     "host": ["db-1", "db-1", "db-1"],
    ...     "check": ["ping", "disk", "ping"],
    ... })
    >>> result = consolidate(events)
    >>> result
    <Consolidation: 3 events -> 2 alerts -> 1 incident>
    >>> result.alerts[["secondary_value", "status", "incident_id", "joined_by"]]
             secondary_value   status  incident_id joined_by
    alert_id
    0                   ping       ok            0      <NA>
    1                   disk  warning            0   primary
    """

    def __init__(
        self,
        arrays: ResultArrays,
        policy: Policy,
        notes: tuple[str, ...],
        *,
        events: EventArrays | None = None,
        source: Any = None,
        unit: str = "s",
    ) -> None:
        self._arrays = arrays
        self._event_arrays = events
        self.policy = policy
        self.notes = notes
        self.input = source
        self.unit = unit
        self.as_of = None if arrays.as_of is None else moment(arrays.as_of)
        self.n_conflicting_duplicates = arrays.counts["conflicting"]

    @cached_property
    def events(self) -> pd.DataFrame:
        """One row per row of the input, in its order and with its index.

        Columns: ``outcome`` (``opened``, ``updated``, ``resolved``, ``reopened``,
        ``duplicate``, ``orphan_ok``, ``rejected``), ``reason`` of a rejection, ``alert_id``,
        ``incident_id``.

        Raises
        ------
        EventError
            The events came in chunks, so they were not kept.
        """
        if self._event_arrays is None:
            raise EventError(
                "the events came in chunks and were not kept: Consolidator.feed returned the "
                "frame of each chunk; use consolidate() to have all of them at once"
            )
        return events_frame(self._event_arrays, self._arrays.assignment)

    @cached_property
    def alerts(self) -> pd.DataFrame:
        """One row per alert, in the order in which they opened; the index is ``alert_id``.

        Columns: ``incident_id``; the identity of the event that opened it (``app_key``,
        ``primary_property``, ``primary_value``, ``secondary_property``,
        ``secondary_value``, ``incident_identifier``); ``start``, ``end`` (missing while
        open), ``last_event_at``; ``status`` and ``description`` of its newest event,
        ``severity`` (the worst status); ``n_events``, ``n_reopens``, ``flapping``,
        ``end_reason`` (``resolved`` or ``expired``). Why it is in its incident:
        ``joined_by`` (a pattern's name, missing when it started the incident),
        ``anchor_alert_id``, ``gap`` (since that alert's start) and ``margin`` (what was
        left of the window; missing for calendar slots).
        """
        return alerts_frame(alert_arrays(self._arrays), self.policy)

    @cached_property
    def incidents(self) -> pd.DataFrame:
        """One row per incident, in the order in which they started; the index is ``incident_id``.

        Columns: ``start``, ``end`` (missing while active), ``active``, ``status`` (the worst
        of its open alerts, else ``ok``), ``severity``, ``title`` and ``subtitle`` (primary
        and secondary value of its first alert), ``n_alerts``, ``n_open_alerts``,
        ``n_events``, ``patterns`` (a tuple: names of the patterns by which it can still be
        joined, in run order).
        """
        found = incident_arrays(self._arrays, len(self.policy.patterns))
        return incidents_frame(found, self.policy)

    @cached_property
    def funnel(self) -> pd.DataFrame:
        """From what was received to incidents: ``value``, ``numerator``, ``denominator``.

        The compressions are one minus numerator over denominator; missing where the
        denominator is zero.
        """
        return funnel_frame(self._arrays.counts)

    def explain(self, alert_id: int) -> Explanation:
        """Return why an alert is in its incident, as a sentence and as facts.

        The incident that the alert joined, or those that it did not, are replayed from the events
        as they were read; later changes to `input` do not matter.

        Parameters
        ----------
        alert_id
            As in the index of `alerts`.

        Returns
        -------
        Explanation
            ``text`` is one sentence; ``facts`` is a dict of plain values, timestamps in UTC
            and timedeltas:

            - ``alert_id``, ``incident_id``, ``start``, ``app_key``, ``primary_property``,
              ``primary_value``, ``secondary_property``, ``secondary_value``,
              ``incident_identifier``: the alert, as in `alerts`
            - ``anchor``: the policy's
            - ``matched``: for each pattern that it matches, in run order, the values that it
              shares by tag (a pair of name and value for ``primary`` and ``secondary``)
            - ``unmatched``: for each other pattern, which columns its filter looks at and
              the events lack (``absent``), which tags have no value (``missing``), and its
              ``filter``
            - ``joined_by``, ``anchor_alert_id``, ``anchor_start``, ``gap``, ``limit``,
              ``margin``, and under ``anchor="bucket"`` ``slot_end`` instead of a margin: what
              brought it in; all None when it opened the incident
            - ``candidates``: when it opened the incident, for each matched pattern the newest
              five places where it was looked for, as dicts: ``pattern``, ``incident_id``,
              ``anchor_alert_id``, ``anchor_start``, ``gap``, ``limit``, ``margin``,
              ``slot_end``, ``passed_by`` (how long the window had passed), ``n_alerts`` and
              ``n_open_alerts`` at that time, ``removed_by_alert_id``, and ``reasons``: all
              that apply of ``not_shared`` (an alert joined that does not have the value),
              ``window``, ``resolved`` (no open alert, and ``join_resolved`` is false), ``full``
            - ``older_not_listed``: the patterns with more than five

        Raises
        ------
        KeyError
            There is no such alert.
        EventError
            The events came in chunks, so they were not kept.

        Examples
        --------
        >>> import pandas as pd
        >>> from pandakit.consolidation import consolidate
        >>> events = pd.DataFrame({
        ...     "timestamp": [0, 11_520, 90_000],
        ...     "status": "critical",
        ...     "host": "db-1",
        ...     "check": ["ping", "disk", "cpu"],
        ... })
        >>> result = consolidate(events)
        >>> print(result.explain(1))
        Alert 1 (host db-1, check disk) joined incident 0 because primary host=db-1 matches;
        anchor alert 0 started 3 h 12 min earlier; limit 24 h; margin 20 h 48 min.
        >>> print(result.explain(2))
        Alert 2 (host db-1, check cpu) opened incident 1 because no incident with primary
        host=db-1 could take it (incident 0: 24 h limit from alert 0 passed by 1 h).
        >>> result.explain(2).facts["candidates"][0]["reasons"]
        ['window']
        """
        if self._event_arrays is None:
            raise EventError(
                "the events came in chunks and were not kept, so there is nothing to explain "
                "from; use consolidate() to have all of them at once"
            )
        alert = checked_alert(alert_id, self._arrays.counts["alerts"])
        replay = Replay(self.policy, self._event_arrays, self._arrays.alerts.start, alert)
        return explain(replay, self._arrays)

    def _repr_html_(self) -> str:
        return consolidation_html(self._arrays, self.policy, self.notes, self.incidents)

    def __repr__(self) -> str:
        counts = self._arrays.counts
        rejected = f"; {counts['rejected']:,} rejected" if counts["rejected"] else ""
        chain = " -> ".join(
            counted(counts[f"{noun}s"], noun) for noun in ("event", "alert", "incident")
        )
        return f"<Consolidation: {chain}{rejected}>"
