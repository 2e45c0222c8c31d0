"""Columns that could be tags of a pattern."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pandakit.consolidation import Pattern
from pandakit.consolidation.openings import EventHistory
from pandakit.interchange import as_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandakit.consolidation import Policy
    from pandakit.consolidation.policy import TimeUnit

__all__ = ["candidate_tags"]

# They hold the time, status and subject of an event, or name the columns that do.
_NO_TAGS = (
    "timestamp",
    "status",
    "primary_property",
    "secondary_property",
    "seconday_property",
    "incident_identifier",
)
_LEAST_VALUES = 2
_LEAST_SHARE = 0.05
_MOST_COLUMNS = 12


def candidate_tags(
    events: Any, policy: Policy, unit: TimeUnit, tags: Iterable[str] | None
) -> list[str]:
    """Return the given columns, or those with a suitable number of values."""
    table = as_table(events, name="events")
    names = [str(name) for name in _names(table)]
    if tags is not None:
        return _checked(tags, names)
    texts = [name for name in names if name not in _NO_TAGS and _is_text(table, name)]
    if not texts:
        return []
    patterns = [Pattern(name, "1h", name=name) for name in texts]
    openings = EventHistory(table, policy.replace(patterns=patterns), unit).openings(policy)
    fitting = [
        name for name, codes in zip(texts, openings.pattern_values.T, strict=True) if _fits(codes)
    ]
    if len(fitting) > _MOST_COLUMNS:
        raise ValueError(
            f"{len(fitting)} columns could be tags, more than the {_MOST_COLUMNS} that can be "
            f"combined; choose some with tags=: {', '.join(fitting)}"
        )
    return fitting


def _checked(tags: Iterable[str], names: list[str]) -> list[str]:
    chosen = list(dict.fromkeys([tags] if isinstance(tags, str) else tags))
    for tag in chosen:
        if tag not in names:
            near = ", ".join(get_close_matches(str(tag), names, 3) or names)
            raise ValueError(f"tags: the events have no column {tag!r}; there is {near}")
    if not chosen:
        raise ValueError("tags: name at least one column, or leave it out")
    if len(chosen) > _MOST_COLUMNS:
        raise ValueError(f"tags: {len(chosen)} columns are more than {_MOST_COLUMNS}")
    return chosen


def _names(table: pd.DataFrame | pa.Table) -> list[Any]:
    return list(table.columns) if isinstance(table, pd.DataFrame) else list(table.column_names)


def _is_text(table: pd.DataFrame | pa.Table, name: str) -> bool:
    if isinstance(table, pd.DataFrame):
        column = table[name]
        return not (
            pd.api.types.is_numeric_dtype(column.dtype)
            or pd.api.types.is_datetime64_any_dtype(column.dtype)
            or pd.api.types.is_timedelta64_dtype(column.dtype)
        )
    kind = table.schema.field(name).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _fits(codes: np.ndarray) -> bool:
    valued = codes[codes >= 0]
    n_values = len(np.unique(valued))
    enough = len(valued) >= _LEAST_SHARE * len(codes)
    return bool(enough and _LEAST_VALUES <= n_values <= len(codes) / 2)
