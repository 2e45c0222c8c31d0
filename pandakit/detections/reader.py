"""Read rules as code into one frame."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pandakit.detections._files.documents import parse
from pandakit.detections.columns import COLUMNS, content_columns
from pandakit.errors import PartialWarning, warn_user
from pandakit.frames import Column, add_facts, build_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

__all__ = ["FILE_COLUMNS", "read"]

Row = dict[str, Any]

FILE_COLUMNS = (
    Column("file", "text", meaning="the YAML file, relative to the folder"),
    Column("body_file", "text", meaning="the Python file, relative to the folder"),
    Column("other", "map", meaning="keys of the file that the REST API does not have"),
)
_KIND_ORDER = {kind: place for place, kind in enumerate(COLUMNS)}
_MOST_NAMED = 5


def read(folder: str | os.PathLike[str], *, strict: bool = False) -> pd.DataFrame:
    r"""Return the detection content of a folder: rules of every kind, policies, helpers, queries.

    Parameters
    ----------
    folder
        YAML files (`.yml`, `.yaml`) may be anywhere below it, each with its Python file; hidden
        files and folders are skipped.
    strict
        Raise when a file cannot be read, instead of leaving it out with a warning.

    Returns
    -------
    pandas.DataFrame
        One row per YAML file, ordered by kind and id: `kind`, the columns of the loaders of
        `Panther`, `file`, `body_file` and `other` (keys that the REST API does not have). The
        id of a query is its name. `attrs["pandakit"]` has `unreadable_files` (`file`, `error`)
        and `skipped_files`: packs, lookup tables and scheduled prompts, which the REST API does
        not have.

    Raises
    ------
    NotADirectoryError
        When there is no such folder.
    ValueError
        With `strict`, when a file cannot be read.

    Warns
    -----
    PartialWarning
        When files cannot be read: invalid YAML, a missing or unknown `AnalysisType`, an id that
        another file of the kind has, a missing Python file or one outside the folder.

    Notes
    -----
    Files are YAML 1.2, where `on`, `off` and `yes` are text.
    Source: "Panther Analysis: detections as code".

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     yaml = "AnalysisType: global\nGlobalID: a\nFilename: a.py"
    ...     _ = Path(folder, "a.yml").write_text(yaml)
    ...     _ = Path(folder, "a.py").write_text("LIMIT = 3\n")
    ...     read(folder)[["kind", "id", "body", "file"]].iloc[0].tolist()
    ['globals', 'a', 'LIMIT = 3\n', 'a.yml']
    """
    root = Path(folder)
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is not a folder")
    rows: list[Row] = []
    skipped: list[str] = []
    unreadable: list[Row] = []
    seen: dict[tuple[str, str], str] = {}
    for path in _yaml_files(root):
        name = path.relative_to(root).as_posix()
        try:
            row = _row(root, path, name)
            if row is None:
                skipped.append(name)
                continue
            _check_new(row, seen)
        except (ValueError, OSError) as error:
            unreadable.append({"file": name, "error": str(error)})
            continue
        rows.append(row)
    _report(root, unreadable, strict=strict)
    rows.sort(key=lambda row: (_KIND_ORDER[row["kind"]], row["id"]))
    frame = build_frame(_records(rows), (*content_columns(), *FILE_COLUMNS))
    return add_facts(
        frame,
        source=str(root),
        rows=len(frame),
        unreadable_files=unreadable,
        skipped_files=skipped,
    )


def _yaml_files(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.endswith((".yml", ".yaml")) and not name.startswith("."):
                yield Path(folder, name)


def _row(root: Path, path: Path, name: str) -> Row | None:
    """Read one file and its body; `None` for a type that the REST API does not have."""
    document = parse(_text(path))
    if not document.kind:
        return None
    row = {"kind": document.kind, **document.row, "file": name}
    if document.other:
        row["other"] = document.other
    if document.body_name is not None:
        body = _body_path(root, path.parent / document.body_name, document.body_name)
        row |= {"body": _text(body), "body_file": body.relative_to(root.resolve()).as_posix()}
    return row


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not UTF-8: byte {error.start}") from None


def _body_path(root: Path, path: Path, name: str) -> Path:
    body = path.resolve()
    if not body.is_relative_to(root.resolve()):
        raise ValueError(f"Filename {name!r} is outside the folder")
    if not body.is_file():
        raise ValueError(f"Filename {name!r} does not exist")
    return body


def _check_new(row: Row, seen: dict[tuple[str, str], str]) -> None:
    key = row["kind"], row["id"]
    if key in seen:
        raise ValueError(f"the id {row['id']!r} is in {seen[key]} already")
    seen[key] = row["file"]


def _report(root: Path, unreadable: list[Row], *, strict: bool) -> None:
    if not unreadable:
        return
    named = "; ".join(f"{each['file']}: {each['error']}" for each in unreadable[:_MOST_NAMED])
    more = len(unreadable) - _MOST_NAMED
    count = "1 file" if len(unreadable) == 1 else f"{len(unreadable)} files"
    words = f"{count} below {root} cannot be read: {named}"
    words += f"; and {more} more" if more > 0 else ""
    if strict:
        raise ValueError(words)
    warn_user(f'{words}. All: df.attrs["pandakit"]["unreadable_files"]', PartialWarning)


def _records(rows: list[Row]) -> Iterator[Row]:
    """Return rows under the paths from which the columns are read."""
    paths = {column.name: column.sources[0] for column in (*content_columns(), *FILE_COLUMNS)}
    for row in rows:
        record: Row = {}
        for name, value in row.items():
            *parents, last = paths[name].split(".")
            place = record
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = value
        yield record
