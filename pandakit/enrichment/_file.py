"""A CSV file as a source of rows, read block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from pandakit.enrichment._bytes import read_titles
from pandakit.enrichment._findings import Tally
from pandakit.enrichment._text import TEXTS, Cells
from pandakit.errors import EnrichmentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
__all__ = ["FileSource", "read_text"]

_BLOCK = 16 << 20
_FIRST_DATA_LINE = 2  # as the reader counts: the title row is 1


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
    """

    def __init__(
        self, path: Path, header: Sequence[str], places: Mapping[str, int], tally: Tally
    ) -> None:
        self.titles = tuple(places)
        self._path, self._width, self._tally = path, len(header), tally
        self._names = [str(place) for place in places.values()]
        self._passed_over: list[int] = []
        self._judging = False

    def stretches(self) -> Iterator[list[Cells]]:
        """Give the next rows; the lines that are no rows are reported."""
        self._judging = True
        try:
            yield from self._read()
        except pa.ArrowInvalid as error:
            self._tally.add("unreadable", why=str(error).splitlines()[0])
        finally:
            self._judging = False

    def take(self, positions: np.ndarray) -> pa.Table:
        """Give rows by position: the file is read once more."""
        found, start = [], 0
        for cells in self._read():
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
        gaps = np.array(self._passed_over, np.int64) - np.arange(len(self._passed_over))
        return positions + np.searchsorted(gaps, positions, side="right")

    def position(self, numbers: np.ndarray) -> np.ndarray:
        """Give the position of a row number."""
        return numbers - np.searchsorted(np.array(self._passed_over, np.int64), numbers)

    def _read(self) -> Iterator[list[Cells]]:
        if not self._names:
            return
        names = [str(place) for place in range(self._width)]
        reader = csv.open_csv(
            self._path,
            read_options=csv.ReadOptions(
                use_threads=False, block_size=_BLOCK, column_names=names, skip_rows_after_names=1
            ),
            parse_options=csv.ParseOptions(
                newlines_in_values=True, invalid_row_handler=self._pass_over
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.binary()),
                include_columns=self._names,
                strings_can_be_null=False,
            ),
        )
        with reader:
            for batch in reader:
                yield [_cells(column) for column in batch.columns]

    def _pass_over(self, line: csv.InvalidRow) -> str:
        if self._judging:
            row = line.number - _FIRST_DATA_LINE
            self._passed_over.append(row)
            self._tally.add(
                "cell_count",
                row=row,
                value=line.text,
                actual=line.actual_columns,
                expected=line.expected_columns,
            )
        return "skip"


def _cells(column: pa.BinaryArray) -> Cells:
    try:
        return Cells(column.cast(pa.large_string()), TEXTS, {})
    except pa.ArrowInvalid:
        raw = pd.Series(column.to_pylist(), dtype=object)
        text = raw.map(lambda cell: cell.decode(errors="backslashreplace"))
        bad = raw.map(_is_not_utf8).to_numpy(bool)
        return Cells(pa.array(text, pa.large_string()), TEXTS, {"invalid_utf8": text[bad]})


def _is_not_utf8(cell: bytes) -> bool:
    try:
        cell.decode()
    except UnicodeDecodeError:
        return True
    return False


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
        raise EnrichmentError(f"{path}: the title row is empty, or has a title twice")
    tally = Tally(strict=True, cap=1)
    places = {title: place for place, title in enumerate(titles)}
    none = pa.table([pa.array([], pa.large_string())] * len(titles), titles)
    stretches = [none]
    for cells in FileSource(path, titles, places, tally).stretches():
        stretches.append(pa.table([cell.text for cell in cells], titles))
        if any(cell.refused for cell in cells):
            tally.add("invalid_utf8")
    for found in tally.findings():
        raise EnrichmentError(f"{path}: {found.message}")
    return pa.concat_tables(stretches).to_pandas()
