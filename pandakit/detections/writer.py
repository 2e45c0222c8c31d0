"""Write one frame as rules as code."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit.detections._files.documents import compose
from pandakit.detections._files.fields import ID_KEYS
from pandakit.detections._files.names import check_inside, file_stems
from pandakit.detections.columns import COLUMNS
from pandakit.detections.rows import plain_rows
from pandakit.errors import PartialWarning, warn_user

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["write"]

Row = dict[str, Any]

_OF_FILES = {"kind", "file", "body_file", "other"}


def write(
    frame: pd.DataFrame, folder: str | os.PathLike[str], *, overwrite: bool = False
) -> pd.DataFrame:
    """Write detection content as code, one YAML file per row and its Python beside it.

    Parameters
    ----------
    frame
        From `read`, `Panther.detections` or another loader. `file` and `body_file` are used
        where the frame has them; other rows go to a folder of their kind, under their id.
    folder
        Where to write; it is created if needed, and nothing outside it is changed.
    overwrite
        Replace files that exist.

    Returns
    -------
    pandas.DataFrame
        One row per row of the frame: `kind`, `id`, `file`, `body_file`. Reading the folder
        returns what was written; fields that only the service sets (authors, times, `managed`,
        ids of queries, `python_body`) are not written to the files.

    Raises
    ------
    FileExistsError
        When a file exists, unless `overwrite`. Nothing is written then.
    ValueError
        For a row without id, an id or a file that two rows share, a path that leads out of the
        folder, or a value that the file cannot hold. The message has row and column, and nothing
        is written.

    Warns
    -----
    PartialWarning
        When a row has a value in a column that its kind does not have.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from pandakit import detections
    >>> rule = {"kind": "rules", "id": "Root.Login", "severity": "HIGH", "body": "..."}
    >>> with TemporaryDirectory() as folder:
    ...     detections.write(pd.DataFrame([rule]), folder)["file"].tolist()
    ['rules/Root.Login.yml']
    """
    rows = plain_rows(frame)
    _check_ids(rows)
    _warn_of_unwritten(rows)
    _name_files(rows)
    root = Path(folder)
    texts = _texts(rows)
    targets = {path: _target(root, path) for path in texts}
    if not overwrite:
        for target in targets.values():
            if target.exists() or target.is_symlink():
                raise FileExistsError(f"{target} exists: pass overwrite=True to replace it")
    root.mkdir(parents=True, exist_ok=True)
    for path, content in texts.items():
        _replace(targets[path], content)
    names = ("kind", "id", "file", "body_file")
    written = [{name: row.get(name) for name in names} for row in rows]
    return pd.DataFrame(written, columns=list(names), dtype="string[pyarrow]")


def _identity(row: Row) -> Any:
    return row.get("name", row.get("id")) if row["kind"] == "queries" else row.get("id")


def _check_ids(rows: list[Row]) -> None:
    seen: dict[tuple[str, str], int] = {}
    for place, row in enumerate(rows):
        key = row["kind"], _identity(row)
        if not isinstance(key[1], str) or not key[1]:
            raise ValueError(f"row {place}, column id: {ID_KEYS[row['kind']]} is missing")
        if key in seen:
            raise ValueError(f"row {place}, column id: {key[1]!r} is in row {seen[key]} already")
        seen[key] = place


def _warn_of_unwritten(rows: list[Row]) -> None:
    """Warn about values that have no place in a file, such as the runbook of a policy."""
    unwritten: dict[str, int] = {}
    for row in rows:
        held = {column.name for column in COLUMNS[row["kind"]]} | _OF_FILES
        for name in row.keys() - held:
            unwritten[name] = unwritten.get(name, 0) + 1
    if unwritten:
        named = ", ".join(f"{name} ({unwritten[name]} rows)" for name in sorted(unwritten))
        warn_user(
            f"not written, since files of these kinds have no such field: {named}", PartialWarning
        )


def _name_files(rows: list[Row]) -> None:
    """Fill in `file` and `body_file` in the rows that lack them."""
    for kind in ID_KEYS:
        mine = [row for row in rows if row["kind"] == kind]
        for row, stem in zip(mine, file_stems(map(_identity, mine)), strict=True):
            row.setdefault("file", f"{kind}/{stem}.yml")
            if "body" in row:
                row.setdefault("body_file", str(PurePosixPath(row["file"]).with_suffix(".py")))
            else:
                row.pop("body_file", None)


def _texts(rows: list[Row]) -> Mapping[str, bytes]:
    """Return path to content of every file, each checked before anything is written."""
    texts: dict[str, bytes] = {}
    owners: dict[str, str] = {}
    for place, row in enumerate(rows):
        try:
            for path, text in _files_of(row).items():
                _check_free(path, text, owners, texts)
                texts[path] = text
        except ValueError as error:
            raise ValueError(f"row {place}, {error}") from None
    return texts


def _check_free(path: str, text: bytes, owners: dict[str, str], texts: dict[str, bytes]) -> None:
    """Refuse a path that another row uses for something else, ignoring case."""
    owner = owners.setdefault(path.lower(), path)
    if owner != path or texts.get(path, text) != text:
        raise ValueError(f"column file: another row is written to {owner!r}")


def _files_of(row: Row) -> dict[str, bytes]:
    check_inside(row["file"], "file")
    if not row["file"].endswith((".yml", ".yaml")):
        raise ValueError(f"column file: {row['file']!r} must end in .yml or .yaml")
    body_file = row.get("body_file")
    if body_file is not None:
        check_inside(body_file, "body_file")
    beside = None if body_file is None else _relative(body_file, row["file"])
    texts = {row["file"]: compose(row, row.get("other", {}), beside).encode()}
    return texts if body_file is None else texts | {body_file: row["body"].encode()}


def _relative(body_file: str, file: str) -> str:
    folder = PurePosixPath(file).parent
    return Path(os.path.relpath(body_file, folder)).as_posix()


def _target(root: Path, path: str) -> Path:
    """Return where a file is written, refusing links that lead out of the folder."""
    target = root / path
    if not target.parent.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"{path!r} leads out of {root} through a link")
    return target


def _replace(target: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("wb", dir=target.parent, prefix=".", delete=False) as part:
        part.write(content)
    Path(part.name).replace(target)
