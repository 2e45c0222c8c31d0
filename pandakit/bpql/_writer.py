"""From a tree to text that reads back as the same tree under every setting."""

from __future__ import annotations

import re

from pandakit.bpql._tree import Condition, Group, Keyword, Node, Regex, Value, Wildcard
from pandakit.bpql._words import LISTS, RESERVED

__all__ = ["write"]

_BARE = re.compile(r"[\w*.:@+-]+")
_NEEDS_BACKSLASH = re.compile(r"[\\*]")
_SLASH = re.compile(r"\\.|/")


def write(node: Node) -> str:
    """Return the text of a query, with explicit parentheses."""
    node = _without_shells(node)
    if isinstance(node, Group):
        return f" {node.operator} ".join(map(_member, node.members))
    if isinstance(node, Condition):
        written = [_value(value, node.operator) for value in node.values]
        right = f"[{', '.join(written)}]" if node.operator in LISTS else written[0]
        return f"{node.tag} {node.operator} {right}"
    return _value(node.value, "") if isinstance(node, Keyword) else "*"


def _without_shells(node: Node) -> Node:
    """Return the member of a group of one: text has no such groups."""
    while isinstance(node, Group) and len(node.members) == 1:
        (node,) = node.members
    return node


def _member(node: Node) -> str:
    node = _without_shells(node)
    return f"({write(node)})" if isinstance(node, Group) else write(node)


def _value(value: Value, operator: str) -> str:
    if isinstance(value, Regex):
        slashed = _SLASH.sub(lambda found: r"\/" if found[0] == "/" else found[0], value.pattern)
        return f"/{slashed}/"
    if isinstance(value, Wildcard):
        return _quoted("*".join(map(_escaped, value.parts)))
    if operator == "===":
        return _quoted(value.text.replace("\\", r"\\"))
    return _quoted(_escaped(value.text))


def _escaped(text: str) -> str:
    return _NEEDS_BACKSLASH.sub(r"\\\g<0>", text)


def _quoted(text: str) -> str:
    """Return escaped text, quoted where needed, with the kind of quote that it does not contain."""
    if _BARE.fullmatch(text) and text.upper() not in RESERVED:
        return text
    if '"' in text and "'" not in text:
        return f"'{text}'"
    return '"' + text.replace('"', r"\"") + '"'
