"""What is inside a file that a run left behind, or that is published: unpacked, as bytes."""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import re
import zipfile
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 3  # a picture in a page in an archive
_CUT_SHORT = (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, pa.ArrowException)


def inside(data: bytes, depth: int = _DEEPEST) -> Iterator[bytes]:
    """Give the bytes, and what is packed in them: what a reader of the file would come to see.

    A damaged archive gives what can be read of it: tests write such files.
    """
    yield data
    if depth == 0:
        return
    for sign, unpack in _UNPACKERS:
        if sign.match(data):
            with suppress(*_CUT_SHORT):
                for part in unpack(data):
                    yield from inside(part, depth - 1)


def _gzip(data: bytes) -> Iterator[bytes]:
    yield gzip.decompress(data)


def _zip(data: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        yield archive.comment
        for name in archive.namelist():
            yield archive.read(name)


def _parquet(data: bytes) -> Iterator[bytes]:
    """Give all columns and the metadata, as Arrow has them in memory: uncompressed."""
    table = pq.read_table(pa.BufferReader(data))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    yield sink.getvalue().to_pybytes()
    yield repr(pq.read_metadata(pa.BufferReader(data)).metadata).encode()


def _png(data: bytes) -> Iterator[bytes]:
    """Give the texts of a picture; they may be compressed."""
    place = 8
    while place < len(data):
        length, kind = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8]
        body = data[place + 8 : place + 8 + length]
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            packed = body.find(b"\x78")  # how a zlib stream begins
            yield body
            while packed >= 0:
                with suppress(zlib.error):
                    yield zlib.decompress(body[packed:])
                packed = body.find(b"\x78", packed + 1)
        place += length + 12


def _embedded(data: bytes) -> Iterator[bytes]:
    """Give what a page or a notebook carries in base64, such as its pictures."""
    for match in _BASE64.finditer(data):
        with suppress(binascii.Error):
            yield base64.b64decode(match[0].replace(rb"\n", b"") + b"==")


_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]|\\n){400,}")
_UNPACKERS = (
    (re.compile(rb"\x1f\x8b"), _gzip),
    (re.compile(rb"PK\x03\x04"), _zip),
    (re.compile(rb"PAR1"), _parquet),
    (re.compile(rb"\x89PNG"), _png),
    (re.compile(rb"\s*[<{]"), _embedded),
)
