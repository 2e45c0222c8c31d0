"""Read the whole body of one response, unpacked under a limit and compared with its headers."""

from __future__ import annotations

import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING

from urllib3.util.response import assert_header_parsing

from pandakit.errors import PandakitError, ProtocolError, TransportError
from pandakit.transport.connections import has_surplus

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

__all__ = ["BadBody", "read_body"]

_CHUNK = 64 * 1024
_GZIP_OR_ZLIB = 47
_BODYLESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_UNASKED = (HTTPStatus.SWITCHING_PROTOCOLS, HTTPStatus.PARTIAL_CONTENT)


class BadBody(Exception):  # noqa: N818 - never leaves this module
    """The body is not what was promised."""

    def __init__(self, words: str, kind: type[PandakitError], *, passing: bool) -> None:
        super().__init__(words)
        self.kind = kind
        self.passing = passing


def read_body(response: requests.Response, most: int, check: Callable[[], None]) -> bytes:
    """Read piece by piece under the deadline, then compare with the headers."""
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
    """gzip or deflate, never more than asked for at a time, and aware of its end."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=_GZIP_OR_ZLIB)

    def __call__(self, chunk: bytes, most: int) -> bytes:
        """Unpack; what is compressed in several pieces (gzip allows it) counts to the last."""
        body = b""
        try:
            while chunk and len(body) < most:
                if self._stream.eof:
                    chunk = chunk.lstrip(b"\0")  # padding is not a piece
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
    """Refuse headers that leave it open where the body ends."""
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
    if has_surplus(response.raw):
        words = f"the answer is longer than the {promised or received} bytes that it promised"
        raise BadBody(words, ProtocolError, passing=False)
