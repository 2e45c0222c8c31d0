"""Where a table comes from: stretches of text, and single rows again on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pandas as pd
import pyarrow as pa

from pandakit.enrichment._source.text import Cells, text_cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np

__all__ = ["STRETCH", "FrameSource", "Source"]

#: Rows that are judged and written in one go; fewer where their values are long.
STRETCH = 65_536
_BYTES = 8 << 20


class Source(Protocol):
    """A table, as the validator reads it."""

    titles: tuple[str, ...]
    """Schema titles that the table has, in schema order."""

    def stretches(self) -> Iterator[list[Cells]]:
        """Give the cells of the next rows, a column each, in the order of `titles`."""

    def again(self) -> Iterator[list[Cells]]:
        """Give all rows once more."""

    def take(self, positions: np.ndarray) -> pa.Table:
        """Give the text of rows at rising positions."""

    def number(self, positions: np.ndarray) -> np.ndarray:
        """Turn positions into the row numbers that a report names."""

    def position(self, numbers: np.ndarray) -> np.ndarray:
        """Turn row numbers into positions."""


class FrameSource:
    """A frame.

    Parameters
    ----------
    frame
        The table.
    places
        Schema title to the position of the frame's column.
    """

    def __init__(self, frame: pd.DataFrame, places: Mapping[str, int]) -> None:
        self.titles = tuple(places)
        self._frame, self._places = frame, list(places.values())

    def stretches(self) -> Iterator[list[Cells]]:
        """Give the next rows."""
        start = 0
        while start < len(self._frame):
            rows = slice(start, start + self._length(start))
            yield [text_cells(self._frame.iloc[rows, place]) for place in self._places]
            start = rows.stop

    again = stretches

    def take(self, positions: np.ndarray) -> pa.Table:
        """Give rows by position."""
        cells = [text_cells(self._frame.iloc[positions, place]).text for place in self._places]
        return pa.table(cells, names=list(self.titles))

    def number(self, positions: np.ndarray) -> np.ndarray:
        """Rows are numbered as `iloc` does."""
        return positions

    position = number

    def _length(self, start: int) -> int:
        """Say how many rows from there on are not too many bytes."""
        length = STRETCH
        while length > 1 and self._bytes(slice(start, start + length)) > _BYTES:
            length //= 2
        return length

    def _bytes(self, rows: slice) -> int:
        columns = [self._frame.iloc[rows, place] for place in self._places]
        return sum(map(_bytes, columns))


def _bytes(cells: pd.Series) -> int:
    """Say how many bytes the values of a column take, of categories as many as an average one."""
    if not isinstance(cells.dtype, pd.CategoricalDtype):
        return int(cells.memory_usage(index=False, deep=True))
    labels = cells.dtype.categories
    some = labels[:: max(len(labels) // 1_000, 1)]
    return int(some.memory_usage(deep=True) / max(len(some), 1) * len(cells))
