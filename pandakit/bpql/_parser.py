"""From tokens to a tree, by recursive descent."""

from __future__ import annotations

from pandakit.bpql._cursor import Cursor
from pandakit.bpql._lexer import Token, split_value
from pandakit.bpql._tree import (
    EVERYTHING,
    MAX_DEPTH,
    Condition,
    Group,
    Keyword,
    Node,
    Regex,
    Text,
    Value,
    Wildcard,
    check_regex,
    tag_fault,
    unescape_slashes,
)
from pandakit.bpql._words import COMPARISONS, REFUSED, RESERVED

__all__ = ["parse"]

_VALUES = frozenset({"word", "quoted", "regex"})
_EMPTY_VALUE = (
    "an empty value: an empty tag is a missing one; tag = * holds where the tag has a value, "
    "and tag != * where it has none"
)


def parse(query: str, *, precedence: str) -> Node:
    """Read a query; raise `BpqlSyntaxError` where it is not one."""
    return _Parser(query, precedence).parse()


class _Parser(Cursor):
    def __init__(self, query: str, precedence: str) -> None:
        super().__init__(query)
        self._chain = self._and_first if precedence == "and" else self._left_to_right

    def parse(self) -> Node:
        if self.token.kind == "end":
            self.fail("an empty query; * matches everything")
        node = self._chain(0)
        if self.token.kind != "end":
            self.fail_after_condition()
        return node

    # chains of AND and OR

    def _and_first(self, depth: int) -> Node:
        members = [self._all_of(depth)]
        while self.token.upper == "OR":
            self.advance()
            members.append(self._all_of(depth))
        return self._group("OR", members)

    def _all_of(self, depth: int) -> Node:
        members = [self._atom(depth)]
        while self.token.upper == "AND":
            self.advance()
            members.append(self._atom(depth))
        return self._group("AND", members)

    def _left_to_right(self, depth: int) -> Node:
        members, operator = [self._atom(depth)], ""
        while self.token.upper in {"AND", "OR"}:
            following = self.advance().upper
            if following != operator:
                members, operator = [self._group(operator, members)], following
            members.append(self._atom(depth))
        return self._group(operator, members)

    def _group(self, operator: str, members: list[Node]) -> Node:
        if len(members) == 1:
            return members[0]
        group = Group(operator, tuple(members))
        if group.depth > MAX_DEPTH:
            self.fail_depth(self.last)
        return group

    # conditions

    def _atom(self, depth: int) -> Node:
        if self.at("("):
            return self._parentheses(depth + 1)
        if self.token.kind not in _VALUES:
            self.fail_expected("a condition, a keyword or ( is expected here")
        first = self.advance()
        if self.token.kind == "operator":
            return self._comparison(first)
        if self.token.upper == "NOT" and self.following.upper in {"IN", *REFUSED}:
            self.advance()
        if self.token.upper == "IN":
            return self._membership(first)
        if self.token.upper in REFUSED:
            self.fail(REFUSED[self.token.upper])
        return self._keyword(first)

    def _parentheses(self, depth: int) -> Node:
        opening = self.advance()
        if depth > MAX_DEPTH:
            self.fail_depth(opening)
        node = self._chain(depth)
        if self.token.kind == "end":
            self.fail("this ( is not closed", opening.start)
        if not self.at(")"):
            self.fail_after_condition()
        self.advance()
        return node

    def _comparison(self, first: Token) -> Condition:
        operator = self.token.text
        if operator not in COMPARISONS:
            self.fail(REFUSED[operator])
        tag = self._tag(first)
        self.advance()
        if self.at("["):
            self.fail(f"a list after {operator}: use IN [..] or NOT IN [..]")
        return Condition(tag, operator, (self._value(operator),))

    def _membership(self, first: Token) -> Condition:
        tag = self._tag(first)
        operator = "NOT IN" if self.last.upper == "NOT" else "IN"
        self.advance()
        if not self.at("["):
            self.fail(f"{operator} takes a list in square brackets, as in {tag} {operator} [a, b]")
        opening = self.token
        values: list[Value] = []
        while self.at(",") or not values:
            self.advance()
            values.append(self._value(operator))
        if self.token.kind == "end":
            self.fail("this [ is not closed", opening.start)
        if not self.at("]"):
            self.fail(", or ] is expected here; a value with spaces needs quotes")
        self.advance()
        return Condition(tag, operator, tuple(values))

    def _tag(self, token: Token) -> str:
        if token.kind != "word":
            self.fail("the name of a tag stands without quotes and slashes", token.start)
        if token.upper in RESERVED:
            self.fail(f"{token.text} is a reserved word, no name of a tag", token.start)
        if fault := tag_fault(token.text):
            self.fail(fault[0], token.start + fault[1])
        return token.text

    # values

    def _value(self, operator: str) -> Value:
        token = self.token
        if token.kind not in _VALUES:
            self.fail_expected(f"a value is expected after {operator}")
        if token.upper in RESERVED:
            self.fail_reserved(token)
        self.advance()
        if token.kind == "regex":
            return self._regex(token, operator)
        parts = split_value(token.text)
        if parts == ("",):
            self.fail(_EMPTY_VALUE, token.start)
        return Text("*".join(parts)) if operator == "===" else _text_or_wildcard(parts)

    def _regex(self, token: Token, operator: str) -> Regex:
        if operator == "===":
            self.fail("=== compares exactly: use = with a regex", token.start)
        if not token.text:
            self.fail("an empty regex", token.start)
        if fault := check_regex(token.text):
            self.fail(f"not a regex: {fault[0]}", token.start + 1 + fault[1])
        return Regex(unescape_slashes(token.text))

    def _keyword(self, token: Token) -> Node:
        if token.kind == "regex":
            self.fail("a regex needs a tag, as in host = /web-[0-9]+/", token.start)
        if token.upper in RESERVED:
            self.fail_reserved(token)
        if token.text in {"&&", "||"}:
            self.fail(REFUSED[token.text], token.start)
        parts = split_value(token.text)
        if parts == ("",):
            self.fail("an empty keyword; * matches everything", token.start)
        return Keyword(_text_or_wildcard(parts)) if any(parts) else EVERYTHING


def _text_or_wildcard(parts: tuple[str, ...]) -> Text | Wildcard:
    return Text(parts[0]) if len(parts) == 1 else Wildcard(parts)
