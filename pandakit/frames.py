"""Declared columns to typed frames: an empty frame and a full one look alike.

A column is a row of data: its name, its kind, and the path of its value in the service's
JSON. A value that its kind cannot hold becomes missing, with a `CellWarning`, and is listed
in `df.attrs["pandakit"]["unreadable"]`. Undeclared fields are kept as received, in columns of
their own at the end, even fields inside an object of which columns read only a part.
"""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from pandakit.errors import CellWarning, ProtocolError
from pandakit.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = [
    "Column",
    "Kind",
    "add_facts",
    "build_frame",
    "epoch_nanoseconds",
    "facts",
    "snake_case",
]

Kind = Literal["text", "word", "integer", "boolean", "time", "epoch", "list", "map", "any"]

_TEXT = "string[pyarrow]"
_DTYPES: dict[str, str] = {
    "text": _TEXT,
    "word": _TEXT,
    "integer": "Int64",
    "boolean": "boolean",
    "time": "datetime64[ns, UTC]",
    "epoch": "datetime64[ns, UTC]",
    "list": "object",
    "map": "object",
    "any": "object",
}
_AT_A_TIME = 8_192  # texts
_MISFITS = (ValueError, TypeError, OverflowError)
_INT64 = range(-(2**63), 2**63)
_GO_ZERO_TIME = "0001-01-01T00:00:00Z"
_MILLISECONDS_FROM = 1e11  # in seconds this is the year 5138
_MOST_SHOWN = 3
# Rows with one field each would otherwise take the square of their size in memory.
_MOST_FIELDS = 5_000


@dataclass(frozen=True, slots=True)
class Column:
    """One declared column.

    Parameters
    ----------
    name
        The column's name in the frame.
    kind
        `text`; `word` (an enum, lower-cased); `integer`; `boolean`; `time` (ISO 8601 text);
        `epoch` (seconds, or milliseconds where the number is above 1e11); `list`, `map` and
        `any` stay Python objects.
    paths
        The dotted paths of the value in the record; the first that exists wins. Default: the
        name itself.
    meaning
        One line for the documentation.
    """

    name: str
    kind: Kind
    paths: tuple[str, ...] = ()
    meaning: str = ""

    @property
    def dtype(self) -> str:
        """The dtype in the frame, with rows or without.

        Examples
        --------
        >>> Column("started", "epoch").dtype
        'datetime64[ns, UTC]'
        """
        return _DTYPES[self.kind]

    @property
    def sources(self) -> tuple[str, ...]:
        """The paths, or the name where none was given."""
        return self.paths or (self.name,)


def build_frame(
    records: Iterable[Mapping[str, Any]],
    columns: Sequence[Column],
    *,
    ignore: Iterable[str] = (),
    kinds: Mapping[str, Kind] | None = None,
    rename: Callable[[str], str] | None = None,
) -> pd.DataFrame:
    """Return one typed frame, built from all records together.

    Parameters
    ----------
    records
        JSON objects of the service.
    columns
        The declared columns; they come first and in this order, even without records.
    ignore
        Top-level fields that are left out on purpose (secrets, raw parents of child tables).
    kinds
        Kinds for columns that are not declared (default `any`).
    rename
        Turns the name of a field that is not declared into a column's; default `snake_case`.

    Returns
    -------
    pandas.DataFrame
        Declared columns, then all other fields, in order of appearance. `attrs["pandakit"]` has
        `extra_columns` and `unreadable` (column, row, value as text).

    Warns
    -----
    CellWarning
        When a value does not fit its column.

    Examples
    --------
    >>> columns = [Column("rule_id", "text", ("id",)), Column("threshold", "integer")]
    >>> frame = build_frame([{"id": "a", "threshold": 2, "new": True}], columns)
    >>> frame.dtypes.astype(str).to_dict()
    {'rule_id': 'string', 'threshold': 'Int64', 'new': 'object'}
    """
    rows = list(records)
    unreadable: list[dict[str, Any]] = []
    data = {
        column.name: _typed([_look_up(row, column.sources) for row in rows], column, unreadable)
        for column in columns
    }
    extra = _undeclared(rows, columns, set(ignore), rename or snake_case)
    for name, values in extra.items():
        data[name] = _typed(values, Column(name, (kinds or {}).get(name, "any")), unreadable)
    frame = pd.DataFrame(data, index=pd.RangeIndex(len(rows)))
    add_facts(frame, extra_columns=list(extra), unreadable=unreadable)
    _warn_of(unreadable)
    return frame


