"""A CSV file as a source of rows, read block by block.

Each block is parsed in this thread before the next one is read. A reader that works ahead holds
many blocks at once; and one that is left alone while it calls back into Python, or frees memory
of Python's, can hang the end of the process (Arrow's issues 33975 and 43741).
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pandakit.enrichment._checks.bytes import has_regular_quotes, read_titles
from pandakit.enrichment._checks.findings import Tally
from pandakit.enrichment._source.blocks import parsed, row_blocks
from pandakit.errors import EnrichmentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from pandakit.enrichment._source.blocks import BadLines, Parsed
    from pandakit.enrichment._source.text import Cells

__all__ = ["FileSource", "read_text"]

_BLOCK = 1 << 20


class FileSource:
    """The rows of a CSV file.

    Parameters
    ----------
    path
        The file.
    header
        Its titles.
    places
        Schema title to the position of the file's column.
    tally
        Where to report lines that are not rows.
    regular
        Whether all its quotes enclose whole values.
    """

    def __init__(
        self,
        path: Path,
        header: Sequence[str],
        places: Mapping[str, int],
        tally: Tally,
        *,
        regular: bool,
    ) -> None:
        self.titles = tuple(places)
        self._path, self._regular, self._tally = path, regular, tally
        self._width, self._wanted = len(header), list(places.values())
        self._starts, self._stops = array("q"), array("q")  # of runs of lines that are no rows

    def stretches(self) -> Iterator[list[Cells]]:
        """Give the next rows; the lines that are no rows are reported."""
        row = -1  # the header row's
        try:
            for block in self._read():
                self._report(block.bad, row)
                row += block.lines
                yield block.cells
        except ValueError as error:
            self._tally.add("unreadable", why=str(error).splitlines()[0])

    def again(self) -> Iterator[list[Cells]]:
        """Give the rows once more; where reading ends has been reported."""
        try:
            for block in self._read():
                yield block.cells
        except ValueError:
            return

    def take(self, positions: np.ndarray) -> pa.Table:
        """Give rows by position: the file is read once more."""
        found, start = [], 0
        for cells in self.again():
            stop = start + len(cells[0].text)
            first, last = np.searchsorted(positions, [start, stop])
            local = pa.array(positions[first:last] - start)
            found.append(pa.table([cell.text.take(local) for cell in cells], list(self.titles)))
            start = stop
            if last == len(positions):
                break
        return pa.concat_tables(found)

    def number(self, positions: np.ndarray) -> np.ndarray:
        """Count the lines that were passed over as rows too."""
        starts, passed = self._runs()
        at = np.searchsorted(starts - passed[:-1], positions, side="right")
        numbers: np.ndarray = positions + passed[at]
        return numbers

    def position(self, numbers: np.ndarray) -> np.ndarray:
        """Give the position of a row number; for a line that is no row, nothing of use."""
        starts, passed = self._runs()
        positions: np.ndarray = numbers - passed[np.searchsorted(starts, numbers)]
        return positions

    def _runs(self) -> tuple[np.ndarray, np.ndarray]:
        """Give where lines were passed over, and how many were before each such place."""
        starts, stops = np.array(self._starts, np.int64), np.array(self._stops, np.int64)
        return starts, np.concatenate([[0], np.cumsum(stops - starts)])

    def _read(self) -> Iterator[Parsed]:
        has_titles = True
        for block in row_blocks(self._path, _BLOCK, regular=self._regular):
            if not self._wanted:
                return
            room = self._tally.room("cell_count")
            yield parsed(block, self._width, self._wanted, has_titles=has_titles, room=room)
            has_titles = False

    def _report(self, bad: BadLines, row: int) -> None:
        """Report the lines of a block that are no rows; its first line is this row."""
        rows = row + np.array(bad.numbers, np.int64)
        if not rows.size:
            return
        self._tally.add_many("cell_count", "", rows, bad.facts, len(rows))
        ends = np.flatnonzero(np.diff(rows) != 1)
        starts = rows[np.concatenate([[0], ends + 1])]
        stops = rows[np.concatenate([ends, [len(rows) - 1]])] + 1
        if self._stops and self._stops[-1] == starts[0]:  # the run goes on
            self._stops.pop()
            starts = starts[1:]
        self._starts.extend(starts.tolist())
        self._stops.extend(stops.tolist())


def read_text(path: Path) -> pd.DataFrame:
    """Read a CSV file as a frame of text, empty cells as empty text.

    Raises
    ------
    EnrichmentError
        The file is not CSV in UTF-8, a title stands twice, or a row has another number of
        values than there are titles.
    """
    titles = read_titles(path)
    if len(set(titles)) < len(titles) or not titles:
        raise EnrichmentError(f"{path}: the header row is empty, or has a title twice")
    tally = Tally(strict=True, max_findings=1)
    places = {title: place for place, title in enumerate(titles)}
    none = pa.table([pa.array([], pa.large_string())] * len(titles), titles)
    stretches = [none]
    source = FileSource(path, titles, places, tally, regular=has_regular_quotes(path))
    for cells in source.stretches():
        stretches.append(pa.table([cell.text for cell in cells], titles))
        if any(cell.refused for cell in cells):
            tally.add("invalid_utf8")
    for found in tally.findings():
        raise EnrichmentError(f"{path}: {found.message}")
    return pa.concat_tables(stretches).to_pandas()
