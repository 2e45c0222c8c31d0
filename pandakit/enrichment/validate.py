"""Judge a table before it is sent: `validate_enrichment`."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.enrichment._checks.bytes import judge_bytes
from pandakit.enrichment._checks.cells import judge_cells
from pandakit.enrichment._checks.columns import (
    extra_columns,
    judge_columns,
    judge_index,
    judge_schema,
    unjudged,
)
from pandakit.enrichment._checks.findings import Tally
from pandakit.enrichment._checks.rules import LIMITS
from pandakit.enrichment._duplicates.keys import Keys
from pandakit.enrichment._source.csv_options import header_bytes
from pandakit.enrichment._source.file import FileSource
from pandakit.enrichment._source.source import FrameSource
from pandakit.enrichment.report import ValidationReport, excerpt
from pandakit.enrichment.schema import EnrichmentSchema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandakit.enrichment._source.source import Source
    from pandakit.enrichment._source.text import Cells

__all__ = ["validate_enrichment"]

_AROUND = 3  # bytes a value takes besides its own: two quotes, and a comma or a newline


def validate_enrichment(
    table: pd.DataFrame | str | os.PathLike[str],
    schema: EnrichmentSchema,
    *,
    strict: bool = False,
    max_findings: int = 100,
    current_usage: Mapping[str, int] | None = None,
) -> ValidationReport:
    """Say what the service would refuse in a table, and what it would take otherwise than meant.

    Parameters
    ----------
    table
        A frame, judged on the text that `write_enrichment_csv` writes for each cell; or the
        path of a CSV file (or a `CsvFile`), judged as bytes first and then value by value.
    schema
        The mapping's columns.
    strict
        Refuse what only one of two readings of a limit allows: values from 32,000 bytes,
        files from 500,000,000 bytes, more than one newline at a file's end.
    max_findings
        How many findings of each rule and column are kept; all are counted.
    current_usage
        What the organisation already uses, to judge its limits: any of ``"alert_tags"``,
        ``"items"``, ``"items_per_tag"``, ``"result_tags"``. Without it only what the schema
        adds by itself is judged, and the report's `notes` say so.

    Returns
    -------
    ValidationReport
        Truth value aside, `.ok` says whether the table may be sent.

    Raises
    ------
    TypeError
        `table` is neither a frame nor a path, or `schema` is no `EnrichmentSchema`.
    EnrichmentError
        A file grew while it was judged.
    OSError
        The file cannot be opened, or there is no room for the temporary file (8 bytes a row)
        that finds repeats in a table of more than half a million rows.

    Notes
    -----
    Source: "Create Mapping Enrichment Table". docs/enrichment.md has every rule with its
    source, and the text form of every kind of cell.

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
               rule  row value                               message
    0  key_conflict    1   db1  row 0 has this key and other results
    """
    if not isinstance(schema, EnrichmentSchema):
        raise TypeError(
            f"a schema is an EnrichmentSchema, not {type(schema).__name__}; "
            "EnrichmentSchema.from_api reads the service's JSON"
        )
    tally = Tally(strict=strict, max_findings=max_findings)
    judge_schema(tally, schema, current_usage)
    if isinstance(table, pd.DataFrame):
        source, rows, size = _judge_frame(table, schema, tally)
    else:
        source, rows, size = _judge_path(_path(table), schema, tally)
    _judge_size(tally, size or 0)
    return ValidationReport(
        schema,
        findings=tally.findings(),
        counts=tally.counts,
        rows=rows,
        bytes=size,
        strict=strict,
        max_findings=max_findings,
        subject=table,
        excerpt=excerpt(source, tally.findings(), rows),
        notes=unjudged(current_usage),
    )


def _path(table: Any) -> Path:
    path = getattr(table, "path", table)
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"a table is a DataFrame, a path or a CsvFile, not {type(table).__name__}")
    return Path(path)


def _judge_frame(
    frame: pd.DataFrame, schema: EnrichmentSchema, tally: Tally
) -> tuple[Source | None, int, int | None]:
    judge_index(tally, frame.index)
    source = FrameSource(frame, judge_columns(tally, list(frame.columns), schema))
    _, size = _judge_rows(source, schema, tally)
    _judge_values(FrameSource(frame, extra_columns(list(frame.columns), schema)), tally)
    whole = source.titles == schema.columns
    size += len(header_bytes(schema.columns))
    return source, len(frame), size if whole else None


def _judge_path(
    path: Path, schema: EnrichmentSchema, tally: Tally
) -> tuple[Source | None, int, int | None]:
    size = path.stat().st_size
    layout = judge_bytes(path, tally)
    if layout is None:
        tally.add("no_rows")
        return None, 0, size
    header, regular = layout
    places = judge_columns(tally, header, schema)
    if list(places.values()) != sorted(places.values()):
        tally.add("column_order", value=", ".join(header))
    source = FileSource(path, header, places, tally, regular=regular)
    rows, _ = _judge_rows(source, schema, tally)
    aside = Tally(strict=True, max_findings=0)  # lines that are no rows have been reported
    extra = extra_columns(header, schema)
    _judge_values(FileSource(path, header, extra, aside, regular=regular), tally)
    return source, rows, size


def _judge_rows(source: Source, schema: EnrichmentSchema, tally: Tally) -> tuple[int, int]:
    """Put every row to the rules; give how many there are, and their bytes in a written file."""
    query = [schema.columns.index(field.title) for field in schema.query]
    with closing(Keys(source, query)) as keys:
        rows, size, last = _judge_stretches(source, schema, tally, keys)
        if source.titles == schema.columns:  # else there are no whole rows to compare
            keys.judge(tally)
    if source.titles and not rows:
        tally.add("no_rows")
    if last and isinstance(source, FrameSource):
        _judge_last_row(tally, source, rows - 1, last)
    return rows, size


def _judge_stretches(
    source: Source, schema: EnrichmentSchema, tally: Tally, keys: Keys
) -> tuple[int, int, list[Cells]]:
    """Put every row to the rules of one row; give how many, their bytes, and the last ones."""
    results = {field.title for field in schema.result}
    rows = size = 0
    last: list[Cells] = []
    for stretch in source.stretches():
        length = len(stretch[0].text) if stretch else 0
        numbers = source.number(np.arange(rows, rows + length))
        for title, cells in zip(source.titles, stretch, strict=True):
            size += judge_cells(tally, title, numbers, cells, result=title in results)
        size += _AROUND * length * len(stretch)
        if source.titles == schema.columns:
            keys.add([cells.text for cells in stretch])
        rows, last = rows + length, stretch
    return rows, size, last


def _judge_values(source: Source, tally: Tally) -> None:
    """Judge the values of columns that the schema has not: they would be sent as well."""
    rows = 0
    for stretch in source.stretches():
        length = len(stretch[0].text) if stretch else 0
        numbers = source.number(np.arange(rows, rows + length))
        for title, cells in zip(source.titles, stretch, strict=True):
            judge_cells(tally, title, numbers, cells, result=True)
        rows += length


def _judge_last_row(tally: Tally, source: Source, row: int, last: list[Cells]) -> None:
    for title, cells in zip(source.titles, last, strict=True):
        value = cells.text[-1].as_py()
        if value.endswith((" ", "\t")):
            tally.add("last_row_blank", title, row, value=value)


def _judge_size(tally: Tally, size: int) -> None:
    if size > LIMITS.file_bytes:
        tally.add("file_size", bytes=size)
    elif size > LIMITS.safe_file_bytes:
        tally.add("file_size_doubt", bytes=size)
