"""`pandakit demo`: the whole tour against the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pandakit.cli import output
from pandakit.cli.events_file import read_events
from pandakit.cli.options import FILE, FOLDER, policy_from, simulation_options

if TYPE_CHECKING:
    from pandakit.consolidation.policy import TimeUnit

__all__ = ["demo"]

_COLUMNS = ("start", "end", "primary", "secondary")


@click.command()
@click.option("--events", type=FILE, help="Your own events or alarms (CSV, Parquet).")
@click.option(
    "--output",
    "folder",
    type=FOLDER,
    default=Path("demo-output"),
    show_default=True,
    help="Where the report goes.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the sandbox.")
@simulation_options
def demo(folder: Path, seed: int, events: Path | None, unit: TimeUnit, **options: Any) -> None:
    """Run the whole tour against the sandbox: no account, no network."""
    from pandakit.demo import run_demo  # noqa: PLC0415 - needs the sandbox extra

    columns = {name: options.pop(name) for name in _COLUMNS}
    if events is None and any(columns.values()):
        raise click.UsageError("--start, --end, --primary, --secondary describe --events FILE")
    report = run_demo(
        folder,
        seed=seed,
        policy=policy_from(**options),
        events=None if events is None else read_events(events, **columns),
        unit=unit,
        echo=output.write,
    )
    output.write(report.to_text())
