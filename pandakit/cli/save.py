"""Results as files in a folder; nothing is overwritten unless requested."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from pandakit.cli import output
from pandakit.cli.options import FOLDER, add
from pandakit.files import atomic_write, refuse_existing
from pandakit.text import to_text

if TYPE_CHECKING:
    from pathlib import Path

    from pandakit.consolidation import Consolidation

__all__ = ["folder_options", "frame_files", "page_file", "save_files", "simulation_frames"]

_FORMATS = ("parquet", "csv")

folder_options = add(
    (
        click.option("--output", "folder", type=FOLDER, metavar="FOLDER", help="Save the results."),
        click.option(
            "--format",
            "file_format",
            type=click.Choice(_FORMATS),
            default="parquet",
            show_default=True,
            help="The format of saved tables.",
        ),
        click.option("--force", is_flag=True, help="Overwrite files of an earlier run."),
    )
)


def simulation_frames(simulation: Consolidation, events: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the tables of a simulation: events with their outcome, alerts, incidents."""
    outcomes = simulation.events.reset_index(drop=True).add_prefix("outcome.")
    outcomes = outcomes.rename(columns={"outcome.outcome": "outcome"})
    joined = pd.concat([events.reset_index(drop=True), outcomes], axis=1)
    incidents = simulation.incidents
    incidents = incidents.assign(patterns=["|".join(names) for names in incidents["patterns"]])
    return {
        "events": joined,
        "alerts": simulation.alerts.reset_index(),
        "incidents": incidents.reset_index(),
    }


def frame_files(frames: dict[str, pd.DataFrame], file_format: str) -> dict[str, bytes]:
    """Return a file for each frame, by its name."""
    return {
        f"{name}.{file_format}": _as_bytes(frame, file_format) for name, frame in frames.items()
    }


def page_file(page: str) -> dict[str, bytes]:
    """Return the file of a report, by its name."""
    return {"report.html": page.encode()}


def save_files(files: dict[str, bytes], folder: Path, *, force: bool) -> None:
    """Write the files to the folder: all of them, or none if one may not be overwritten."""
    if (folder / "manifest.json").exists():
        raise click.UsageError(
            f"--output {folder}: files merged from disk have their result there; choose another"
        )
    if not force:
        refuse_existing(*(folder / name for name in files))
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        with atomic_write(folder / name, overwrite=force) as file:
            file.write(content)
        output.error(f"wrote {folder / name}")


def _as_bytes(frame: pd.DataFrame, file_format: str) -> bytes:
    frame = frame.copy(deep=False)
    frame.attrs = {}  # how the file was read: more than metadata can hold
    buffer: Any = io.BytesIO()
    if file_format == "csv":
        lists = [name for name in frame if frame[name].dtype == object]
        texts = {name: to_text(frame[name], column=str(name)).to_pandas() for name in lists}
        frame.assign(**texts).to_csv(buffer, index=False)
    else:
        frame.to_parquet(buffer, index=False)
    content: bytes = buffer.getvalue()
    return content
