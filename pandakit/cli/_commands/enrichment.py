"""`pandakit validate`: an enrichment table, judged before it is uploaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pandakit.cli import output
from pandakit.cli.options import FILE
from pandakit.cli.schema_file import read_schema
from pandakit.enrichment import validate_enrichment

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["validate"]


@click.command()
@click.argument("file", type=FILE)
@click.option("--schema", "schema_file", type=FILE, help="The schema as the service's own JSON.")
@click.option("--query", metavar="NAMES", help="Instead of --schema: query columns, as in a,b.")
@click.option("--result", metavar="NAMES", help="Instead of --schema: result columns, as in c.")
@click.option("--strict", is_flag=True, help="Refuse what a stricter reading would refuse.")
def validate(
    file: Path, schema_file: Path | None, query: str | None, result: str | None, *, strict: bool
) -> int:
    """Judge the enrichment table in FILE as BigPanda would; exit code 1 when it is refused."""
    report = validate_enrichment(file, read_schema(schema_file, query, result), strict=strict)
    output.write(str(report))
    return 0 if report.ok else 1
