"""Where credentials may go: to the host of the configured address, and nowhere else."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from pandakit.errors import ProtocolError, SettingsError

if TYPE_CHECKING:
    from pandakit.transport.call import Call
    from pandakit.transport.service import Service

__all__ = ["Home", "is_loopback", "origin_of"]

_PORTS = {"http": 80, "https": 443}


class Home:
    """The scheme, host and port of a service.

    Parameters
    ----------
    service
        What the adapter declares.

    Raises
    ------
    SettingsError
        For an address that is malformed or has credentials in it, and for plain http to another
        machine.
    """

    def __init__(self, service: Service) -> None:
        parts = _split(service.base_url)
        if parts is None or parts.port == 0:
            raise SettingsError(f"the address of {service.name} is malformed: {service.base_url!r}")
        if parts.username or parts.password:
            raise SettingsError(f"the URL of {service.name} has credentials in it: take them out")
        if not parts.hostname or not _is_private(parts):
            raise SettingsError(
                f"{service.name} needs an https:// address, not {service.base_url!r} "
                "(plain http is for loopback hosts only)"
            )
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
        """Return an address as an absolute URL, if it is the service's own and leads to a path.

        Parameters
        ----------
        address
            A URL or a path that an answer or a user gave.
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


def _split(url: str, base: str = "") -> SplitResult | None:
    """Return the parts of an address; `None` where it is malformed."""
    try:
        parts = urlsplit(urljoin(base, url))
        _ = parts.port, parts.hostname  # read late, and malformed all the same
    except ValueError:
        return None
    return parts


def _origin(parts: SplitResult) -> str:
    """Return scheme, host and port: where a credential belongs."""
    return f"{parts.scheme}://{parts.hostname}:{parts.port or _PORTS.get(parts.scheme)}"


def origin_of(url: str, base: str) -> str:
    """Return the origin of an address for a message, also of a malformed one."""
    parts = _split(url, base)
    return "a malformed address" if parts is None else _origin(parts)


def _is_private(parts: SplitResult) -> bool:
    """Return whether requests there are private: TLS, or this machine."""
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def is_loopback(host: str | None) -> bool:
    """Return whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
