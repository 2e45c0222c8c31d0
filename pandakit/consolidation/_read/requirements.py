"""The columns that events must have, and those that a policy's patterns look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandakit.consolidation._arrays.table import Table
    from pandakit.consolidation.pattern import Pattern

__all__ = [
    "INCIDENT_IDENTIFIER",
    "PRIMARIES",
    "PRIMARY_PROPERTY",
    "SECONDARIES",
    "SECONDARY_PROPERTY",
    "check_columns",
]

PRIMARIES = ("host", "service", "application", "device")
SECONDARIES = ("check",)
PRIMARY_PROPERTY = ("primary_property",)
SECONDARY_PROPERTY = ("secondary_property", "seconday_property")
INCIDENT_IDENTIFIER = "incident_identifier"
_NEVER_ABSENT = ("primary", "secondary", "source_system")
# The Alerts API knows these, so that events without them are complete.
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
