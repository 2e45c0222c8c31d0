"""The schema that `pandakit validate` checks a table against."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from pandakit.enrichment import EnrichmentSchema
from pandakit.errors import EnrichmentError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_schema"]


def read_schema(
    schema_file: Path | None, query: str | None, result: str | None
) -> EnrichmentSchema:
    """Return the schema of the service's JSON, or of the named columns.

    Raises
    ------
    EnrichmentError
        When the file is not a schema.
    click.UsageError
        When neither or both are given.
    """
    if schema_file is None:
        if query is None or result is None:
            raise click.UsageError("pass --schema FILE, or --query NAMES and --result NAMES")
        return EnrichmentSchema(_names(query), _names(result))
    if query is not None or result is not None:
        raise click.UsageError("--schema already names the columns")
    try:
        found = json.loads(schema_file.read_bytes())
    except ValueError as error:
        raise EnrichmentError(f"{schema_file} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise EnrichmentError(f"{schema_file} is not the JSON object of a schema")
    return EnrichmentSchema.from_api(found)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
