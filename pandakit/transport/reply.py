"""One whole answer, as strict JSON in bounded time and memory, or as a problem."""

from __future__ import annotations

import json
import math
import re
import warnings
from collections import Counter
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from pandakit.errors import PandakitError, ProtocolError, ServiceWarning
from pandakit.redaction import Secret, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "MEMORY_AT_LEAST",
    "MEMORY_FACTOR",
    "Problem",
    "Reply",
    "TooDense",
    "http_date",
    "parse_retry_after",
    "read_json",
    "read_or_raise",
]


T = TypeVar("T")

_EXCERPT = 120
_MISREAD = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """The content of an error envelope.

    Parameters
    ----------
    message
        The service's message.
    status
        The equivalent HTTP status, if the actual one differs.
    request_id
        The service's id of the call.
    """

    message: str
    status: int | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole answer.

    `check` raises when the call's time is over. `secrets` only keeps secrets in use, so that they
    are masked in texts about this answer. `forget` removes a reply that cannot be read from its
    store. `attempts` is 0 for a reply from a store.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    url: str = ""
    request_id: str | None = None
    attempts: int = 1
    check: Callable[[], object] = field(default=lambda: None, repr=False)
    secrets: tuple[Secret, ...] = field(default=(), repr=False)
    forget: Callable[[], object] = field(default=lambda: None, repr=False)
    _parsed: list[Any] = field(default_factory=list, repr=False)

    @property
    def is_stored(self) -> bool:
        """Whether the reply is from a store, and no request was sent for it."""
        return self.attempts == 0

    def json(self) -> Any:
        """Return the body as one strict JSON document, which is parsed once.

        A byte order mark is tolerated. A repeated key keeps its last value and warns.

        Raises
        ------
        ProtocolError
            When the body is empty, HTML, cut, nested too deeply, not strict JSON (NaN, Infinity
            and numbers that overflow to it are not), or would take too much memory.
        """
        if not self._parsed:
            self._parsed.append(self._parse())
        return self._parsed[0]

    def _parse(self) -> Any:
        if not self.content.strip():
            fault = "answered with an empty body where JSON is due"
        elif self.content.lstrip()[:1] == b"<":
            fault = "answered with HTML or XML where JSON is due"
        else:
            try:
                return read_json(self.content, self.check)
            except RecursionError:
                fault = "answered with JSON that is nested too deeply"
            except TooDense as error:
                fault = f"answered with JSON that is too large: {error}"
            except ValueError:
                fault = "answered with something that is not JSON"
        raise self.malformed(fault)

    def object(self) -> dict[str, Any]:
        """Return the body as one JSON object.

        Raises
        ------
        ProtocolError
            As `json`, and when the document is not an object.
        """
        document = self.json()
        if not isinstance(document, dict):
            raise self.malformed(f"answered with {_kind(document)} where an object is due")
        return document

    def read(self, reader: Callable[[Reply], T]) -> T:
        """Return the result of `read` for this response; every response is read through here.

        Raises
        ------
        ProtocolError
            When the response does not have the shape that the reader expects.
        """
        try:
            return read_or_raise(lambda: reader(self), self.malformed)
        except PandakitError:
            self.forget()
            raise

    def malformed(self, words: str) -> ProtocolError:
        """Return the error for an answer that does not have the promised shape."""
        return ProtocolError(
            f"{_place(self.url)} {words}: {self.excerpt()!r}",
            status_code=self.status,
            request_id=self.request_id,
        )

    def excerpt(self) -> str:
        """Return the start of the body on one line, for messages; masked before it is cut."""
        text = redact(self.content[: 8 * _EXCERPT].decode("utf-8", "replace"))
        text = re.sub(r"\s+", " ", text).strip()
        return text if len(text) <= _EXCERPT else text[:_EXCERPT] + "…"


def read_or_raise(read: Callable[[], T], malformed: Callable[[str], PandakitError]) -> T:
    """Return `read()`; if a value is of the wrong kind, raise `malformed(why)`.

    The adapters' readers are short because they assume the promised shape. The errors that an
    answer of any other shape causes in them become an error about that shape.
    """
    try:
        return read()
    except PandakitError:
        raise
    except _MISREAD as error:
        place = extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}, line {place.lineno}"
        what = f"{type(error).__name__}: {str(error)[:_EXCERPT]}"
        why = f"answered in another shape than promised ({what}, in {where})"
    raise malformed(why)  # outside of the handler: values of the answer are in its frames


def _kind(document: Any) -> str:
    return "null" if document is None else type(document).__name__


def _place(url: str) -> str:
    return url.partition("?")[0] or "the service"


# A document may take this many times the memory of its text, or this many bytes if that is more.
MEMORY_FACTOR = 8
MEMORY_AT_LEAST = 256 * 1024 * 1024
# The size of a document's structures in CPython, in bytes, besides their text.
_TEXT, _ARRAY, _EMPTY_OBJECT, _OBJECT, _VALUE, _STRING = 2, 64, 64, 184, 8, 50
_OBJECTS_PER_CHECK = 1024


class TooDense(ValueError):  # noqa: N818 - never leaves the transport
    """The document would take far more memory than its size suggests."""


def read_json(content: bytes, check: Callable[[], object] = lambda: None) -> Any:
    """Return the document; a byte order mark is tolerated, a repeated key warns and the last wins.

    Parameters
    ----------
    content
        The text, in UTF-8.
    check
        Called from time to time while reading; raises when there is no time left.

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
    # Text within quotation marks is removed only where that matters.
    if _memory_of(content) <= allowed or _memory_of(_without_texts(content)) <= allowed:
        return
    raise TooDense(
        f"its {len(content):,} bytes would take more than {MEMORY_FACTOR} times as much memory "
        f"({MEMORY_AT_LEAST >> 20} MiB are always allowed): ask for less at a time"
    )


def _without_texts(content: bytes) -> bytes:
    """Return a document with empty texts."""
    plain = content.replace(b"\\\\", b"__").replace(
        b'\\"', b"__"
    )  # escaped quotation marks do not end a text
    marks = np.frombuffer(plain, np.uint8)
    quotes = marks == ord('"')
    within = np.logical_xor.accumulate(quotes)
    kept: bytes = marks[quotes | ~within].tobytes()
    return kept


def _memory_of(content: bytes) -> int:
    """Return about how many bytes the structures of a document take, from its punctuation."""
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


def parse_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return `Retry-After` in seconds; `None` when absent, malformed or past.

    A date is read against the service's own `Date` header, since the local clock may be wrong.

    Examples
    --------
    >>> parse_retry_after({"Retry-After": "3"}, now=0.0)
    3.0
    >>> parse_retry_after({"Retry-After": "soon"}, now=0.0) is None
    True
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    moment = http_date(text)
    if moment is None:
        return None
    server = http_date(headers.get("Date", ""))
    wait = moment - (now if server is None else server)
    return wait if wait > 0 else None


def http_date(text: str) -> float | None:
    """Return a date of HTTP as seconds since 1970; `None` when it is malformed."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return moment.timestamp() if moment.tzinfo is not None else None
