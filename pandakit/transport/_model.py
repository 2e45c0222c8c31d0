"""What a service, a call and an answer are: plain data, declared by the adapters."""

from __future__ import annotations

import json as _json
import math
import random
import re
import time
import warnings
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from pandakit.errors import ProtocolError, ServiceWarning
from pandakit.redaction import Secret, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "Call",
    "Clock",
    "Problem",
    "Reply",
    "Service",
    "TransportOptions",
    "path_segment",
]

_EXCERPT = 120


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance, so that tests can stand in for both.

    Parameters
    ----------
    monotonic
        Seconds for deadlines and rate limits.
    wall
        Seconds since 1970, for `Retry-After` dates.
    sleep
        Waits that many seconds.
    random
        A number from 0 to 1, for jitter.
    """

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class TransportOptions:
    """How patient the transport is; all times in seconds.

    Parameters
    ----------
    connect, read, total
        Deadlines for the connection, for one silence of the service, and for a whole call
        with its repetitions.
    attempts
        How often a call is tried at most.
    backoff_first, backoff_most
        Bounds of the jittered wait between two attempts.
    retry_after_most
        A longer `Retry-After` is not waited for, but raised with `retry_after`.
    retry_budget
        Repetitions that all calls of one session share; each success gives one back.
    body_most
        Bytes of one answer after decompression.
    """

    connect: float = 10.0
    read: float = 60.0
    total: float = 300.0
    attempts: int = 5
    backoff_first: float = 0.5
    backoff_most: float = 30.0
    retry_after_most: float = 120.0
    retry_budget: int = 30
    body_most: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """One request, before credentials.

    Parameters
    ----------
    method
        `GET`, `POST`, ...
    url
        A path below the service's base URL, or an absolute URL on the same host.
    params
        Query parameters; a list repeats its key, `None` is left out, booleans are lower case.
    json
        A body to send as JSON.
    body
        Bytes, or a function that opens the stream anew for every attempt.
    headers
        Further headers.
    endpoint
        Key of the rate limit.
    repeatable
        Whether sending it twice does no harm; also true of a POST that only reads.
    anonymous
        Sent without credentials, and then to any host (a presigned URL).
    needs
        What the token must be or may do, for the hint on 401 and 403.
    total
        Another total deadline than the session's, in seconds.
    """

    method: str
    url: str
    params: Mapping[str, Any] | None = None
    json: Any = None
    body: bytes | Callable[[], IO[bytes]] | None = field(default=None, repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    endpoint: str = ""
    repeatable: bool = True
    anonymous: bool = False
    needs: str = ""
    total: float | None = None

    def with_params(self, **params: Any) -> Call:
        """Give the same call with further or other query parameters."""
        return replace(self, params={**(self.params or {}), **params})


def path_segment(key: str) -> str:
    """Encode an id as one segment of a path, whatever characters it has.

    Raises
    ------
    TypeError, ValueError
        When it is no text, or none that names one thing: empty, or a step in a path.

    Examples
    --------
    >>> path_segment("AWS/Root Login?")
    'AWS%2FRoot%20Login%3F'
    """
    if not isinstance(key, str):
        raise TypeError(f"an id is text, not {type(key).__name__}")
    if key in {"", ".", ".."}:
        raise ValueError(f"{key!r} is no id")
    return quote(key, safe="")


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
    """One whole answer."""

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
                return _read_json(self.content)
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
        """Give the start of the body on one line and without secrets, for messages."""
        text = redact(self.content[: 4 * _EXCERPT].decode("utf-8", "replace"), self.secrets)
        text = re.sub(r"\s+", " ", text).strip()
        return text if len(text) <= _EXCERPT else text[:_EXCERPT] + "…"


def _kind(document: Any) -> str:
    return "null" if document is None else type(document).__name__


def _place(url: str) -> str:
    return url.partition("?")[0] or "the service"


def _read_json(content: bytes) -> Any:
    repeated: set[str] = set()

    def to_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            keys = [key for key, _ in pairs]
            repeated.update(key for key in found if keys.count(key) > 1)
        return found

    def refuse(constant: str) -> Any:
        raise ValueError(constant)

    def finite(number: str) -> float:
        value = float(number)
        return refuse(number) if math.isinf(value) else value

    document = _json.loads(
        content.decode("utf-8-sig"),
        object_pairs_hook=to_object,
        parse_constant=refuse,
        parse_float=finite,
    )
    if repeated:
        warnings.warn(
            f"an answer repeats the keys {sorted(repeated)} within one object; the last value wins",
            ServiceWarning,
            stacklevel=3,
        )
    return document


def _plain_problem(reply: Reply) -> Problem | None:
    return None if reply.status < 400 else Problem(reply.excerpt())  # noqa: PLR2004 - HTTP's bound


@dataclass(frozen=True, slots=True)
class Service:
    """What an adapter declares about its service.

    Parameters
    ----------
    name
        For messages.
    base_url
        `https://host[:port][/path]`; plain `http` for loopback hosts only.
    auth_header, auth_prefix
        The header that carries the token, and what stands before it (`"Bearer "`).
    headers
        Sent with every call.
    rate
        Requests a second, per token and endpoint; `None` for no limit.
    read_error
        Reads the error envelope of any answer, also of a 200: `None` when it is no error.
    hints
        What to tell the user on a status.
    """

    name: str
    base_url: str
    auth_header: str = "Authorization"
    auth_prefix: str = "Bearer "
    headers: Mapping[str, str] = field(default_factory=dict)
    rate: float | None = None
    read_error: Callable[[Reply], Problem | None] = _plain_problem
    hints: Mapping[int, str] = field(default_factory=dict)
