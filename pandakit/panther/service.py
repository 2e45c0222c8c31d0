"""How Panther is reached: its address, its token, its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.errors import ProtocolError
from pandakit.transport import Problem, Service

if TYPE_CHECKING:
    from pandakit.transport import Reply

__all__ = ["base_url", "panther_service"]

_PASTED = "/public/graphql"
_HINTS = {
    401: "Check PANTHER_API_TOKEN; a new token takes up to a minute to work",
    403: "Some gateways answer 403 to a wrong token, or to an address outside the token's networks",
    404: "Check PANTHER_API_HOST: the URL of a self-hosted instance may need to end in /v1",
}


def base_url(host: str) -> str:
    """Return the base URL for a host, a URL, or the console's GraphQL URL.

    Examples
    --------
    >>> base_url("api.example.runpanther.net")
    'https://api.example.runpanther.net'
    >>> base_url("https://gateway.example.com/v1/public/graphql")
    'https://gateway.example.com/v1'
    """
    url = host.strip()
    if "://" not in url:
        url = f"https://{url}"
    return url.rstrip("/").removesuffix(_PASTED).rstrip("/")


def panther_service(host: str) -> Service:
    """Return the declaration of Panther at a host.

    Source: "Panther REST API".
    """
    return Service(
        "Panther",
        base_url(host),
        auth_header="X-API-Key",
        auth_prefix="",
        read_error=_read_error,
        hints=_HINTS,
    )


def _read_error(reply: Reply) -> Problem | None:
    """Return the `message`, which all error bodies of the service and its gateway have."""
    if reply.content.lstrip()[:1] == b"<":
        return Problem(
            f"a web page, not JSON: {reply.excerpt()!r}. "
            "PANTHER_API_HOST must be the host of the API (api. ...), not of the console"
        )
    if reply.status < 400:  # noqa: PLR2004 - HTTP's bound
        return None
    try:
        body = reply.json()
    except ProtocolError:
        body = None
    message = body.get("message") if isinstance(body, dict) else None
    return Problem(str(message) if message else reply.excerpt())
