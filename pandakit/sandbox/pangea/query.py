"""The audit log's search language as the sandbox reads it (Secure Audit Log: Search).

Terms are adjacent or joined by AND and OR; matching is case-sensitive and partial.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

__all__ = ["SearchError", "compile_search"]

Row = dict[str, Any]
Predicate = Callable[[Row], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<minus>-(?=[\w"]))
    |(?P<term>(?:(?P<field>[a-z][a-z0-9_]*)(?P<operator>[:<>=]))?(?P<value>"[^"]*"|[^\s()"]+)))""",
    re.VERBOSE,
)


class SearchError(ValueError):
    """A query that cannot be read."""


def compile_search(query: str) -> Predicate:
    """Return the test that a query puts to an event; an empty query matches every event.

    Examples
    --------
    >>> test = compile_search('action:login -actor:"Ada"')
    >>> test({"action": "login", "actor": "Bram"}), test({"action": "login", "actor": "Ada"})
    (True, False)
    """
    reader = _Reader(query)
    if reader.kind() == "end":
        return lambda _: True
    test = reader.either()
    if reader.kind() != "end":
        raise reader.fault()
    return test


class _Reader:
    def __init__(self, query: str) -> None:
        self.query = query.rstrip()
        self.position = 0
        self.token: re.Match[str] | None = None
        self.advance()

    def advance(self) -> None:
        if self.position >= len(self.query):
            self.token = None
            return
        self.token = _TOKEN.match(self.query, self.position)
        if self.token is None:
            raise self.fault()
        self.position = self.token.end()

    def fault(self) -> SearchError:
        shown = self.token[0].strip() if self.token else "end of input"
        return SearchError(f"syntax error at {shown}: LexToken({shown!r},1,{self.position})")

    def kind(self) -> str:
        if self.token is None:
            return "end"
        text = self.token[0].strip()
        return text if text in {"AND", "OR"} else str(self.token.lastgroup)

    def either(self) -> Predicate:
        tests = [self.both()]
        while self.kind() == "OR":
            self.advance()
            tests.append(self.both())
        return lambda event: any(test(event) for test in tests)

    def both(self) -> Predicate:
        tests = [self.term()]
        while self.kind() not in {"OR", "close", "end"}:
            if self.kind() == "AND":
                self.advance()
            tests.append(self.term())
        return lambda event: all(test(event) for test in tests)

    def term(self) -> Predicate:
        token, kind = self.token, self.kind()
        if token is None or kind in {"AND", "OR", "close"}:
            raise self.fault()
        self.advance()
        if kind == "minus":
            inner = self.term()
            return lambda event: not inner(event)
        if kind == "open":
            inner = self.either()
            if self.kind() != "close":
                raise self.fault()
            self.advance()
            return inner
        return _test(token["field"], token["operator"], token["value"].strip('"'))


def _test(field: str | None, operator: str | None, wanted: str) -> Predicate:
    if field is None:
        return lambda event: any(wanted in _text(value) for value in event.values())
    if operator == ">":
        return lambda event: field in event and _order(event[field], wanted) > 0
    if operator == "<":
        return lambda event: field in event and _order(event[field], wanted) < 0
    return lambda event: field in event and wanted in _text(event[field])


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _order(value: Any, wanted: str) -> int:
    if isinstance(value, int):
        number = int(wanted) if wanted.lstrip("-").isdigit() else 0
        return (value > number) - (value < number)
    return (str(value) > wanted) - (str(value) < wanted)
