"""A CSV file in blocks of whole rows, and each block as columns of text.

If all quotes enclose whole values, a line end is outside a value when an even number of quotes
precedes it, which is quickly found from the end of a block. Otherwise rows are separated by the
grammar of the CSV reader: only a quote at the start of a value opens it.
"""

from __future__ import annotations

import codecs
import re
import sys
from array import array
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from pandakit.enrichment._source.csv_scan import BYTE_ORDER_MARK
from pandakit.enrichment._source.source import TEXTS, Cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["Block", "parse_block", "row_blocks"]

#: No row may be longer: it has to fit into memory several times over.
_LONGEST_ROW = 16 << 20
# Before Python 3.11.5 a possessive group may miss a match; other groups take more memory.
_ONCE = b"+" if sys.version_info >= (3, 11, 5) else b""
_QUOTED = rb'"[^"]*+(?:""[^"]*+)*' + _ONCE + rb'"(?!")[^,\r\n]*+'
_VALUE = rb"(?:" + _QUOTED + rb'|[^",\r\n][^,\r\n]*+)?' + _ONCE
_ROW = rb"(?:" + _VALUE + rb",)*" + _ONCE + _VALUE + rb"(?:\r\n?+|\n)"
_ROWS = re.compile(rb"(?:" + _ROW + rb")*" + _ONCE)


def row_blocks(path: Path, size: int, *, is_regular: bool) -> Iterator[bytes]:
    """Yield the whole rows of a file in blocks; text after the last line end comes last.

    Parameters
    ----------
    path
        The file; a byte order mark is skipped.
    size
        Bytes to read at a time.
    is_regular
        Whether all quotes enclose whole values, or stand for a quote inside one.

    Raises
    ------
    ValueError
        A row has more than 16 MiB.
    """
    rest = b""
    with path.open("rb") as file:
        if file.read(len(BYTE_ORDER_MARK)) != BYTE_ORDER_MARK:
            file.seek(0)
        while piece := file.read(max(size, len(rest))):
            rest += piece
            end = _end_by_count(rest) if is_regular else _end_by_grammar(rest)
            if end:
                yield rest[:end]
                rest = rest[end:]
            elif len(rest) >= _LONGEST_ROW:
                raise ValueError(f"a row of more than {_LONGEST_ROW:,} bytes, or an open quote")
    if rest:
        yield rest


def _end_by_count(data: bytes) -> int:
    """Return the end of the last line that an even number of quotes precedes."""
    newline = b"\n" if b"\n" in data else b"\r"
    end = data.rfind(newline) + 1
    odd = data.count(b'"', 0, end) % 2
    while odd:
        quote = data.rfind(b'"', 0, end)
        before = data.rfind(newline, 0, quote) + 1
        odd ^= data.count(b'"', before, end) % 2
        end = before
    return end


def _end_by_grammar(data: bytes) -> int:
    """Return the end of the last whole row."""
    found = _ROWS.match(data)
    return found.end() if found else 0


class Block(NamedTuple):
    """A block of rows as columns of text."""

    cells: list[Cells]
    """The columns that were asked for."""
    is_row: np.ndarray
    """For each line, the header row included, whether it is a row of values."""
    bad_lines: list[dict[str, object]]
    """The first lines with too many or too few values: `value`, `actual` and `expected`."""


class _BadLines:
    """Collects the lines that the reader cannot read as rows."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.places, self.examples = array("q"), list[dict[str, object]]()

    def __call__(self, line: csv.InvalidRow) -> str:
        """Note a line with another number of values."""
        self.places.append(line.number - 1)
        if len(self.examples) < self._most:
            counts = {"actual": line.actual_columns, "expected": line.expected_columns}
            self.examples.append({"value": line.text, **counts})
        return "skip"


def parse_block(
    data: bytes, width: int, wanted: Sequence[int], *, has_header: bool, most: int
) -> Block:
    """Return a block of whole rows as text.

    Parameters
    ----------
    data
        The bytes.
    width
        Values in a row.
    wanted
        Positions of the columns to return.
    has_header
        The first line is the header row, and is left out.
    most
        How many bad lines to keep in full.

    Raises
    ------
    ValueError
        The block is not CSV.
    """
    bad, text = _BadLines(most), _as_utf8(data)
    table = _read(text, width, wanted, bad, skip=int(has_header))
    is_row = np.ones(int(has_header) + table.num_rows + len(bad.places), bool)
    is_row[: int(has_header)] = False
    is_row[np.array(bad.places, np.int64)] = False
    cells = [_cells(column, is_escaped=text is not data) for column in table.columns]
    return Block(cells, is_row, bad.examples)


def _read(data: bytes, width: int, wanted: Sequence[int], bad: _BadLines, *, skip: int) -> pa.Table:
    names = [str(place) for place in range(width)]
    if data.startswith(BYTE_ORDER_MARK) and not skip:  # the reader would leave it out
        data = b"\n" + data
    # The reader may free its input at any time and in any thread, so it gets a copy that Python
    # has no part in.
    buffer = pa.allocate_buffer(len(data))
    np.frombuffer(buffer, np.uint8)[:] = np.frombuffer(data, np.uint8)
    return csv.read_csv(
        pa.BufferReader(buffer),
        read_options=csv.ReadOptions(
            use_threads=False,
            block_size=len(data),
            column_names=names,
            skip_rows_after_names=skip,
        ),
        parse_options=csv.ParseOptions(newlines_in_values=True, invalid_row_handler=bad),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.large_string()),
            include_columns=[names[place] for place in wanted],
            strings_can_be_null=False,
        ),
    )


_MARK = "\ufdd0"  # Unicode guarantees that no text has it
_ESCAPE = "pandakit.enrichment.escape"


def _as_utf8(data: bytes) -> bytes:
    """Escape bytes that are not UTF-8, each with a mark: the reader accepts only UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode(errors=_ESCAPE).encode()
    return data


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(f"{_MARK}\\x{byte:02x}" for byte in wrong), error.end


codecs.register_error(_ESCAPE, _escape)


def _cells(column: pa.ChunkedArray, *, is_escaped: bool) -> Cells:
    text = column.combine_chunks()
    if not is_escaped:
        return Cells(text, TEXTS, {})
    bad = np.flatnonzero(pc.match_substring(text, _MARK).to_numpy(zero_copy_only=False))
    text = pc.replace_substring(text, _MARK, "")
    wrong = dict(zip(bad.tolist(), text.take(pa.array(bad)).to_pylist(), strict=True))
    return Cells(text, TEXTS, {"invalid_utf8": wrong} if wrong else {})
