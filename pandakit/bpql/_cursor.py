"""A position in a query: the next token, and errors that point at it."""

from __future__ import annotations

from typing import NoReturn

from pandakit.bpql._complaint import complaint
from pandakit.bpql._lexer import Token, tokens
from pandakit.bpql._tree import MAX_DEPTH
from pandakit.bpql._words import REFUSED

__all__ = ["Cursor"]


class Cursor:
    """Walks over the tokens of a query."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._tokens = tokens(query)
        self._index = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self._tokens[self._index]

    @property
    def following(self) -> Token:
        """The token after the next one; at the end, the end again."""
        return self._tokens[min(self._index + 1, len(self._tokens) - 1)]

    @property
    def last(self) -> Token:
        """The last token that was read."""
        return self._tokens[self._index - 1]

    def advance(self) -> Token:
        """Read a token."""
        self._index += 1
        return self.last

    def at(self, bracket: str) -> bool:
        """Return whether a bracket or comma comes next."""
        return self.token.kind == "bracket" and self.token.text == bracket

    def fail(self, message: str, position: int | None = None) -> NoReturn:
        """Raise, pointing at the next token or at a position."""
        raise complaint(message, self._query, self.token.start if position is None else position)

    def fail_depth(self, token: Token) -> NoReturn:
        """Raise for excessive nesting."""
        self.fail(f"nested more than {MAX_DEPTH} levels deep", token.start)

    def fail_reserved(self, token: Token) -> NoReturn:
        """Raise for a reserved word in place of a value or a keyword."""
        if token.upper in {"AND", "OR"}:
            what = "a condition or a value is expected here"
        else:
            what = REFUSED.get(token.upper, f"{token.text} stands after the name of a tag")
        self.fail(
            f'{what}; to look for the word itself, put it in quotes: "{token.text}"', token.start
        )

    def fail_expected(self, expected: str) -> NoReturn:
        """Raise for an operator, bracket or end where something else is expected."""
        known = REFUSED.get(self.token.text) if self.token.kind == "operator" else None
        self.fail(known or expected)

    def fail_after_condition(self) -> NoReturn:
        """Raise for anything that follows a complete condition."""
        if self.at(")"):
            self.fail("this ) closes nothing")
        known = REFUSED.get(self.token.upper)
        self.fail_expected(
            known or "AND, OR or the end is expected here; a value with spaces needs quotes"
        )
