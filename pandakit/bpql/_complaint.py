"""Errors that point at the character."""

from __future__ import annotations

from unicodedata import east_asian_width

from pandakit.errors import BpqlSyntaxError

__all__ = ["complaint"]

_SHOWN = 72  # characters of a long query that are shown around the fault


def complaint(message: str, text: str, position: int) -> BpqlSyntaxError:
    """Make the error: what is wrong, the line of the query, a caret under the character."""
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    first = start if end - start <= _SHOWN else max(start, position - _SHOWN // 2)
    last = min(end, first + _SHOWN)
    line = "".join(char if char.isprintable() else " " for char in text[first:last])
    head = "..." if first > start else ""
    tail = "..." if last < end else ""
    before = head + line[: position - first]
    indent = sum(2 if east_asian_width(char) in "WF" else 1 for char in before)
    shown = f"{message}\n  {head}{line}{tail}\n  {' ' * indent}^"
    return BpqlSyntaxError(shown, text=text, position=position)
