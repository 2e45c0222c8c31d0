"""Rows with a nested cell: an object, or a list within a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pandakit.events._files.nested import NESTED_LIST, OBJECT
from pandakit.events._mapping.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pandakit.events._files.raw import Raw
    from pandakit.events._mapping.plan import Plan
    from pandakit.events._mapping.rejects import Rejects

__all__ = ["reject_nested"]


def reject_nested(raw: Raw, plan: Plan, tags: Mapping[str, str], rejects: Rejects) -> None:
    """Reject the rows with a cell that `consolidate` would refuse.

    The columns of events hold neither objects nor lists within lists, and `tags` (tag -> raw
    column) no lists within lists. Any other column may: the payload of a webhook, which no profile
    reads.
    """
    if not raw.nested:
        return
    marked = [each for names in _mapped(plan) for each in _chosen(raw, names)]
    for tag, name in tags.items():
        if name in raw.nested and _is_tag(name, plan):
            least = OBJECT if tag in FIELDS else NESTED_LIST
            marked.append((name, raw.nested[name] >= least))
    marked = [(name, rows) for name, rows in marked if rows.any()]
    if marked:
        columns = ", ".join(dict.fromkeys(repr(name) for name, _ in marked))
        rejects.add(
            "nested",
            np.logical_or.reduce([rows for _, rows in marked]),
            _shown(raw, marked),
            f"text, a number or a flat list in column {columns}, or no such column",
        )


def _mapped(plan: Plan) -> list[tuple[str, ...]]:
    last = plan.of_profile.last_resort if plan.of_profile else ()
    return [plan.time, plan.start, plan.end, plan.status, *plan.fields.values(), last]


def _is_tag(name: str, plan: Plan) -> bool:
    """Return whether a raw column becomes a tag; a profile marks those by a prefix."""
    return plan.of_profile is None or name.startswith(plan.of_profile.plain)


def _chosen(raw: Raw, names: tuple[str, ...]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each column with its nested rows in which no earlier column has a value."""
    undecided = np.ones(raw.table.num_rows, bool)
    for name in (name for name in names if name in raw.table.column_names):
        if name in raw.nested:
            yield name, undecided & (raw.nested[name] >= OBJECT)
        undecided &= np.asarray(raw.table.column(name).is_null())


def _shown(raw: Raw, marked: list[tuple[str, np.ndarray]]) -> pa.Array:
    """Return the first nested cell of each row, with its column."""
    shown: list[str | None] = [None] * raw.table.num_rows
    for name, rows in reversed(marked):
        places = np.flatnonzero(rows)
        cells = raw.table.column(name).take(pa.array(places)).to_pylist()
        for place, cell in zip(places.tolist(), cells, strict=True):
            shown[place] = f"{name} = {cell}"
    return pa.array(shown, pa.large_string())
