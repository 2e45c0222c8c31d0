"""One face for the two kinds of input: a pandas frame and an Arrow table."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, NoReturn

import pandas as pd
import pyarrow as pa

from pandakit.errors import EventError
from pandakit.text import to_text

__all__ = ["Table"]


class Table:
    """The columns of the caller's input, by name; nothing in it is ever changed."""

    def __init__(self, events: Any) -> None:
        if isinstance(events, pa.RecordBatch):
            events = pa.Table.from_batches([events])
        if not isinstance(events, (pd.DataFrame, pa.Table)):
            raise EventError(
                f"events come as a DataFrame or an Arrow table, not as {type(events).__name__}"
            )
        self._events = events
        self.is_frame = isinstance(events, pd.DataFrame)
        self.names = list(events.columns) if self.is_frame else list(events.column_names)
        self.n_rows = len(events)
        twice = sorted({str(name) for name in self.names if self.names.count(name) > 1})
        if twice:
            raise EventError(f"the columns {twice} are there twice; rename or drop one of each")

    @property
    def index(self) -> pd.Index:
        """The index of the frame; an Arrow table counts its rows."""
        return self._events.index if self.is_frame else pd.RangeIndex(self.n_rows)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Any:
        """Give a Series or a ChunkedArray."""
        return self._events[name] if self.is_frame else self._events.column(name)

    def rows(self, name: str, rows: Any) -> Any:
        """Give the cells of a column at some rows."""
        column = self[name]
        return column.iloc[rows] if self.is_frame else column.take(pa.array(rows))

    def text(self, name: str, rows: Any) -> pa.ChunkedArray:
        """Give the text form of the cells of a column at some rows."""
        try:
            return to_text(self.rows(name, rows), column=str(name))
        except ValueError as error:
            self.refuse(name, error)

    def refuse(self, name: str, error: ValueError) -> NoReturn:
        """Refuse a column with a cell that has no text form; count its row in the whole column."""
        try:
            to_text(self[name], column=str(name))
        except ValueError as found:
            error = found
        raise EventError(str(error)) from None

    def nearest(self, name: str) -> str:
        """Say which columns have a name like this one."""
        known = [str(known) for known in self.names]
        near = get_close_matches(name, known, 3, 0.5)
        return f"nearest: {', '.join(near)}" if near else f"there is: {', '.join(known) or 'none'}"
