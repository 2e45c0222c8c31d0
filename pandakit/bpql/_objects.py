"""The object form: JSON with one operator key per level, read and written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from pandakit.bpql._tree import (
    MAX_DEPTH,
    Condition,
    Group,
    Node,
    Regex,
    Text,
    Value,
    Wildcard,
    check_regex,
    tag_fault,
    unescape_slashes,
)
from pandakit.bpql._words import COMPARISONS, LISTS, REFUSED
from pandakit.errors import BpqlSyntaxError

__all__ = ["from_object", "to_object"]

_GROUPS = ("AND", "OR")
_OPERATORS = (*COMPARISONS, *LISTS, *_GROUPS)
_PAIR = 2


def to_object(node: Node) -> dict[str, Any]:
    """Return the object form; raise if the query has none."""
    if isinstance(node, Group):
        return {node.operator: [to_object(member) for member in node.members]}
    if not isinstance(node, Condition):
        what = "*" if not hasattr(node, "value") else "a bare keyword"
        raise BpqlSyntaxError(
            f"the object form has no way to say {what}: it takes conditions on tags only; "
            f"send the text form, or leave the field out to match everything"
        )
    values = [_value_to_object(value) for value in node.values]
    return {node.operator: [node.tag, values if node.operator in LISTS else values[0]]}


def _value_to_object(value: Value) -> Any:
    if isinstance(value, Text):
        return value.text
    if isinstance(value, Regex):
        return {"type": "formal-regex", "value": value.pattern}
    if any("*" in part for part in value.parts):
        raise BpqlSyntaxError(
            "the object form has no way to write a literal * beside a wildcard: use a /regex/"
        )
    return {"type": "regex", "value": "*".join(value.parts)}


def from_object(obj: Any, path: str = "$", depth: int = 0) -> Node:
    """Return the query of an object form; errors name the path to the fault."""
    if not isinstance(obj, Mapping) or len(obj) != 1:
        _fail(path, f"an object with one key is expected, one of {', '.join(_OPERATORS)}")
    operator, operands = next(iter(obj.items()))
    if operator not in _OPERATORS:
        known = REFUSED.get(operator.upper() if isinstance(operator, str) else "")
        _fail(path, known or f"{operator!r} is none of {', '.join(_OPERATORS)}")
    path = f'{path}["{operator}"]'
    if not isinstance(operands, (list, tuple)):
        _fail(path, "a list is expected")
    if operator in _GROUPS:
        return _group(operator, operands, path, depth + 1)
    if len(operands) != _PAIR:
        _fail(path, "a tag and a value are expected")
    tag, right = operands
    return Condition(_tag(tag, f"{path}[0]"), operator, _values(operator, right, f"{path}[1]"))


def _group(operator: str, operands: Any, path: str, depth: int) -> Group:
    if depth > MAX_DEPTH:
        _fail(path, f"nested more than {MAX_DEPTH} levels deep")
    if not operands:
        _fail(path, "at least one condition is expected")
    members = (
        from_object(operand, f"{path}[{position}]", depth)
        for position, operand in enumerate(operands)
    )
    return Group(operator, tuple(members))


def _tag(tag: Any, path: str) -> str:
    if not isinstance(tag, str):
        _fail(path, "the name of a tag is expected")
    if fault := tag_fault(tag):
        _fail(path, fault[0])
    return tag


def _values(operator: str, right: Any, path: str) -> tuple[Value, ...]:
    if operator not in LISTS:
        return (_value(operator, right, path),)
    if not isinstance(right, (list, tuple)) or not right:
        _fail(path, f"{operator} takes a list of at least one value")
    return tuple(
        _value(operator, value, f"{path}[{position}]") for position, value in enumerate(right)
    )


def _value(operator: str, value: Any, path: str) -> Value:
    if isinstance(value, str):
        return Text(_text(value, path))
    if not isinstance(value, Mapping) or set(value) != {"type", "value"}:
        _fail(path, 'text or {"type": ..., "value": ...} is expected')
    text = _text(value["value"], f'{path}["value"]')
    if operator == "===":
        _fail(path, "=== compares exactly and takes text only; use =")
    if value["type"] == "regex":
        return Wildcard(tuple(text.split("*")))
    if value["type"] != "formal-regex":
        _fail(f'{path}["type"]', '"regex" (text with *) or "formal-regex" is expected')
    if fault := check_regex(text):
        _fail(f'{path}["value"]', f"not a regex: {fault[0]} at character {fault[1]}")
    return Regex(unescape_slashes(text))


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str) or not value:
        _fail(path, "text of at least one character is expected")
    try:
        value.encode()
    except UnicodeEncodeError:
        _fail(path, "half a character (a lone surrogate)")
    return value


def _fail(path: str, message: str) -> NoReturn:
    raise BpqlSyntaxError(f"at {path}: {message}")
