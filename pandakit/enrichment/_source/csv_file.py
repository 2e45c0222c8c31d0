"""A CSV file as a source of rows, read block by block.

Each block is parsed in this thread before the next one is read. A reader that reads ahead holds
many blocks at once. If it is abandoned while it calls back into Python, or frees memory that
Python owns, it can hang the end of the process (Arrow's issues 33975 and 43741).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pandakit.enrichment._source.csv_blocks import parse_block, row_blocks
from pandakit.enrichment._source.csv_scan import scan_csv
from pandakit.enrichment._source.source import TEXTS, BadLines, Batch, Cells
from pandakit.errors import EnrichmentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pandas as pd

    from pandakit.enrichment._source.csv_scan import CsvLayout

__all__ = ["FileSource", "read_csv_file"]

_BLOCK = 1 << 20
_NO_CELLS = Cells(pa.array([], pa.large_string()), TEXTS, {})


class FileSource:
    """The rows of a CSV file; lines that are not rows are counted too.

    Parameters
    ----------
    path
        The file.
    layout
        What a scan of its bytes found.
    places
        Title to the position of the file's column.
    most
        How many bad lines of a batch to keep in full.
    """

    def __init__(
        self, path: Path, layout: CsvLayout, places: Mapping[str, int], *, most: int = 1
    ) -> None:
        self.titles = tuple(places)
        self._path, self._layout, self._most = path, layout, most
        self._places = list(places.values())

    def batches(self) -> Iterator[Batch]:
        """Yield all rows, a batch at a time."""
        try:
            yield from self._read()
        except ValueError as error:
            nothing, why = np.empty(0, np.int64), str(error).splitlines()[0]
            if "straddling" in why:  # how Arrow reports a row without an end
                why = "the last row does not end: is a quote unclosed?"
            yield Batch(nothing, [_NO_CELLS] * len(self.titles), unreadable=why)

    def _read(self) -> Iterator[Batch]:
        if not self.titles:
            return
        width, start = len(self._layout.header), -1  # the header row has the number -1
        for data in row_blocks(self._path, _BLOCK, is_regular=self._layout.is_regular):
            is_header = start < 0
            block = parse_block(data, width, self._places, has_header=is_header, most=self._most)
            rows = start + np.flatnonzero(block.is_row)
            others = start + np.flatnonzero(~block.is_row)
            bad = BadLines(others[int(is_header) :], block.bad_lines)
            yield Batch(rows, block.cells, bad)
            start += len(block.is_row)


def read_csv_file(path: Path) -> pd.DataFrame:
    """Return a CSV file as a frame of text, empty values as empty text.

    Raises
    ------
    EnrichmentError
        The file is not CSV in UTF-8, a title is repeated, or a row does not have as many values
        as the header row.
    """
    layout = scan_csv(path)
    header = layout.header
    if layout.header_fault:
        raise EnrichmentError(f"{path}: the header row cannot be read: {layout.header_fault}")
    if len(set(header)) < len(header) or not header:
        raise EnrichmentError(f"{path}: the header row is empty, or repeats a title")
    source = FileSource(path, layout, {title: place for place, title in enumerate(header)})
    tables = [pa.table([_NO_CELLS.text] * len(header), header)]
    for batch in source.batches():
        if fault := _fault(batch):
            raise EnrichmentError(f"{path}: {fault}")
        tables.append(batch.table(source.titles))
    return pa.concat_tables(tables).to_pandas()


def _fault(batch: Batch) -> str:
    if batch.unreadable:
        return f"cannot be read as CSV: {batch.unreadable}"
    if any(cells.invalid for cells in batch.cells):
        return "has bytes that are not UTF-8"
    if batch.bad_lines and batch.bad_lines.numbers.size:
        example = batch.bad_lines.examples[0]
        row, expected = batch.bad_lines.numbers[0], example["expected"]
        return f"row {row} has {example['actual']} values, the header row {expected}"
    return ""
