"""The text of a file: which encoding it is in, and the same text as UTF-8."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from pandakit.errors import EventError

if TYPE_CHECKING:
    from pandakit.events._files.find import Member

__all__ = ["decoded", "encoding_of_head"]

_MARKS = (  # the longer ones first: UTF-32 starts as UTF-16 does
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LEGACY = "cp1252"


def encoding_of_head(head: bytes, name: str) -> str:
    """Return the encoding that the first bytes show; UTF-8 unless they rule it out.

    Raises
    ------
    EventError
        The bytes are not text.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if b"\x00" in head:
        return _without_mark(head, name)
    return "utf-8"


def _without_mark(head: bytes, name: str) -> str:
    """Return which UTF-16 it is: in text of mostly ASCII every second byte is zero."""
    half = max(len(head) // 2, 1)
    for encoding, zeros, others in (
        ("utf-16-le", head[1::2], head[::2]),
        ("utf-16-be", head[::2], head[1::2]),
    ):
        if zeros.count(0) > 0.5 * half and others.count(0) == 0:
            return encoding
    raise EventError(f"{name} cannot be read as a table: it is a binary file of no known format")


def decoded(member: Member) -> tuple[str, str]:
    """Return the whole text and its encoding, cp1252 where it is not UTF-8.

    Raises
    ------
    EventError
        The bytes are text in none of these encodings.
    """
    data, encoding = member.read(), encoding_of_head(member.head, member.name)
    try:
        return data.decode(encoding), encoding.removesuffix("-sig")
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise EventError(f"{member.name} is not {encoding}: {_where(error)}") from None
    try:
        return data.decode(_LEGACY), _LEGACY
    except UnicodeDecodeError as error:
        raise EventError(
            f"{member.name} cannot be read as a table: neither UTF-8 nor {_LEGACY} "
            f"({_where(error)}); save it as UTF-8"
        ) from None


def _where(error: UnicodeDecodeError) -> str:
    return f"{error.reason} at byte {error.start:,}"
