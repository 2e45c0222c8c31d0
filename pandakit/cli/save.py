"""Results as files in a folder; nothing is overwritten unless requested."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from pandakit.cli import output
from pandakit.cli.options import FOLDER, add
from pandakit.files import atomic_write
from pandakit.text import to_text

if TYPE_CHECKING:
    from pathlib import Path

    from pandakit.consolidation import Consolidation

__all__ = ["folder_options", "save_frames", "save_page", "simulation_frames"]

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


def save_frames(
    frames: dict[str, pd.DataFrame], folder: Path, file_format: str, *, force: bool
) -> None:
    """Write each frame to a file of its name in the folder."""
    for name, frame in frames.items():
        frame.attrs = {}  # they are of the reading, and hold more than a file's metadata can
        _save(_as_bytes(frame, file_format), folder / f"{name}.{file_format}", force=force)


def save_page(page: str, folder: Path, *, force: bool) -> None:
    """Write the report to the folder."""
    _save(page.encode(), folder / "report.html", force=force)


def _as_bytes(frame: pd.DataFrame, file_format: str) -> bytes:
    buffer: Any = io.BytesIO()
    if file_format == "csv":
        lists = [name for name in frame if frame[name].dtype == object]
        texts = {name: to_text(frame[name], column=str(name)).to_pandas() for name in lists}
        frame.assign(**texts).to_csv(buffer, index=False)
    else:
        frame.to_parquet(buffer, index=False)
    content: bytes = buffer.getvalue()
    return content


def _save(content: bytes, path: Path, *, force: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with atomic_write(path, overwrite=force) as file:
            file.write(content)
    except FileExistsError:
        raise click.UsageError(
            f"{path} exists already; choose another --output, or overwrite it with --force"
        ) from None
    output.error(f"wrote {path}")
