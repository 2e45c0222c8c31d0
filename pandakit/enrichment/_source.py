"""Where a table comes from: stretches of text, and single rows again on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from pandakit.enrichment._text import Cells, text_cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import pandas as pd

__all__ = ["STRETCH", "FrameSource", "Source"]

#: Rows that are judged and written in one go.
STRETCH = 65_536


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
        for start in range(0, len(self._frame), STRETCH):
            rows = slice(start, start + STRETCH)
            yield [text_cells(self._frame.iloc[rows, place]) for place in self._places]

    again = stretches

    def take(self, positions: np.ndarray) -> pa.Table:
        """Give rows by position."""
        cells = [text_cells(self._frame.iloc[positions, place]).text for place in self._places]
        return pa.table(cells, names=list(self.titles))

    def number(self, positions: np.ndarray) -> np.ndarray:
        """Rows are numbered as `iloc` does."""
        return positions

    position = number
