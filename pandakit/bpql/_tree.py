"""A query, independent of its spelling: values, conditions and groups."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

__all__ = [
    "EVERYTHING",
    "MAX_DEPTH",
    "NEGATIONS",
    "Condition",
    "Everything",
    "Group",
    "Keyword",
    "Node",
    "Regex",
    "Text",
    "Value",
    "Wildcard",
    "check_regex",
    "fold",
    "tag_fault",
    "unescape_slashes",
    "whole_match",
]

# The deepest nesting of parentheses, and of AND and OR, in a query.
MAX_DEPTH = 100
NEGATIONS = frozenset({"!=", "NOT IN"})

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_TAG_LENGTH = 64
_PAIR = re.compile(r"\\.")


@dataclass(frozen=True, slots=True)
class Text:
    """A value without wildcards."""

    text: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    """The pieces of text between the ``*`` of a value."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression in RE2's flavour; a ``/`` in it is not escaped."""

    pattern: str


Value: TypeAlias = Text | Wildcard | Regex


@dataclass(frozen=True, slots=True)
class Condition:
    """A tag, an operator, and one value (a list of them for ``IN`` and ``NOT IN``)."""

    tag: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Keyword:
    """A value without a tag: every tag is searched for it."""

    value: Text | Wildcard


@dataclass(frozen=True, slots=True)
class Everything:
    """``*``."""


EVERYTHING = Everything()


@dataclass(frozen=True, slots=True)
class Group:
    """Members joined by ``AND`` or ``OR``, nested as they were written."""

    operator: str
    members: tuple[Node, ...]
    depth: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        inner = (member.depth for member in self.members if isinstance(member, Group))
        object.__setattr__(self, "depth", 1 + max(inner, default=0))


Node: TypeAlias = Condition | Keyword | Everything | Group


def fold(text: str) -> str:
    """Return text in the form in which the vectorised mask compares it without case."""
    return str(pc.utf8_lower(pa.scalar(text, pa.large_string())).as_py())


def check_regex(pattern: str) -> tuple[str, int] | None:
    """Return what is wrong with a regular expression, and where."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            re.compile(pattern)
    except re.error as error:
        return error.msg, error.pos or 0
    except (FutureWarning, OverflowError, RecursionError) as error:
        return str(error), 0
    return _linear_fault(pattern)


def _linear_fault(pattern: str) -> tuple[str, int] | None:
    """Return why RE2, which takes linear time whatever the pattern, refuses a regex."""
    try:
        for ignore_case in (False, True):
            pc.match_substring_regex(pa.array([""]), whole_match(pattern), ignore_case=ignore_case)
    except pa.ArrowInvalid as error:
        reason = str(error).removeprefix("Invalid regular expression: ").partition("\n")[0]
        return f"{reason} (there is no look-around, no back-reference, and a limit of size)", 0
    return None


def whole_match(pattern: str) -> str:
    """Return a regex that matches where the pattern matches a whole text."""
    return rf"\A(?:{pattern})\z"


def tag_fault(name: str) -> tuple[str, int] | None:
    """Return why BigPanda cannot query a tag of this name, and at which character."""
    head = _TAG.match(name)
    good = head.end() if head else 0
    if good == len(name) <= _TAG_LENGTH:
        return None
    return (
        f"BigPanda cannot query a tag named {name!r}: a name starts with a letter and has "
        f"letters, digits, _ and -, at most {_TAG_LENGTH} of them; rename the column"
    ), min(good, _TAG_LENGTH)


def unescape_slashes(pattern: str) -> str:
    r"""Remove the backslash from each ``\/``: it is needed only between slashes."""
    return _PAIR.sub(lambda pair: "/" if pair[0] == "\\/" else pair[0], pattern)
