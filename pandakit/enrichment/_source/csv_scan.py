"""The bytes of a CSV file: byte order mark, line ends, quotes, header row, last line."""

from __future__ import annotations

import csv
import io
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BYTE_ORDER_MARK", "CsvLayout", "Places", "scan_csv"]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_BLOCK = 1 << 20
_EDGE = 1 << 20  # the header row and the last line must end within so many bytes
_LF, _CR, _QUOTE, _COMMA = b'\n\r",'
_BORDERS = np.isin(np.arange(256), [_LF, _CR, _QUOTE, _COMMA])


@dataclass(slots=True)
class Places:
    """How often something was found, and the first row numbers (None: the header row)."""

    count: int = 0
    rows: list[int | None] = field(default_factory=list)


@dataclass(slots=True)
class CsvLayout:
    """What the bytes of a file reveal about its rows."""

    size: int
    tail: bytes = b""
    """The last bytes of the file."""
    has_byte_order_mark: bool = False
    header: list[str] = field(default_factory=list)
    header_fault: str = ""
    """Why the header row cannot be read."""
    lines: int = 0
    """Line feeds outside quotes."""
    carriage_returns: int = 0
    """Carriage returns outside quotes."""
    quotes: int = 0
    stray_quotes: Places = field(default_factory=Places)
    """Quotes that do not enclose a whole value."""
    blank_lines: Places = field(default_factory=Places)

    @property
    def final_newlines(self) -> int:
        """How many line ends there are at the end of the file."""
        content = self.tail.rstrip(b"\r\n")
        return len(self.tail[len(content) :].replace(b"\r\n", b"\n"))

    @property
    def has_open_quote(self) -> bool:
        """A quote is never closed, so the ends of lines are unknown."""
        return self.quotes % 2 == 1

    @property
    def is_regular(self) -> bool:
        """All quotes enclose whole values."""
        return not self.stray_quotes.count and not self.has_open_quote

    @property
    def has_rows(self) -> bool:
        """Lines follow the header row."""
        if not self.size or self.header_fault:
            return False
        ends = self.final_newlines
        return self.has_open_quote or self.lines + (ends == 0) - max(ends - 1, 0) > 1

    @property
    def last_row(self) -> int:
        """The row number of the last line."""
        return self.lines - self.final_newlines - 1


def scan_csv(path: Path, *, most: int = 0) -> CsvLayout:
    """Return the layout of a file, with at most `most` row numbers of each kind of fault.

    Raises
    ------
    OSError
        The path cannot be read, or is not a regular file.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{path} is not a regular file: a table is read more than once")
    layout = CsvLayout(status.st_size)
    with path.open("rb") as file:
        head = file.read(_EDGE)
        file.seek(max(layout.size - _EDGE, 0))
        layout.tail = file.read()
    layout.has_byte_order_mark = head.startswith(BYTE_ORDER_MARK)
    try:
        layout.header = _header(head)
    except csv.Error as error:
        layout.header_fault = str(error)
    for start in range(0, layout.size, _BLOCK):
        _scan_block(path, layout, start, min(start + _BLOCK, layout.size), most)
    return layout


def _header(head: bytes) -> list[str]:
    if len(head) == _EDGE and not re.search(rb"[\r\n]", head):
        raise csv.Error(f"more than {_EDGE:,} bytes")
    text = head.decode("utf-8-sig", errors="backslashreplace")
    return next(csv.reader(io.StringIO(text, newline="")), [])


def _scan_block(path: Path, layout: CsvLayout, start: int, stop: int, most: int) -> None:
    data = _read(path, layout, start - 1, stop + 1)
    left, here, right = data[:-2], data[1:-1], data[2:]
    quotes = np.flatnonzero(here == _QUOTE)
    ends = _outside(np.flatnonzero(here == _LF), quotes, layout.quotes)
    content = layout.size - layout.final_newlines
    blank = ends[(left[ends] == _LF) & (ends + start < content)]
    # Every second quote opens a value, the others close one: the side that faces away from
    # the value must be a comma, a line end, or another quote.
    opens = (np.arange(len(quotes)) + layout.quotes) % 2 == 0
    outer = np.where(opens, left[quotes], right[quotes])
    stray = quotes[~_BORDERS[outer]]
    _note(layout.blank_lines, blank, ends, layout.lines, most)
    _note(layout.stray_quotes, stray, ends, layout.lines, most)
    returns = _outside(np.flatnonzero(here == _CR), quotes, layout.quotes)
    layout.carriage_returns += len(returns)
    layout.lines += len(ends)
    layout.quotes += len(quotes)


def _read(path: Path, layout: CsvLayout, start: int, stop: int) -> np.ndarray:
    """Read part of a file, which begins and ends with an imagined line feed."""
    first = max(start, 0)
    inside = np.fromfile(path, np.uint8, stop - first, offset=first)
    if layout.has_byte_order_mark:
        # As commas, so that a quote after the mark opens the first title.
        inside[: max(len(BYTE_ORDER_MARK) - first, 0)] = _COMMA
    before, after = int(start < 0), int(stop > layout.size)
    return np.pad(inside, (before, after), constant_values=_LF)


def _outside(places: np.ndarray, quotes: np.ndarray, earlier: int) -> np.ndarray:
    """Keep the places outside values, which an even number of quotes precedes."""
    outside: np.ndarray = places[(np.searchsorted(quotes, places) + earlier) % 2 == 0]
    return outside


def _note(found: Places, places: np.ndarray, ends: np.ndarray, lines: int, most: int) -> None:
    found.count += len(places)
    kept = places[: max(most - len(found.rows), 0)]
    numbers = np.searchsorted(ends, kept) + lines - 1
    found.rows += [int(number) if number >= 0 else None for number in numbers]
