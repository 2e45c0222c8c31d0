"""One attempt over requests: send, read the whole body under limits, classify what went wrong."""

from __future__ import annotations

import math
import ssl
import zlib
from http import HTTPStatus
from http.client import BadStatusLine, HTTPException, IncompleteRead, RemoteDisconnected
from typing import TYPE_CHECKING, Any

import requests
import urllib3.exceptions as u3
from urllib3.util.response import assert_header_parsing

from pandakit.errors import PandakitError, ProtocolError, TransportError
from pandakit.transport._wire import DeadlinePassed, has_surplus, watch, watching
from pandakit.transport.retry import AttemptFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pandakit.transport._model import Call, Clock, TransportOptions

__all__ = ["fetch"]

_CHUNK = 64 * 1024
_GZIP_OR_ZLIB = 47
_BODYLESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_UNASKED = (HTTPStatus.SWITCHING_PROTOCOLS, HTTPStatus.PARTIAL_CONTENT)


def fetch(
    http: requests.Session,
    prepared: dict[str, Any],
    call: Call,
    *,
    options: TransportOptions,
    clock: Clock,
    deadline: float,
) -> tuple[int, Any, bytes]:
    """Send once; gives status, headers and the whole body.

    Raises
    ------
    AttemptFailed
        With an error that names the host and never quotes the HTTP library.
    """
    host = prepared["url"].split("/")[2]
    fault: AttemptFailed | KeyboardInterrupt

    def check() -> None:
        if clock.monotonic() > deadline:
            raise DeadlinePassed

    left = deadline - clock.monotonic()
    waits = (_at_most(options.connect, left), _at_most(options.read, left))
    try:
        watch(http.get_adapter(prepared["url"]))
        with (
            watching(check),
            http.request(
                call.method, **prepared, stream=True, allow_redirects=False, timeout=waits
            ) as response,
        ):
            body = _read_body(response, options.body_most, check)
            return response.status_code, response.headers, body
    except _BadBody as bad:
        fault = AttemptFailed(bad.kind(f"{host}: {bad}"), passing=bad.passing)
    except (requests.RequestException, u3.HTTPError, HTTPException, OSError, ValueError) as exc:
        fault = _classify(exc, host)
    except KeyboardInterrupt:
        # Raised anew, since the library's frames hold the header with the token.
        fault = KeyboardInterrupt()
    raise fault  # outside of the handler: no chain leads to the library's exceptions


def _at_most(limit: float, left: float) -> float | None:
    wait = max(0.001, min(limit, left))
    return None if math.isinf(wait) else wait


class _BadBody(Exception):  # noqa: N818 - never leaves this module
    """The body is not what was promised."""

    def __init__(self, words: str, kind: type[PandakitError], *, passing: bool) -> None:
        super().__init__(words)
        self.kind = kind
        self.passing = passing


def _read_body(response: requests.Response, most: int, check: Callable[[], None]) -> bytes:
    """Read what is there, look at the clock, go on; then compare with what was promised."""
    raw = response.raw
    _check_head(response)
    # One check for all versions of urllib3, ours: see below.
    raw.enforce_content_length = False
    read = getattr(raw, "read1", raw.read)
    unpack = _unpacker(response.headers.get("Content-Encoding", ""))
    body = bytearray()
    while chunk := read(_CHUNK, decode_content=False):
        body += unpack(chunk, most + 1 - len(body))
        if len(body) > most:
            words = f"the answer is longer than {most} bytes: ask for less at a time"
            raise _BadBody(words, ProtocolError, passing=False)
        check()
    _check_length(response, raw.tell())
    if body and not unpack.whole():
        raise _BadBody("the compressed answer was cut", TransportError, passing=True)
    return bytes(body)


class _Plain:
    """No compression."""

    def __call__(self, chunk: bytes, most: int) -> bytes:
        return chunk[:most]

    def whole(self) -> bool:
        return True


