"""The rules that look at a file's bytes: mark, line ends, quotes, the last line."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pandakit.enrichment._checks.findings import Tally
from pandakit.enrichment._source.blocks import BYTE_ORDER_MARK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Layout", "has_regular_quotes", "judge_bytes", "read_titles"]

_BLOCK = 1 << 20
#: The header row and the last line are looked for in so many bytes.
_END = 1 << 20
_LF, _CR, _QUOTE, _COMMA = 0x0A, 0x0D, 0x22, 0x2C
_BORDERS = np.isin(np.arange(256), np.frombuffer(b'\n\r,"', np.uint8))


class Layout(NamedTuple):
    """What the bytes of a file say of its rows."""

    titles: list[str]
    regular: bool
    """Whether all quotes enclose whole values."""


def judge_bytes(path: Path, tally: Tally) -> Layout | None:
    """Judge a file's bytes; give its layout when rows of values follow titles, else nothing."""
    size = path.stat().st_size
    if not size:
        return None
    with path.open("rb") as file:
        if file.read(len(BYTE_ORDER_MARK)) == BYTE_ORDER_MARK:
            tally.add("byte_order_mark")
        file.seek(max(size - _END, 0))
        tail = file.read()
    ends = _final_newlines(tail)
    if not tail.endswith(b"\n"):
        tally.add("final_newline")
    if ends > 1:
        tally.add("extra_newline")
    scan = _Scan(path, tally, content=size - ends)
    try:
        titles = read_titles(path)
    except csv.Error as error:
        tally.add("unreadable", why=f"the header row: {error}")
        return None
    if scan.quotes % 2:
        return Layout(titles, scan.regular)  # no telling where lines end
    if scan.lines + (ends == 0) - max(ends - 1, 0) <= 1:
        return None
    _judge_last_line(tally, tail, titles, scan.lines - ends - 1)
    return Layout(titles, scan.regular)


def has_regular_quotes(path: Path) -> bool:
    """Say whether all quotes of a file enclose whole values."""
    return _Scan(path, Tally(strict=True, max_findings=0), content=0).regular


class _Scan:
    """Line ends and quotes of a file, block by block; `content` is its size without the end."""

    def __init__(self, path: Path, tally: Tally, *, content: int) -> None:
        self._path, self._tally = path, tally
        self._size, self._content = path.stat().st_size, content
        with path.open("rb") as file:
            is_marked = file.read(len(BYTE_ORDER_MARK)) == BYTE_ORDER_MARK
        self._mark = len(BYTE_ORDER_MARK) if is_marked else 0
        self.lines = self.quotes = self.stray = self.returns = 0
        for start in range(0, self._size, _BLOCK):
            self._block(start, min(start + _BLOCK, self._size))
        if self.quotes % 2 and not self.stray:
            tally.add("quotes")
        if self.returns:
            tally.add("line_ends", returns=self.returns)

    @property
    def regular(self) -> bool:
        """All quotes enclose whole values."""
        return not self.stray and not self.quotes % 2

    def _block(self, start: int, stop: int) -> None:
        data = self._read(start - 1, stop + 1)
        left, here, right = data[:-2], data[1:-1], data[2:]
        quotes = np.flatnonzero(here == _QUOTE)
        ends = self._outside(np.flatnonzero(here == _LF), quotes)
        returns = self._outside(np.flatnonzero(here == _CR), quotes)
        blank = ends[(left[ends] == _LF) & (ends + start < self._content)]
        # Every second quote opens a value, the others close one: the side that looks away
        # from the value must be a comma, a line end, or another quote.
        opens = (np.arange(len(quotes)) + self.quotes) % 2 == 0
        outer = np.where(opens, left[quotes], right[quotes])
        stray = quotes[~_BORDERS[outer]]
        self._report("blank_line", blank, ends)
        self._report("quotes", stray, ends)
        self.returns += len(returns)
        self.lines += len(ends)
        self.quotes += len(quotes)
        self.stray += len(stray)

    def _read(self, start: int, stop: int) -> np.ndarray:
        """Read a stretch of the file; before its start and after its end are line ends."""
        first = max(start, 0)
        inside = np.fromfile(self._path, np.uint8, stop - first, offset=first)
        inside[: max(self._mark - first, 0)] = _COMMA  # a quote after it opens the first title
        beyond = int(start < 0), int(stop > self._size)
        edges = [np.full(count, _LF, np.uint8) for count in beyond]
        return np.concatenate([edges[0], inside, edges[1]])

    def _outside(self, places: np.ndarray, quotes: np.ndarray) -> np.ndarray:
        """Keep the places outside values: an even number of quotes stands before them."""
        outside = (np.searchsorted(quotes, places) + self.quotes) % 2 == 0
        kept: np.ndarray = places[outside]
        return kept

    def _report(self, rule: str, places: np.ndarray, ends: np.ndarray) -> None:
        kept = places[: self._tally.room(rule)]
        lines = np.searchsorted(ends, kept) + self.lines  # 0 is the header row
        rows = [int(line) - 1 if line else None for line in lines]
        if places.size:
            self._tally.add_many(rule, "", rows, [{}] * len(rows), int(places.size))


def _final_newlines(tail: bytes) -> int:
    return len(tail[len(tail.rstrip(b"\r\n")) :].replace(b"\r\n", b"\n"))


def read_titles(path: Path) -> list[str]:
    """Give the titles of a CSV file.

    Raises
    ------
    csv.Error
        The first line is no CSV.
    """
    with path.open("rb") as file:
        head = file.read(_END)
    if len(head) == _END and not re.search(rb"[\r\n]", head):
        raise csv.Error(f"more than {_END:,} bytes")
    text = head.decode("utf-8-sig", errors="backslashreplace")
    return next(csv.reader(io.StringIO(text, newline="")), [])


def _judge_last_line(tally: Tally, tail: bytes, titles: Sequence[str], row: int) -> None:
    """Find whitespace before a closing quote on the last line."""
    line = re.split(rb"[\r\n]", tail.rstrip(b"\r\n"))[-1]
    if not re.search(rb'[ \t]"(,|$)', line):
        return
    cells = next(csv.reader([line.decode(errors="backslashreplace")]))
    for title, cell in zip(titles, cells, strict=False):
        if cell.endswith((" ", "\t")):
            tally.add("last_row_blank", title, row, value=cell)
