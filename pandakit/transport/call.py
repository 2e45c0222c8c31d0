"""What is sent: one request, before credentials."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Call", "path_segment"]


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
        Bytes, or a function that opens the stream again for every attempt.
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
        A total deadline in seconds, instead of the session's.
    expected
        Error statuses that are answers to this call: the caller reads them.
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
    expected: tuple[int, ...] = ()

    def with_params(self, **params: Any) -> Call:
        """Return the same call with further or other query parameters."""
        return replace(self, params={**(self.params or {}), **params})

    def plain_params(self) -> dict[str, Any]:
        """Return the query parameters as HTTP takes them."""
        given = self.params or {}
        return {key: _plain(value) for key, value in given.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def path_segment(key: str) -> str:
    """Return an id encoded as one segment of a path, whatever characters it has.

    Raises
    ------
    TypeError, ValueError
        When it is not text, or cannot name one object: empty, or a step in a path.

    Examples
    --------
    >>> path_segment("AWS/Root Login?")
    'AWS%2FRoot%20Login%3F'
    """
    if not isinstance(key, str):
        raise TypeError(f"an id is text, not {type(key).__name__}")
    if key in {"", ".", ".."}:
        raise ValueError(f"{key!r} is not an id")
    return quote(key, safe="")
