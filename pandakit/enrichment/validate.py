"""Check a table before it is sent: `validate_enrichment`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from pandakit.enrichment._checks.columns import (
    check_columns,
    check_index,
    check_schema,
    check_values,
    extra_columns,
    unchecked_limits,
)
from pandakit.enrichment._checks.csv_layout import check_layout
from pandakit.enrichment._checks.duplicates import DuplicateCheck
from pandakit.enrichment._checks.findings import Tally
from pandakit.enrichment._checks.rules import LIMITS
from pandakit.enrichment._source.csv_file import FileSource
from pandakit.enrichment._source.csv_scan import scan_csv
from pandakit.enrichment._source.source import FrameSource, frame_or_path
from pandakit.enrichment.report import ValidationReport, excerpt
from pandakit.enrichment.schema import EnrichmentSchema

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from pandakit.enrichment._source.source import Batch, Source
    from pandakit.interchange import TableLike

__all__ = ["validate_enrichment"]

_AROUND = 3  # bytes of a value in the file besides its text: two quotes, and a comma or newline


def validate_enrichment(
    table: TableLike | str | os.PathLike[str],
    schema: EnrichmentSchema,
    *,
    strict: bool = False,
    max_findings: int = 100,
    current_usage: Mapping[str, int] | None = None,
) -> ValidationReport:
    """Return what the service would refuse in a table, or read differently than intended.

    Parameters
    ----------
    table
        A frame, an Arrow table, or anything else with ``__arrow_c_stream__`` (polars, DuckDB);
        the text that `write_enrichment_csv` writes for each cell is checked. Or the path of a
        CSV file, or a `CsvFile`; first its bytes are checked, then its values.
    schema
        The mapping's columns.
    strict
        Whether to refuse what only one of two readings of a limit allows: values above 32,000
        bytes, files above 500,000,000 bytes, more than one newline at the end of a file.
    max_findings
        How many findings of each rule and column to keep; all are counted.
    current_usage
        What the organisation already uses, to check its limits: any of ``"alert_tags"``,
        ``"items"``, ``"items_per_tag"``, ``"result_tags"``. For limits without a usage, only what
        the schema adds is checked, and the report's `notes` say so.

    Returns
    -------
    ValidationReport
        ``report.ok`` says whether the table may be sent.

    Raises
    ------
    TypeError
        `table` is neither a table nor a path, or `schema` is not an `EnrichmentSchema`.
    EnrichmentError
        A file grew while it was validated.
    OSError
        The file cannot be read.

    Notes
    -----
    Source: "Create Mapping Enrichment Table". The guide to enrichment tables lists every rule
    with its source, and the text form of every kind of cell.

    Examples
    --------
    >>> import pandas as pd
    >>> from pandakit.enrichment import EnrichmentSchema
    >>> schema = EnrichmentSchema(["host"], ["owner"])
    >>> table = pd.DataFrame({"host": ["db1", "db1"], "owner": ["ann", "bob"]})
    >>> report = validate_enrichment(table, schema)
    >>> report.ok
    False
    >>> report.to_frame()[["rule", "row", "value", "message"]]
               rule  row value                                 message
    0  key_conflict    1   db1  row 0 has this key with other results
    """
    if not isinstance(schema, EnrichmentSchema):
        raise TypeError(
            f"a schema is an EnrichmentSchema, not {type(schema).__name__}; "
            "EnrichmentSchema.from_api reads the service's JSON"
        )
    found = frame_or_path(table)
    tally = Tally(strict=strict, max_findings=max_findings)
    check_schema(tally, schema, current_usage)
    check = _check_frame if isinstance(found, pd.DataFrame) else _check_file
    checked = check(found, schema, tally)
    _check_size(tally, checked.bytes or 0)
    findings = tally.findings()
    return ValidationReport(
        schema,
        found,
        findings,
        rows=checked.rows,
        bytes=checked.bytes,
        strict=strict,
        excerpt=excerpt(checked.source, findings),
        notes=unchecked_limits(current_usage),
    )


class _Checked(NamedTuple):
    source: Source | None
    rows: int
    bytes: int | None
    """The size of the file, or of a frame once written; None if columns are missing."""


def _check_frame(frame: pd.DataFrame, schema: EnrichmentSchema, tally: Tally) -> _Checked:
    check_index(tally, frame.index)
    names = list(frame.columns)
    places = check_columns(tally, names, schema) | extra_columns(names, schema)
    source = FrameSource(frame, places)
    checked = _check_rows(source, schema, tally)
    if checked.rows and checked.last is not None:
        _check_last_row(tally, source.titles, schema, checked.last)
    header = sum(len(title.encode()) + title.count('"') + _AROUND for title in schema.columns)
    size = header + checked.bytes
    return _Checked(source, len(frame), size if _is_complete(source, schema) else None)


def _check_file(path: Path, schema: EnrichmentSchema, tally: Tally) -> _Checked:
    layout = scan_csv(path, most=tally.max_findings)
    check_layout(tally, layout)
    if not layout.has_rows:
        tally.add("no_rows")
        return _Checked(None, 0, layout.size)
    places = check_columns(tally, layout.header, schema)
    if list(places.values()) != sorted(places.values()):
        tally.add("column_order", value=", ".join(layout.header))
    places |= extra_columns(layout.header, schema)
    source = FileSource(path, layout, places, most=tally.max_findings)
    return _Checked(source, _check_rows(source, schema, tally).rows, layout.size)


class _Rows(NamedTuple):
    rows: int
    bytes: int
    """Their size in a written file."""
    last: Batch | None


def _check_rows(source: Source, schema: EnrichmentSchema, tally: Tally) -> _Rows:
    """Check every row by itself, then the rows against each other."""
    duplicates = None
    if _is_complete(source, schema):
        query, result = (
            [source.titles.index(each.title) for each in fields]
            for fields in (schema.query, schema.result)
        )
        duplicates = DuplicateCheck(source, query, result)
    rows, size, last = 0, 0, None
    for batch in source.batches():
        _check_lines(tally, batch)
        size += _check_batch(tally, source.titles, schema, batch)
        if duplicates:
            duplicates.add(batch)
        rows, last = rows + len(batch.numbers), batch
    if duplicates:
        duplicates.report(tally)
    if not rows and set(source.titles) & set(schema.columns):
        tally.add("no_rows")
    return _Rows(rows, size, last)


def _is_complete(source: Source, schema: EnrichmentSchema) -> bool:
    return set(schema.columns) <= set(source.titles)


def _check_lines(tally: Tally, batch: Batch) -> None:
    if batch.unreadable:
        tally.add("unreadable", why=batch.unreadable)
    if batch.bad_lines and batch.bad_lines.numbers.size:
        numbers, examples = batch.bad_lines
        tally.add_many("cell_count", "", numbers, examples, len(numbers))


def _check_batch(
    tally: Tally, titles: tuple[str, ...], schema: EnrichmentSchema, batch: Batch
) -> int:
    """Check the values of a batch, and return the size of its rows in a file, in bytes."""
    query = {field.title for field in schema.query}
    size = 0
    for title, cells in zip(titles, batch.cells, strict=True):
        taken = check_values(tally, title, batch.numbers, cells, is_result=title not in query)
        if title in schema.columns:
            size += taken + _AROUND * len(batch.numbers)
    return size


def _check_last_row(
    tally: Tally, titles: tuple[str, ...], schema: EnrichmentSchema, batch: Batch
) -> None:
    for title, cells in zip(titles, batch.cells, strict=True):
        value = cells.text[-1].as_py()
        if title in schema.columns and value.endswith((" ", "\t")):
            tally.add("last_row_blank", title, batch.numbers[-1], value=value)


def _check_size(tally: Tally, size: int) -> None:
    if size > LIMITS.file_bytes:
        tally.add("file_size", bytes=size)
    elif size > LIMITS.safe_file_bytes:
        tally.add("file_size_doubt", bytes=size)
