"""A table as a file or frame has it, before its rows become events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from pandakit.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BadLine", "Raw", "checked_names", "with_bad_lines"]


class BadLine(NamedTuple):
    """A row of a file that could not be parsed."""

    row: int
    reason: str
    value: str


@dataclass(frozen=True)
class Raw:
    """One table of raw columns.

    Parameters
    ----------
    name
        Its name in messages: the file, or the kind of frame.
    table
        Its columns; nested ones are flattened, with dots in their names.
    form
        How it was read, such as ``"CSV, separated by ';', cp1252"``.
    bad
        Rows that could not be parsed, and are not in the table.
    numbers
        The number of each row in the file where some are left out; ``None``: all are there.
    nested
        Column -> what each of its cells was (as `nesting` returns it) before it became text.
    """

    name: str
    table: pa.Table
    form: str
    bad: list[BadLine] = field(default_factory=list)
    numbers: np.ndarray | None = None
    nested: Mapping[str, np.ndarray] = field(default_factory=dict)

    def row_numbers(self, places: np.ndarray) -> np.ndarray:
        """Return the number in the file, counted from 0, of rows of the table."""
        return places if self.numbers is None else self.numbers[places]

    def only(self, rows: np.ndarray) -> Raw:
        """Return the rows where the condition is true; they keep their numbers."""
        numbers = self.row_numbers(np.flatnonzero(rows))
        nested = {name: kinds[rows] for name, kinds in self.nested.items()}
        table = self.table.filter(pa.array(rows))
        return replace(self, table=table, numbers=numbers, nested=nested)

    def renamed(self, names: list[str]) -> Raw:
        """Return the table with other names for its columns."""
        new = dict(zip(self.table.column_names, names, strict=True))
        nested = {new[name]: kinds for name, kinds in self.nested.items()}
        return replace(self, table=self.table.rename_columns(names), nested=nested)


def with_bad_lines(raw: Raw, bad: list[BadLine]) -> Raw:
    """Return the table with the rows of its file that could not be parsed."""
    if not bad:
        return raw
    every = np.arange(raw.table.num_rows + len(bad))
    return replace(raw, bad=bad, numbers=np.delete(every, [line.row for line in bad]))


def checked_names(name: str, columns: list[str]) -> list[str]:
    """Return column names without leading and trailing whitespace, or refuse repeated ones."""
    names = [title.strip() or f"column_{place}" for place, title in enumerate(columns, 1)]
    if twice := sorted({title for title in names if names.count(title) > 1}):
        raise EventError(f"{name} has several columns called {', '.join(map(repr, twice))}")
    return names
