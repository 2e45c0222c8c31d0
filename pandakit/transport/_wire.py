"""Connections that look at the clock before every read, and print nothing.

The socket's own timeout bounds one silence. A service that sends one byte now and then, in the
headers or in the body, never lets it fire; so each read asks the call's deadline first.
"""

from __future__ import annotations

import http.client
import io
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import urllib3
from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["DeadlinePassed", "WatchedAdapter", "has_surplus", "watching"]

_THREADS = 64
_current = threading.local()


class DeadlinePassed(OSError):  # noqa: N818 - never leaves the transport
    """The total deadline passed while the service was still sending."""


@contextmanager
def watching(check: Callable[[], None]) -> Iterator[None]:
    """Have every read of this thread call `check` first."""
    _current.check = check
    try:
        yield
    finally:
        del _current.check


class _WatchedRaw(io.RawIOBase):
    """A socket's byte stream behind the check."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self.dry = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self.dry:
            return None
        check: Callable[[], None] | None = getattr(_current, "check", None)
        if check is not None:
            check()
        read: int | None = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class _WatchedResponse(http.client.HTTPResponse):
    """Reads through the check, and notices bytes after the promised end."""

    surplus = False

    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        buffered: Any = self.fp
        self._watched = _WatchedRaw(buffered.detach())
        self.fp = io.BufferedReader(self._watched)

    def _close_conn(self) -> None:
        # Without the socket behind it, peek gives what has already come and nothing else.
        self._watched.dry = True
        self.surplus = bool(self.fp.peek(1)) and not self.will_close
        super()._close_conn()  # type: ignore[misc]


class _HttpConnection(urllib3.connection.HTTPConnection):
    response_class = _WatchedResponse
    debuglevel = 0  # else http.client would print the credential when somebody debugs globally


class _HttpsConnection(urllib3.connection.HTTPSConnection):
    response_class = _WatchedResponse
    debuglevel = 0


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


class WatchedAdapter(HTTPAdapter):
    """The adapter of our own sessions: watched connections, no retries below ours."""

    def __init__(self) -> None:
        super().__init__(pool_maxsize=_THREADS, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Use our connection classes."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Use our connection classes through a proxy too."""
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
        return manager

    def close(self) -> None:
        """Close the connections now: after an error urllib3 leaves it to the garbage collector."""
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - not a dict, has no __iter__
                manager.pools[key].close()
        super().close()


def has_surplus(raw: Any) -> bool:
    """Say whether more bytes came than the answer's length promised."""
    return bool(getattr(getattr(raw, "_original_response", None), "surplus", False))