def add_facts(frame: pd.DataFrame, **named: Any) -> pd.DataFrame:
    """Add facts about a load to `df.attrs["pandakit"]`, and return the frame."""
    frame.attrs["pandakit"] = {**frame.attrs.get("pandakit", {}), **named}
    return frame


def facts(frame: pd.DataFrame) -> dict[str, Any]:
    """Return what `add_facts` wrote, or an empty dict.

    Examples
    --------
    >>> facts(add_facts(pd.DataFrame(), rows=0))
    {'rows': 0}
    """
    return dict(frame.attrs.get("pandakit", {}))


def snake_case(name: str) -> str:
    """Return the column name for a field's name.

    Examples
    --------
    >>> snake_case("allowedCIDRBlocks"), snake_case("outputIDs"), snake_case("name-contains")
    ('allowed_cidr_blocks', 'output_ids', 'name_contains')
    """
    name = re.sub(r"IDs\b", "Ids", name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"[^0-9a-zA-Z]+", "_", name).strip("_").lower() or "field"


def _look_up(record: Mapping[str, Any], paths: Iterable[str]) -> Any:
    for path in paths:
        value: Any = record
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def _undeclared(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[Column],
    ignore: set[str],
    rename: Callable[[str], str],
) -> dict[str, list[Any]]:
    """Return the fields that no column reads; a name already taken keeps its raw spelling."""
    paths = [path.split(".") for column in columns for path in column.sources]
    whole = {path[0] for path in paths if len(path) == 1} | ignore
    in_part = {path[0] for path in paths} - whole
    fields = dict.fromkeys(field for row in rows for field in row)
    _refuse_width(len(fields))
    found: dict[tuple[str, ...], list[Any]] = {
        (field,): [row.get(field) for row in rows]
        for field in fields
        if field not in whole | in_part
    }
    for field in sorted(in_part):
        read = {path[1] for path in paths if path[0] == field}
        found.update(_unread_parts(field, [row.get(field) for row in rows], read))
        _refuse_width(len(found))
    taken = {column.name for column in columns}
    return {_free_name(path, taken, rename): values for path, values in found.items()}


def _refuse_width(fields: int) -> None:
    if fields > _MOST_FIELDS:
        raise ProtocolError(
            f"the rows have {fields:,} different fields; a frame takes up to {_MOST_FIELDS:,}, "
            "because each would be a column of its own: load fewer rows"
        )


def _unread_parts(
    field: str, values: list[Any], read: set[str]
) -> dict[tuple[str, ...], list[Any]]:
    """Return the members of objects that no column reads, and values that are not objects."""
    objects = [value if isinstance(value, dict) else {} for value in values]
    names = dict.fromkeys(name for value in objects for name in value if name not in read)
    _refuse_width(len(names))
    parts: dict[tuple[str, ...], list[Any]] = {
        (field, name): [value.get(name) for value in objects] for name in names
    }
    others = [None if isinstance(value, dict) else value for value in values]
    return parts if all(value is None for value in others) else {(field,): others, **parts}


def _free_name(path: tuple[str, ...], taken: set[str], rename: Callable[[str], str]) -> str:
    field = ".".join(path)
    name = rename(field)
    while name in taken:
        name = field if field not in taken else f"{name}_"
    taken.add(name)
    return name


def _typed(values: list[Any], column: Column, unreadable: list[dict[str, Any]]) -> Any:
    read = _READERS.get(column.kind)
    if read is None:
        return pd.Series(values, dtype=object)
    try:
        return _as_array([None if value is None else read(value) for value in values], column)
    except _MISFITS:
        kept = [_readable(value, read) for value in values]
        kept = _within_range(kept) if column.kind == "time" else kept
        unreadable += [
            {"column": column.name, "row": row, "value": redact(ascii(value))[:200]}
            for row, (value, new) in enumerate(zip(values, kept, strict=True))
            if new is None and value is not None and not _never_set(value)
        ]
        return _as_array(kept, column)


