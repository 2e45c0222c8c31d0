"""Alerts to incidents: the values that patterns compare, and the incidents that share them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.consolidation._arrays.codes import (
    NamedCodes,
    Pairs,
    Vocabulary,
    check_ids,
    grown,
    one_chunk,
)
from pandakit.consolidation._group.eviction import Evicted, evict_entries, link_entries
from pandakit.consolidation._group.layout import (
    BUCKET,
    ENTRY_COLUMNS,
    FIRST_ALERT,
    INCIDENT,
    INCIDENT_COLUMNS,
    ITS_INCIDENT,
    LATEST_ALERT,
    LIVE,
    N_INCIDENTS,
    N_REGISTERED,
    PATTERN,
    SET_BY,
    UNLIMITED,
    VALUE,
    GroupRules,
    IncidentState,
)
from pandakit.consolidation._read.requirements import STATUSES
from pandakit.errors import EventError

if TYPE_CHECKING:
    from pandakit.bpql import Bpql
    from pandakit.consolidation._merge.merger import Alerts, Merged
    from pandakit.consolidation._read.events import EncodedEvents
    from pandakit.consolidation.pattern import Pattern
    from pandakit.consolidation.policy import Policy

__all__ = ["Grouper", "IncidentTotals", "Matcher", "Matches", "group_rules"]

_APP_KEY = ""  # represents the integration among the tags of a pattern
# Tags that need no column of their own.
_RESERVED = {_APP_KEY, "primary", "secondary", "status", "source_system"}
_ANCHORS = {"first": FIRST_ALERT, "latest": LATEST_ALERT, "bucket": BUCKET}
_LONG_AGO = np.iinfo(np.int64).min


class Tag(NamedTuple):
    """A tag of some alerts as numbers, -1 where it is missing, and what the numbers stand for."""

    codes: np.ndarray
    numbers: Vocabulary | NamedCodes

    def text(self, alert: int) -> str | None:
        """Return the text of an alert's tag, None where it is missing."""
        code = int(self.codes[alert])
        if code < 0 or isinstance(self.numbers, NamedCodes):
            return None
        return self.numbers.labels[code].as_py() or None


class Matches(NamedTuple):
    """The values of the patterns for some alerts, as numbers below `n_values`."""

    values: np.ndarray
    """One row per alert and one column per pattern; -1 where it does not match."""
    n_values: int
    tags: dict[str, Tag]
    """The patterns' tags for which the events have a column."""
    absent: list[set[str]]
    """For each pattern, the columns that it uses and the events lack."""


class Matcher:
    """Numbers the values of a policy's patterns; equal values have equal numbers."""

    def __init__(self, policy: Policy) -> None:
        self._patterns = policy.patterns
        self._pairs = [[Pairs() for _ in _further_tags(one)] for one in policy.patterns]
        self._values = NamedCodes()
        self._sources = Vocabulary()
        self._statuses = Vocabulary()
        self._statuses.encode(pa.array(STATUSES), "status")
        # The columns that every chunk so far lacked, for each pattern.
        self._absent: dict[str, set[str]] = {}

    @property
    def notes(self) -> list[str]:
        """Which patterns match nothing because a column is absent."""
        return [
            f"pattern {name!r} matches nothing: the events have no column "
            f"{', '.join(map(repr, sorted(columns)))}"
            for name, columns in self._absent.items()
            if columns
        ]

    def match(self, encoded: EncodedEvents, rows: np.ndarray) -> Matches:
        """Return the values of the alerts that some rows open."""
        tags = {
            tag: self._tag(tag, encoded, rows)
            for tag in dict.fromkeys(tag for one in self._patterns for tag in _all_tags(one))
            if tag in _RESERVED or tag in encoded.table
        }
        columns = [
            self._match_one(place, tags, encoded, rows) for place in range(len(self._patterns))
        ]
        return Matches(np.stack(columns, axis=1), self._values.size, tags, encoded.absent)

    def _match_one(
        self, place: int, tags: dict[str, Tag], encoded: EncodedEvents, rows: np.ndarray
    ) -> np.ndarray:
        pattern, absent = self._patterns[place], encoded.absent[place]
        self._absent[pattern.name] = self._absent.get(pattern.name, absent) & absent
        if absent:
            return np.full(len(rows), -1, dtype=np.int32)
        codes, numbers = tags[pattern.tags[0]]
        size = numbers.size
        for pairs, tag in zip(self._pairs[place], _further_tags(pattern), strict=True):
            further = tags[tag].codes
            missing = (codes < 0) | (further < 0)
            codes = np.where(missing, np.int32(-1), pairs.encode(codes, further))
            size = pairs.size
        query = pattern.query
        if query is not None and (query.columns or query.has_keywords):
            codes = np.where(_passed(query, encoded, rows), codes, np.int32(-1))
        return self._values.number(place, codes, size)

    def _tag(self, tag: str, encoded: EncodedEvents, rows: np.ndarray) -> Tag:
        if tag == "source_system":
            return Tag(self._sources.encode(_source_systems(encoded, rows), tag), self._sources)
        numbered: dict[str, tuple[np.ndarray, Vocabulary | NamedCodes]] = {
            _APP_KEY: (encoded.app, encoded.vocabularies["app_key"]),
            "primary": (encoded.primary, encoded.primaries),
            "secondary": (encoded.secondary, encoded.secondaries),
            "status": (encoded.status, self._statuses),
        }
        if tag in numbered:
            codes, numbers = numbered[tag]
            return Tag(codes[rows].astype(np.int32), numbers)
        vocabulary = encoded.vocabularies[tag]
        if tag in encoded.codes:
            return Tag(encoded.codes[tag][rows], vocabulary)
        return Tag(encoded.vocabularies.encode(encoded.table, tag, rows), vocabulary)


