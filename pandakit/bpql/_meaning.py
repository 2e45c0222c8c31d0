"""The meaning of a tree, as a key that is equal for queries that differ only in spelling."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeAlias

from pandakit.bpql._tree import (
    NEGATIONS,
    Condition,
    Group,
    Keyword,
    Node,
    Regex,
    Text,
    Value,
    fold,
)

__all__ = ["meaning"]

Key: TypeAlias = tuple[Hashable, ...]


def meaning(node: Node) -> Key:
    """Fold case, flatten groups, and forget order, repeats and one-item lists."""
    if isinstance(node, Group):
        return _group(node)
    if isinstance(node, Condition):
        tag = node.tag.lower()
        if node.operator == "===":
            (value,) = node.values
            return "exactly", tag, value
        values = frozenset(map(_value, node.values))
        return ("differs" if node.operator in NEGATIONS else "equals"), tag, values
    return ("keyword", _value(node.value)) if isinstance(node, Keyword) else ("*",)


def _group(group: Group) -> Key:
    members: set[Key] = set()
    for member in map(meaning, group.members):
        if member[0] == group.operator and isinstance(member[1], frozenset):
            members |= member[1]
        else:
            members.add(member)
    return members.pop() if len(members) == 1 else (group.operator, frozenset(members))


def _value(value: Value) -> Key:
    if isinstance(value, Regex):
        return "regex", value.pattern
    if isinstance(value, Text):
        return "text", fold(value.text)
    first, *rest = map(fold, value.parts)
    if not rest:
        return "text", first
    return "wildcard", first, tuple(filter(None, rest[:-1])), rest[-1]
