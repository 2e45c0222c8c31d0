"""The file of an upload: written from a frame or judged as it is, and watched on its way out."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit.errors import EnrichmentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandakit.enrichment import CsvFile, EnrichmentSchema, ValidationReport
    from pandakit.progress import ProgressLine

__all__ = ["CheckedFile", "check_header", "prepared", "refuse_empty"]

_CHUNK = 1 << 20


class CheckedFile(FileIO):
    """A file on its way out: counts rows, and breaks off before its end when it has changed.

    The service takes a table whole or not at all, so a body that breaks off changes nothing.
    """

    def __init__(self, file: CsvFile, line: ProgressLine, changes: list[EnrichmentError]) -> None:
        super().__init__(file.path)
        self._file, self._line, self._changes = file, line, changes
        line.advance(rows=-line.rows)  # sent again: from the start
        self._digest, self._sent = hashlib.sha256(), 0
        if os.fstat(self.fileno()).st_size != file.bytes:
            self.close()
            raise self._changed()

    def read(self, size: int | None = -1, /) -> bytes:
        """Give the next bytes; the last ones only when the checksum is right."""
        chunk = super().read(-1 if size is None else size) or b""
        self._digest.update(chunk)
        self._sent += len(chunk)
        at_end = not chunk or self._sent >= self._file.bytes
        if at_end and self._digest.hexdigest() != self._file.sha256:
            raise self._changed()
        self._line.advance(rows=chunk.count(b"\n"))
        return chunk

    def _changed(self) -> EnrichmentError:
        # Kept, for the transport takes what is raised while it sends for a fault of its own.
        self._changes.append(
            EnrichmentError(
                f"{self._file.path} changed after it was judged, so it was not sent to its end "
                "and the table at the service stays as it was; judge it and upload it again"
            )
        )
        return self._changes[0]


def refuse_empty(table: pd.DataFrame | CsvFile | str | os.PathLike[str]) -> None:
    """Refuse a table without rows, which needs no schema, before the service is asked anything.

    Raises
    ------
    EnrichmentError
        The table has none.
    TypeError
        It is no table.
    """
    path = getattr(table, "path", table)
    if isinstance(table, pd.DataFrame):
        titles, is_empty = list(table.columns), not len(table)
    elif not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            f"a table is a DataFrame, a CsvFile or the path of a file, not {type(table).__name__}: "
            "it is read twice, to be judged and to be sent"
        )
    elif Path(path).is_file():
        titles, is_empty = _begin(Path(path))
    else:
        return  # what it is instead is said when it is judged
    if is_empty:
        raise EnrichmentError(
            "nothing was sent: the table has no rows of values", report=_report(table, titles)
        )


def _begin(path: Path) -> tuple[list[str], bool]:
    """Give the titles of a file, and say whether that is all it has."""
    import csv  # noqa: PLC0415 - for this alone

    with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        rows = csv.reader(iter(lambda: text.readline(_CHUNK), ""))
        try:
            return next(rows, []), not any(rows)
        except csv.Error:
            return [], False  # it will be judged as a whole


def _report(table: Any, titles: list[Any]) -> ValidationReport | None:
    """Judge a table by its own columns, where a schema can have them."""
    from pandakit.enrichment import (  # noqa: PLC0415 - loaded on use
        EnrichmentSchema,
        validate_enrichment,
    )

    try:
        return validate_enrichment(table, EnrichmentSchema(titles[:1], titles[1:]))
    except EnrichmentError:
        return None


@contextmanager
def prepared(
    table: pd.DataFrame | CsvFile | str | os.PathLike[str], schema: EnrichmentSchema
) -> Iterator[CsvFile]:
    """Give the judged file to send; that of a frame is written, and deleted afterwards.

    Raises
    ------
    EnrichmentError
        When the service would refuse the table; `report` has the findings.
    OSError
        When the file of a frame cannot be written; nothing is left behind.
    """
    from pandakit.enrichment import CsvFile  # noqa: PLC0415 - loaded on use

    if isinstance(table, pd.DataFrame):
        with TemporaryDirectory(prefix="pandakit-upload-") as folder:
            yield _spooled(table, schema, Path(folder, "table.csv"))
    else:
        yield table if isinstance(table, CsvFile) else _measured(Path(table), schema)


def _spooled(table: pd.DataFrame, schema: EnrichmentSchema, path: Path) -> CsvFile:
    from pandakit.enrichment import write_enrichment_csv  # noqa: PLC0415 - loaded on use

    try:
        return write_enrichment_csv(table, schema, path)
    except OSError as error:
        raise OSError(
            error.errno,
            f"nothing was sent, for the table could not be written to a temporary file first "
            f"({error.strerror}): make room, set TMPDIR to a folder that has some, or write the "
            "file yourself with write_enrichment_csv",
            str(path),
        ) from None


def _measured(path: Path, schema: EnrichmentSchema) -> CsvFile:
    from pandakit.enrichment import CsvFile, validate_enrichment  # noqa: PLC0415 - loaded on use

    if path.exists() and not path.is_file():
        raise EnrichmentError(
            f"{path} is no regular file: a table is read twice, to be judged and to be sent; "
            "copy it into a file first"
        )
    # Before it is judged: a change in between is then noticed while it is sent.
    digest, size, rows = hashlib.sha256(), 0, -1
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size, rows = size + len(chunk), rows + chunk.count(b"\n")
    report = validate_enrichment(path, schema)
    if not report.ok:
        raise EnrichmentError(
            f"{path} was not sent: the service would refuse it.\n{report.to_text()}", report=report
        )
    return CsvFile(path, rows, size, digest.hexdigest())


def check_header(file: CsvFile, schema: EnrichmentSchema) -> None:
    """Refuse a file that was written for another schema."""
    import csv  # noqa: PLC0415 - for this alone

    with file.path.open(encoding="utf-8", newline="") as text:
        header = next(csv.reader(text), [])
    if sorted(header) != sorted(schema.columns):
        raise EnrichmentError(
            f"{file.path} has the columns {header}, but the schema has {list(schema.columns)}"
        )
