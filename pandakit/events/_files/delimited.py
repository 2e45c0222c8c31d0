"""CSV with any separator; every cell stays text, so that an id such as 007 keeps its zeros."""

from __future__ import annotations

import csv as python_csv
import re
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
from pyarrow import csv

from pandakit.errors import EventError
from pandakit.events._files.find import HEAD, arrow_buffer
from pandakit.events._files.raw import BadLine, Raw, checked_names, with_bad_lines
from pandakit.events._files.text import decoded, encoding_of_head

if TYPE_CHECKING:
    from pandakit.events._files.find import Member

__all__ = ["read_delimited"]

_USUAL = (",", ";", "\t", "|")
_OTHERS = ("\x1f", "\x01", "^", "~", "#", "!", ":", " ")
_NAMES = {"\t": "tab", " ": "space"}
# Excel writes and reads this line where the decimal separator is a comma.
_DECLARED = re.compile(r"(?:\ufeff)?\"?sep=(.)\"?\r?\n")
_SAMPLE = 50  # records
_BLOCK = 1 << 20


class _Layout(NamedTuple):
    separator: str
    columns: list[str]
    skip: int


def read_delimited(member: Member) -> Raw:
    """Return the rows of a file of separated values.

    Raises
    ------
    EventError
        The file has no rows, only one column, repeated names, or an unclosed quote.
    """
    encoding = encoding_of_head(member.head, member.name)
    if encoding == "utf-8":
        try:
            return _read(member, member.open(), _layout(member.name, _text(member.head)), encoding)
        except (UnicodeDecodeError, _NotUtf8):
            pass
    text, encoding = decoded(member)
    source = pa.BufferReader(arrow_buffer(text.encode()))
    return _read(member, source, _layout(member.name, text[:HEAD]), encoding)


class _NotUtf8(Exception):  # noqa: N818 - control flow, never shown
    pass


def _text(head: bytes) -> str:
    """Return the head as text, without a last character that is cut."""
    try:
        return head.decode()
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            raise
        return head[: error.start].decode()


def _layout(name: str, sample: str) -> _Layout:
    if not sample.strip():
        raise EventError(f"{name} cannot be read as a table: it is empty")
    declared = _DECLARED.match(sample)
    body = sample[declared.end() :] if declared else sample
    separator = declared[1] if declared else _separator(body)
    header = next(iter(_records(body, separator)), [])
    if len(header) <= 1:
        raise EventError(
            f"{name} has only one column, {header[0] if header else ''!r}: separate columns by "
            f"commas, semicolons or tabs"
        )
    return _Layout(separator, checked_names(name, header), 1 if declared else 0)


def _records(sample: str, separator: str) -> list[list[str]]:
    """Return the first records, without one that the end of the sample may cut."""
    lines = sample.lstrip("\ufeff").splitlines(keepends=True)
    try:
        found = islice(python_csv.reader(lines, delimiter=separator), _SAMPLE + 1)
        records = [record for record in found if record]
    except python_csv.Error:
        return []
    return records[:-1] if len(records) > 1 and len(sample) >= HEAD else records


def _separator(sample: str) -> str:
    """Return the separator that splits most rows into as many fields as the header has.

    Usual separators win over unusual ones; among equals, the one that makes the most fields.
    """

    def strength(separator: str) -> tuple[bool, bool, int]:
        records = _records(sample, separator)
        fields = len(records[0]) if records else 0
        alike = sum(len(record) == fields for record in records)
        return fields > 1 and 2 * alike > len(records), separator in _USUAL, fields

    return max((*_USUAL, *_OTHERS), key=strength)


def _read(member: Member, source: pa.NativeFile, layout: _Layout, encoding: str) -> Raw:
    form = f"CSV, separated by {_shown(layout.separator)}, {encoding}"
    quoted = _has_quotes(member)
    try:
        return Raw(member.name, _table(source, layout, quoted=quoted), form)
    except pa.ArrowInvalid as error:
        if "UTF8" in str(error) and encoding == "utf-8":
            raise _NotUtf8 from None
        if "Expected" not in str(error):
            raise EventError(f"{member.name} cannot be read as a table: {error}") from None
    source.seek(0)
    bad: list[BadLine] = []
    table = _table(source, layout, quoted=True, bad=bad)
    for line in bad:
        if line.value.count('"') % 2:
            raise EventError(
                f"{member.name} cannot be read as a table: row {line.row} has an unclosed quote, "
                f"which swallows the rows after it"
            )
    return with_bad_lines(Raw(member.name, table, form), bad)


def _shown(separator: str) -> str:
    return _NAMES.get(separator, repr(separator))


def _has_quotes(member: Member) -> bool:
    """Return whether a value may contain a line end, which makes reading slower."""
    if member.path is None:
        return b'"' in member.data
    with member.path.open("rb") as file:
        return any(b'"' in block for block in iter(partial(file.read, _BLOCK), b""))


def _table(
    source: pa.NativeFile, layout: _Layout, *, quoted: bool, bad: list[BadLine] | None = None
) -> pa.Table:
    def refused(line: csv.InvalidRow) -> str:
        # Arrow counts from 1, and includes the header row and the `sep=` line.
        found = f"{line.actual_columns} values for {line.expected_columns} columns: {line.text}"
        bad.append(BadLine(line.number - 2 - layout.skip, "ragged_row", found))  # type: ignore[union-attr]
        return "skip"

    # Arrow calls the handler in the thread that reads, so bad lines are read in this thread.
    return csv.read_csv(
        source,
        read_options=csv.ReadOptions(
            use_threads=bad is None,
            column_names=layout.columns,
            skip_rows=layout.skip,
            skip_rows_after_names=1,
            block_size=1 << 22,
        ),
        parse_options=csv.ParseOptions(
            delimiter=layout.separator,
            newlines_in_values=quoted,
            invalid_row_handler=None if bad is None else refused,
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(layout.columns, pa.large_string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
