"""Connections that check the deadline before every read and print nothing, and whole bodies.

The socket's own timeout limits a single silence. If a service sends one byte now and then, in the
headers or in the body, it never fires; so each read first checks the call's deadline. A body is
unpacked under a limit, and compared with its headers.
"""

from __future__ import annotations

import functools
import http.client
import io
import threading
import zlib
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util.response import assert_header_parsing

from pandakit.errors import PandakitError, ProtocolError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

__all__ = [
    "BadBody",
    "DeadlinePassed",
    "RoomyAdapter",
    "leave_connections",
    "read_body",
    "watch",
    "watching",
]


_THREADS = 64
_current = threading.local()


class DeadlinePassed(OSError):  # noqa: N818 - never leaves the transport
    """The total deadline passed while the service was still sending."""


@contextmanager
def watching(check: Callable[[], None]) -> Iterator[None]:
    """Call `check` before every read of this thread."""
    _current.check = check
    try:
        yield
    finally:
        del _current.check


class _WatchedRaw(io.RawIOBase):
    """A socket's byte stream, with the check before each read."""

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

    def _read_status(self) -> tuple[str, int, str]:
        # `http.client` knows only one interim answer (100); it would take any other for the final
        # answer, and the final one for that of the next call.
        version, status, reason = super()._read_status()  # type: ignore[misc]
        early = HTTPStatus.SWITCHING_PROTOCOLS < status < HTTPStatus.OK
        return version, HTTPStatus.CONTINUE if early else status, reason

    def _close_conn(self) -> None:
        # Without the socket behind it, peek returns only what has already arrived.
        self._watched.dry = True
        self.surplus = bool(self.fp.peek(1)) and not self.will_close
        super()._close_conn()  # type: ignore[misc]


class _WatchedPool:
    """How a connection pool differs during one of our calls."""

    def urlopen(self, method: str, url: str, *args: Any, **options: Any) -> Any:
        """Send once: only `with_retries` decides whether to send again, never the layers below."""
        if getattr(_current, "check", None) is not None:
            options["retries"] = urllib3.Retry(0, read=False)
        return super().urlopen(method, url, *args, **options)  # type: ignore[misc]


@functools.cache
def _watched(pool: type) -> type:
    """Return the same kind of pool with the same kind of connections, but watched."""
    kind: Any = pool.ConnectionCls  # type: ignore[attr-defined]
    # With a debuglevel, http.client would print the credential if debugging is on globally.
    fields = {"response_class": _WatchedResponse, "debuglevel": 0}
    connection = type(f"Watched{kind.__name__}", (kind,), fields)
    return type(f"Watched{pool.__name__}", (_WatchedPool, pool), {"ConnectionCls": connection})


def _watch_pools(manager: Any) -> None:
    kinds = manager.pool_classes_by_scheme
    if not any(issubclass(kind, _WatchedPool) for kind in kinds.values()):
        manager.pool_classes_by_scheme = {name: _watched(kind) for name, kind in kinds.items()}
        manager.clear()  # for connections that were made before


def watch(adapter: Any) -> None:
    """Watch the connections of an adapter while one of our calls uses them.

    This includes connections through a proxy, and those of a user's own adapter: they keep
    their classes, and other calls over them are not affected.
    """
    if not isinstance(adapter, HTTPAdapter) or adapter in _watched_adapters:
        return
    _watch_pools(adapter.poolmanager)
    plain = adapter.proxy_manager_for

    def proxy_manager_for(proxy: str, **options: Any) -> Any:
        manager = plain(proxy, **options)
        _watch_pools(manager)
        return manager

    adapter.proxy_manager_for = proxy_manager_for  # type: ignore[method-assign]
    _watched_adapters.add(adapter)


_watched_adapters: WeakSet[HTTPAdapter] = WeakSet()


class RoomyAdapter(HTTPAdapter):
    """The adapter of our own sessions: as many connections as threads, closed when asked."""

    def __init__(self) -> None:
        super().__init__(pool_maxsize=_THREADS, max_retries=0)

    def close(self) -> None:
        """Close the connections now: after an error urllib3 leaves it to the garbage collector."""
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - not a dict, has no __iter__
                manager.pools[key].close()
        super().close()


def leave_connections(http: requests.Session) -> None:
    """Start afresh in a forked process: connections and their locks belong to the parent.

    Nothing here may wait for a lock, because a thread of the parent may have held it.
    """
    http.cookies._cookies_lock = threading.RLock()  # type: ignore[attr-defined]  # noqa: SLF001
    for adapter in {id(one): one for one in http.adapters.values()}.values():
        if not isinstance(adapter, HTTPAdapter):
            continue
        for manager in (adapter.poolmanager, *adapter.proxy_manager.values()):
            for pool in manager.pools._container.values():  # noqa: SLF001 - without its lock
                _leave_pool(pool.pool)
        adapter.proxy_manager = {}
        made: Any = adapter
        made.__setstate__(made.__getstate__())  # as in a copy: with new pools
        if adapter in _watched_adapters:
            _watch_pools(adapter.poolmanager)


