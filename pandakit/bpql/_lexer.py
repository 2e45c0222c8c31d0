"""From characters to tokens: words, quoted values, regexes, operators, brackets."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pandakit.bpql._complaint import complaint

__all__ = ["Token", "split_value", "tokens"]

_TOKEN = re.compile(
    r"""(?P<bracket>[()\[\],])
      | (?P<operator>===|!==|==|!=|=~|!~|<>|<=|>=|[=<>!~])
      | (?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | (?P<regex>/(?:\\.|[^/\\])*/)
      | (?P<word>(?![/~])(?:\\[\\"'*]?|!(?![=~])|[^\s()\[\],"'=<>!\\])+)
    """,
    re.VERBOSE | re.DOTALL,
)
_SPACE = re.compile(r"\s*")
_ESCAPE = re.compile(r"""(\\[\\"'*]|\*)""")
_UNCLOSED = {
    '"': 'this " is not closed',
    "'": "this ' is not closed",
    "/": "a value that starts with / is a regex, and this one is not closed: end it with /, "
    'or put the value in quotes, as in "/var"',
}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the query; ``text`` is without the quotes or slashes around it."""

    kind: str
    text: str
    start: int

    @property
    def upper(self) -> str:
        """The word in capitals; empty for anything else (``"and"`` in quotes is only a value)."""
        return self.text.upper() if self.kind == "word" else ""


def tokens(query: str) -> list[Token]:
    """Cut a query into tokens; the last one is of the kind ``end``."""
    _check_encodable(query)
    found: list[Token] = []
    position = _skip_space(query, 0)
    while position < len(query):
        match = _TOKEN.match(query, position)
        if match is None:
            raise complaint(_UNCLOSED[query[position]], query, position)
        kind = str(match.lastgroup)
        closed = kind in {"quoted", "regex"}
        found.append(Token(kind, match[0][1:-1] if closed else match[0], position))
        position = match.end()
        if closed:
            _check_apart(query, position)
        elif kind == "word" and query[position : position + 1] in {'"', "'"}:
            raise complaint("a quote inside a value: put the whole in quotes", query, position)
        position = _skip_space(query, position)
    found.append(Token("end", "", len(query)))
    return found


def _skip_space(query: str, position: int) -> int:
    space = _SPACE.match(query, position)
    return space.end() if space else position


def _check_encodable(query: str) -> None:
    try:
        query.encode()
    except UnicodeEncodeError as error:
        raise complaint("half a character (a lone surrogate)", query, error.start) from None


def _check_apart(query: str, position: int) -> None:
    following = query[position : position + 1]
    if following and not following.isspace() and following not in "()[],=!<>":
        raise complaint(
            "a space is missing here; or put the whole value in quotes", query, position
        )


def split_value(text: str) -> tuple[str, ...]:
    r"""Split a value at its ``*``, and remove the backslashes.

    A backslash is an escape before a quote, ``*`` and another backslash, else itself.

    >>> split_value(r"C:\temp\*-*")
    ('C:\\temp*-', '')
    """
    parts = [""]
    for piece in _ESCAPE.split(text):
        if piece == "*":
            parts.append("")
        else:
            parts[-1] += piece[1:] if _ESCAPE.fullmatch(piece) else piece
    return tuple(parts)
