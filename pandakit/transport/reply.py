"""What comes back: one whole answer, and the error that it may be."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pandakit.errors import ProtocolError
from pandakit.redaction import Secret, redact
from pandakit.transport.strict_json import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Problem", "Reply"]

_EXCERPT = 120


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

    `secrets` are not read: they are masked in texts about this answer while it is kept.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    url: str = ""
    request_id: str | None = None
    attempts: int = 1
    secrets: tuple[Secret, ...] = field(default=(), repr=False)

    def json(self) -> Any:
        """Read the body as one strict JSON document.

        A byte order mark is tolerated. A repeated key keeps its last value and warns.

        Raises
        ------
        ProtocolError
            When the body is empty, HTML, cut, nested too deeply, or not strict JSON (NaN,
            Infinity and numbers too large to be told from it are not).
        """
        if not self.content.strip():
            fault = "answered with an empty body where JSON is due"
        elif self.content.lstrip()[:1] == b"<":
            fault = "answered with HTML or XML where JSON is due"
        else:
            try:
                return read_json(self.content)
            except RecursionError:
                fault = "answered with JSON that is nested too deeply"
            except ValueError:
                fault = "answered with something that is not JSON"
        raise self.malformed(fault)

    def object(self) -> dict[str, Any]:
        """Read the body as one JSON object.

        Raises
        ------
        ProtocolError
            As `json`, and when the document is no object.
        """
        document = self.json()
        if not isinstance(document, dict):
            raise self.malformed(f"answered with {_kind(document)} where an object is due")
        return document

    def malformed(self, words: str) -> ProtocolError:
        """Make the error for an answer that has not the promised shape."""
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


def _kind(document: Any) -> str:
    return "null" if document is None else type(document).__name__


def _place(url: str) -> str:
    return url.partition("?")[0] or "the service"
