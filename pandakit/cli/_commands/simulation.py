"""`pandakit simulate`, `sweep`, `explain` and `report`, on the user's own events."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pandakit.cli import output
from pandakit.cli.decision_report import WINDOWS, report_page
from pandakit.cli.many_files import choose_way, merge_files
from pandakit.cli.options import ANCHOR_LIST, FOLDER, SOURCE, SPANS
from pandakit.cli.policy_file import choose_policy, policy_options
from pandakit.cli.save import (
    folder_options,
    frame_files,
    page_file,
    save_files,
    simulation_frames,
)
from pandakit.cli.simulation_text import reading_notes, simulation_text, sweep_text
from pandakit.cli.source import given_options, read_source, source_options
from pandakit.consolidation import consolidate
from pandakit.lab import sweep as sweep_windows

if TYPE_CHECKING:
    from datetime import timedelta

    from pandakit.consolidation import Pattern, Policy

__all__ = ["explain", "report", "simulate", "sweep"]

_PATTERN = click.option(
    "--pattern", metavar="NAME", help="The pattern whose window is varied. Default: the first."
)
_ALL = "all"


@click.command()
@click.argument("files", type=SOURCE, nargs=-1, required=True, metavar="FILE...")
@source_options
@policy_options
@folder_options
def simulate(
    files: tuple[str, ...], folder: Path | None, file_format: str, *, force: bool, **options: Any
) -> None:
    """Consolidate the events or alarms of FILE and print the funnel.

    FILE is a file, a folder or a pattern: CSV, JSON, Parquet, Feather, Excel or logs.

    Many files of Parquet, CSV or JSON Lines whose columns have the names of events are merged from
    disk, however many events they hold. They are read into memory if an option says what their
    columns mean, or with --format csv. The output says which.

    With files merged from disk, --output becomes a folder of alerts.parquet, incidents.parquet,
    funnel.json and manifest.json; otherwise it has the events and a report as well.
    """
    policy = choose_policy(options)
    needs_memory = "--format csv" if file_format == "csv" else given_options(options)
    way = choose_way(files, policy, needs_memory)
    notes = [way.note] if way.note else []
    if way.is_merge:
        merged = merge_files(files, policy, options["unit"] or "s", folder, force=force)
        output.write(simulation_text(merged, notes))
        return
    events = read_source(list(files), options)
    result = consolidate(events, policy)
    output.write(simulation_text(result, [*notes, *reading_notes(events)]))
    if folder is not None:
        tables = frame_files(simulation_frames(result, events), file_format)
        page = page_file(report_page(events, policy, policy.patterns[0]))
        save_files(tables | page, folder, force=force)


@click.command()
@click.argument("file", type=SOURCE)
@click.option(
    "--windows",
    type=SPANS,
    default=",".join(WINDOWS),
    show_default=True,
    metavar="SPAN,SPAN",
    help="The windows to try.",
)
@click.option("--anchors", type=ANCHOR_LIST, metavar="NAME,NAME", help="The anchors to try.")
@click.option(
    "--pattern",
    metavar="NAME",
    help="The pattern whose window is varied, or 'all'. Default: the first.",
)
@source_options
@policy_options
@folder_options
def sweep(
    file: str,
    windows: list[timedelta],
    anchors: Any,
    pattern: str | None,
    folder: Path | None,
    file_format: str,
    *,
    force: bool,
    **options: Any,
) -> None:
    """Count the incidents that other windows would make of FILE."""
    policy = choose_policy(options)
    varied = pattern if pattern == _ALL else _pattern(policy, pattern).name
    events = read_source(file, options)
    found = sweep_windows(events, policy, windows=windows, anchors=anchors, pattern=varied)
    notes = [f"Note: {note}" for note in reading_notes(events)]
    moved = "windows of all patterns" if varied == _ALL else f"window of the pattern {varied}"
    head = f"The {moved}; all else as in {policy}"
    output.write("\n\n".join([head, sweep_text(found), *notes]))
    if folder is not None:
        save_files(frame_files({"sweep": found}, file_format), folder, force=force)


@click.command()
@click.argument("file", type=SOURCE)
@click.argument("alert", type=click.IntRange(min=0))
@source_options
@policy_options
def explain(file: str, alert: int, **options: Any) -> None:
    """Explain why alert number ALERT of FILE is in its incident."""
    policy = choose_policy(options)
    result = consolidate(read_source(file, options), policy)
    if alert >= len(result.alerts):
        raise click.UsageError(
            f"there is no alert {alert:,}; the alerts are 0 to {len(result.alerts) - 1:,}"
        )
    output.write(str(result.explain(alert)))


@click.command()
@click.argument("file", type=SOURCE)
@_PATTERN
@click.option(
    "--output",
    "folder",
    type=FOLDER,
    default=Path("report"),
    show_default=True,
    metavar="FOLDER",
    help="Where report.html goes.",
)
@click.option("--force", is_flag=True, help="Overwrite the report of an earlier run.")
@source_options
@policy_options
def report(file: str, pattern: str | None, folder: Path, *, force: bool, **options: Any) -> None:
    """Write a report on FILE: the funnel, the curve of windows, the case for today's window."""
    policy = choose_policy(options)
    varied = _pattern(policy, pattern)
    page = report_page(read_source(file, options), policy, varied)
    save_files(page_file(page), folder, force=force)


def _pattern(policy: Policy, name: str | None) -> Pattern:
    patterns = {pattern.name: pattern for pattern in policy.patterns}
    if name is None:
        return policy.patterns[0]
    if name not in patterns:
        raise click.UsageError(
            f"--pattern {name}: the policy has no such pattern; it has {', '.join(patterns)}"
        )
    return patterns[name]
