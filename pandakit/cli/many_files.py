"""Many files for `pandakit simulate`: merged from disk where they can be, else read into memory."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
import pandas as pd

from pandakit.errors import EventError
from pandakit.scale.dataset import check_dataset, consolidate_dataset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandakit.consolidation import Consolidation, Policy
    from pandakit.consolidation.policy import TimeUnit

__all__ = ["SavedResult", "Way", "choose_way", "merge_files"]

_MANIFEST = "manifest.json"
_RESULT = frozenset({"alerts.parquet", "incidents.parquet", "funnel.json", _MANIFEST})


class Way(NamedTuple):
    """How the files of a command line are read."""

    is_merge: bool
    """Whether they are merged from disk, a part at a time, instead of read into memory."""
    note: str
    """What the output says about it; empty for one file."""


class SavedResult(NamedTuple):
    """What the output shows of a result, read from its folder."""

    policy: Policy
    funnel: pd.DataFrame
    incidents: pd.DataFrame
    notes: tuple[str, ...]


def choose_way(files: Sequence[str], policy: Policy, needs_memory: str) -> Way:
    """Return how files are read; `needs_memory` names an option that only memory has."""
    if len(files) == 1 and Path(files[0]).expanduser().is_file():
        return Way(is_merge=False, note="")
    reason = f"{needs_memory} needs it"
    if not needs_memory:
        try:
            n_files = check_dataset(_expanded(files), policy)
        except EventError as error:
            reason = str(error).partition("; ")[0]
        else:
            files_were = "1 file was" if n_files == 1 else f"{n_files:,} files were"
            note = f"{files_were} merged from disk, in the order of time"
            return Way(is_merge=True, note=note)
    return Way(is_merge=False, note=f"all files were read into memory: {reason}")


def merge_files(
    files: Sequence[str], policy: Policy, unit: TimeUnit, folder: Path | None, *, force: bool
) -> Consolidation | SavedResult:
    """Return the result of files that are merged from disk; a folder that is named becomes it.

    Raises
    ------
    click.UsageError
        The folder has something else, or the result of another run.
    EventError
        The files cannot be read.
    """
    if folder is not None:
        _make_room(folder, force=force)
    try:
        found = consolidate_dataset(_expanded(files), policy, out=folder, unit=unit)
    except EventError as error:
        if folder is not None and str(error).startswith(
            tuple(f"{path} " for path in _ours(folder))
        ):
            raise click.UsageError(f"--output: {error}, or replace it with --force") from None
        raise EventError(f"{error}\n{_INSTEAD}") from error
    return _saved(found, policy) if isinstance(found, Path) else found


_INSTEAD = (
    "An option about the columns, such as --time timestamp, reads all files into memory instead: "
    "in more formats, and with errors row by row"
)


def _expanded(files: Sequence[str]) -> list[str]:
    return [str(Path(file).expanduser()) for file in files]


def _ours(folder: Path) -> tuple[Path, Path]:
    """Return where a result is, and where it is until it is complete."""
    target = folder.absolute()
    return target, target.with_name(f".{target.name}.unfinished")


def _make_room(folder: Path, *, force: bool) -> None:
    target, unfinished = _ours(folder)
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()
    if not force:
        return
    if target.exists():
        if not {path.name for path in target.iterdir()} <= _RESULT:
            raise click.UsageError(
                f"--output {folder}: --force replaces results of files only, "
                f"and this folder has others; choose another one"
            )
        shutil.rmtree(target)
    if (unfinished / _MANIFEST).exists():
        shutil.rmtree(unfinished)


def _saved(folder: Path, policy: Policy) -> SavedResult:
    funnel = json.loads((folder / "funnel.json").read_bytes())
    frame = pd.DataFrame.from_dict(funnel, orient="index", dtype=object)
    return SavedResult(
        policy,
        frame.astype({"numerator": "Int64", "denominator": "Int64"}),
        pd.read_parquet(folder / "incidents.parquet"),
        tuple(json.loads((folder / _MANIFEST).read_bytes())["notes"]),
    )
