"""A CSV file as a source of rows, read block by block."""

from __future__ import annotations

import codecs
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from pandakit.enrichment._bytes import has_short_lines, is_utf8, read_titles
from pandakit.enrichment._findings import Tally
from pandakit.enrichment._text import TEXTS, Cells
from pandakit.errors import EnrichmentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
__all__ = ["FileSource", "read_text"]

# The reader works ahead by many blocks; a row has to fit into one.
_BLOCK, _LARGE_BLOCK = 1 << 20, 16 << 20
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
        self._escaped = not is_utf8(path)
        self._block = _BLOCK if has_short_lines(path, _BLOCK // 4) else _LARGE_BLOCK
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
        options = {
            "read_options": csv.ReadOptions(
                use_threads=False,
                block_size=self._block,
                column_names=names,
                skip_rows_after_names=1,
            ),
            "parse_options": csv.ParseOptions(
                newlines_in_values=True, invalid_row_handler=self._pass_over
            ),
            "convert_options": csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=self._names,
                strings_can_be_null=False,
            ),
        }
        file = _Escaped(self._path) if self._escaped else pa.OSFile(str(self._path))
        with closing(file), csv.open_csv(file, **options) as reader:
            for batch in reader:
                yield [_cells(column, escaped=self._escaped) for column in batch.columns]

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


class _Escaped:
    """A file in which bytes that are not UTF-8 are written out, each after a mark.

    The reader of CSV needs UTF-8, but what is wrong must be found in its row and column.
    """

    closed = False

    def __init__(self, path: Path) -> None:
        self._text = path.open(encoding="utf-8", errors=_ESCAPE, newline="")

    def read(self, size: int) -> bytes:
        """Give the next characters."""
        return self._text.read(size).encode()

    def close(self) -> None:
        """Close the file."""
        self._text.close()
        self.closed = True


_MARK = "\ufdd0"  # Unicode promises that no text has it
_ESCAPE = "pandakit.enrichment.escape"


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(f"{_MARK}\\x{byte:02x}" for byte in wrong), error.end


codecs.register_error(_ESCAPE, _escape)


def _cells(column: pa.StringArray, *, escaped: bool) -> Cells:
    text = column.cast(pa.large_string())
    if not escaped:
        return Cells(text, TEXTS, {})
    bad = np.flatnonzero(pc.match_substring(text, _MARK).to_numpy(zero_copy_only=False))
    text = pc.replace_substring(text, _MARK, "")
    wrong = pd.Series(text.take(pa.array(bad)).to_pylist(), index=bad, dtype=object)
    return Cells(text, TEXTS, {"invalid_utf8": wrong} if bad.size else {})


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
