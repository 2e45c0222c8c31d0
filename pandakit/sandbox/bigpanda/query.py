"""BigPanda's query language as the sandbox's search reads it (BigPanda Query Language).

It is independent of the library's own parser, so that each can be tested against the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

__all__ = ["Predicate", "QueryError", "alert_tags", "compile_query"]

Tags = dict[str, list[str]]
Predicate = Callable[[Tags], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"[^"]*"|'[^']*')|(?P<regex>/(?:\\.|[^/\\])*/)
    |(?P<operator>===|!=|=)|(?P<mark>[()\[\],])|(?P<word>[^\s()\[\],=!"']+))""",
    re.VERBOSE,
)


class QueryError(ValueError):
    """A query that cannot be read."""


def alert_tags(alert: dict[str, Any]) -> Tags:
    """Return the tags of an alert in lower case, with its status and source."""
    tags = {tag["name"]: tag["value"] for tag in alert["tags"]}
    tags |= {name: alert[name] for name in ("status", "source_system", "description")}
    return {
        name.lower(): [
            str(item).lower() for item in (value if isinstance(value, list) else [value])
        ]
        for name, value in tags.items()
    }


def compile_query(text: str) -> Predicate:
    """Return the predicate of a query on an alert's tags; everything passes `*`.

    Examples
    --------
    >>> compile_query("host = pay-* AND status != ok")({"host": ["pay-db-01"]})
    True
    """
    reader = _Reader(_tokens(text))
    test = reader.either()
    if reader.rest:
        raise QueryError(f"unexpected {reader.rest[0][1]!r}")
    return test


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise QueryError(f"unreadable character at {position}")
        found.append((str(match.lastgroup), match[str(match.lastgroup)]))
        position = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.rest = tokens

    def take(self, text: str = "") -> tuple[str, str]:
        if not self.rest or (text and self.rest[0][1].upper() != text):
            raise QueryError(f"expected {text or 'a value'}")
        return self.rest.pop(0)

    def next_is(self, text: str) -> bool:
        return bool(self.rest) and self.rest[0][1].upper() == text

    def either(self) -> Predicate:
        tests = [self.both()]
        while self.next_is("OR"):
            self.take()
            tests.append(self.both())
        return lambda tags: any(test(tags) for test in tests)

    def both(self) -> Predicate:
        tests = [self.condition()]
        while self.next_is("AND"):
            self.take()
            tests.append(self.condition())
        return lambda tags: all(test(tags) for test in tests)

    def condition(self) -> Predicate:
        if self.next_is("("):
            self.take()
            inner = self.either()
            self.take(")")
            return inner
        kind, name = self.take()
        tag = name.strip("\"'").lower()
        if self.rest and self.rest[0][0] == "operator":
            negative = self.take()[1] == "!="
            return _compare(tag, [_value(*self.take())], negative=negative)
        if self.next_is("NOT") or self.next_is("IN"):
            negative = self.next_is("NOT") and bool(self.take())
            self.take("IN")
            return _compare(tag, self.values(), negative=negative)
        return _keyword(kind, tag)

    def values(self) -> list[Callable[[str], bool]]:
        self.take("[")
        found = [_value(*self.take())]
        while self.next_is(","):
            self.take()
            found.append(_value(*self.take()))
        self.take("]")
        return found


def _compare(tag: str, values: list[Callable[[str], bool]], *, negative: bool) -> Predicate:
    def test(tags: Tags) -> bool:
        return any(value(item) for item in tags.get(tag, []) for value in values) != negative

    return test


def _keyword(kind: str, text: str) -> Predicate:
    if (kind, text) == ("word", "*"):
        return lambda _: True
    return lambda tags: any(text in item for items in tags.values() for item in items)


def _value(kind: str, text: str) -> Callable[[str], bool]:
    if kind not in {"quoted", "regex", "word"}:
        raise QueryError(f"expected a value, found {text!r}")
    if kind == "regex":
        pattern = re.compile(text[1:-1], re.IGNORECASE)
        return lambda item: pattern.search(item) is not None
    wanted = text.strip("\"'").lower().replace("[", "[[]").replace("?", "[?]")
    return lambda item: fnmatchcase(item, wanted)
