"""One whole response, and the error that it may be."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any, TypeVar

from pandakit.errors import PandakitError, ProtocolError
from pandakit.redaction import Secret, redact
from pandakit.transport.strict_json import TooDense, read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Problem", "Reply", "read_or_raise"]

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
    """What an error envelope says.

    Parameters
    ----------
    message
        The service's own words.
    status
        The status it amounts to, where the HTTP status tells otherwise.
    request_id
        The service's id of the call.
    """

    message: str
    status: int | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole answer.

    `check` raises when the call's time is over. `secrets` are not read: they are masked in texts
    about this answer while it is kept. `forget` drops what a store kept of a reply that cannot be
    read. `attempts` is 0 for a reply from a store.
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
        """Return the body as one strict JSON document; it is read once.

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
        """Return what `read` makes of this response; every response is read through here.

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

    The readers of the adapters are short because they take a shape for granted. What an answer
    of any other shape does to them is told as what it is: an answer of another shape.
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
