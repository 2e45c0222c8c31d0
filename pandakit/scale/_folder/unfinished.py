"""A folder that becomes the result when it is complete."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pandakit.errors import EventError
from pandakit.scale._folder.manifest import MANIFEST, check_manifest, write_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["scratch_of", "unfinished"]


def scratch_of(folder: Path) -> Path:
    """Return the folder for a run's temporary files."""
    return folder / "scratch"


@contextmanager
def unfinished(target: Path, manifest: dict[str, Any]) -> Iterator[Path]:
    """Yield the folder of an interrupted run, or a new one; it becomes `target` at the end.

    If the block raises, the folder stays, so that the same call continues from there. It is removed
    after an `EventError`, because then the input has to change first.

    Raises
    ------
    EventError
        The interrupted run had other inputs or settings.
    """
    folder = target.with_name(f".{target.name}.unfinished")
    if (folder / MANIFEST).exists():
        check_manifest(folder, manifest)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        write_manifest(folder, manifest)
    scratch_of(folder).mkdir(exist_ok=True)
    try:
        yield folder
    except EventError:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(scratch_of(folder))
    folder.rename(target)
