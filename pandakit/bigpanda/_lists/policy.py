"""The tenant's correlation patterns as a policy to simulate with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd

from pandakit.bigpanda._lists.rows import to_frame
from pandakit.bpql import Bpql
from pandakit.consolidation import CURRENT, Pattern, Policy
from pandakit.errors import NotFoundError, ServiceWarning
from pandakit.transport import warn_user

__all__ = ["policy_of", "policy_of_patterns"]

_ALL = "*"
_MOST_MINUTES = 4_320


def policy_of(patterns: pd.DataFrame) -> Policy:
    """Return the policy of loaded patterns: the active ones, in their run order.

    Raises
    ------
    NotFoundError
        When none is active.
    ValueError
        When a pattern cannot be simulated; the message names it.
    """
    active = patterns[patterns["active"].fillna(value=True).astype(bool)]
    if active.empty:
        raise NotFoundError("no correlation pattern is active: there is nothing to simulate")
    ordered = bool(active["execution_order"].notna().all())
    if ordered:
        active = active.sort_values("execution_order", kind="stable")
    rows = active.to_dict("records")
    labels = ["+".join(row["tags"] or []) for row in rows]
    names = [
        label if labels.count(label) == 1 else f"{label} {row['pattern_id']}"
        for label, row in zip(labels, rows, strict=True)
    ]
    return CURRENT.replace(
        patterns=[_pattern(row, name) for row, name in zip(rows, names, strict=True)],
        order="as_given" if ordered else "longest_window_first",
    )


def policy_of_patterns(records: list[dict[str, Any]]) -> Policy:
    """Return the policy of correlation patterns in the service's own JSON, saved to a file.

    Raises
    ------
    NotFoundError
        When none is active.
    ValueError
        When a pattern cannot be simulated, or the records are not patterns.

    Examples
    --------
    >>> policy_of_patterns([{"id": "p-1", "tags": ["host"], "time_window": 60}]).patterns
    (Pattern('host', 1 h),)
    """
    patterns = records if isinstance(records, list) else [None]
    if not all(isinstance(record, dict) and "time_window" in record for record in patterns):
        raise ValueError("these are no correlation patterns: each has tags and a time_window")
    return policy_of(to_frame("correlation_patterns")(records))


def _pattern(row: dict[str, Any], name: str) -> Pattern:
    if pd.isna(row["time_window"]):
        raise ValueError(f"pattern {name!r} ({row['pattern_id']}) has no time_window")
    return Pattern(
        row["tags"] or [],
        _window(int(row["time_window"]), name),
        filter=_filter(row["filter"]),
        cross_source=row["cross_source"] is not False,
        name=name,
    )


def _window(number: int, name: str) -> timedelta:
    """Return a window in minutes; a number above the service's limit must be seconds."""
    if number <= _MOST_MINUTES:
        return timedelta(minutes=number)
    warn_user(
        f"pattern {name!r} has the time_window {number}, more than the {_MOST_MINUTES} minutes "
        "that the service allows: read as seconds, as in the vendor's own example",
        ServiceWarning,
    )
    return timedelta(seconds=number)


def _filter(given: Any) -> str | None:
    """Return the filter as text; `None` for one that everything passes."""
    if isinstance(given, dict):
        return str(Bpql.from_object(given))
    return given if isinstance(given, str) and given.strip() not in {"", _ALL} else None