def _readable(value: Any, read: Callable[[Any], Any]) -> Any:
    try:
        return None if value is None else read(value)
    except _MISFITS:
        return None


def _within_range(texts: list[str | None]) -> list[str | None]:
    """Return the texts that are times within the range of nanoseconds, None for the others."""
    earliest, latest = (
        moment.tz_localize("UTC") for moment in (pd.Timestamp.min, pd.Timestamp.max)
    )
    is_time = _times(texts, errors="coerce").between(earliest, latest)
    return [text if fits else None for text, fits in zip(texts, is_time, strict=True)]


def _times(texts: list[str | None], errors: Literal["raise", "coerce"] = "raise") -> pd.Series:
    series = pd.Series(texts, dtype=object)
    return pd.to_datetime(series, format="ISO8601", utc=True, errors=errors)


def _as_array(values: list[Any], column: Column) -> Any:
    if column.kind == "time":
        return _times(values).astype(column.dtype)
    if column.kind == "epoch":
        nanoseconds = pd.Series(values, dtype="Int64")
        return pd.to_datetime(nanoseconds, unit="ns", utc=True).astype(column.dtype)
    if column.dtype == _TEXT and len(values) > _AT_A_TIME:
        # In parts: one growing buffer of long texts would be copied each time it doubles.
        starts = range(0, len(values), _AT_A_TIME)
        parts = [pd.array(values[start : start + _AT_A_TIME], dtype=_TEXT) for start in starts]
        return pd.concat(map(pd.Series, parts), ignore_index=True).array
    return pd.array(values, dtype=column.dtype)


def _never_set(value: Any) -> bool:
    """Return whether a value is Go's zero time or empty text, which both mean "never"."""
    return value in ("", _GO_ZERO_TIME)


def _text(value: Any) -> str:
    if isinstance(value, str):
        value.encode()  # a lone surrogate cannot be held
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _integer(value: Any) -> int:
    if isinstance(value, str):
        value = int(value)
    if isinstance(value, bool) or value != int(value) or int(value) not in _INT64:
        raise ValueError(value)
    return int(value)


def _boolean(value: Any) -> bool:
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower())
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _time(value: Any) -> str | None:
    if not isinstance(value, str) or _never_set(value):
        raise ValueError(value)
    return value


def epoch_nanoseconds(value: Any) -> int:
    """Return a number of seconds, or of milliseconds where it is that large, as nanoseconds.

    Raises
    ------
    TypeError, ValueError, OverflowError
        When it is not such a number.

    Examples
    --------
    >>> epoch_nanoseconds(2) == epoch_nanoseconds("2")
    True
    """
    if isinstance(value, bool):
        raise TypeError(value)
    number = float(value) if isinstance(value, str) else value
    to_microseconds = 10**3 if abs(number) > _MILLISECONDS_FROM else 10**6
    nanoseconds = round(number * to_microseconds) * 10**3
    if nanoseconds not in _INT64:
        raise ValueError(value)
    return nanoseconds


_READERS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "word": lambda value: _text(value).lower(),
    "integer": _integer,
    "boolean": _boolean,
    "time": _time,
    "epoch": epoch_nanoseconds,
}


def _warn_of(unreadable: list[dict[str, Any]]) -> None:
    if not unreadable:
        return
    shown = "; ".join(
        f"{entry['column']} of row {entry['row']}: {entry['value']}"
        for entry in unreadable[:_MOST_SHOWN]
    )
    more = len(unreadable) - _MOST_SHOWN
    warnings.warn(
        f"{len(unreadable)} values do not fit their columns and are missing here: {shown}"
        + (f"; and {more} more" if more > 0 else "")
        + '. All of them: df.attrs["pandakit"]["unreadable"]',
        CellWarning,
        stacklevel=4,
    )
