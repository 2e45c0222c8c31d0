"""Write the file that is uploaded: `write_enrichment_csv`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from pandakit.enrichment._source.csv_file import read_csv_file
from pandakit.enrichment._source.source import FrameSource, frame_or_path
from pandakit.enrichment.validate import validate_enrichment
from pandakit.errors import EnrichmentError
from pandakit.files import atomic_write

if TYPE_CHECKING:
    import os

    from pandakit.enrichment.report import ValidationReport
    from pandakit.enrichment.schema import EnrichmentSchema
    from pandakit.interchange import TableLike

__all__ = ["CsvFile", "write_enrichment_csv"]


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A table that was validated and written.

    Parameters
    ----------
    path
        The file.
    rows
        How many rows of values it has, without the header row.
    bytes
        Its size.
    sha256
        The SHA-256 of its bytes, in hexadecimal digits.
    """

    path: Path
    rows: int
    bytes: int
    sha256: str


def write_enrichment_csv(
    frame: TableLike,
    schema: EnrichmentSchema,
    path: str | os.PathLike[str],
    *,
    strict: bool = False,
    overwrite: bool = True,
) -> CsvFile:
    """Validate a table and write it as the CSV file that the service expects.

    UTF-8 without a byte order mark, the columns in the schema's order, every value in
    double quotes, LF after every row. A missing value is empty text.

    Parameters
    ----------
    frame
        A frame, an Arrow table, or anything else with ``__arrow_c_stream__``; it is not changed.
        Also the path of a CSV file, which is read as text.
    schema
        The mapping's columns.
    path
        The file to write. An existing file is replaced atomically and keeps its permissions; if
        anything fails, it stays as it was. No symbolic link is followed.
    strict
        As for `validate_enrichment`.
    overwrite
        Whether an existing file may be replaced.

    Returns
    -------
    CsvFile
        ``path, rows, bytes, sha256`` of the bytes that were written.

    Raises
    ------
    EnrichmentError
        The service would refuse the table: ``error.report`` says why, row by row. Nothing is
        written.
    TypeError
        `frame` is neither a table nor a path.
    OSError
        The file cannot be written; a `FileExistsError` if it exists and `overwrite` is false.

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
    found = frame_or_path(frame)
    table = found if isinstance(found, pd.DataFrame) else read_csv_file(found)
    report = validate_enrichment(table, schema, strict=strict)
    if not report.ok:
        raise EnrichmentError(_refusal(report), report=report)
    with atomic_write(path, overwrite=overwrite) as file:
        written = _write(file, table, schema)
        if written.size != report.bytes:
            raise EnrichmentError("the table changed while it was written: write it again")
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
    """Counts and hashes the bytes on their way to the file."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest, self.size = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> None:
        """Write the next bytes."""
        self._file.write(data)
        self._digest.update(data)
        self.size += memoryview(data).nbytes

    def flush(self) -> None:
        """Do nothing: the file is flushed at its end."""

    @property
    def sha256(self) -> str:
        """The checksum so far."""
        return self._digest.hexdigest()


def _write(file: IO[bytes], frame: pd.DataFrame, schema: EnrichmentSchema) -> _Sink:
    sink = _Sink(file)
    header = ",".join('"' + title.replace('"', '""') + '"' for title in schema.columns)
    sink.write(f"{header}\n".encode())
    names = list(frame.columns)
    source = FrameSource(frame, {title: names.index(title) for title in schema.columns})
    types = pa.schema([(title, pa.large_string()) for title in schema.columns])
    options = csv.WriteOptions(include_header=False, quoting_style="all_valid")
    with csv.CSVWriter(pa.PythonFile(sink, "w"), types, write_options=options) as writer:
        for batch in source.batches():
            writer.write(batch.table(source.titles))
    return sink
