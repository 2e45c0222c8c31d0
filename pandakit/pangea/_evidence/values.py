"""Values of an event or a root as received: clean, missing, or unreadable."""

from __future__ import annotations

import numbers
from typing import Any, Final

__all__ = ["UNREADABLE", "Unreadable", "read_count", "read_flag", "read_text"]


_MOST = 1 << 63  # what a column of integers holds
_DIGITS = 19


class Unreadable:
    """Stands for a value of the wrong type; there is one, `UNREADABLE`."""

    def __repr__(self) -> str:
        return "UNREADABLE"


UNREADABLE: Final = Unreadable()


def read_text(value: Any) -> str | Unreadable | None:
    """Return text, `None`, or `UNREADABLE` for anything else and for text without a UTF-8 form."""
    if value is None or (isinstance(value, str) and (value.isascii() or _has_utf8(value))):
        return value
    return UNREADABLE


def _has_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_flag(value: Any) -> bool | Unreadable | None:
    """Return a boolean, `None`, or `UNREADABLE` for anything else."""
    if value is None:
        return None
    return bool(value) if type(value).__name__ in {"bool", "bool_"} else UNREADABLE


def read_count(value: Any) -> int | Unreadable | None:
    """Return a whole number from 0, even one written as text, `None` or `UNREADABLE`.

    Examples
    --------
    >>> read_count(7), read_count("7"), read_count(None), read_count(7.5), read_count(True)
    (7, 7, None, UNREADABLE, UNREADABLE)
    """
    if value is None:
        return None
    if isinstance(value, str):
        if not (value.isascii() and value.isdecimal() and len(value) <= _DIGITS):
            return UNREADABLE
        value = int(value)
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return int(value) if whole and 0 <= value < _MOST else UNREADABLE
