"""The fields that may be written of each kind, and the bodies that are sent.

Source: "Panther REST API".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pandakit.detections.columns import COLUMNS
from pandakit.detections.rows import same_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandakit.frames import Column

__all__ = [
    "WRITABLE",
    "WritableKind",
    "Writing",
    "changed_columns",
    "create_body",
    "update_body",
]

Row = dict[str, Any]
WritableKind: TypeAlias = Literal[
    "rules",
    "scheduled_rules",
    "simple_rules",
    "correlation_rules",
    "policies",
    "globals",
    "data_models",
    "queries",
]

_AUTHORS = ("createdAt", "createdBy", "createdByExternal", "lastModified")
_CHANGED = ("createdAt", "lastModified", "managed")


@dataclass(frozen=True, slots=True)
class Writing:
    """How one kind is written.

    Parameters
    ----------
    kind
        The kind.
    read_only
        Fields of a list row that a body may not have.
    required
        Columns without which nothing is created.
    has_tests
        Whether a save can run unit tests.
    update
        The method of an update; a creation is a POST.
    path_only
        Fields that are in the path of an update, not in its body.
    needs
        The permission.
    """

    kind: WritableKind
    read_only: tuple[str, ...]
    required: tuple[str, ...]
    needs: str
    has_tests: bool = False
    update: Literal["PUT", "POST"] = "PUT"
    path_only: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that may be written."""
        return tuple(
            column
            for column in COLUMNS[self.kind]
            if column.sources[0].partition(".")[0] not in self.read_only
        )


_ROWS = (
    Writing("rules", _AUTHORS, ("id", "body", "severity"), "Manage Rules", has_tests=True),
    Writing(
        "scheduled_rules", _AUTHORS, ("id", "body", "severity"), "Manage Rules", has_tests=True
    ),
    Writing(
        "simple_rules", _AUTHORS, ("id", "detection", "severity"), "Manage Rules", has_tests=True
    ),
    Writing(
        "correlation_rules",
        (*_AUTHORS, "correlationRuleReferenceIds", "lastModifiedBy", "logTypes", "managed"),
        ("id", "detection", "severity"),
        "Manage Rules",
        has_tests=True,
    ),
    Writing("policies", _AUTHORS, ("id", "body", "severity"), "Manage Policies", has_tests=True),
    Writing(
        "globals",
        _CHANGED,
        ("id", "body"),
        "Manage Rules or Manage Policies",
        path_only=("id",),
    ),
    Writing("data_models", _CHANGED, ("id",), "Manage Rules"),
    Writing(
        "queries",
        ("id", "managed", "createdAt", "updatedAt"),
        ("name", "sql"),
        "Manage Saved Searches",
        update="POST",
    ),
)
WRITABLE = {row.kind: row for row in _ROWS}


def create_body(writing: Writing, row: Row) -> Row:
    """Return the body that creates an object."""
    return _body(writing, row)


def update_body(writing: Writing, row: Row, current: Row) -> Row:
    """Return the body that updates an object: all its fields, with the changes.

    A field that is left out of an update falls back to its default.
    """
    present = {each.name: _field(current, each.sources[0]) for each in writing.columns}
    kept = {name: value for name, value in present.items() if value is not None}
    if "python_body" not in row:  # the service generates it from the detection
        kept.pop("python_body", None)
    body = _body(writing, kept | row)
    return {name: value for name, value in body.items() if name not in writing.path_only}


def changed_columns(writing: Writing, row: Row, current: Row) -> list[str]:
    """Return the columns of a row that differ from what the service has."""
    return [
        each.name
        for each in writing.columns
        if each.name in row
        and not _same(each.name, row[each.name], _field(current, each.sources[0]))
    ]


def _same(name: str, new: Any, old: Any) -> bool:
    new, old = _sent(name, new), _sent(name, old)
    if new in ("", [], {}) and old in (None, "", [], {}):
        return True
    if name == "tags" and isinstance(new, list) and isinstance(old, list):  # in no order
        return sorted(map(str, new)) == sorted(map(str, old))
    return same_value(new, old)


def _body(writing: Writing, row: Row) -> Row:
    body: Row = {}
    for each in writing.columns:
        if each.name in row:
            _put(body, each.sources[0], _sent(each.name, row[each.name]))
    return body


def _put(body: Row, path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        body = body.setdefault(parent, {})
    body[last] = value


def _field(current: Row, path: str) -> Any:
    value: Any = current
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _sent(name: str, value: Any) -> Any:
    """Return a value as it is sent: without nulls, and mocks' return values as text."""
    if name == "tests" and isinstance(value, list):
        return [_test(test) for test in value]
    if name == "mappings" and isinstance(value, list):
        return [_without_nulls(each.items()) if isinstance(each, dict) else each for each in value]
    return _without_nulls(value.items()) if name == "email_config" and value else value


def _test(test: Any) -> Any:
    if not isinstance(test, dict):
        return test
    sent = _without_nulls(test.items())
    if isinstance(sent.get("mocks"), list):
        sent["mocks"] = [_mock(mock) for mock in sent["mocks"]]
    return sent


def _mock(mock: Any) -> Any:
    if not isinstance(mock, dict):
        return mock
    filled = _without_nulls(mock.items())
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in filled.items()
    }


def _without_nulls(members: Iterable[tuple[str, Any]]) -> Row:
    return {name: value for name, value in members if value is not None}
