"""Write a table as the file that is sent: `write_enrichment_csv`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pyarrow as pa

from pandakit.enrichment._source.csv_options import csv_writer, header_bytes
from pandakit.enrichment._source.source import FrameSource
from pandakit.enrichment.validate import validate_enrichment
from pandakit.errors import EnrichmentError
from pandakit.files import atomic_write

if TYPE_CHECKING:
    import os

    import pandas as pd

    from pandakit.enrichment.report import ValidationReport
    from pandakit.enrichment.schema import EnrichmentSchema

__all__ = ["CsvFile", "write_enrichment_csv"]


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A written table.

    Parameters
    ----------
    path
        Where it is.
    rows
        Rows of values, without the header row.
    bytes
        Its size.
    sha256
        The checksum of its bytes, in hexadecimal digits.
    """

    path: Path
    rows: int
    bytes: int
    sha256: str


def write_enrichment_csv(
    frame: pd.DataFrame,
    schema: EnrichmentSchema,
    path: str | os.PathLike[str],
    *,
    strict: bool = False,
) -> CsvFile:
    """Validate a frame and write it as the service takes it.

    UTF-8 without a byte order mark, the columns in the schema's order, every value in
    double quotes, LF after each row, also the last. A missing value is empty text.

    Parameters
    ----------
    frame
        The table; it is not changed.
    schema
        The mapping's columns.
    path
        The file to write. It is replaced in one step; if anything fails, the old one stays.
        An existing file keeps its permissions, and no symbolic link is followed.
    strict
        As for `validate_enrichment`.

    Returns
    -------
    CsvFile
        ``path, rows, bytes, sha256`` of exactly what was written.

    Raises
    ------
    EnrichmentError
        The service would refuse the table; ``error.report`` says why, row by row.
    OSError
        The file cannot be written.

    Notes
    -----
    Source: "Create Mapping Enrichment Table".

    Examples
    --------
    >>> import pandas as pd, tempfile, pathlib
    >>> from pandakit.enrichment import EnrichmentSchema
    >>> table = pd.DataFrame({"owner": ["ann", None], "host": ["db1", "db2"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     schema = EnrichmentSchema("host", "owner")
    ...     file = write_enrichment_csv(table, schema, pathlib.Path(folder, "owners.csv"))
    ...     print(file.path.read_text(), file.rows, file.bytes)
    "host","owner"
    "db1","ann"
    "db2",""
     2 36
    """
    report = validate_enrichment(frame, schema, strict=strict)
    if not report.ok:
        raise EnrichmentError(_refusal(report), report=report)
    with atomic_write(path) as file:
        written = _write(file, frame, schema)
        if written.size != report.bytes:
            raise EnrichmentError("the frame changed while it was written: write it again")
    return CsvFile(Path(path), report.rows, written.size, written.sha256)


def _refusal(report: ValidationReport) -> str:
    first = report.errors[0]
    column = "" if first.column is None else f", column {first.column!r}"
    row = "" if first.row is None else f", row {first.row}"
    return (
        f"the table was not written: {report.n_errors:,} errors; the first is {first.rule}"
        f"{column}{row}: {first.message}. error.report has them all"
    )


class _Sink:
    """Counts and digests the bytes on their way to the file."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest, self.size = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> None:
        """Write the next bytes."""
        self._file.write(data)
        self._digest.update(data)
        self.size += memoryview(data).nbytes

    def flush(self) -> None:
        """Leave flushing to the file."""

    @property
    def sha256(self) -> str:
        """The checksum so far."""
        return self._digest.hexdigest()


def _write(file: IO[bytes], frame: pd.DataFrame, schema: EnrichmentSchema) -> _Sink:
    sink = _Sink(file)
    sink.write(header_bytes(schema.columns))
    names = list(frame.columns)
    source = FrameSource(frame, {title: names.index(title) for title in schema.columns})
    with csv_writer(pa.PythonFile(sink, "w"), schema.columns) as writer:
        for cells in source.stretches():
            writer.write(pa.record_batch([cell.text for cell in cells], list(schema.columns)))
    return sink