def _all_tags(pattern: Pattern) -> tuple[str, ...]:
    return (pattern.tags[0], *_further_tags(pattern))


def _further_tags(pattern: Pattern) -> tuple[str, ...]:
    return (*pattern.tags[1:], *(() if pattern.cross_source else (_APP_KEY,)))


def _source_systems(encoded: EncodedEvents, rows: np.ndarray) -> pa.Array:
    """Return the text of `source_system` at some rows, where it is missing that of `app_key`."""
    labels = encoded.vocabularies["app_key"].labels
    labels = pc.if_else(pc.equal(labels, ""), pa.scalar(None, labels.type), labels)
    apps = labels.take(pa.array(encoded.app[rows], mask=encoded.app[rows] < 0))
    if "source_system" not in encoded.table:
        return apps
    given = encoded.table.text("source_system", rows)
    return pc.coalesce(one_chunk(given).cast(apps.type), apps)


def _passed(query: Bpql, encoded: EncodedEvents, rows: np.ndarray) -> np.ndarray:
    try:
        return query.mask(_columns_of_query(query, encoded, rows))
    except EventError:
        # Again over all rows, so that the message has the row number in the caller's table.
        query.mask(_columns_of_query(query, encoded, np.arange(encoded.table.n_rows)))
        raise


def _columns_of_query(query: Bpql, encoded: EncodedEvents, rows: np.ndarray) -> dict[Any, Any]:
    wanted = set(query.columns)
    names = [
        name
        for name in encoded.table.names
        if query.has_keywords or (isinstance(name, str) and name.lower() in wanted)
    ]
    columns = {name: _column_of_query(name, encoded, rows) for name in names}
    if "source_system" in wanted or query.has_keywords:
        columns["source_system"] = _source_systems(encoded, rows)
    return columns


def _column_of_query(name: Any, encoded: EncodedEvents, rows: np.ndarray) -> Any:
    if name == "status":
        return _dictionary(encoded.status[rows], pa.array(STATUSES))
    if name in encoded.codes:
        return _dictionary(encoded.codes[name][rows], encoded.vocabularies[name].labels)
    return encoded.table.cells(name, rows)


def _dictionary(codes: np.ndarray, labels: pa.Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), labels)


class IncidentTotals(NamedTuple):
    """Sums over the alerts of each incident, and when the last of them ended."""

    totals: np.ndarray
    latest_end: np.ndarray


