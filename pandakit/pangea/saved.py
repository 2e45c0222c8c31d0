"""Load audit events that were saved as JSON: the frame of a search, without a network."""

from __future__ import annotations

import codecs
import gzip
import json
import re
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pandakit.errors import CellWarning, EventError
from pandakit.frames import add_facts
from pandakit.pangea._evidence.documents import events_of
from pandakit.pangea._evidence.exact_json import decoder
from pandakit.pangea.columns import EVENT_COLUMNS, events_frame

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    import pandas as pd

__all__ = ["check_copies", "load", "read_documents"]

_GZIP = b"\x1f\x8b"
_WHITESPACE = " \t\r\n"
_PART = 1 << 20  # bytes
_COPIES = [each.name for each in EVENT_COLUMNS if each.sources[0].startswith("envelope.")]
_ESCAPED = "pandakit.json_escape"
# An escape that JSON does not have; escaping what follows its backslash would hide it.
_BROKEN_ESCAPE = re.compile(rb"\\(?<!\\\\)(?:\\\\)*[\xc4-\xff]")


def load(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Return the audit events of a file as the frame of `Pangea.search`.

    Parameters
    ----------
    path
        A file of JSON, gzipped or not: responses of search or results (one, a list, or one after
        another), a `result` alone, console artefacts, lines of a dump, lists of events, or a
        download.

    Returns
    -------
    pandas.DataFrame
        One row for each event, in the order of the file, with the columns of `Pangea.search`.
        Each event keeps the root of its own page; values that fit no column stay in
        `unreadable`, so that `verify` checks what was received.

    Raises
    ------
    EventError
        If the file is not UTF-8 or not JSON, with the line, or holds no audit events.

    Warns
    -----
    CellWarning
        If a value does not fit its column.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "events.json"
    ...     _ = file.write_text('[{"envelope": {"event": {"message": "test"}}, "hash": "9c"}]')
    ...     load(file)[["message", "hash"]].to_dict("records")
    [{'message': 'test', 'hash': '9c'}]
    """
    file = Path(path)
    rows = []
    for line, document in read_documents(file):
        try:
            for row, root in events_of(document):
                row["root"] = root
                rows.append(row)
        except EventError as error:
            raise EventError(f"{file}, line {line}: {error}") from None
    return add_facts(events_frame(rows, {}), source=f"file {file.name}", rows=len(rows))


def check_copies(frame: pd.DataFrame) -> None:
    """Check that a saved frame agrees with its envelopes, because only these are verified.

    Raises
    ------
    EventError
        If a cell of the event's columns differs from the envelope, with row and column.
    """
    if "envelope" not in frame:
        return  # nothing to verify either way
    with warnings.catch_warnings(action="ignore", category=CellWarning):
        held = events_frame([{"envelope": each} for each in frame["envelope"]], {})
    held.index = frame.index
    for name in [name for name in _COPIES if name in frame]:
        shown, true = (
            each[name].astype(object).where(each[name].notna(), None) for each in (frame, held)
        )
        differs = (shown != true) & (shown.notna() | true.notna())
        if differs.any():
            row = differs.idxmax()
            raise EventError(
                f"row {row}, column {name}: the frame was edited, since its envelope holds another "
                f"value ({int(differs.sum()):,} rows in all): verify the original"
            )


def _text(file: Path) -> str:
    data = file.read_bytes()
    if data.startswith(_GZIP):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise EventError(f"{file} is not a whole gzip file: {error}") from None
    narrow, encoding = _narrowed(data)
    del data  # as large as the text
    try:
        return narrow.decode(encoding)
    except UnicodeDecodeError as error:
        line = narrow.count(b"\n", 0, error.start) + 1
        raise EventError(f"{file}, line {line}: not UTF-8 ({error.reason})") from None


def _narrowed(data: bytes) -> tuple[bytes | bytearray, str]:
    """Return JSON in Latin-1, with escapes for all other characters, and the encoding.

    A single character beyond Latin-1 makes Python store the whole text in two or four bytes per
    character. Text that is not UTF-8, or whose meaning escapes would change, stays as it is.
    """
    if data.isascii() or _BROKEN_ESCAPE.search(data):
        return data, "utf-8-sig"
    first = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    parts = (data[start : start + _PART] for start in range(first, len(data), _PART))
    narrow = bytearray()
    try:
        for text in codecs.iterdecode(parts, "utf-8"):
            narrow += text.encode("latin-1", _ESCAPED)
    except UnicodeDecodeError:
        return data, "utf-8-sig"
    return narrow, "latin-1"


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error(_ESCAPED, _escape)


def read_documents(file: Path) -> Iterator[tuple[int, Any]]:
    """Yield the JSON documents that follow each other in a file, each with its line.

    Raises
    ------
    EventError
        If the file is not UTF-8 or not JSON, with the line.
    """
    text = _text(file)
    place = _skip_whitespace(text, 0)
    if place == len(text):
        raise EventError(f"{file} is empty")
    line, counted = 1, 0
    while place < len(text):
        line, counted = line + text.count("\n", counted, place), place
        try:
            document, end = decoder.raw_decode(text, place)
        except json.JSONDecodeError as error:
            raise EventError(f"{file}, line {error.lineno}: not JSON ({error.msg})") from None
        except RecursionError:
            raise EventError(f"{file}, line {line}: JSON that is nested too deeply") from None
        except ValueError as error:
            raise EventError(f"{file}, line {line}: not JSON ({error})") from None
        yield line, document
        place = _skip_whitespace(text, end)


def _skip_whitespace(text: str, place: int) -> int:
    while place < len(text) and text[place] in _WHITESPACE:
        place += 1
    return place
