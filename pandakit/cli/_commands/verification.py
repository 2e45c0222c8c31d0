"""`pandakit verify`: saved audit events, verified offline, and a report that anyone can check."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pandakit import snapshot
from pandakit.cli import output
from pandakit.cli.options import FILE
from pandakit.errors import PandakitError
from pandakit.files import atomic_write, refuse_existing
from pandakit.pangea.report import (
    Evidence,
    differences,
    read_report,
    report_json,
    sign_report,
)
from pandakit.pangea.report_page import report_page
from pandakit.pangea.saved import check_copies, load, read_documents
from pandakit.timewindow import to_time

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["verify"]

_EXIT_CODES = {"proved": 0, "failed": 1, "intact": 3, "unproved": 3}
_UNREADABLE = 2
_WRITERS = {".json": report_json, ".html": report_page}
_PARQUET = (".parquet", ".pq")

Row = dict[str, Any]


@click.command()
@click.argument("file", type=FILE)
@click.option("--roots", "roots_file", type=FILE, help="Roots from elsewhere, as JSON or Parquet.")
@click.option(
    "--key", "key_files", type=FILE, multiple=True, help="A public key to trust; repeatable."
)
@click.option("--complete", is_flag=True, help="The file should have all events of its range.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), metavar="OUT",
              help="Write a report: OUT ends in .json or .html.")  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite the report of an earlier run.")
@click.option("--against", type=FILE, metavar="REPORT", help="Check this report, saved as JSON.")
@click.option("--at", metavar="TIME", help="The time in the report. Default: now.")
@click.option("--sign", "sign_with", type=FILE, help="Sign the report with an Ed25519 key.")
def verify(
    file: Path,
    roots_file: Path | None,
    key_files: tuple[Path, ...],
    report: Path | None,
    against: Path | None,
    at: str | None,
    sign_with: Path | None,
    *,
    complete: bool,
    force: bool,
) -> int:
    """Verify the audit events in FILE, without a network.

    Exit codes: 0 everything is proved; 1 something failed, or the report is not of this file;
    2 a file cannot be read or the command line is wrong; 3 nothing wrong was found, but not
    everything is proved.
    """
    if report is not None and report.suffix not in _WRITERS:
        raise click.UsageError("--report writes .json or .html")
    if sign_with is not None and report is None:
        raise click.UsageError("--sign signs the report: pass --report too")
    try:
        if report is not None and not force:
            refuse_existing(report)
        known = None if against is None else read_report(against)
        evidence = _evidence(file, roots_file, key_files, known, complete=complete)
        found = evidence.verify()
        output.write(found.summary)
        moment = datetime.now(UTC) if at is None else to_time(at, name="--at")
        faults = [] if known is None else _compare(evidence, found, known)
        if report is not None:
            made = evidence.report(found, moment)
            if sign_with is not None:
                made = sign_report(made, sign_with.read_bytes())
            with atomic_write(report, overwrite=force) as target:
                target.write(_WRITERS[report.suffix](made).encode())
            output.write(f"wrote {report}")
    except (PandakitError, ValueError, TypeError, OSError, ImportError) as error:
        output.error(f"{type(error).__name__}: {output.in_options(str(error))}")
        return _UNREADABLE
    for fault in faults:
        output.error(f"{against}: {fault}")
    if known is not None and not faults:
        output.write(f"{against} matches: verifying the file again makes the same report")
    return 1 if faults else _EXIT_CODES[found.verdict]


def _evidence(
    file: Path,
    roots_file: Path | None,
    key_files: tuple[Path, ...],
    known: Row | None,
    *,
    complete: bool,
) -> Evidence:
    """Read all files; a known report has the keys that were trusted and what was claimed."""
    keys: Any = [path.read_text(encoding="utf-8") for path in key_files] or None
    if known is not None:
        keys = known.get("keys") if keys is None else keys
        complete = complete or known.get("complete") is True
    return Evidence(
        file.name,
        file.read_bytes(),
        _events(file),
        None if roots_file is None else _roots(roots_file),
        keys,
        complete,
    )


def _events(file: Path) -> pd.DataFrame:
    if file.suffix not in _PARQUET:
        return load(file)
    frame = snapshot.load(file)
    check_copies(frame)
    return frame


def _roots(file: Path) -> Any:
    if file.suffix in _PARQUET:
        return snapshot.load(file)
    return [document for _, document in read_documents(file)]


def _compare(evidence: Evidence, found: Any, known: Row) -> list[str]:
    """Make the report again with the name and time of the known one, and compare them."""
    try:
        moment = to_time(str(known.get("verified_at")))
    except ValueError:
        return ["the report was altered: verified_at is no time"]
    fresh = evidence.report(found, moment)
    named = known.get("input")
    name = named.get("name") if isinstance(named, dict) else None
    if name != evidence.name:  # a copy under another name is the same file
        renamed = Evidence(str(name), evidence.data, evidence.events, evidence.roots,
                           evidence.keys, evidence.complete)  # fmt: skip
        fresh = renamed.report(found, moment)
    return differences(known, fresh)
