"""JSON as columns: one document, several in a row, or one per line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pandakit.errors import EventError
from pandakit.events._files.nested import as_flat_text, nesting
from pandakit.events._files.raw import BadLine, Raw
from pandakit.events._files.text import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandakit.events._files.find import Member

__all__ = ["columns_of", "read_records"]

# Keys under which services and tools return the requested list.
_WRAPPERS = (
    "alerts",
    "events",
    "incidents",
    "log_entries",
    "AlarmHistoryItems",
    "data",
    "result",
    "results",
    "hits",
    "items",
    "records",
)
# Keys under which a search result nests each of its rows.
_ROW = ("_source", "result", "raw_event")
_ROW_SIGNS = ("_index", "preview", "offset")


def read_records(member: Member) -> Raw:
    """Return the records of a JSON file.

    Raises
    ------
    EventError
        The file is not JSON, or no list in it has records.
    """
    text, encoding = decoded(member)
    bad: list[BadLine] = []
    try:
        records = [record for found in _documents(text, bad) for record in _unwrapped(found)]
    except RecursionError:
        raise EventError(f"{member.name} is nested too deeply to be read") from None
    odd = next((row for row, record in enumerate(records) if not isinstance(record, dict)), None)
    if odd is not None:
        raise EventError(
            f"{member.name}: record {odd} is {_kind(records[odd])}, not a JSON object with fields"
        )
    if not records and bad:
        raise EventError(f"{member.name} is not JSON: {bad[0].value}")
    if not records:
        raise EventError(f"{member.name} has no records")
    table, nested = columns_of(records)
    # Records count, not lines: one document may hold many.
    return Raw(member.name, table, f"JSON, {encoding}", bad, nested=nested)


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else f"{value!r:.40}"


def _documents(text: str, bad: list[BadLine]) -> Iterator[Any]:
    decoder, position, row = json.JSONDecoder(), 0, 0
    text = text.lstrip("\ufeff")
    while position < len(text):
        if text[position].isspace() or (text[position] == "," and row):
            position += 1
            continue
        try:
            document, position = decoder.raw_decode(text, position)
            yield document
        except json.JSONDecodeError as error:
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
            line = text[position:end]
            bad.append(BadLine(row, "bad_json", f"{error.msg}: {line:.80}"))
            position = end
        row += 1


def _unwrapped(document: Any) -> list[Any]:
    """Return the records of a document; scalars around their list are added to each."""
    if isinstance(document, list):
        return [record for part in document for record in _unwrapped_record(part)]
    if not isinstance(document, dict):
        return [document]
    return _unwrapped_record(document)


def _unwrapped_record(record: Any) -> list[Any]:
    if not isinstance(record, dict):
        return [record]
    if any(sign in record for sign in _ROW_SIGNS):
        inner = next((record[key] for key in _ROW if isinstance(record.get(key), dict)), None)
        if inner is not None:
            return [inner]
    if len(record) == 1 and all(isinstance(inner, dict) for inner in record.values()):
        return [each for inner in record.values() for each in _unwrapped_record(inner)]
    lists = [key for key in _WRAPPERS if _is_list_of_records(record.get(key))]
    if len(lists) == 1:
        around = {key: value for key, value in record.items() if _is_scalar(value)}
        inside = [each for part in record[lists[0]] for each in _unwrapped_record(part)]
        return [{**around, **each} for each in inside]
    nested = [key for key in _WRAPPERS if isinstance(record.get(key), dict)]
    deeper = [_unwrapped_record(record[key]) for key in nested]
    found = [part for part, key in zip(deeper, nested, strict=True) if part != [record[key]]]
    return found[0] if len(found) == 1 else [record]


def _is_list_of_records(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, (dict, list))


def columns_of(records: list[dict[str, Any]]) -> tuple[pa.Table, dict[str, np.ndarray]]:
    """Return one column for each field, and what the cells of those with nested lists are.

    The names of nested fields have dots between them. Lists of values stay lists. Lists of objects
    and of lists become their JSON text, and the fields of the first object become columns, such as
    ``hosts.0.name``.

    Examples
    --------
    >>> table, nested = columns_of([{"agent": {"name": "web-1"}, "n": 1}, {"n": [[2]]}])
    >>> table.to_pydict(), nested
    ({'agent.name': ['web-1', None], 'n': ['1', '[[2]]']}, {'n': array([0, 2], dtype=int8)})
    """
    columns: dict[str, list[Any]] = {}
    for row, record in enumerate(records):
        for name, value in _flat(record):
            cells = columns.setdefault(name, [])
            cells.extend([None] * (row - len(cells)))
            if len(cells) == row:  # a key with a dot and a nested one may have the same name
                cells.append(value)
    for cells in columns.values():
        cells.extend([None] * (len(records) - len(cells)))
    kinds = {name: nesting(cells) for name, cells in columns.items()}
    nested = {name: found for name, found in kinds.items() if found.any()}
    table = {name: _column(name, cells, nested.get(name)) for name, cells in columns.items()}
    return pa.table(table), nested


def _flat(record: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        # Half of a surrogate pair is not text; it is escaped, because a column name must be.
        name = f"{prefix}{key}".encode(errors="backslashreplace").decode()
        if isinstance(value, dict):
            yield from _flat(value, f"{name}.")
            continue
        yield name, value
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield from _flat(value[0], f"{name}.0.")


def _column(name: str, cells: list[Any], nested: np.ndarray | None) -> Any:
    """Return a typed column; the text form of its cells where they are of different kinds."""
    if nested is not None:
        return as_flat_text(name, cells, nested)
    try:
        column = pa.array(cells)
    except (pa.ArrowException, TypeError, OverflowError, UnicodeEncodeError):
        return as_flat_text(name, cells, np.zeros(len(cells), np.int8))
    return column.cast(pa.large_string()) if pa.types.is_string(column.type) else column