class Grouper:
    """Puts alerts into incidents; keeps incidents and their entries between chunks.

    Parameters
    ----------
    policy
        The settings.
    room
        How many alerts there will be, if that is known: then no array is copied to grow.
    """

    def __init__(self, policy: Policy, room: int = 0) -> None:
        self._rules = group_rules(policy)
        self._uses_slots = policy.matchers == "union" and len(policy.patterns) > 1
        self._state = IncidentState(
            entries=np.zeros((0, ENTRY_COLUMNS), dtype=np.int32),
            times=np.zeros((0, 2), dtype=np.int64),
            newest=np.zeros(0, dtype=np.int32),
            incidents=np.empty((room, INCIDENT_COLUMNS), dtype=np.int32),
            slots=np.full(1, -1, dtype=np.int32),
            assignment=np.empty((room, 3), dtype=np.int32),
            counters=np.zeros(2, dtype=np.int64),
        )

    @property
    def n_incidents(self) -> int:
        """How many incidents there are so far."""
        return int(self._state.counters[N_INCIDENTS])

    @property
    def n_entries(self) -> int:
        """How many entries are held."""
        return int(self._state.counters[N_REGISTERED])

    def group(self, merged: Merged, matches: Matches) -> np.ndarray:
        """Group new alerts into incidents; return the assignment of all alerts so far."""
        from pandakit.consolidation._group import kernel  # noqa: PLC0415 - imports numba

        first, values = merged.first_alert, matches.values
        self._make_room(first, values, matches.n_values)
        kernel.group_alerts(merged.log, values, first, merged.start, self._state, self._rules)
        return self._state.assignment[: first + len(values)]

    def _make_room(self, first_alert: int, values: np.ndarray, n_values: int) -> None:
        state, n_incidents = self._state, self.n_incidents
        n_entries = self.n_entries
        entries = n_entries + int((values >= 0).sum())
        check_ids(entries, "entries of incidents")
        known = len(state.newest)
        newest = grown(state.newest, known, n_values)
        newest[known:] = -1
        self._state = state = state._replace(
            entries=grown(state.entries, n_entries, entries),
            times=grown(state.times, n_entries, entries),
            newest=newest,
            incidents=grown(state.incidents, n_incidents, n_incidents + len(values)),
            assignment=grown(state.assignment, first_alert, first_alert + len(values)),
        )
        if len(state.slots) < 2 * entries:
            self._fill_slots(entries)

    def _fill_slots(self, n_entries: int) -> None:
        """Make room for that many entries in the hash table, and fill it again."""
        if not self._uses_slots:
            return
        from pandakit.consolidation._group import kernel  # noqa: PLC0415 - imports numba

        slots = np.full(1 << (2 * n_entries).bit_length(), -1, dtype=np.int32)
        self._state = self._state._replace(slots=slots)
        kernel.index_entries(self._state)

    def evict(self, time: int) -> Evicted:
        """Drop the entries of incidents that no alert from `time` on can join.

        The numbers of values that the other entries have are set anew by `renumber`, which has to
        be called next.
        """
        self._state, found = evict_entries(self._state, self._rules, time)
        return found

    def renumber(self, setters: np.ndarray, matches: Matches) -> None:
        """Take the values of entries from those that `Evicted.setters` have now."""
        entries = self._state.entries
        row = np.searchsorted(setters, entries[:, SET_BY])
        entries[:, VALUE] = matches.values[row, entries[:, PATTERN]]
        self._state = self._state._replace(newest=link_entries(entries, matches.n_values))
        self._fill_slots(len(entries))

    def live_entries(self) -> np.ndarray:
        """Return incident and pattern of every entry that is live."""
        entries = self._state.entries[: self.n_entries]
        live: np.ndarray = entries[:, [INCIDENT, PATTERN]][entries[:, LIVE] == 1]
        return live

    def totals(self, assignment: np.ndarray, alerts: Alerts) -> IncidentTotals:
        """Return sums over the alerts of each incident."""
        from pandakit.consolidation._group import kernel  # noqa: PLC0415 - imports numba

        found = IncidentTotals(
            totals=np.zeros((self.n_incidents, 5), dtype=np.int64),
            latest_end=np.full(self.n_incidents, _LONG_AGO),
        )
        kernel.add_totals(assignment[:, ITS_INCIDENT], alerts.rows, alerts.end, *found)
        return found


def group_rules(policy: Policy) -> GroupRules:
    """Return the settings that turn alerts into incidents, as numbers."""
    names = [pattern.name for pattern in policy.patterns]
    return GroupRules(
        run=np.array([names.index(pattern.name) for pattern in policy.in_run_order()]),
        windows=np.array(policy.windows()),
        anchor=_ANCHORS[policy.anchor],
        union=policy.matchers == "union",
        needs_open=not policy.join_resolved,
        max_alerts=UNLIMITED if policy.max_alerts is None else min(policy.max_alerts, UNLIMITED),
    )
