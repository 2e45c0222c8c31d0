"""Send a table: checked first, streamed from disk, and never sent twice blindly."""

from __future__ import annotations

import csv
import hashlib
import os
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit.bigpanda._upload.jobs import UploadJob, outcome_unknown
from pandakit.bigpanda.service import ENRICHMENT_PATHS, JOB_ADDRESSES, JOB_PATHS, NEEDS
from pandakit.errors import EnrichmentError, OutcomeUnknownError, PandakitError, ProtocolError
from pandakit.progress import progress_line
from pandakit.transport import Call, Interrupted, find_job, interrupted, path_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pandakit.enrichment import CsvFile, EnrichmentSchema, ValidationReport
    from pandakit.progress import ProgressLine
    from pandakit.transport import Reply, Session

__all__ = ["check_header", "prepared", "refuse_empty", "send_table"]

_CHUNK = 1 << 20
_NO_LIMIT = float("inf")  # a slow connection may take hours; the read deadline ends silence
_HEADERS = {"Content-Type": "text/csv; charset=utf8"}


def send_table(
    session: Session,
    file: CsvFile,
    schema_id: str,
    api_version: str,
    *,
    progress: bool | None,
    verify: Callable[[], bool],
) -> UploadJob:
    """Send the file once, and return the job that the service started.

    Raises
    ------
    EnrichmentError
        When the file changed meanwhile; it was not sent to its end.
    OutcomeUnknownError
        When the answer was lost; `verify` compares the service's table with this one.
    """
    path = f"{ENRICHMENT_PATHS[api_version]}/{path_segment(schema_id)}/map"
    started = UploadJob(
        "",
        "",
        "unknown",
        schema_id,
        api_version,
        file.rows,
        file.bytes,
        file.sha256,
        sent_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    changes: list[EnrichmentError] = []
    fault: PandakitError | None
    with ExitStack() as stack:
        line = stack.enter_context(
            progress_line(
                f"BigPanda enrichment {schema_id}", progress=progress, total=file.rows + 1
            )
        )
        call = Call(
            "POST",
            path,
            body=lambda: stack.enter_context(_CheckedFile(file, line, changes)),
            headers=_HEADERS,
            endpoint=f"{ENRICHMENT_PATHS[api_version]}/map",
            repeatable=False,
            needs=NEEDS[api_version],
            total=_NO_LIMIT,
        )
        try:
            return _accepted(session, session.send(call, line), started)
        except (OutcomeUnknownError, ProtocolError) as error:
            fault = changes[0] if changes else outcome_unknown(error, started, verify)
        except KeyboardInterrupt:
            fault = None
    if fault is None:
        raise interrupted(
            lambda: Interrupted(
                f"the upload to {schema_id} was interrupted: it may or may not have arrived; "
                "verify() compares the service's table with this one (sys.last_value.verify() in "
                "a notebook); do not upload again before",
                verify=verify,
            )
        )
    raise fault


def _accepted(session: Session, reply: Reply, started: UploadJob) -> UploadJob:
    path = JOB_PATHS[started.api_version]
    job = find_job(session, reply, template=path, paths=JOB_ADDRESSES)
    return replace(started, id=job.id, url=job.url, status="pending")


class _CheckedFile(FileIO):
    """A file being sent: counts rows, and stops before its end when the file has changed.

    The service accepts a table whole or not at all, so a body that is cut changes nothing.
    """

    def __init__(self, file: CsvFile, line: ProgressLine, changes: list[EnrichmentError]) -> None:
        super().__init__(file.path)
        self._file, self._line, self._changes = file, line, changes
        line.advance(rows=-line.rows)  # a retry starts from the beginning
        self._digest, self._sent = hashlib.sha256(), 0
        if os.fstat(self.fileno()).st_size != file.bytes:
            self.close()
            raise self._changed()

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes; the last ones only if the checksum is right."""
        chunk = super().read(-1 if size is None else size) or b""
        self._digest.update(chunk)
        self._sent += len(chunk)
        at_end = not chunk or self._sent >= self._file.bytes
        if at_end and self._digest.hexdigest() != self._file.sha256:
            raise self._changed()
        self._line.advance(rows=chunk.count(b"\n"))
        return chunk

    def _changed(self) -> EnrichmentError:
        # Kept, because the transport would treat an error while sending as a network fault.
        self._changes.append(
            EnrichmentError(
                f"{self._file.path} changed after it was validated, so it was not sent to "
                "its end and the table at the service is unchanged; upload it again"
            )
        )
        return self._changes[0]


def refuse_empty(table: pd.DataFrame | CsvFile | str | os.PathLike[str]) -> None:
    """Refuse a table without rows before anything is sent; this needs no schema.

    Raises
    ------
    EnrichmentError
        When the table has no rows.
    TypeError
        When it is not a table.
    """
    path = getattr(table, "path", table)
    if isinstance(table, pd.DataFrame):
        titles, is_empty = list(table.columns), not len(table)
    elif not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            f"a table is a DataFrame, a CsvFile or the path of a file, not {type(table).__name__}: "
            "it is read twice, to validate it and to send it"
        )
    elif Path(path).is_file():
        titles, is_empty = _read_header(Path(path))
    else:
        return  # validation says what it is instead
    if is_empty:
        raise EnrichmentError(
            "nothing was sent: the table has no rows below the header",
            report=_report(table, titles),
        )


def _read_header(path: Path) -> tuple[list[str], bool]:
    """Return the header row of a file, and whether the file ends there."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        rows = csv.reader(iter(lambda: text.readline(_CHUNK), ""))
        try:
            return next(rows, []), not any(rows)
        except csv.Error:
            return [], False  # validation reads all of it


def _report(table: Any, titles: list[Any]) -> ValidationReport | None:
    """Validate a table against its own columns, if a schema can have them."""
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
    """Yield the validated file to send; that of a frame is temporary.

    Raises
    ------
    EnrichmentError
        When the service would refuse the table; `report` has the findings.
    OSError
        When the file of a frame cannot be written; nothing remains on disk.
    """
    from pandakit.enrichment import CsvFile  # noqa: PLC0415 - loaded on use

    if isinstance(table, pd.DataFrame):
        with TemporaryDirectory(prefix="pandakit-upload-") as folder:
            yield _write_temporary(table, schema, Path(folder, "table.csv"))
    else:
        yield table if isinstance(table, CsvFile) else _validate_file(Path(table), schema)


def _write_temporary(table: pd.DataFrame, schema: EnrichmentSchema, path: Path) -> CsvFile:
    from pandakit.enrichment import write_enrichment_csv  # noqa: PLC0415 - loaded on use

    try:
        return write_enrichment_csv(table, schema, path)
    except OSError as error:
        raise OSError(
            error.errno,
            f"nothing was sent: the table could not be written to a temporary file "
            f"({error.strerror}). Free some space, set TMPDIR to a folder that has more, or write "
            "the file yourself with write_enrichment_csv",
            str(path),
        ) from None


def _validate_file(path: Path, schema: EnrichmentSchema) -> CsvFile:
    from pandakit.enrichment import CsvFile, validate_enrichment  # noqa: PLC0415 - loaded on use

    if path.exists() and not path.is_file():
        raise EnrichmentError(
            f"{path} is not a regular file: a table is read twice, to validate it and to send it; "
            "copy it into a file first"
        )
    # Before validation, so that a later change is noticed while sending.
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
    with file.path.open(encoding="utf-8", newline="") as text:
        header = next(csv.reader(text), [])
    if sorted(header) != sorted(schema.columns):
        raise EnrichmentError(
            f"{file.path} has the columns {header}, but the schema has {list(schema.columns)}"
        )
