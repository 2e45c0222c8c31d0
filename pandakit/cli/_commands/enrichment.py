"""`pandakit validate`: an enrichment table, checked before it is uploaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pandakit.cli import output
from pandakit.cli.options import FILE
from pandakit.cli.schema_file import read_schema
from pandakit.enrichment import validate_enrichment, write_enrichment_csv

if TYPE_CHECKING:
    from pandakit.enrichment import EnrichmentSchema, ValidationReport

__all__ = ["validate"]


@click.command()
@click.argument("file", type=FILE)
@click.option("--schema", "schema_file", type=FILE, help="The schema, as the service's JSON.")
@click.option("--query", metavar="NAMES", help="Instead of --schema: query columns, as in a,b.")
@click.option("--result", metavar="NAMES", help="Instead of --schema: result columns, as in c.")
@click.option("--strict", is_flag=True, help="Refuse what only a lenient limit allows.")
@click.option("--fix", is_flag=True, help="Make the repairs that cannot change a meaning.")
@click.option(
    "--output",
    "fixed_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file for the repaired table. Default: the name of FILE with .fixed.csv.",
)
@click.option("--force", is_flag=True, help="Overwrite a repaired table of an earlier run.")
def validate(
    file: Path,
    schema_file: Path | None,
    query: str | None,
    result: str | None,
    fixed_file: Path | None,
    *,
    strict: bool,
    fix: bool,
    force: bool,
) -> int:
    """Validate the enrichment table in FILE by BigPanda's rules; exit code 1 if it is refused."""
    if fixed_file is not None and not fix:
        raise click.UsageError("--output is where --fix puts the repaired table")
    schema = read_schema(schema_file, query, result)
    report = validate_enrichment(file, schema, strict=strict)
    output.write(str(report))
    if fix:
        target = fixed_file or file.with_name(f"{file.stem}.fixed.csv")
        return _fix(report, schema, target, strict=strict, force=force)
    return 0 if report.ok else 1


def _fix(
    report: ValidationReport, schema: EnrichmentSchema, target: Path, *, strict: bool, force: bool
) -> int:
    """Repair the table and check it again; it is written only if it would be accepted."""
    frame, changes = report.fix()
    listed = changes.to_string(index=False, na_rep="-") if len(changes) else "nothing to repair"
    output.write(f"\nrepairs ({len(changes):,})\n{listed}")
    again = validate_enrichment(frame, schema, strict=strict)
    output.write(f"\nafter the repairs: {again}")
    if not again.ok:
        return 1
    written = write_enrichment_csv(frame, schema, target, overwrite=force)
    output.write(f"\nwrote {written.path}: {written.rows:,} rows, {written.bytes:,} bytes")
    return 0
