"""Which columns are read, and as what: the same names and types for all files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from pandakit.consolidation._arrays.table import Table
from pandakit.consolidation._read.requirements import (
    INCIDENT_IDENTIFIER,
    PRIMARIES,
    PRIMARY_PROPERTY,
    SECONDARIES,
    SECONDARY_PROPERTY,
    check_columns,
)
from pandakit.consolidation._read.ticks import BAD_TIME
from pandakit.consolidation._read.timestamps import to_ticks
from pandakit.errors import EventError
from pandakit.interchange import as_table
from pandakit.text import to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from pandakit.consolidation.policy import Policy

__all__ = ["TICKS", "FileColumns", "InputColumns", "kind_of", "looks_at", "plan_columns"]

TICKS = pa.timestamp("us", "UTC")
_ALWAYS = ("timestamp", "status", "description", "source_system", INCIDENT_IDENTIFIER)
_PROPERTIES = (*PRIMARY_PROPERTY, *SECONDARY_PROPERTY)
_WAYS = {"number": "numbers", "time": "datetimes", "text": "text"}


@dataclass(frozen=True)
class InputColumns:
    """The columns to read, in one order, and the types that they become."""

    names: tuple[str, ...]
    types: dict[str, pa.DataType]
    as_text: frozenset[str]
    """Columns that the files have in different types: all become their text form."""
    as_ticks: bool
    """Whether timestamps are passed on as parsed, because parsing them again is slow."""

    def encoded(self, schema: pa.Schema) -> list[str]:
        """Return the text columns that a file should be read as dictionaries."""
        return [
            name
            for name in self.names
            if pa.types.is_dictionary(self.types[name])
            and name in schema.names
            and kind_of(schema.field(name).type) in ("text", "dictionary")
        ]

    def of_openings(self, policy: Policy) -> pa.Schema:
        """Return the columns that grouping needs of the events that open alerts."""
        needed = _needed(list(self.names), policy.replace(dedup="none"))
        if not looks_at("description", policy):
            needed -= {"description"}
        return pa.schema([(name, self.types[name]) for name in self.names if name in needed])

    def exchanged(self, policy: Policy) -> InputColumns:
        """Return the columns as the exchange leaves them: with timestamps as parsed."""
        if looks_at("timestamp", policy):
            return self
        return replace(self, types={**self.types, "timestamp": TICKS})

    def only(self, *names: str) -> InputColumns:
        """Return some of the columns."""
        return replace(self, names=names)

    def conform(self, table: pa.Table, unit: str) -> tuple[pa.Table, np.ndarray]:
        """Return a table with these columns in these types, and the time of each row."""
        table = as_table(table, name="events", error=EventError)
        times = to_ticks(table.column("timestamp"), unit)
        columns = [self._column(table, name, times) for name in self.names]
        return pa.table(columns, names=list(self.names)), times

    def _column(self, table: pa.Table, name: str, times: np.ndarray) -> pa.ChunkedArray:
        if name == "timestamp" and self.as_ticks:
            return pa.chunked_array([pa.array(times, mask=times == BAD_TIME).cast(TICKS)])
        kind = self.types[name]
        if name not in table.column_names:
            return pa.chunked_array([pa.nulls(table.num_rows, kind)])
        cells = table.column(name)
        if name in self.as_text:
            try:
                cells = to_text(cells, column=name)
            except ValueError as error:
                raise EventError(str(error)) from None
        return cells if cells.type == kind else _cast(cells, kind)

    def bytes_per_row(self) -> int:
        """Return about how many bytes a row takes in memory."""
        return sum(_WIDTHS.get(kind_of(kind), 32) for kind in self.types.values()) + 16


_WIDTHS = {"number": 8, "boolean": 1, "time": 8, "dictionary": 4}


def _cast(cells: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    if pa.types.is_dictionary(kind):
        return cells.cast(kind.value_type).dictionary_encode()
    return cells.cast(kind)


class FileColumns(NamedTuple):
    """The columns of a file, and how strict they are."""

    name: str
    schema: pa.Schema
    may_lack: bool
    """Whether columns that other files have may be absent, as in JSON; they are then missing."""
    is_typed: bool
    """Whether the file itself records the types, as CSV and JSON do not."""


def plan_columns(files: Sequence[FileColumns], policy: Policy) -> InputColumns:
    """Return the columns that a policy needs of files.

    Raises
    ------
    EventError
        A column that is needed is missing, or files differ in their columns or in how their
        times are written.
    """
    names = list(dict.fromkeys(name for file in files for name in file.schema.names))
    for file in files:
        _check_names(file, names, files)
        if "timestamp" in names and "timestamp" not in file.schema.names:
            raise EventError(f"{file.name} has no column 'timestamp'; add it, or leave it out")
    kinds = {name: _kinds_of(name, files) for name in names}
    check_columns(Table(pa.table({name: pa.nulls(0) for name in names})), policy.patterns)
    _check_times(files)
    wanted = [name for name in names if name in _needed(names, policy)]
    mixed = {name for name in wanted if len(kinds[name]) > 1} - {"timestamp"}
    types = {name: _joint_type(name, kinds[name], mixed=name in mixed) for name in wanted}
    is_slow = len(kinds["timestamp"]) > 1 or kind_of(types["timestamp"]) in ("text", "dictionary")
    as_ticks = is_slow and not looks_at("timestamp", policy)
    if as_ticks:
        types["timestamp"] = TICKS
    return InputColumns(tuple(wanted), types, frozenset(mixed), as_ticks)


def _check_names(file: FileColumns, names: list[str], files: Sequence[FileColumns]) -> None:
    own = file.schema.names
    twice = sorted({name for name in own if own.count(name) > 1})
    if twice:
        raise EventError(f"{file.name} has several columns called {', '.join(map(repr, twice))}")
    absent = [name for name in names if name not in own]
    if absent and not file.may_lack:
        other = next(other.name for other in files if absent[0] in other.schema.names)
        raise EventError(
            f"{file.name} has no column {absent[0]!r}, which {other} has; write all files with the "
            f"same columns, or pass a pyarrow.dataset with the schema that they share"
        )


def _check_times(files: Sequence[FileColumns]) -> None:
    ways: dict[str, str] = {}
    for file in files:
        kind = kind_of(_plain(file.schema.field("timestamp").type))
        if file.is_typed and kind in _WAYS:
            ways.setdefault(kind, file.name)
    if len(ways) > 1:
        (one, first), (other, second) = list(ways.items())[:2]
        raise EventError(
            f"{second} has its timestamps as {_WAYS[other]}, {first} as {_WAYS[one]}; write all "
            f"files in one way"
        )


def _needed(names: list[str], policy: Policy) -> set[str]:
    queries = [pattern.query for pattern in policy.patterns if pattern.query is not None]
    if (
        policy.dedup == "payload"
        or any(query.has_keywords for query in queries)
        or any(name in names for name in _PROPERTIES)
    ):
        return set(names)
    filtered = {name for query in queries for name in query.columns}
    tags = {tag for pattern in policy.patterns for tag in pattern.tags}
    fixed = {"app_key", *PRIMARIES, *SECONDARIES, *_ALWAYS}
    return fixed | tags | {name for name in names if name.lower() in filtered}


def looks_at(column: str, policy: Policy) -> bool:
    """Return whether a pattern looks at a column as text."""
    queries = [pattern.query for pattern in policy.patterns if pattern.query is not None]
    return any(column in pattern.tags for pattern in policy.patterns) or any(
        query.has_keywords or column in query.columns for query in queries
    )


def _kinds_of(name: str, files: Sequence[FileColumns]) -> set[pa.DataType]:
    """Return the types of a column over all files; text is one type, however it is stored."""
    schemas = [file.schema for file in files if name in file.schema.names]
    kinds = {_plain(schema.field(name).type) for schema in schemas}
    return kinds - {pa.null()} or {pa.null()}


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if kind_of(kind) == "text":
        return pa.large_string()
    return as_table(pa.table({"cells": pa.nulls(0, kind)})).schema.field(0).type


def _joint_type(name: str, kinds: set[pa.DataType], *, mixed: bool) -> pa.DataType:
    kind = pa.large_string() if mixed else next(iter(kinds))
    if kind == pa.large_string() and name != "description":
        return pa.dictionary(pa.int32(), pa.string())  # as Parquet returns it
    return kind


def kind_of(kind: pa.DataType) -> str:
    """Return the kind of values that a type has."""
    tests = {
        "number": pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind),
        "boolean": pa.types.is_boolean(kind),
        "time": pa.types.is_timestamp(kind),
        "dictionary": pa.types.is_dictionary(kind),
        "text": pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind),
    }
    return next((name for name, fits in tests.items() if fits), "other")
