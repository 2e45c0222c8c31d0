"""Where credentials may go."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from pandakit.errors import SettingsError

if TYPE_CHECKING:
    from pandakit.transport.service import Service

__all__ = ["checked_base", "encrypted", "is_loopback", "origin"]

_PORTS = {"http": 80, "https": 443}


def origin(parts: SplitResult) -> str:
    """Return scheme, host and port: where a credential belongs."""
    try:
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        port = -1
    return f"{parts.scheme}://{parts.hostname}:{port}"


def encrypted(parts: SplitResult) -> bool:
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


def checked_base(service: Service) -> str:
    """Return the origin of a service.

    Raises
    ------
    SettingsError
        For an address that is malformed or has credentials in it, and for plain http to another
        machine.
    """
    try:
        parts = urlsplit(service.base_url)
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise SettingsError(f"the address of {service.name} is malformed: {service.base_url!r}")
    if parts.username or parts.password:
        raise SettingsError(f"the URL of {service.name} has credentials in it: take them out")
    if not parts.hostname or not encrypted(parts):
        raise SettingsError(
            f"{service.name} needs an https:// address, not {service.base_url!r} "
            "(plain http is for loopback hosts only)"
        )
    return origin(parts)
