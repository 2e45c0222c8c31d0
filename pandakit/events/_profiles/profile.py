"""What a profile is: one format of one tool, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import pyarrow as pa

__all__ = ["Profile"]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One form in which a tool writes its events.

    Parameters
    ----------
    names
        Its values of `profile=`; several tools may share a form, and a tool may have several.
    form
        The form, for messages.
    source
        The title of the vendor's page that describes it.
    marks
        Columns that identify the form; a tuple lists alternatives, of which one must exist. A
        guess needs all marks, `profile=` half of them with a time and a status.
    unmarked
        Columns that rule this form out, because only another form has them.
    fields
        Column of the event -> raw columns, of which the first with a value counts.
    last_resort
        Raw columns for the service in rows that would otherwise have no primary.
    constants
        Column of the event -> its value in rows that have no other.
    time, start, end
        The raw columns of the time; `start` and `end` instead where each row is an alarm.
    unit, tz
        The unit of numeric times, and the zone of times without one.
    status
        The raw columns of the status.
    statuses
        Their values in lower case -> status of the event.
    otherwise
        The status of every other value; ``None``: the row is bad.
    only
        Raw column -> the values (in lower case) that events have; other rows are not events.
    ended
        Raw column -> the values (in lower case) for which `end` counts.
    once
        Raw columns that are the same in repeated notifications of one alarm.
    plain
        Prefixes of raw columns that are dropped from the names of tags.
    derive
        The function that adds derived columns to the table.
    """

    names: tuple[str, ...]
    form: str
    source: str
    marks: tuple[str | tuple[str, ...], ...]
    unmarked: tuple[str, ...] = ()
    fields: Mapping[str, tuple[str, ...]]
    last_resort: tuple[str, ...] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)
    time: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    unit: str | None = None
    tz: str | None = None
    status: tuple[str, ...] = ()
    statuses: Mapping[str, str] = field(default_factory=dict)
    otherwise: str | None = "critical"
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ended: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    once: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    derive: Callable[[pa.Table], pa.Table] | None = None

    def fits(self, columns: Collection[str]) -> bool:
        """Return whether a table with these columns certainly has this form."""
        return self.n_marks(columns) == len(self.marks) and not any(
            each in columns for each in self.unmarked
        )

    def n_marks(self, columns: Collection[str]) -> int:
        """Return how many of the marks a table with these columns has."""
        marks = ((mark,) if isinstance(mark, str) else mark for mark in self.marks)
        return sum(any(each in columns for each in mark) for mark in marks)

    def can_read(self, columns: Collection[str]) -> bool:
        """Return whether a table with these columns has a time, and a status if one is required."""
        has_time = any(name in columns for name in (*self.time, *self.start))
        has_status = any(name in columns for name in self.status) or "status" in self.constants
        return has_time and (has_status or bool(self.start))

    def names_used(self) -> frozenset[str]:
        """Return all raw columns that the profile knows."""
        lists = (self.time, self.start, self.end, self.status, self.last_resort, self.once)
        marks = ((mark,) if isinstance(mark, str) else mark for mark in self.marks)
        tables = (self.only, self.ended)
        return frozenset(chain(*lists, *marks, *tables, *self.fields.values()))

    @property
    def label(self) -> str:
        """Return the names and the form."""
        return f"{'/'.join(self.names)} ({self.form})"
