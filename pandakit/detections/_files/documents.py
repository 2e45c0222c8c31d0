"""Convert a YAML file to a row, and back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pandakit.detections._files.fields import (
    FIELDS,
    ID_KEYS,
    SKIPPED_TYPES,
    Field,
    kind_of_document,
)
from pandakit.detections._files.yaml12 import dump, load_with_source
from pandakit.detections.columns import COLUMNS

__all__ = ["Document", "compose", "parse"]

Row = dict[str, Any]

# `AnalysisType` is chosen from the row again when a file is written.
_TYPES = {
    "simple_rules": "rule",
    "rules": "rule",
    "scheduled_rules": "scheduled_rule",
    "policies": "policy",
    "correlation_rules": "correlation_rule",
    "globals": "global",
    "data_models": "datamodel",
}
_TYPES_OF = {"boolean": bool, "list": list, "map": dict}
_YAML_KEYS = {
    kind: frozenset(each.key for each in fields if each.shape == "yaml")
    for kind, fields in FIELDS.items()
}
_ALL_YAML_KEYS = frozenset().union(*_YAML_KEYS.values())
_COLUMN_OF = {
    kind: {column.sources[0]: column.name for column in columns}
    for kind, columns in COLUMNS.items()
}
# Marks an object whose text in REST does not end in a newline.
_NO_NEWLINE = "# no newline at the end"


@dataclass(frozen=True, slots=True)
class Document:
    """What one YAML file holds.

    Parameters
    ----------
    kind
        The list that it belongs to; empty for a type that the REST API does not have.
    row
        Column to value.
    other
        Keys that no column has, with their values.
    body_name
        `Filename`: the Python file beside it; `None` without one.
    """

    kind: str
    row: Row = field(default_factory=dict)
    other: Row = field(default_factory=dict)
    body_name: str | None = None


def parse(text: str) -> Document:
    r"""Read the text of a YAML file.

    Raises
    ------
    ValueError
        When it is not detection content; the message says which key is wrong.

    Examples
    --------
    >>> document = parse("AnalysisType: rule\nRuleID: A\nSeverity: High\nStatus: Stable\n")
    >>> document.kind, document.row, document.other
    ('rules', {'id': 'A', 'severity': 'HIGH'}, {'Status': 'Stable'})
    """
    content, sources = load_with_source(text, _ALL_YAML_KEYS)
    if not isinstance(content, dict):
        raise ValueError("the file is not a map of keys to values")  # noqa: TRY004 - of a file
    if content.get("AnalysisType") in SKIPPED_TYPES:
        return Document("")
    kind = kind_of_document(content)
    rest = _flat(kind, content)
    del rest["AnalysisType"]
    identity = _identity(rest.pop(ID_KEYS[kind], None), ID_KEYS[kind])
    row: Row = {"id": identity, **({"name": identity} if kind == "queries" else {})}
    body_name = rest.pop("Filename", None)
    if not isinstance(body_name, str | None):
        raise ValueError(f"Filename is {type(body_name).__name__}; must be text")  # noqa: TRY004
    for each in FIELDS[kind]:
        key = next((key for key in (each.key, *each.aliases) if key in rest), None)
        value = None if key is None else rest.pop(key)
        if value is not None:
            shaped = _shaped(each, each.from_yaml(value), sources, each.key)
            row[_COLUMN_OF[kind][each.field]] = shaped
    return Document(kind, row, rest, body_name)


def _flat(kind: str, content: Row) -> Row:
    """Lift those members of `Schedule` that are separate fields."""
    flat = dict(content)
    schedule = flat.get("Schedule") if kind == "queries" else None
    if isinstance(schedule, dict):
        del flat["Schedule"]
        known = {each.key for each in FIELDS[kind]}
        flat |= {f"Schedule.{key}": value for key, value in schedule.items()}
        others = {key: value for key, value in schedule.items() if f"Schedule.{key}" not in known}
        for key in others:
            del flat[f"Schedule.{key}"]
        flat |= {"Schedule": others} if others else {}
    return flat


def _identity(value: Any, key: str) -> str:
    if value is None or value == "":
        raise ValueError(f"{key} is missing")
    if isinstance(value, list | dict | bool):
        raise ValueError(f"{key} is {type(value).__name__}; must be text")  # noqa: TRY004
    return value if isinstance(value, str) else json.dumps(value)


def _shaped(declared: Field, value: Any, sources: dict[str, str], name: str) -> Any:
    """Check the shape of a value; scalars become text where text is expected."""
    shape = declared.shape
    if shape == "yaml" and declared.key in sources:
        return _without_marker(sources[declared.key])
    if shape in {"text", "yaml"} and not isinstance(value, list | dict):
        return value if isinstance(value, str) else json.dumps(value)
    if shape == "integer" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if shape in _TYPES_OF and isinstance(value, _TYPES_OF[shape]):
        return value
    raise ValueError(f"{name} is {type(value).__name__}; must be {shape}")


def _without_marker(text: str) -> str:
    marked = text.removesuffix(_NO_NEWLINE + "\n")
    return text if marked == text else marked.removesuffix("\n")


def compose(row: Row, other: Row, body_name: str | None) -> str:
    """Return the text of the YAML file of a row.

    Raises
    ------
    ValueError
        For a column whose value the file cannot hold; the message names it.

    Examples
    --------
    >>> row = {"kind": "rules", "id": "A", "severity": "HIGH", "tags": ["x"]}
    >>> print(compose(row, {"Status": "Stable"}, "a.py"), end="")
    AnalysisType: rule
    Filename: a.py
    RuleID: A
    Severity: High
    Tags:
    - x
    Status: Stable
    """
    kind = row["kind"]
    head: Row = {"AnalysisType": _analysis_type(row)}
    if body_name is not None:
        head["Filename"] = body_name
    head[ID_KEYS[kind]] = row.get("name", row.get("id")) if kind == "queries" else row.get("id")
    parts = [dump(head)]
    schedule: Row = {}
    for each in FIELDS[kind]:
        column = _COLUMN_OF[kind][each.field]
        if column not in row:
            continue
        _shaped(each, row[column], {}, f"column {column}")
        value = each.to_yaml(row[column])
        if each.key.startswith("Schedule."):
            schedule[each.key.removeprefix("Schedule.")] = value
        else:
            parts.append(_written(each, column, value))
    if schedule:
        other = {**other, "Schedule": {**schedule, **(other.get("Schedule") or {})}}
    parts += [dump({key: value}) for key, value in other.items()]
    text = "".join(parts)
    _check(text, row, other, body_name)
    return text


def _analysis_type(row: Row) -> str:
    if row["kind"] != "queries":
        return _TYPES[row["kind"]]
    scheduled = any(name.startswith("schedule_") for name in row)
    return "scheduled_query" if scheduled else "saved_query"


def _written(declared: Field, column: str, value: Any) -> str:
    if declared.shape == "yaml" and isinstance(value, str):
        for text in (value, f"{value}\n{_NO_NEWLINE}"):
            block = f"{declared.key}:\n" + "".join(
                f"  {line}\n" if line else "\n" for line in text.removesuffix("\n").split("\n")
            )
            if _reads_as(block, declared, value, column):
                return block
    return dump({declared.key: value})


def _reads_as(block: str, declared: Field, value: str, column: str) -> bool:
    try:
        content, sources = load_with_source(block, frozenset({declared.key}))
        is_object = len(content) == 1 and declared.key in sources
        return is_object and _shaped(declared, content[declared.key], sources, column) == value
    except ValueError:
        return False


def _check(text: str, row: Row, other: Row, body_name: str | None) -> None:
    """Refuse to write values that would not be read back."""
    document = parse(text)
    columns = {_COLUMN_OF[row["kind"]][each.field] for each in FIELDS[row["kind"]]}
    columns |= {"name"} if row["kind"] == "queries" else {"id"}
    wanted = {name: value for name, value in row.items() if name in columns}
    for name, value in wanted.items():
        found = document.row.get(name)
        if not _equal(found, value):
            raise ValueError(f"column {name}: {value!r:.80} would be read back as {found!r:.80}")
    kept = {key: value for key, value in other.items() if key != "Schedule"}
    if document.kind != row["kind"] or document.body_name != body_name:
        raise ValueError(f"column kind: the row would be read back as {document.kind}")
    if any(not _equal(document.other.get(key), value) for key, value in kept.items()):
        raise ValueError("column other: it would be read back differently")


def _equal(left: Any, right: Any) -> bool:
    return left == right and type(left) is type(right) and dump(left) == dump(right)
