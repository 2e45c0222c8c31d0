"""Text for a terminal: nothing that comes from a file or a service can steer it."""

from __future__ import annotations

from unicodedata import category

__all__ = ["visible"]

_LINE_ENDS = {"Zl", "Zp"}


def visible(text: str) -> str:
    r"""Return a text with everything escaped that a terminal would obey instead of showing it.

    These are control characters and escape sequences, marks that turn the direction of text,
    characters without an assigned meaning, and line ends other than the line feed.

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
    kind = category(character)
    if character == "\n" or (kind[0] != "C" and kind not in _LINE_ENDS):
        return character
    return character.encode("unicode_escape").decode()
