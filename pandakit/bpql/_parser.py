"""From tokens to a tree, by recursive descent."""

from __future__ import annotations

from typing import NoReturn

from pandakit.bpql._complaint import complaint
from pandakit.bpql._lexer import Token, split_value, tokens
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

_EMPTY_VALUE = (
    "an empty value: an empty tag is a missing one; tag = * holds where the tag has a value, "
    "and tag != * where it has none"
)


def parse(query: str, *, precedence: str) -> Node:
    """Read a query; raise `BpqlSyntaxError` where it is not one."""
    return _Parser(query, precedence).parse()


class _Parser:
    def __init__(self, query: str, precedence: str) -> None:
        self.query = query
        self.tokens = tokens(query)
        self.index = 0
        self.chain = self._and_first if precedence == "and" else self._left_to_right

    def parse(self) -> Node:
        if self.token.kind == "end":
            self._fail("an empty query; * matches everything")
        node = self.chain(0)
        if self.token.kind != "end":
            self._fail_after_condition()
        return node

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def _next(self) -> Token:
        self.index += 1
        return self.tokens[self.index - 1]

    def _fail(self, message: str, position: int | None = None) -> NoReturn:
        raise complaint(message, self.query, self.token.start if position is None else position)

    # chains of AND and OR

    def _and_first(self, depth: int) -> Node:
        members = [self._all_of(depth)]
        while self.token.upper == "OR":
            self._next()
            members.append(self._all_of(depth))
        return self._group("OR", members)

    def _all_of(self, depth: int) -> Node:
        members = [self._atom(depth)]
        while self.token.upper == "AND":
            self._next()
            members.append(self._atom(depth))
        return self._group("AND", members)

    def _left_to_right(self, depth: int) -> Node:
        members, operator = [self._atom(depth)], ""
        while self.token.upper in {"AND", "OR"}:
            following = self._next().upper
            if following != operator:
                members, operator = [self._group(operator, members)], following
            members.append(self._atom(depth))
        return self._group(operator, members)

    def _group(self, operator: str, members: list[Node]) -> Node:
        if len(members) == 1:
            return members[0]
        group = Group(operator, tuple(members))
        if group.depth > MAX_DEPTH:
            self._fail_depth(self.tokens[self.index - 1].start)
        return group

    def _fail_depth(self, position: int) -> NoReturn:
        self._fail(f"nested more than {MAX_DEPTH} levels deep", position)

    # conditions

    def _atom(self, depth: int) -> Node:
        if self.token.text == "(" and self.token.kind == "bracket":
            return self._parentheses(depth + 1)
        if self.token.kind not in {"word", "quoted", "regex"}:
            self._fail_refused("a condition, a keyword or ( is expected here")
        first = self._next()
        if self.token.kind == "operator":
            return self._comparison(first)
        if self.token.upper == "IN" or (self.token.upper == "NOT" and self._comes("IN")):
            return self._membership(first)
        if self.token.upper == "NOT" and self.tokens[self.index + 1].upper in REFUSED:
            self._next()
        if self.token.upper in REFUSED:
            self._fail(REFUSED[self.token.upper])
        return self._keyword(first)

    def _comes(self, word: str) -> bool:
        return self.tokens[self.index + 1].upper == word

    def _parentheses(self, depth: int) -> Node:
        opening = self._next()
        if depth > MAX_DEPTH:
            self._fail_depth(opening.start)
        node = self.chain(depth)
        if self.token.kind == "end":
            self._fail("this ( is not closed", opening.start)
        if self.token.text != ")" or self.token.kind != "bracket":
            self._fail_after_condition()
        self._next()
        return node

    def _comparison(self, first: Token) -> Condition:
        operator = self.token.text
        if operator not in COMPARISONS:
            self._fail(REFUSED[operator])
        tag = self._tag(first)
        self._next()
        if self.token.text == "[" and self.token.kind == "bracket":
            self._fail(f"a list after {operator}: use IN [..] or NOT IN [..]")
        return Condition(tag, operator, (self._value(operator),))

    def _membership(self, first: Token) -> Condition:
        tag = self._tag(first)
        operator = "IN" if self._next().upper == "IN" else f"NOT {self._next().upper}"
        if self.token.text != "[" or self.token.kind != "bracket":
            self._fail(f"{operator} takes a list in square brackets, as in {tag} {operator} [a, b]")
        opening = self._next()
        values = [self._value(operator)]
        while self.token.kind == "bracket" and self.token.text == ",":
            self._next()
            values.append(self._value(operator))
        if self.token.kind == "end":
            self._fail("this [ is not closed", opening.start)
        if self.token.kind != "bracket" or self.token.text != "]":
            self._fail(", or ] is expected here; a value with blanks needs quotes")
        self._next()
        return Condition(tag, operator, tuple(values))

    def _tag(self, token: Token) -> str:
        if token.kind != "word":
            self._fail("the name of a tag stands without quotes and slashes", token.start)
        if token.upper in RESERVED:
            self._fail(
                f"{token.text} is a reserved word: no tag of this name can be queried", token.start
            )
        if fault := tag_fault(token.text):
            self._fail(fault[0], token.start + fault[1])
        return token.text

    # values

    def _value(self, operator: str) -> Value:
        token = self.token
        if token.kind not in {"word", "quoted", "regex"}:
            self._fail_refused(f"a value is expected after {operator}")
        if token.upper in RESERVED:
            self._fail_reserved(token)
        self._next()
        if token.kind == "regex":
            return self._regex(token, operator)
        parts = split_value(token.text)
        if parts == ("",):
            self._fail(_EMPTY_VALUE, token.start)
        if operator == "===":
            return Text("*".join(parts))
        return _text_or_wildcard(parts)

    def _regex(self, token: Token, operator: str) -> Regex:
        if operator == "===":
            self._fail("=== compares exactly: use = with a regex", token.start)
        if not token.text:
            self._fail("an empty regex", token.start)
        if fault := check_regex(token.text):
            self._fail(f"not a regex: {fault[0]}", token.start + 1 + fault[1])
        return Regex(unescape_slashes(token.text))

    def _keyword(self, token: Token) -> Node:
        if token.kind == "regex":
            self._fail("a regex needs a tag, as in host = /web-[0-9]+/", token.start)
        if token.upper in RESERVED:
            self._fail_reserved(token)
        if token.text in {"&&", "||"}:
            self._fail(REFUSED[token.text], token.start)
        parts = split_value(token.text)
        if parts == ("",):
            self._fail("an empty keyword; * matches everything", token.start)
        return Keyword(_text_or_wildcard(parts)) if any(parts) else EVERYTHING

    # what went wrong

    def _fail_reserved(self, token: Token) -> NoReturn:
        hint = f'to look for the word itself, put it in quotes: "{token.text}"'
        start = (
            "a condition is expected here"
            if token.upper in {"AND", "OR"}
            else (REFUSED.get(token.upper, f"{token.text} stands after a tag"))
        )
        self._fail(f"{start}; {hint}", token.start)

    def _fail_refused(self, expected: str) -> NoReturn:
        token = self.token
        if token.kind == "operator" and token.text in REFUSED:
            self._fail(REFUSED[token.text])
        self._fail(expected)

    def _fail_after_condition(self) -> NoReturn:
        token = self.token
        if token.upper in REFUSED or (token.kind == "operator" and token.text in REFUSED):
            self._fail(REFUSED[token.upper or token.text])
        if token.kind == "bracket" and token.text == ")":
            self._fail("this ) closes nothing")
        self._fail("AND, OR or the end is expected here; a value with blanks needs quotes")


def _text_or_wildcard(parts: tuple[str, ...]) -> Text | Wildcard:
    return Text(parts[0]) if len(parts) == 1 else Wildcard(parts)
