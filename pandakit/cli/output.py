"""The one writer to the terminal: nothing that comes from a file or a service can steer it."""

from __future__ import annotations

import sys
from unicodedata import category

import click

__all__ = ["error", "prepare", "visible", "write"]


def visible(text: str) -> str:
    r"""Return a text with everything escaped that a terminal would obey instead of showing it.

    Control characters, escape sequences, marks that turn the direction of text, characters
    without an assigned meaning, and line separators other than the line feed.

    Examples
    --------
    >>> print(visible("db-1\x1b[2J\u202e\nnext line"))
    db-1\x1b[2J\u202e
    next line
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character == "\n" or (category(character)[0] != "C" and category(character) not in _LINES):
        return character
    return character.encode("unicode_escape").decode()


_LINES = {"Zl", "Zp"}


def write(text: str) -> None:
    """Write text and a line end to standard output."""
    click.echo(visible(text))


def error(text: str) -> None:
    """Write text and a line end to standard error."""
    click.echo(visible(text), err=True)


def prepare() -> None:
    """Escape what the terminal's encoding has no characters for, instead of failing on it."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")
