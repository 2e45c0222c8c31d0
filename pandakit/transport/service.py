"""A service and its calls as an adapter declares them, and where its credentials may go."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urljoin, urlsplit

import requests
from requests.utils import get_environ_proxies, requote_uri, select_proxy

from pandakit.errors import ProtocolError, SettingsError
from pandakit.redaction import Secret
from pandakit.transport.reply import Problem, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "Call",
    "HeaderAuth",
    "Home",
    "Service",
    "checked_address",
    "has_bad_proxy",
    "is_loopback",
    "origin_of",
    "path_segment",
    "proxy_passwords",
    "signature",
]


def _problem_by_status(reply: Reply) -> Problem | None:
    return None if reply.status < HTTPStatus.BAD_REQUEST else Problem(reply.excerpt())


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
        The header for the token, and the prefix of its value (`"Bearer "`).
    headers
        Sent with every call.
    rate
        Requests a second, per token and endpoint; `None` for no limit.
    read_error
        Reads the error envelope of any answer, even of a 200; `None` if it is not an error.
    hints
        Status -> advice for the user.
    """

    name: str
    base_url: str
    auth_header: str = "Authorization"
    auth_prefix: str = "Bearer "
    headers: Mapping[str, str] = field(default_factory=dict)
    rate: float | None = None
    read_error: Callable[[Reply], Problem | None] = _problem_by_status
    hints: Mapping[int, str] = field(default_factory=dict)


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
        Whether it is safe to send twice, like a POST that only reads.
    anonymous
        Sent without credentials, and then to any host (a presigned URL).
    needs
        The kind of token or the permission that it needs, for the hint on 401 and 403.
    total
        A total deadline in seconds, instead of the session's.
    expected
        Error statuses that are valid answers to this call: the caller reads them.
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
        """Return the same call with additional or changed query parameters."""
        return replace(self, params={**(self.params or {}), **params})

    def plain_params(self) -> dict[str, Any]:
        """Return the query parameters in the form that HTTP needs."""
        given = self.params or {}
        return {key: _plain(value) for key, value in given.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def path_segment(key: str) -> str:
    """Return an id encoded as a single path segment, whatever characters it has.

    Raises
    ------
    TypeError, ValueError
        When it is not text, or cannot name an object: empty, or a relative path segment.

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


# A shorter value of a presigned address (a date, a key's name) is not a signature.
_SIGNATURE = 16
_PORTS = {"http": 80, "https": 443}
_PROXY_SCHEMES = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"}


class Home:
    """The scheme, host and port of a service.

    Parameters
    ----------
    service
        The declaration of the service.

    Raises
    ------
    SettingsError
        For a base address that `checked_address` refuses.
    """

    def __init__(self, service: Service) -> None:
        parts = checked_address(service.name, service.base_url)
        self._name = service.name
        self._base = service.base_url.rstrip("/")
        self._path = urlsplit(self._base).path
        self._home = _origin(parts)
        self.is_loopback = is_loopback(parts.hostname)

    def url_of(self, call: Call) -> str:
        """Return the absolute URL of a call.

        Raises
        ------
        ProtocolError
            When it leaves the configured scheme, host or port, or is not an address.
        """
        url = call.url
        if not url.startswith("//") and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", url):
            url = f"{self._base}/{url.lstrip('/')}"
        parts = _split(url, self._base)
        if parts is None:
            raise ProtocolError(
                f"{self._name} named {call.url!r}, which is not an address: refused"
            )
        if call.anonymous:
            if not _is_private(parts):
                raise ProtocolError(f"{_origin(parts)} would be read without TLS: refused")
        elif not self._holds(parts):
            raise ProtocolError(
                f"{self._name} pointed to {_origin(parts)}, which is not the configured "
                f"{self._home}: refused, since the token would go there"
            )
        return parts.geturl()

    def own_url(self, address: str, path: str) -> str | None:
        """Return an address as an absolute URL, if it is the service's own and has the right path.

        Parameters
        ----------
        address
            A URL or a path from an answer or a user.
        path
            A regular expression for the whole path, after that of the base URL.

        Returns
        -------
        str or None
            `None` for another host or path, and for anything that is not an address.
        """
        parts = _split(address, self._base + "/")
        if parts is None or not self._holds(parts) or not parts.path.startswith(self._path):
            return None
        steps = set(unquote(parts.path).split("/"))
        if steps & {".", ".."} or not re.fullmatch(path, parts.path[len(self._path) :]):
            return None
        return parts.geturl()

    def _holds(self, parts: SplitResult) -> bool:
        return _origin(parts) == self._home and not (parts.username or parts.password)


def checked_address(name: str, url: str) -> SplitResult:
    """Return the parts of the address of a service.

    Raises
    ------
    SettingsError
        For an address that is malformed or contains credentials or a query, and for plain http
        to another machine.
    """
    parts = _split(url)
    if parts is None or parts.port == 0 or re.search(r"[\s\x00-\x1f]", url):
        raise SettingsError(f"the address of {name} is malformed: {url!r}")
    if parts.username or parts.password:
        raise SettingsError(f"the URL of {name} has credentials in it: take them out")
    if not parts.hostname or not _is_private(parts):
        raise SettingsError(
            f"{name} needs an https:// address, not {url!r} (plain http is for loopback hosts only)"
        )
    if not _is_host(parts.hostname):
        raise SettingsError(f"the address of {name} is malformed: {url!r}")
    if parts.query or parts.fragment:
        raise SettingsError(f"the address of {name} has no query or fragment, unlike {url!r}")
    return parts


def _is_host(name: str) -> bool:
    """Return whether a text can be a host name or an IP address."""
    try:
        encoded = name.encode("idna").decode()
    except UnicodeError:  # an empty label, or one of more than 63 characters
        return False
    return re.fullmatch(r"[\w.:-]+", encoded, re.ASCII) is not None


def _split(url: str, base: str = "") -> SplitResult | None:
    """Return the parts of an address, or `None` if it is malformed."""
    try:
        parts = urlsplit(urljoin(base, url))
        _ = parts.port, parts.hostname  # parsed on access, and may be malformed too
    except ValueError:
        return None
    return parts


def _origin(parts: SplitResult) -> str:
    """Return scheme, host and port: where a credential belongs."""
    return f"{parts.scheme}://{parts.hostname}:{parts.port or _PORTS.get(parts.scheme)}"


def origin_of(url: str, base: str) -> str:
    """Return the origin of an address for a message, even of a malformed one."""
    parts = _split(url, base)
    return "a malformed address" if parts is None else _origin(parts)


def _is_private(parts: SplitResult) -> bool:
    """Return whether requests to an address are private: over TLS, or to this machine."""
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def is_loopback(host: str | None) -> bool:
    """Return whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


class HeaderAuth(requests.auth.AuthBase):
    """Writes the token into the header; without a token it only disables netrc."""

    def __init__(self, service: Service, token: Secret | None) -> None:
        self._service = service
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header to a request."""
        if self._token is not None:
            value = self._service.auth_prefix + self._token.reveal()
            request.headers[self._service.auth_header] = value
        return request


def has_bad_proxy(url: str) -> bool:
    """Return whether the environment has a proxy for an address that cannot be one."""
    proxy = select_proxy(url, get_environ_proxies(url))
    if proxy is None:
        return False
    parts = _split(proxy if "://" in proxy else f"http://{proxy}")
    if parts is None or not parts.hostname:
        return True
    return parts.scheme not in _PROXY_SCHEMES or not _is_host(parts.hostname)


def proxy_passwords(url: str) -> list[Secret]:
    """Return the passwords of the proxies through which an address is reached."""
    found = []
    for proxy in get_environ_proxies(url).values():
        with suppress(ValueError):  # of a malformed address, which requests refuses
            found.append(Secret(urlsplit(proxy).password))
    return found


def signature(url: str) -> tuple[Secret, ...]:
    """Return the secret part of a presigned address: its query, whole and in long pieces."""
    query = urlsplit(url).query
    pieces = [value for _, value in parse_qsl(query) if len(value) >= _SIGNATURE]
    secrets = filter(None, (query, requote_uri(query), *pieces))
    return tuple(Secret(each, in_pieces=False) for each in secrets)
