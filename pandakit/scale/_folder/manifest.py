"""What a result was made of: lets an interrupted run continue, and detects a changed input."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pandakit.errors import EventError
from pandakit.files import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

    from pandakit.scale._source.files import InputFiles
    from pandakit.scale.settings import Settings

__all__ = ["MANIFEST", "check_manifest", "manifest_of", "update_manifest", "write_manifest"]

MANIFEST = "manifest.json"


def manifest_of(source: InputFiles, settings: Settings) -> dict[str, Any]:
    """Return everything that determines the result: the inputs, the settings, the version."""
    inputs = [
        {"path": file.path, "size": file.size, "modified": file.modified} for file in source.files
    ]
    return {
        "pandakit": version("pandakit"),
        "inputs": inputs,
        "policy": settings.policy.to_dict(),
        "unit": settings.unit,
        "as_of": None if settings.as_of is None else str(settings.as_of),
        "events": settings.events,
    }


def update_manifest(folder: Path, **facts: Any) -> None:
    """Add facts about the result to the manifest of a folder."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    write_manifest(folder, {**manifest, **facts})


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest of a folder."""
    with atomic_write(folder / MANIFEST) as file:
        file.write(json.dumps(manifest, indent=1, sort_keys=True).encode())


def check_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Raise unless a folder was made of the same inputs with the same settings."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        raise EventError(
            f"{folder} is no result of consolidate_dataset; choose another folder, or delete it"
        ) from None
    wanted = json.loads(json.dumps(manifest))
    for name in wanted:
        if name != "inputs" and found.get(name) != wanted[name]:
            raise EventError(
                f"{folder} was made with {name} {found.get(name)!r}, not {wanted[name]!r}; choose "
                f"another folder, or delete it"
            )
    _check_inputs(folder, found["inputs"], wanted["inputs"])


def _check_inputs(folder: Path, before: list[dict[str, Any]], now: list[dict[str, Any]]) -> None:
    if before == now:
        return
    known = {file["path"]: file for file in before}
    for file in now:
        was = known.pop(file["path"], None)
        if was is None:
            change = f"{file['path']} is new"
        elif was != file:
            change = f"{file['path']} changed ({was['size']:,} bytes then, {file['size']:,} now)"
        else:
            continue
        break
    else:
        change = f"{next(iter(known))} is gone" if known else "the order of the files changed"
    raise EventError(
        f"{folder} was made of other inputs: {change}; choose another folder, or delete it"
    )