def _leave_pool(idle: Any) -> None:
    """Close this process's copies of idle connections; the parent's stay open."""
    left = [connection for connection in idle.queue if connection is not None]
    idle.__init__(idle.maxsize)  # new locks: the pool is closed once more when it is collected
    for connection in left:
        if connection.sock is not None:
            connection.sock.close()


def _has_surplus(raw: Any) -> bool:
    """Return whether more bytes arrived than the response's length declares."""
    return bool(getattr(getattr(raw, "_original_response", None), "surplus", False))


_CHUNK = 64 * 1024
_GZIP_OR_ZLIB = 47
_BODYLESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_UNASKED = (HTTPStatus.SWITCHING_PROTOCOLS, HTTPStatus.PARTIAL_CONTENT)


class BadBody(Exception):  # noqa: N818 - never leaves this module
    """The body is not what the headers promised."""

    def __init__(self, words: str, kind: type[PandakitError], *, passing: bool) -> None:
        super().__init__(words)
        self.kind = kind
        self.passing = passing


def read_body(response: requests.Response, most: int, check: Callable[[], None]) -> bytes:
    """Return the body, read piece by piece under the deadline and compared with the headers."""
    raw = response.raw
    _check_head(response)
    # The same check for all versions of urllib3: our own, see below.
    raw.enforce_content_length = False
    read = getattr(raw, "read1", raw.read)
    unpack = _unpacker(response.headers.get("Content-Encoding", ""))
    body = bytearray()
    while chunk := read(_CHUNK, decode_content=False):
        body += unpack(chunk, most + 1 - len(body))
        if len(body) > most:
            words = f"the answer is longer than {most} bytes: ask for less at a time"
            raise BadBody(words, ProtocolError, passing=False)
        check()
    _check_length(response, raw.tell())
    if body and not unpack.whole():
        raise BadBody("the compressed answer was cut", TransportError, passing=True)
    return bytes(body)


class _Plain:
    """No compression."""

    def __call__(self, chunk: bytes, most: int) -> bytes:
        return chunk[:most]

    def whole(self) -> bool:
        return True


class _Inflate:
    """gzip or deflate: unpacks no more than requested at a time, and knows its end."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=_GZIP_OR_ZLIB)

    def __call__(self, chunk: bytes, most: int) -> bytes:
        """Unpack, including bodies of several compressed members, which gzip allows."""
        body = b""
        try:
            while chunk and len(body) < most:
                if self._stream.eof:
                    chunk = chunk.lstrip(b"\0")  # padding is not a member
                    if not chunk:
                        break
                    self._stream = zlib.decompressobj(wbits=_GZIP_OR_ZLIB)
                body += self._stream.decompress(chunk, most - len(body))
                chunk = self._stream.unused_data
        except zlib.error:
            words = "the compressed answer is damaged"
            raise BadBody(words, TransportError, passing=True) from None
        return body

    def whole(self) -> bool:
        return self._stream.eof


def _unpacker(encoding: str) -> _Plain | _Inflate:
    if encoding.strip().lower() in ("gzip", "x-gzip", "deflate"):
        return _Inflate()
    if encoding.strip().lower() in ("", "identity"):
        return _Plain()
    words = f"the answer is compressed in a way that was not asked for ({encoding[:20]!r})"
    raise BadBody(words, ProtocolError, passing=False)


def _check_head(response: requests.Response) -> None:
    """Refuse headers that do not determine where the body ends."""
    head = getattr(getattr(response.raw, "_original_response", None), "msg", None)
    if head is not None:
        assert_header_parsing(head)
    wrong = ""
    if response.headers.get("Transfer-Encoding", "chunked").strip().lower() != "chunked":
        wrong = "arrived in a transfer encoding that was not asked for"
    elif response.status_code in _UNASKED:
        wrong = f"has the status {response.status_code}, which was not asked for"
    elif len(_promised(response)) > 1 or not all(map(_is_count, _promised(response))):
        wrong = "has a malformed Content-Length"
    if wrong:
        raise BadBody(f"the answer {wrong}", ProtocolError, passing=False)


def _promised(response: requests.Response) -> set[str]:
    """Return the declared lengths: none, or one, perhaps repeated."""
    told = response.headers.get("Content-Length")
    return set() if told is None else {one.strip() for one in told.split(",")}


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _check_length(response: requests.Response, received: int) -> None:
    bodyless = response.request.method == "HEAD" or response.status_code in _BODYLESS
    promised = max(map(int, _promised(response)), default=0)
    if not bodyless and received < promised:
        words = f"the answer was cut: {received} of {promised} bytes arrived"
        raise BadBody(words, TransportError, passing=True)
    if _has_surplus(response.raw):
        words = f"the answer is longer than the {promised or received} bytes that it promised"
        raise BadBody(words, ProtocolError, passing=False)
