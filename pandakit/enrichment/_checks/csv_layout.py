"""The rules for a file's bytes: byte order mark, line ends, quotes, the last line."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandakit.enrichment._checks.findings import Tally
    from pandakit.enrichment._source.csv_scan import CsvLayout, Places

__all__ = ["check_layout"]


def check_layout(tally: Tally, layout: CsvLayout) -> None:
    """Check the bytes of a file; an empty file has no faults of this kind."""
    if not layout.size:
        return
    if layout.has_byte_order_mark:
        tally.add("byte_order_mark")
    if not layout.tail.endswith(b"\n"):
        tally.add("final_newline")
    if layout.final_newlines > 1:
        tally.add("extra_newline")
    if layout.carriage_returns:
        tally.add("line_ends", returns=layout.carriage_returns)
    if layout.header_fault:
        tally.add("unreadable", why=f"the header row: {layout.header_fault}")
    _add_places(tally, "blank_line", layout.blank_lines)
    _add_places(tally, "quotes", layout.stray_quotes)
    if layout.has_open_quote and not layout.stray_quotes.count:
        tally.add("quotes")
    if layout.has_rows and not layout.has_open_quote:
        _check_last_line(tally, layout)


def _add_places(tally: Tally, rule: str, places: Places) -> None:
    if places.count:
        tally.add_many(rule, "", places.rows, [{}] * len(places.rows), places.count)


def _check_last_line(tally: Tally, layout: CsvLayout) -> None:
    """Find whitespace before a closing quote on the last line."""
    line = re.split(rb"[\r\n]", layout.tail.rstrip(b"\r\n"))[-1]
    if not re.search(rb'[ \t]"(,|$)', line):
        return
    values = next(csv.reader([line.decode(errors="backslashreplace")]))
    for title, value in zip(layout.header, values, strict=False):
        if value.endswith((" ", "\t")):
            tally.add("last_row_blank", title, layout.last_row, value=value)
