"""`pandakit simulate`: the user's own events, consolidated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pandakit.cli import output
from pandakit.cli.events_file import read_events, simulation_text
from pandakit.cli.options import FILE, policy_from, simulation_options
from pandakit.consolidation import consolidate

if TYPE_CHECKING:
    from pathlib import Path

    from pandakit.consolidation.policy import TimeUnit

__all__ = ["simulate"]

_COLUMNS = ("start", "end", "primary", "secondary")


@click.command()
@click.argument("file", type=FILE)
@simulation_options
def simulate(file: Path, unit: TimeUnit, **options: Any) -> None:
    """Consolidate the events or alarms of FILE (CSV, Parquet) and print the funnel."""
    columns = {name: options.pop(name) for name in _COLUMNS}
    events = read_events(file, **columns)
    output.write(simulation_text(consolidate(events, policy_from(**options), unit=unit)))
