"""Mapping enrichment tables: schema, validation, the CSV file, and their effect on alerts.

Nothing here talks to a service. A frame goes through `validate_enrichment` and
`write_enrichment_csv` to the upload of the BigPanda client; `apply_enrichment` and
`diff_enrichment` show beforehand what the table would do.

>>> import pandas as pd
>>> schema = EnrichmentSchema(["host"], ["owner"])
>>> validate_enrichment(pd.DataFrame({"host": ["db1"], "owner": ["ann"]}), schema).ok
True
"""

from pandakit.enrichment._checks.findings import Finding
from pandakit.enrichment._source.table import table_text
from pandakit.enrichment.apply import AppliedEnrichment, apply_enrichment
from pandakit.enrichment.diff import TablePreview, diff_enrichment, preview_enrichment
from pandakit.enrichment.report import ValidationReport
from pandakit.enrichment.schema import EnrichmentField, EnrichmentSchema
from pandakit.enrichment.validate import validate_enrichment
from pandakit.enrichment.write import CsvFile, write_enrichment_csv

__all__ = [
    "AppliedEnrichment",
    "CsvFile",
    "EnrichmentField",
    "EnrichmentSchema",
    "Finding",
    "TablePreview",
    "ValidationReport",
    "apply_enrichment",
    "diff_enrichment",
    "preview_enrichment",
    "table_text",
    "validate_enrichment",
    "write_enrichment_csv",
]
