"""Where rows come from: what every source yields, and frames as a source."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa

from pandakit.enrichment._source.cells import text_cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pandakit.enrichment._source.cells import Cells

__all__ = ["BadLines", "Batch", "FrameSource", "Source", "rows_at"]

_BATCH_ROWS = 65_536
_BATCH_BYTES = 8 << 20  # a batch has fewer rows where their values are long
_SAMPLE = 1_000


class BadLines(NamedTuple):
    """Lines of a file that are not rows, because they have too many or too few values."""

    numbers: np.ndarray
    """The row numbers of all of them."""
    examples: list[dict[str, object]]
    """The first ones: `value`, `actual` and `expected`."""


class Batch(NamedTuple):
    """Some rows of a table."""

    numbers: np.ndarray
    """Row numbers as a report names them, ascending."""
    cells: list[Cells]
    """One item per column, in the order of the source's `titles`."""
    bad_lines: BadLines | None = None
    """The lines among these rows that are not rows."""
    unreadable: str = ""
    """Why reading ends here, before the end of the file."""

    def table(self, titles: tuple[str, ...]) -> pa.Table:
        """Return the text of the rows."""
        return pa.table([column.text for column in self.cells], list(titles))


class Source(Protocol):
    """A table that can be read any number of times."""

    titles: tuple[str, ...]
    """The columns that are read."""

    def batches(self) -> Iterator[Batch]:
        """Yield all rows, a batch at a time."""


def rows_at(source: Source, numbers: np.ndarray) -> tuple[np.ndarray, pa.Table]:
    """Return those of the row numbers that are rows, ascending, and the text of these rows."""
    found, tables = [np.empty(0, np.int64)], []
    last = max(numbers, default=-1)
    for batch in source.batches():
        is_wanted = np.isin(batch.numbers, numbers)
        found.append(batch.numbers[is_wanted])
        tables.append(batch.table(source.titles).filter(pa.array(is_wanted)))
        if batch.numbers.size and batch.numbers[-1] >= last:
            break
    return np.concatenate(found), pa.concat_tables(tables) if tables else pa.table({})


class FrameSource:
    """The rows of a frame, numbered as `iloc` numbers them.

    Parameters
    ----------
    frame
        The table.
    places
        Title to the position of the frame's column.
    """

    def __init__(self, frame: pd.DataFrame, places: Mapping[str, int]) -> None:
        self.titles = tuple(places)
        self._frame, self._places = frame, list(places.values())

    def batches(self) -> Iterator[Batch]:
        """Yield all rows, a batch at a time."""
        start = 0
        while start < len(self._frame):
            stop = min(start + self._batch_rows(start), len(self._frame))
            cells = [text_cells(self._frame.iloc[start:stop, place]) for place in self._places]
            yield Batch(np.arange(start, stop), cells)
            start = stop

    def _batch_rows(self, start: int) -> int:
        length = _BATCH_ROWS
        while length > 1 and self._bytes(slice(start, start + length)) > _BATCH_BYTES:
            length //= 2
        return length

    def _bytes(self, rows: slice) -> int:
        return sum(_bytes(self._frame.iloc[rows, place]) for place in self._places)


def _bytes(cells: pd.Series) -> int:
    """Return the bytes of a column's values; for categories, an estimate from their labels."""
    if isinstance(cells.dtype, (pd.ArrowDtype, pd.SparseDtype)):
        try:
            return int(cells.array.nbytes)
        except pa.ArrowTypeError:  # views in older releases of Arrow
            values = pa.array(cells.array).to_pylist()
            return int(pd.Series(values, dtype=object).memory_usage(index=False, deep=True))
    if not isinstance(cells.dtype, pd.CategoricalDtype):
        return int(cells.memory_usage(index=False, deep=True))
    labels = cells.dtype.categories
    sample = labels[:: max(len(labels) // _SAMPLE, 1)]
    return int(sample.memory_usage(deep=True) / max(len(sample), 1) * len(cells))
