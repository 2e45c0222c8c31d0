"""Read one strict JSON document, in time and memory that its size bounds."""

from __future__ import annotations

import json
import math
import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from pandakit.errors import ServiceWarning

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MEMORY_AT_LEAST", "MEMORY_FACTOR", "TooDense", "read_json"]

# A document may take so many times the memory of its text, or so many bytes if that is more.
MEMORY_FACTOR = 8
MEMORY_AT_LEAST = 256 * 1024 * 1024
# What the structures of a document take in CPython, in bytes, beside their text.
_TEXT, _ARRAY, _EMPTY_OBJECT, _OBJECT, _VALUE, _STRING = 2, 64, 64, 184, 8, 50
_OBJECTS_PER_CHECK = 1024


class TooDense(ValueError):  # noqa: N818 - never leaves the transport
    """The document would take far more memory than its size lets one expect."""


def read_json(content: bytes, check: Callable[[], object] = lambda: None) -> Any:
    """Return the document; a byte order mark is tolerated, a repeated key warns and the last wins.

    Parameters
    ----------
    content
        The text, in UTF-8.
    check
        Called every so often while reading: raises when there is no time left.

    Raises
    ------
    TooDense
        When it would take more than `MEMORY_FACTOR` times the memory of its text.
    ValueError
        When it is not strict JSON: NaN, Infinity and numbers that overflow to it are not.
    RecursionError
        When it is nested too deeply.
    """
    _refuse_dense(content)
    repeated: set[str] = set()
    objects = 0

    def to_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal objects
        objects += 1
        if objects % _OBJECTS_PER_CHECK == 0:
            check()
        found = dict(pairs)
        if len(found) != len(pairs):
            counts = Counter(key for key, _ in pairs)
            repeated.update(key for key, count in counts.items() if count > 1)
        return found

    document = json.loads(
        content.decode("utf-8-sig"),
        object_pairs_hook=to_object,
        parse_constant=_refuse,
        parse_float=_finite,
    )
    check()
    if repeated:
        some = ", ".join(map(ascii, sorted(repeated)[:5]))
        more = f" and {len(repeated) - 5} more" if len(repeated) > 5 else ""  # noqa: PLR2004 - a few
        warnings.warn(
            f"an answer repeats the keys {some}{more} within one object; the last value wins",
            ServiceWarning,
            stacklevel=3,
        )
    return document


def _refuse_dense(content: bytes) -> None:
    allowed = max(MEMORY_FACTOR * len(content), MEMORY_AT_LEAST) - _TEXT * len(content)
    # What stands within quotation marks is text; it is left out only where that matters.
    if _memory_of(content) <= allowed or _memory_of(_without_texts(content)) <= allowed:
        return
    raise TooDense(
        f"its {len(content):,} bytes would take more than {MEMORY_FACTOR} times as much memory "
        f"({MEMORY_AT_LEAST >> 20} MiB are always allowed): ask for less at a time"
    )


def _without_texts(content: bytes) -> bytes:
    """Return a document with empty texts."""
    plain = content.replace(b"\\\\", b"__").replace(b'\\"', b"__")  # escaped ones end no text
    marks = np.frombuffer(plain, np.uint8)
    quotes = marks == ord('"')
    within = np.logical_xor.accumulate(quotes)
    kept: bytes = marks[quotes | ~within].tobytes()
    return kept


def _memory_of(content: bytes) -> int:
    """Return about how many bytes the structures of a document take, from the marks in it."""
    empty, objects = content.count(b"{}"), content.count(b"{")
    strings = content.count(b'"') // 2 - content.count(b":")  # keys are kept once
    return (
        _ARRAY * content.count(b"[")
        + _EMPTY_OBJECT * empty
        + _OBJECT * (objects - empty)
        + _VALUE * content.count(b",")
        + _STRING * max(strings, 0)
    )


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _finite(number: str) -> float:
    value = float(number)
    return _refuse(number) if math.isinf(value) else value
