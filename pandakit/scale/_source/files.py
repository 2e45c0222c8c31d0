"""Finding files: a folder, a glob, a list, a dataset, on this machine or at an fsspec address."""

from __future__ import annotations

import glob
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

from pandakit.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CSV", "PARQUET", "InputFile", "InputFiles", "find_files", "naming"]

PARQUET, CSV, JSON_LINES = "Parquet", "CSV", "JSON Lines"
_FORMATS = {
    ".parquet": PARQUET,
    ".pq": PARQUET,
    ".parq": PARQUET,
    ".csv": CSV,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".json": JSON_LINES,
}
_COMPRESSIONS = (".gz", ".bz2", ".zst")
_HIDDEN = (".", "_")  # as in Arrow, Hive and Spark


@dataclass(frozen=True)
class InputFile:
    """One file, as it was when it was listed."""

    name: str
    path: str
    filesystem: fs.FileSystem
    format: str
    size: int
    modified: int | None
    """Nanoseconds since the epoch; None if the file system does not record it."""
    constants: dict[str, Any] = field(default_factory=dict)
    """The columns that a dataset takes from the path."""

    @property
    def may_lack(self) -> bool:
        """Whether a column that other files have may be absent, as keys in JSON may."""
        return self.format == JSON_LINES

    def check_unchanged(self) -> None:
        """Raise if the file is not the one that was listed."""
        with naming(self.name):
            size, modified = _state(self.filesystem, self.path)
        if (size, modified) != (self.size, self.modified):
            raise EventError(
                f"{self.name} changed while it was read ({self.size:,} bytes before, {size:,} "
                f"now); wait until nobody writes to it, or leave it out"
            )


@dataclass(frozen=True)
class InputFiles:
    """The files, in the order that decides between events with equal times."""

    files: list[InputFile]
    schema: pa.Schema | None = None
    """The schema of a dataset: columns that a file lacks are missing in all its rows."""


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Turn any failure into an `EventError` that begins with the name of the file."""
    try:
        yield
    except EventError as error:
        text = str(error)
        raise EventError(text if text.startswith(name) else f"{name}: {text}") from error
    except PermissionError as error:
        raise EventError(f"{name} cannot be read: permission denied") from error
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise EventError(f"{name} cannot be read: {error}") from error


def find_files(source: Any) -> InputFiles:
    """Return the files of a source.

    Raises
    ------
    EventError
        There are none, or the format of one of them is unknown.
    """
    if isinstance(source, ds.Dataset):
        return _of_dataset(source)
    if isinstance(source, (str, os.PathLike)):
        files = _expanded(os.fspath(source))
    elif isinstance(source, (list, tuple)):
        files = [file for each in source for file in _expanded(os.fspath(each))]
    else:
        raise EventError(
            f"source: a {type(source).__name__} is neither a folder, a glob, a list of files nor a "
            f"pyarrow.dataset; a table goes to consolidate()"
        )
    if not files:
        raise EventError(f"source: {source!r} has no files")
    return InputFiles(files)


def _of_dataset(dataset: ds.Dataset) -> InputFiles:
    if getattr(dataset, "_scan_options", None):
        raise EventError(
            "source: the dataset is filtered; filter the rows when you write the files"
        )
    files = []
    for fragment in dataset.get_fragments():
        if not isinstance(fragment, ds.ParquetFileFragment):
            raise EventError(
                f"source: the dataset has a {type(fragment).__name__}, not Parquet; pass the paths "
                f"of its files"
            )
        constants = ds.get_partition_keys(fragment.partition_expression)
        files.append(_file(fragment.filesystem, fragment.path, constants=constants))
    if not files:
        raise EventError("source: the dataset has no files")
    return InputFiles(files, dataset.schema)


def _expanded(address: str) -> list[InputFile]:
    if "://" in address:
        return _remote(address)
    local = fs.LocalFileSystem()
    path = Path(address)
    with naming(address):
        if path.is_dir():
            paths = [os.fspath(each) for each in path.rglob("*") if each.is_file()]
            return [_file(local, each) for each in _shown(paths, address)]
        if path.exists() or not glob.has_magic(address):
            return [_file(local, address)]
        paths = [each for each in glob.glob(address, recursive=True) if Path(each).is_file()]  # noqa: PTH207 - of absolute paths too
        return [_file(local, each) for each in sorted(paths)]


def _remote(address: str) -> list[InputFile]:
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 - an optional library
    except ImportError:
        raise EventError(
            f"{address}: addresses are read with fsspec, which is not installed; pip install fsspec"
        ) from None
    with naming(address):
        found, path = url_to_fs(address)
        wrapped = fs.PyFileSystem(fs.FSSpecHandler(found))
        if glob.has_magic(path):
            paths = sorted(found.glob(path))
        elif found.isdir(path):
            paths = _shown(found.find(path), path)
        else:
            paths = [path]
        return [_file(wrapped, each) for each in paths]


def _shown(paths: list[str], folder: str) -> list[str]:
    """Return the paths below a folder in order, without hidden files and folders."""
    kept = []
    for path in sorted(paths):
        parts = PurePosixPath(os.path.relpath(path, folder)).parts
        if any(part.startswith(_HIDDEN) for part in parts):
            continue
        if any("=" in part for part in parts[:-1]):
            raise EventError(
                f"{path} lies in a folder that names a column; pass "
                f"pyarrow.dataset.dataset({folder!r}, partitioning='hive')"
            )
        kept.append(path)
    return kept


def _file(filesystem: fs.FileSystem, path: str, **more: Any) -> InputFile:
    with naming(path):
        size, modified = _state(filesystem, path)
    name = path.removesuffix(next((end for end in _COMPRESSIONS if path.endswith(end)), ""))
    kind = _FORMATS.get(PurePosixPath(name).suffix.lower())
    if kind is None:
        raise EventError(
            f"{path} is of no known format ({', '.join(_FORMATS)}); pass a glob such as "
            f"'folder/*.parquet', or read it with read_events"
        )
    if not size:
        raise EventError(f"{path} is empty")
    return InputFile(path, path, filesystem, kind, size, modified, **more)


def _state(filesystem: fs.FileSystem, path: str) -> tuple[int, int | None]:
    info = filesystem.get_file_info(path)
    if info.type != fs.FileType.File:
        raise EventError("there is no such file")
    return info.size, info.mtime_ns
