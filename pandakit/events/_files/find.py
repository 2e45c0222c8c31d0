"""Find the files that a path names, and unpack compressed ones and archives."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pandakit.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HEAD", "Member", "arrow_buffer", "find"]

_SUFFIXES = (
    *(".csv", ".tsv", ".txt", ".log", ".json", ".jsonl", ".ndjson"),
    *(".parquet", ".pq", ".feather", ".arrow", ".xlsx", ".gz", ".zst", ".zip", ".bz2"),
)
# In a folder, text files are read only if there is nothing else: most are licences and notes.
_DOUBTFUL = (".txt",)
_COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2"}
_ZIP = b"PK\x03\x04"
_EXCEL = "[Content_Types].xml"
#: How many bytes are inspected to recognise a file.
HEAD = 1 << 16


@dataclass(frozen=True)
class Member:
    """One file, or one member of an archive, after decompression."""

    name: str
    path: Path | None
    data: bytes

    @property
    def head(self) -> bytes:
        """Return the first bytes."""
        if self.path is None:
            return self.data[:HEAD]
        with self.path.open("rb") as file:
            return file.read(HEAD)

    def read(self) -> bytes:
        """Return all bytes."""
        return self.data if self.path is None else self.path.read_bytes()

    def open(self) -> pa.NativeFile:
        """Return a file that Arrow reads from."""
        if self.path is None:
            return pa.BufferReader(arrow_buffer(self.data))
        try:
            return pa.memory_map(str(self.path))
        except OSError:  # a file system that maps nothing, as a browser's
            return pa.OSFile(str(self.path))


def arrow_buffer(data: bytes) -> pa.Buffer:
    """Return a copy that only Arrow holds: its threads may free it after Python has ended."""
    buffer = pa.allocate_buffer(len(data))
    memoryview(buffer).cast("B")[:] = data
    return buffer


def find(source: str | Path) -> tuple[list[Member], list[str]]:
    """Return the files that a path, a folder or a pattern stands for, and the names left out.

    Raises
    ------
    EventError
        There is no such file, nothing in it can be events, or an archive is damaged.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        files, left_out = _in_folder(path)
    elif not path.exists() and has_magic(str(source)):
        found = glob(str(path), recursive=True)  # noqa: PTH207 - patterns may be absolute
        files, left_out = [Path(name) for name in sorted(found) if Path(name).is_file()], []
    else:
        files, left_out = [path], []
    if not files:
        raise EventError(f"{source}: no file there has events; looked for {_listed()}")
    return [member for file in files for member in _members(file)], left_out


def _in_folder(folder: Path) -> tuple[list[Path], list[str]]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    visible = [path for path in found if not _is_hidden(path.relative_to(folder))]
    known = [path for path in visible if path.suffix.lower() in _SUFFIXES]
    sure = [path for path in known if path.suffix.lower() not in _DOUBTFUL]
    files = sure or known
    return files, [str(path.relative_to(folder)) for path in found if path not in files]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def _listed() -> str:
    return ", ".join(_SUFFIXES)


def _members(path: Path) -> Iterator[Member]:
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start == _ZIP:
            yield from _from_zip(path)
        elif compression := _compression(start):
            yield Member(str(path), None, _decompressed(path, compression))
        else:
            yield Member(str(path), path, b"")
    except FileNotFoundError:
        raise EventError(f"{path}: there is no such file") from None
    except (OSError, pa.ArrowException, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise EventError(f"{path} cannot be read: {error}") from None


def _compression(start: bytes) -> str | None:
    return next((name for magic, name in _COMPRESSED.items() if start.startswith(magic)), None)


def _decompressed(path: Path, compression: str) -> bytes:
    with pa.input_stream(str(path), compression=compression) as stream:
        data: bytes = stream.read()
    return data


def _from_zip(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        names = [each.filename for each in archive.infolist() if not each.is_dir()]
        if _EXCEL in names:
            yield Member(str(path), path, b"")
            return
        names = sorted(name for name in names if not _is_hidden(Path(name)))
        if not names:
            raise EventError(f"{path} is an empty archive")
        for name in names:
            yield _unpacked(f"{path}/{name}", archive.read(name))


def _unpacked(name: str, data: bytes) -> Member:
    if compression := _compression(data[:4]):
        with pa.input_stream(io.BytesIO(data), compression=compression) as stream:
            data = stream.read()
    return Member(name, None, data)
