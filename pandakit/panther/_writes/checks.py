"""Whether records can be saved; checked for all of them before the first request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd

from pandakit.detections.columns import COLUMNS
from pandakit.detections.rows import is_missing
from pandakit.panther._writes.bodies import WRITABLE, Writing
from pandakit.panther.filters import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["checked_ids", "checked_rows", "writing_of"]

Row = dict[str, Any]

# Columns that only say where a row comes from.
_ORIGIN = frozenset({"kind", "file", "body_file", "other"})
_ALL_COLUMNS = frozenset(column.name for columns in COLUMNS.values() for column in columns)
_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
}
_SEVERITIES = get_args(Severity)
_AT_LEAST_ONE = ("threshold", "dedup_period_minutes")
# Lists of objects, with the member that each must have; other lists are of texts.
_OBJECTS = {"tests": "name", "mappings": "name"}


def writing_of(kind: str) -> Writing:
    """Return how a kind is written.

    Raises
    ------
    ValueError
        For an unknown kind.
    """
    for known, writing in WRITABLE.items():
        if kind == known:
            return writing
    raise ValueError(f"kind={kind!r}: must be one of {', '.join(WRITABLE)}")


def checked_rows(writing: Writing, records: Any, *, create: bool) -> list[Row]:
    """Return records as dicts of columns that may be written, without missing values.

    Raises
    ------
    TypeError, ValueError
        With the row and the column that is wrong.
    """
    rows, extra = _as_rows(records)
    for place, row in enumerate(rows):
        _check_columns(writing, place, row, extra)
        for column in writing.columns:
            if column.name in row:
                row[column.name] = _checked(place, column.name, column.kind, row[column.name])
        _check_required(writing, place, row, create=create)
    _check_unique(rows, "name" if create and writing.kind == "queries" else "id")
    kept = {column.name for column in writing.columns} | {"id"}
    return [{name: value for name, value in row.items() if name in kept} for row in rows]


def checked_ids(ids: Any) -> list[str]:
    """Return ids as a list.

    Raises
    ------
    TypeError, ValueError
        For an id that is not text, empty, or repeated.
    """
    if isinstance(ids, pd.DataFrame):
        if "id" not in ids.columns:
            raise ValueError("the frame has no column id")
        ids = ids["id"]
    listed = [ids] if isinstance(ids, str) else list(ids)
    rows = [{} if is_missing(each) else {"id": each} for each in listed]
    for place, row in enumerate(rows):
        _check_id(place, row)
    _check_unique(rows, "id")
    return listed


def _as_rows(records: Any) -> tuple[list[Row], frozenset[str]]:
    """Return the rows, and the columns that a loader did not declare."""
    extra: Sequence[str] = ()
    if isinstance(records, pd.DataFrame):
        extra = records.attrs.get("pandakit", {}).get("extra_columns", ())
        names = [str(name) for name in records.columns]
        cells = [records.iloc[:, place].astype(object).tolist() for place in range(len(names))]
        listed: list[Any] = [
            dict(zip(names, row, strict=True))
            for row in (zip(*cells, strict=True) if cells else ((),) * len(records))
        ]
    elif isinstance(records, Mapping):
        listed = [records]
    elif isinstance(records, Iterable) and not isinstance(records, str):
        listed = list(records)
    else:
        raise TypeError(
            f"records is {type(records).__name__}; pass a frame, a dict or a list of dicts"
        )
    for place, record in enumerate(listed):
        if not isinstance(record, Mapping):
            raise TypeError(f"row {place} is {type(record).__name__}; must be a dict")
    return [
        {name: value for name, value in record.items() if not is_missing(value)}
        for record in listed
    ], frozenset(extra)


def _check_columns(writing: Writing, place: int, row: Row, extra: frozenset[str]) -> None:
    known = {column.name for column in COLUMNS[writing.kind]} | _ORIGIN | extra
    for name in row:
        if name not in known:
            elsewhere = f" ({writing.kind} have none)" if name in _ALL_COLUMNS else ""
            raise ValueError(
                f"row {place}, column {name}: unknown{elsewhere}; it may be one of "
                f"{', '.join(column.name for column in writing.columns)}"
            )
    if row.get("kind", writing.kind) != writing.kind:
        raise ValueError(f"row {place}, column kind: {row['kind']!r} is not {writing.kind!r}")


def _checked(place: int, name: str, kind: str, value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, tuple | np.ndarray):
        value = list(value)
    types = _TYPES[kind]
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise TypeError(
            f"row {place}, column {name}: {type(value).__name__}; must be {types[0].__name__}"
        )
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError(f"row {place}, column {name}: text that UTF-8 cannot encode") from None
    except (TypeError, ValueError) as error:
        raise type(error)(f"row {place}, column {name}: it is no JSON: {error}") from None
    if isinstance(value, list):
        _check_items(place, name, value)
    if name == "severity" and value not in _SEVERITIES:
        raise ValueError(
            f"row {place}, column severity: {value!r}; must be one of {', '.join(_SEVERITIES)}"
        )
    if name in _AT_LEAST_ONE and isinstance(value, int) and value < 1:
        raise ValueError(f"row {place}, column {name}: {value}; must be at least 1")
    return value


def _check_items(place: int, name: str, items: list[Any]) -> None:
    member = _OBJECTS.get(name)
    for item in items:
        if member is None and not isinstance(item, str):
            raise TypeError(
                f"row {place}, column {name}: a list with {type(item).__name__}; must be of text"
            )
        if member is not None and not isinstance(item, dict):
            raise TypeError(
                f"row {place}, column {name}: a list with {type(item).__name__}; must be of maps"
            )
        if member is not None and not isinstance(item.get(member), str):
            raise ValueError(f"row {place}, column {name}: an item has no {member}")


def _check_required(writing: Writing, place: int, row: Row, *, create: bool) -> None:
    """Refuse a required column that is blank, or missing; on an update it may be missing."""
    if not create or writing.kind != "queries":
        _check_id(place, row)
    for name in writing.required:
        if name not in row:
            if create:
                raise ValueError(f"row {place}, column {name}: it is missing; creating needs it")
        elif isinstance(row[name], str) and not row[name].strip():
            raise ValueError(f"row {place}, column {name}: it is blank")


def _check_id(place: int, row: Row) -> None:
    key = row.get("id")
    if key is None:
        raise ValueError(f"row {place}, column id: it is missing")
    if not isinstance(key, str):
        raise TypeError(f"row {place}, column id: {type(key).__name__}; must be str")
    if not key.strip() or key in {".", ".."}:
        raise ValueError(f"row {place}, column id: {key!r} is no id")
    try:
        key.encode()
    except UnicodeEncodeError:
        raise ValueError(f"row {place}, column id: {key!r} has no UTF-8 form") from None


def _check_unique(rows: list[Row], column: str) -> None:
    seen: dict[str, int] = {}
    for place, row in enumerate(rows):
        key = row[column]
        if key in seen:
            raise ValueError(f"row {place}, column {column}: {key!r} is in row {seen[key]} already")
        seen[key] = place
