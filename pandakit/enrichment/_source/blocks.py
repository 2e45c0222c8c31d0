"""A CSV file in blocks of whole rows, and each block as columns of text.

Where all quotes enclose whole values, a line end is outside of them when an even number of
quotes stands before it, which is quickly found from the end of a block. Otherwise rows are
told apart by the grammar that the reader of CSV goes by: only a quote at the start of a value
opens it.
"""

from __future__ import annotations

import codecs
import re
from array import array
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from pandakit.enrichment._source.text import TEXTS, Cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["BYTE_ORDER_MARK", "BadLines", "Parsed", "parsed", "row_blocks"]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

#: No row may be longer: it has to fit into memory some times over.
_MOST = 16 << 20
_QUOTED = rb'"[^"]*+(?:""[^"]*+)*+"[^,\r\n]*+'
_VALUE = rb"(?:" + _QUOTED + rb'|[^",\r\n][^,\r\n]*+)?+'
_ROWS = re.compile(rb"(?:(?:" + _VALUE + rb",)*+" + _VALUE + rb"(?:\r\n?+|\n))*+")


def row_blocks(path: Path, size: int, *, regular: bool) -> Iterator[bytes]:
    """Give the whole rows of a file, some at a time; what follows the last line end comes last.

    Parameters
    ----------
    path
        The file; a byte order mark is left out.
    size
        Bytes to read in one go.
    regular
        Whether each of its quotes opens or closes a whole value, or stands for a quote in one.

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
            end = _even_end(rest) if regular else _lexed_end(rest)
            if end:
                yield rest[:end]
                rest = rest[end:]
            elif len(rest) >= _MOST:
                raise ValueError(f"a row of more than {_MOST:,} bytes, or a quote without its pair")
    if rest:
        yield rest


def _even_end(data: bytes) -> int:
    """Say where the last line ends that has an even number of quotes before its end."""
    newline = b"\n" if b"\n" in data else b"\r"
    end = data.rfind(newline) + 1
    odd = data.count(b'"', 0, end) % 2
    while odd:
        quote = data.rfind(b'"', 0, end)
        before = data.rfind(newline, 0, quote) + 1
        odd ^= data.count(b'"', before, end) % 2
        end = before
    return end


def _lexed_end(data: bytes) -> int:
    """Say where the last whole row ends, by the grammar."""
    found = _ROWS.match(data)
    return found.end() if found else 0


class BadLines:
    """The lines of a block that are no rows: all their numbers, the first ones in full."""

    def __init__(self, room: int) -> None:
        self._room = room
        self.numbers, self.facts = array("q"), list[dict[str, object]]()

    def __call__(self, line: csv.InvalidRow) -> str:
        """Take a line that has another number of values."""
        self.numbers.append(line.number - 1)
        if len(self.facts) < self._room:
            counts = {"actual": line.actual_columns, "expected": line.expected_columns}
            self.facts.append({"value": line.text, **counts})
        return "skip"


class Parsed(NamedTuple):
    """A block of rows as columns of text."""

    cells: list[Cells]
    """The columns that are wanted."""
    bad: BadLines
    """Lines that are no rows, counted from the block's first as 0."""
    lines: int
    """How many lines there are, these and the titles included."""


def parsed(
    block: bytes, width: int, wanted: Sequence[int], *, has_titles: bool, room: int
) -> Parsed:
    """Read a block of rows.

    Parameters
    ----------
    block
        Whole rows.
    width
        Values that a row has.
    wanted
        Positions of the values to give.
    has_titles
        Its first row is the header row, and is left out.
    room
        How many bad lines to keep in full.

    Raises
    ------
    ValueError
        The block cannot be read as CSV.
    """
    bad, text = BadLines(room), _as_utf8(block)
    table = _table(text, width, wanted, bad, skip=int(has_titles))
    lines = int(has_titles) + table.num_rows + len(bad.numbers)
    return Parsed(
        [_cells(column, escaped=text is not block) for column in table.columns], bad, lines
    )


def _table(
    block: bytes, width: int, wanted: Sequence[int], bad: BadLines, *, skip: int
) -> pa.Table:
    names = [str(place) for place in range(width)]
    if block.startswith(BYTE_ORDER_MARK) and not skip:  # the reader would leave it out
        block = b"\n" + block
    # The reader frees its input when it likes, and in which thread it likes: it gets a copy
    # that Python has no part in.
    buffer = pa.allocate_buffer(len(block))
    np.frombuffer(buffer, np.uint8)[:] = np.frombuffer(block, np.uint8)
    return csv.read_csv(
        pa.BufferReader(buffer),
        read_options=csv.ReadOptions(
            use_threads=False,
            block_size=len(block),
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


_MARK = "\ufdd0"  # Unicode promises that no text has it
_ESCAPE = "pandakit.enrichment.escape"


def _as_utf8(block: bytes) -> bytes:
    """Write out bytes that are not UTF-8, each after a mark: the reader takes only UTF-8."""
    try:
        block.decode()
    except UnicodeDecodeError:
        return block.decode(errors=_ESCAPE).encode()
    return block


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(f"{_MARK}\\x{byte:02x}" for byte in wrong), error.end


codecs.register_error(_ESCAPE, _escape)


def _cells(column: pa.ChunkedArray, *, escaped: bool) -> Cells:
    text = column.combine_chunks()
    if not escaped:
        return Cells(text, TEXTS, {})
    bad = np.flatnonzero(pc.match_substring(text, _MARK).to_numpy(zero_copy_only=False))
    text = pc.replace_substring(text, _MARK, "")
    wrong = pd.Series(text.take(pa.array(bad)).to_pylist(), index=bad, dtype=object)
    return Cells(text, TEXTS, {"invalid_utf8": wrong} if bad.size else {})
