"""What events must have: columns, else an error is raised; values, else a row is rejected."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pandakit.errors import EventError, RejectedEventsWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pandakit.consolidation._arrays.table import Table
    from pandakit.consolidation.pattern import Pattern

__all__ = [
    "INCIDENT_IDENTIFIER",
    "PRIMARIES",
    "PRIMARY_PROPERTY",
    "REASONS",
    "SECONDARIES",
    "SECONDARY_PROPERTY",
    "STATUSES",
    "Rejections",
    "check_columns",
]


PRIMARIES = ("host", "service", "application", "device")
SECONDARIES = ("check",)
PRIMARY_PROPERTY = ("primary_property",)
SECONDARY_PROPERTY = ("secondary_property", "seconday_property")
INCIDENT_IDENTIFIER = "incident_identifier"
_NEVER_ABSENT = ("primary", "secondary", "source_system")
# The Alerts API knows these columns, so events are complete without them.
_MAY_BE_ABSENT = (
    *PRIMARIES,
    *SECONDARIES,
    "cluster",
    "description",
    "app_key",
    INCIDENT_IDENTIFIER,
)


def check_columns(table: Table, patterns: Sequence[Pattern]) -> list[set[str]]:
    """Return for each pattern the known columns that the table lacks.

    Raises
    ------
    EventError
        A column is missing that every event needs, or that a pattern looks at and the Alerts
        API does not know.
    """
    _check_events(table)
    absent = [_absent_columns(pattern, table) for pattern in patterns]
    for pattern, columns in zip(patterns, absent, strict=True):
        for column in sorted(columns - set(_MAY_BE_ABSENT)):
            raise EventError(
                f"pattern {pattern.name!r} looks at column {column!r}, which the events do not "
                f"have ({table.nearest(column)}); rename the column or the tag"
            )
    return absent


def _check_events(table: Table) -> None:
    for column in ("timestamp", "status"):
        if column not in table:
            raise EventError(
                f"the events have no column {column!r} ({table.nearest(column)}); rename yours, "
                f"or see events_from_alarms for rows with a start and an end"
            )
    if not any(column in table for column in (*PRIMARIES, *PRIMARY_PROPERTY)):
        raise EventError(
            f"the events have none of the columns {', '.join(PRIMARIES)}, which name what an "
            f"alert is about ({table.nearest('host')}); rename yours, or name it in a column "
            f"'primary_property'"
        )


def _absent_columns(pattern: Pattern, table: Table) -> set[str]:
    tags = {tag for tag in pattern.tags if tag not in _NEVER_ABSENT and tag not in table}
    if "source_system" in pattern.tags and "source_system" not in table and "app_key" not in table:
        tags.add("app_key")  # which stands in for it
    names = {name.lower() for name in table.text_names} | {"source_system"}
    filtered = pattern.query.columns if pattern.query else ()
    return tags | {name for name in filtered if name not in names}


STATUSES = ("ok", "acknowledged", "unknown", "warning", "critical")
# The reasons in the order in which they are checked, with the column that a row fails by, and
# what is accepted there.
_REASONS = {
    "no_app_key": ("app_key", "a value in every row, or no column 'app_key' at all"),
    "bad_timestamp": (
        "timestamp",
        "numbers and decimal text in {unit!r}, datetimes and ISO 8601 text with a zone",
    ),
    "bad_status": ("status", f"{', '.join(STATUSES)}, in upper or lower case"),
    "no_primary": (
        None,
        f"a value in one of {', '.join(PRIMARIES)}, or where 'primary_property' points",
    ),
}
REASONS = tuple(_REASONS)
_EXAMPLES = 3
_LONGEST_EXAMPLE = 60
_WARN_ABOVE = 0.01  # of what was received


class Rejections:
    """Counts rejected rows by reason over all chunks, and keeps a few examples."""

    def __init__(self, unit: str) -> None:
        self.counts = dict.fromkeys(REASONS, 0)
        self._unit = unit
        self._n_received = 0
        self._examples: dict[str, list[str]] = {reason: [] for reason in REASONS}

    @property
    def n_rejected(self) -> int:
        """How many rows were rejected."""
        return sum(self.counts.values())

    @property
    def n_received(self) -> int:
        """How many rows there were."""
        return self._n_received

    def add(
        self, table: Table, reason: np.ndarray, place: Callable[[int], str] | None = None
    ) -> None:
        """Count the rows of a chunk.

        Parameters
        ----------
        table, reason
            The chunk, and the number of each row's reason; -1 where it was accepted.
        place
            Returns the name of a row for messages; by default its number among all rows.
        """
        before = self._n_received
        place = place or (lambda row: f"row {before + row}")
        for code, count in enumerate(np.bincount(reason[reason >= 0])):
            self.counts[REASONS[code]] += int(count)
            examples = self._examples[REASONS[code]]
            wanted = _EXAMPLES - len(examples)
            if count and wanted:
                rows = np.flatnonzero(reason == code)[:wanted]
                examples += _shown(table, REASONS[code], rows, place)
        self._n_received += table.n_rows

    def to_dict(self) -> dict[str, Any]:
        """Return the counts and examples as JSON values, for `add_counts`."""
        return {"counts": self.counts, "received": self._n_received, "examples": self._examples}

    def add_counts(self, counted: Mapping[str, Any]) -> None:
        """Add the counts of another one over later rows."""
        self._n_received += counted["received"]
        for reason, count in counted["counts"].items():
            self.counts[reason] += count
            examples = self._examples[reason] + counted["examples"][reason]
            self._examples[reason] = examples[:_EXAMPLES]

    def report(self, stacklevel: int) -> None:
        """Raise if every row was rejected; warn if more than one in a hundred was."""
        if self.n_rejected and self.n_rejected == self._n_received:
            raise EventError(f"every event was rejected: {self._details()}")
        if self.n_rejected > _WARN_ABOVE * self._n_received:
            warnings.warn(
                f"{self.note}, so every count is too low: {self._details()}",
                RejectedEventsWarning,
                stacklevel=stacklevel + 1,
            )

    @property
    def note(self) -> str:
        """How many rows were rejected, and why; empty if none was."""
        if not self.n_rejected:
            return ""
        share = self.n_rejected / self._n_received
        reasons = ", ".join(f"{name} {count:,}" for name, count in self.counts.items() if count)
        counts = f"{self.n_rejected:,} of {self._n_received:,} events ({share:.1%})"
        return f"{counts} were rejected ({reasons})"

    def _details(self) -> str:
        parts = []
        for reason, count in self.counts.items():
            if count:
                accepted = _REASONS[reason][1].format(unit=self._unit)
                examples = ", ".join(self._examples[reason])
                parts.append(f"{reason} {count:,} (such as {examples}; accepted: {accepted})")
        return "; ".join(parts)


def _shown(table: Table, reason: str, rows: np.ndarray, place: Callable[[int], str]) -> list[str]:
    """Return the cells that made rows fail, each with its row."""
    column = _REASONS[reason][0]
    numbered = [place(row) for row in rows.tolist()]
    if column is None:
        return numbered
    found = table.cells(column, rows)
    if isinstance(found, pa.ChunkedArray) and pa.types.is_dictionary(found.type):
        found = found.cast(found.type.value_type)  # pandas cannot take from an empty dictionary
    cells = [_cut(repr(cell)) for cell in pd.Series(found, dtype=object)]
    return [f"{cell} in {row}" for cell, row in zip(cells, numbered, strict=True)]


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_EXAMPLE else f"{text[: _LONGEST_EXAMPLE - 1]}…"
