"""An uploaded enrichment table: read piece by piece, kept on disk, checked as the service does.

No more than one record is held in memory, and eight bytes for each row.
"""

from __future__ import annotations

import csv
from array import array
from typing import IO, TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["LONGEST_CELL", "TRUNCATED", "Malformed", "TooLarge", "UploadedTable", "read_upload"]

TRUNCATED = "Stream finished but there was a truncated final frame in the buffer"
LONGEST_CELL = 32_768  # characters
_MOST_FAULTS = 20  # are named
_BLOCK = 1 << 20
_EVERY = 100  # one offset is kept for this many rows
_LONGEST_LINE = 64 * LONGEST_CELL


class Malformed(Exception):  # noqa: N818 - a finding about the sender's bytes
    """The bytes are not a table of this schema: refused immediately."""


class TooLarge(Malformed):
    """There are more bytes than the service accepts."""


class UploadedTable:
    """Rows on disk, read by page; `faults` are the reasons why the job will fail.

    Parameters
    ----------
    path
        Where the bytes are.
    columns
        The header.
    """

    def __init__(self, path: Path, columns: list[str]) -> None:
        self.path = path
        self.columns = columns
        self.rows = 0
        self.bytes = 0
        self.faults: list[str] = []
        self._offsets = array("Q")

    def add(self, offset: int) -> None:
        """Count a row that starts at this byte."""
        if self.rows % _EVERY == 0:
            self._offsets.append(offset)
        self.rows += 1

    def page(self, number: int, size: int) -> list[dict[str, str]]:
        """Return the rows of a page, counted from 1."""
        first = (number - 1) * size
        if first >= self.rows:
            return []
        with self.path.open("rb") as stream:
            stream.seek(self._offsets[first // _EVERY])
            lines = (line.decode() for line in stream)
            reader = csv.reader(lines)
            for _ in range(first % _EVERY):
                next(reader)
            rows = [row for row, _ in zip(reader, range(size), strict=False)]
        return [dict(zip(self.columns, row, strict=True)) for row in rows]


def read_upload(body: IO[bytes], path: Path, columns: list[str], most_bytes: int) -> UploadedTable:
    """Copy an upload to disk while reading it as the table of a schema.

    Parameters
    ----------
    body
        The request's body.
    path
        Where to keep it.
    columns
        The columns of the schema.
    most_bytes
        More than these are refused.

    Raises
    ------
    Malformed
        With the service's message.
    """
    with path.open("wb") as copy:
        lines = _Lines(body, copy, most_bytes)
        reader = csv.reader(lines, strict=True)
        try:
            table = UploadedTable(path, _header(reader, columns))
            _read_rows(reader, lines, table)
        except csv.Error as error:
            raise Malformed(f"line {lines.number}: {error}") from None
    table.bytes = lines.size
    return table


class _Lines:
    """The lines of a body as texts, copied to a file on the way."""

    def __init__(self, body: IO[bytes], copy: IO[bytes], most_bytes: int) -> None:
        self._body = body
        self._copy = copy
        self._most = most_bytes
        self.size = 0
        self.number = 0
        self.offset = 0  # of the current line
        self.last = b""

    def __iter__(self) -> Iterator[str]:
        rest = b""
        while block := self._body.read(_BLOCK):
            self.size += len(block)
            if self.size > self._most:
                raise TooLarge(f"the table is larger than {self._most} bytes")
            self._copy.write(block)
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                yield self._text(line + b"\n")
            if len(rest) > _LONGEST_LINE:
                raise Malformed(TRUNCATED)
        if rest:
            raise Malformed(TRUNCATED)

    def _text(self, line: bytes) -> str:
        self.offset += len(self.last)
        self.last = line
        self.number += 1
        # Carriage returns and spaces before the last quote break the service's framing too.
        if line.endswith((b"\r\n", b' "\n')):
            raise Malformed(TRUNCATED)
        try:
            return line.decode()
        except UnicodeDecodeError:
            raise Malformed(f"line {self.number}: not UTF-8") from None


def _header(reader: Any, columns: list[str]) -> list[str]:
    header: list[str] = next(reader, [])
    missing = [name for name in columns if name not in header]
    extra = [name for name in header if name not in columns]
    if missing:
        raise Malformed(f"missing columns: {', '.join(missing)}")
    if extra:
        raise Malformed(f"columns that are not in the schema: {', '.join(extra)}")
    if len(header) != len(set(header)):
        raise Malformed("a column is there twice")
    return header


def _read_rows(reader: Any, lines: _Lines, table: UploadedTable) -> None:
    digests = array("q")
    for row in reader:
        if reader.line_num != table.rows + 2:
            raise Malformed(f"line {lines.number}: line breaks inside a value are not supported")
        if len(row) != len(table.columns):
            raise Malformed(f"line {lines.number}: {len(row)} values, {len(table.columns)} columns")
        if len(lines.last) > LONGEST_CELL < max(map(len, row)) and len(table.faults) < _MOST_FAULTS:
            table.faults.append(f"row {table.rows + 1}: a value exceeds 32K")
        table.add(lines.offset)
        digests.append(hash(tuple(row)))
    if not table.rows:
        raise Malformed("the table must have at least two rows: a header and values")
    order = np.sort(np.frombuffer(digests, dtype=np.int64))
    repeated = int((order[1:] == order[:-1]).sum())
    if repeated:
        table.faults.append(f"the table has {repeated} duplicate rows")
