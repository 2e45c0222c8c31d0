"""The tenant's correlation patterns as a policy of the simulation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd

from pandakit.bpql import Bpql
from pandakit.consolidation import CURRENT, Pattern, Policy
from pandakit.errors import NotFoundError, ServiceWarning
from pandakit.transport import warn_user

__all__ = ["policy_of"]

_ALL = "*"
_MOST_MINUTES = 4_320


def policy_of(patterns: pd.DataFrame) -> Policy:
    """Make a policy of loaded patterns: those in use, in their run order.

    Raises
    ------
    NotFoundError
        When none is in use.
    ValueError
        When a pattern cannot be simulated; the message names it.
    """
    used = patterns[patterns["active"].fillna(value=True).astype(bool)]
    if used.empty:
        raise NotFoundError("no correlation pattern is in use: there is nothing to simulate")
    ordered = bool(used["execution_order"].notna().all())
    if ordered:
        used = used.sort_values("execution_order", kind="stable")
    rows = used.to_dict("records")
    labels = ["+".join(row["tags"] or []) for row in rows]
    names = [
        label if labels.count(label) == 1 else f"{label} {row['pattern_id']}"
        for label, row in zip(labels, rows, strict=True)
    ]
    return CURRENT.replace(
        patterns=[_pattern(row, name) for row, name in zip(rows, names, strict=True)],
        order="as_given" if ordered else "longest_window_first",
    )


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
    """Read a window in minutes; more than there may be can only be seconds, and is told."""
    if number <= _MOST_MINUTES:
        return timedelta(minutes=number)
    warn_user(
        f"pattern {name!r} has the time_window {number}, more minutes than the {_MOST_MINUTES} "
        "that there may be: taken as seconds, which the vendor's own example must mean",
        ServiceWarning,
    )
    return timedelta(seconds=number)


def _filter(given: Any) -> str | None:
    """Give the filter as text; one that lets all pass is none."""
    if isinstance(given, dict):
        return str(Bpql.from_object(given))
    return given if isinstance(given, str) and given.strip() not in {"", _ALL} else None
