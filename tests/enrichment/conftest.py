"""One small schema, and a shorthand for what a validation found."""

import pytest

from pandakit.enrichment import EnrichmentSchema, validate_enrichment


@pytest.fixture
def schema():
    """Look up hosts, write owners."""
    return EnrichmentSchema(["host"], ["owner"])


@pytest.fixture
def found(schema):
    """Return the findings of a table as (rule, column, row, value)."""

    def find(table, *, of=schema, **options):
        report = validate_enrichment(table, of, **options)
        return [
            (each.rule, each.column, each.row, each.value)
            for each in (*report.errors, *report.warnings)
        ]

    return find