class _Inflate:
    """gzip or deflate, never more than asked for at a time, and aware of its end."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=_GZIP_OR_ZLIB)

    def __call__(self, chunk: bytes, most: int) -> bytes:
        """Unpack; what is compressed in several pieces (gzip allows it) counts to the last."""
        body = b""
        try:
            while chunk and len(body) < most:
                if self._stream.eof:
                    chunk = chunk.lstrip(b"\0")  # padding is no piece
                    if not chunk:
                        break
                    self._stream = zlib.decompressobj(wbits=_GZIP_OR_ZLIB)
                body += self._stream.decompress(chunk, most - len(body))
                chunk = self._stream.unused_data
        except zlib.error:
            words = "the compressed answer is damaged"
            raise _BadBody(words, TransportError, passing=True) from None
        return body

    def whole(self) -> bool:
        return self._stream.eof


def _unpacker(encoding: str) -> _Plain | _Inflate:
    if encoding.strip().lower() in ("gzip", "x-gzip", "deflate"):
        return _Inflate()
    if encoding.strip().lower() in ("", "identity"):
        return _Plain()
    words = f"the answer is compressed in a way that was not asked for ({encoding[:20]!r})"
    raise _BadBody(words, ProtocolError, passing=False)


def _check_head(response: requests.Response) -> None:
    """Refuse headers after which nobody knows where the body ends."""
    head = getattr(getattr(response.raw, "_original_response", None), "msg", None)
    if head is not None:
        assert_header_parsing(head)
    wrong = ""
    if response.headers.get("Transfer-Encoding", "chunked").strip().lower() != "chunked":
        wrong = "came in a transfer encoding that was not asked for"
    elif response.status_code in _UNASKED:
        wrong = f"has the status {response.status_code}, which was not asked for"
    elif len(_promised(response)) > 1 or not all(map(_is_count, _promised(response))):
        wrong = "has a malformed Content-Length"
    if wrong:
        raise _BadBody(f"the answer {wrong}", ProtocolError, passing=False)


def _promised(response: requests.Response) -> set[str]:
    """Give the lengths that were promised: none, or one, perhaps told twice."""
    told = response.headers.get("Content-Length")
    return set() if told is None else {one.strip() for one in told.split(",")}


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _check_length(response: requests.Response, received: int) -> None:
    bodyless = response.request.method == "HEAD" or response.status_code in _BODYLESS
    promised = max(map(int, _promised(response)), default=0)
    if not bodyless and received < promised:
        words = f"the answer was cut: {received} of {promised} bytes came"
        raise _BadBody(words, TransportError, passing=True)
    if has_surplus(response.raw):
        words = f"the answer is longer than the {promised or received} bytes that it promised"
        raise _BadBody(words, ProtocolError, passing=False)


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """Walk what the layers below wrapped: causes, `reason`s and arguments."""
    todo, seen = [exc], set()
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
        todo += [cause for cause in inner if isinstance(cause, BaseException)]


_UNSENT = (
    requests.exceptions.ConnectTimeout,
    requests.exceptions.ProxyError,
    u3.NewConnectionError,
    u3.NameResolutionError,
    u3.ConnectTimeoutError,
)
# (sign in the chain of causes, error class, passing, what to say); the first match counts
_FAULTS: tuple[tuple[tuple[type[BaseException], ...], type[PandakitError], bool, str], ...] = (
    (
        (DeadlinePassed,),
        TransportError,
        False,
        "the answer was not complete within the total deadline",
    ),
    (
        (ssl.SSLCertVerificationError, ssl.CertificateError),
        TransportError,
        False,
        (
            "its TLS certificate could not be verified (expired, another name, or a private "
            "authority: then point REQUESTS_CA_BUNDLE at its file)"
        ),
    ),
    (
        (requests.exceptions.InvalidProxyURL,),
        TransportError,
        False,
        "the proxy of the environment has no usable address: look at HTTPS_PROXY",
    ),
    (
        (requests.exceptions.ProxyError, u3.ProxyError),
        TransportError,
        True,
        "the proxy of the environment refused or failed: look at HTTPS_PROXY and its password",
    ),
    ((u3.NameResolutionError,), TransportError, True, "its name could not be resolved"),
    # a NewConnectionError is a ConnectTimeoutError too, for old times' sake
    ((u3.NewConnectionError,), TransportError, True, "the connection was refused"),
    (
        (requests.exceptions.ConnectTimeout, u3.ConnectTimeoutError),
        TransportError,
        True,
        "no connection within the connect deadline",
    ),
    (
        (requests.exceptions.ReadTimeout, u3.ReadTimeoutError, TimeoutError),
        TransportError,
        True,
        "no byte came within the read deadline",
    ),
    (
        (RemoteDisconnected, ConnectionError),
        TransportError,
        True,
        "the connection broke before the answer was complete",
    ),
    ((u3.IncompleteRead, IncompleteRead), TransportError, True, "the answer was cut"),
    (
        (BadStatusLine, HTTPException, u3.HeaderParsingError, u3.InvalidHeader),
        ProtocolError,
        False,
        "it does not speak proper HTTP (its status line or headers are malformed)",
    ),
    ((ssl.SSLError,), TransportError, True, "the TLS connection broke"),
    (
        (requests.exceptions.InvalidHeader, ValueError),
        ProtocolError,
        False,
        "the request, or an address in the answer, cannot be put into HTTP",
    ),
)


def _classify(exc: BaseException, host: str) -> AttemptFailed:
    causes = list(_causes(exc))
    sent = not any(isinstance(cause, _UNSENT) for cause in causes)
    for kinds, error, passing, words in _FAULTS:
        if any(isinstance(cause, kinds) for cause in causes):
            return AttemptFailed(error(f"{host}: {words}"), passing=passing, sent=sent)
    return AttemptFailed(
        TransportError(f"{host}: the connection failed ({type(exc).__name__})"),
        passing=True,
        sent=sent,
    )
