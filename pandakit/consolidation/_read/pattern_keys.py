"""What alerts share: the value of each pattern for the event that opens an alert, as a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pandakit.consolidation._read.codes import NamedCodes, Pairs
from pandakit.consolidation._read.tags import Tags
from pandakit.errors import EventError

if TYPE_CHECKING:
    from pandakit.bpql import Bpql
    from pandakit.consolidation._read.events import Reader, Reading
    from pandakit.consolidation._read.table import Table
    from pandakit.consolidation.policy import Pattern, Policy

__all__ = ["Keys"]

_ALWAYS_THERE = ("primary", "secondary", "source_system")
_KNOWN = (
    "host",
    "service",
    "application",
    "device",
    "check",
    "cluster",
    "description",
    "app_key",
    "incident_identifier",
)


class Keys:
    """Numbers the values of a policy's patterns; equal values have equal numbers."""

    def __init__(self, policy: Policy, reader: Reader) -> None:
        self._patterns = policy.patterns
        self._queries = [_compiled(pattern) for pattern in policy.patterns]
        self._pairs = [[Pairs() for _ in _more(pattern)] for pattern in policy.patterns]
        self._tags = Tags(reader)
        self._numbers = NamedCodes()
        self._absent: dict[str, set[str]] = {}

    @property
    def size(self) -> int:
        """How many numbers there are so far."""
        return self._numbers.size

    @property
    def notes(self) -> tuple[str, ...]:
        """Which patterns matched nothing because a column is not there."""
        return tuple(
            f"pattern {name!r} matches nothing: the events have no column "
            f"{', '.join(map(repr, sorted(columns)))}"
            for name, columns in self._absent.items()
            if columns
        )

    def check(self, table: Table) -> None:
        """Refuse a table without a column that a pattern looks at, unless the API knows it."""
        for pattern, query in zip(self._patterns, self._queries, strict=True):
            absent = self._absent_columns(pattern, query, table)
            for column in sorted(absent - set(_KNOWN)):
                raise EventError(
                    f"pattern {pattern.name!r} looks at column {column!r}, which the events do "
                    f"not have ({table.nearest(column)}); rename the column or the tag"
                )

    def _absent_columns(self, pattern: Pattern, query: Bpql | None, table: Table) -> set[str]:
        tags = {tag for tag in pattern.tags if tag not in _ALWAYS_THERE and tag not in table}
        if "source_system" in pattern.tags and "source_system" not in table:
            tags |= {"app_key"} - set(table.names)  # which stands in for it
        lowered = {str(name).lower() for name in table.names} | {"source_system"}
        return tags | {name for name in (query.columns if query else ()) if name not in lowered}

    def encode(self, reading: Reading, rows: np.ndarray) -> np.ndarray:
        """Give one row per event and one column per pattern; -1 where it does not match."""
        columns = [self._pattern_keys(place, reading, rows) for place in range(len(self._patterns))]
        return np.stack(columns, axis=1)

    def _pattern_keys(self, place: int, reading: Reading, rows: np.ndarray) -> np.ndarray:
        pattern, query = self._patterns[place], self._queries[place]
        absent = self._absent_columns(pattern, query, reading.table)
        noted = self._absent.setdefault(pattern.name, absent)
        noted &= absent
        if absent:
            return np.full(len(rows), -1, dtype=np.int32)
        codes, size = self._tags.encode(pattern.tags[0], reading, rows)
        for pairs, tag in zip(self._pairs[place], _more(pattern), strict=True):
            other = self._tags.encode(tag, reading, rows)[0] if tag else reading.app[rows]
            missing = (codes < 0) | (other < 0)
            codes = np.where(missing, np.int32(-1), pairs.encode(codes, other))
            size = pairs.size
        if query is not None and (query.columns or query.has_keywords):
            passed = self._passed(query, reading, rows)
            codes = np.where(passed, codes, np.int32(-1))
        return self._numbers.number(place, codes, size)

    def _passed(self, query: Bpql, reading: Reading, rows: np.ndarray) -> np.ndarray:
        try:
            return query.mask(self._tags.columns(query, reading, rows))
        except EventError:
            every = np.arange(reading.table.n_rows)
            query.mask(self._tags.columns(query, reading, every))  # names the row of the table
            raise


def _more(pattern: Pattern) -> tuple[str, ...]:
    """Give the tags after the first; an empty name stands for the integration."""
    return (*pattern.tags[1:], *(() if pattern.cross_source else ("",)))


def _compiled(pattern: Pattern) -> Bpql | None:
    if pattern.filter is None:
        return None
    from pandakit.bpql import Bpql  # noqa: PLC0415 - only policies with filters need it

    return Bpql(pattern.filter)
