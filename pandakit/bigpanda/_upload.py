"""Uploading an enrichment table: judged first, streamed from disk, never sent twice blindly."""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pandas as pd

from pandakit.bigpanda._resources import ENRICHMENT_PATHS, JOB_PATHS
from pandakit.bigpanda._service import NEEDS
from pandakit.errors import EnrichmentError, OutcomeUnknownError, PandakitError, ProtocolError
from pandakit.progress import progress_line
from pandakit.transport import Call, Job, JobRules, find_job, path_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pandakit.enrichment import CsvFile, EnrichmentSchema
    from pandakit.progress import ProgressLine
    from pandakit.transport import Reply, Session

__all__ = [
    "JOB_RULES",
    "UploadJob",
    "check_header",
    "job_of",
    "prepared",
    "read_job",
    "send_table",
    "unknown",
]

_CHUNK = 1 << 20
_NO_LIMIT = float("inf")  # a slow line may take hours; silence ends by the read deadline
_HEADERS = {"Content-Type": "text/csv; charset=utf8"}


@dataclass(frozen=True, slots=True)
class UploadJob:
    """An upload that the service works on, or has ended.

    Its `id` or its `url`, as text, is all that `BigPanda.job` needs to find it again, also
    from another process.

    Parameters
    ----------
    id, url
        The service's id of the job, and where to ask for it.
    status
        `pending`, `started`, `done` or `failed`, as last seen.
    schema_id
        The enrichment that the table is for, where it is known.
    api_version
        Of the upload.
    rows, bytes, sha256, sent_at
        What was sent and when (UTC), where it is known.
    detail
        What the service said of a failure.
    """

    id: str
    url: str
    status: str
    schema_id: str = ""
    api_version: str = "v2.1"
    rows: int | None = None
    bytes: int | None = None
    sha256: str | None = None
    detail: str = ""
    sent_at: str = ""

    @property
    def call(self) -> Call:
        """The call that looks at the job once."""
        path = JOB_PATHS[self.api_version]
        return Call("GET", self.url, endpoint=path, needs=NEEDS[self.api_version])


def _read_detail(reply: Reply) -> str:
    body = reply.json()
    errors = body.get("errors") if isinstance(body, dict) else None
    return "; ".join(map(str, errors)) if isinstance(errors, list) else reply.excerpt()


JOB_RULES = JobRules(
    states={"pending": "running", "started": "running", "done": "done", "failed": "failed"},
    read_detail=_read_detail,
    first=0.5,
    most=15.0,
    advice={
        "truncated final frame": (
            "This means that the lines do not end in LF, or that the last one has no newline: "
            "write the file with write_enrichment_csv."
        ),
        "": (
            "The table that was there before is still in force, and sending this one again does "
            "no harm."
        ),
    },
)


def read_job(job: UploadJob, reply: Reply) -> UploadJob:
    """Give the job as an answer shows it."""
    status = JOB_RULES.read_state(reply).lower()
    return replace(job, status=status, detail=_read_detail(reply) if status == "failed" else "")


def job_of(text: str, api_version: str) -> UploadJob:
    """Make the handle of a job from its id or its URL."""
    is_url = "/" in text
    url = text if is_url else JOB_PATHS[api_version].format(id=path_segment(text))
    version = "v1.0" if "/v1.0/" in url else "v2.1"
    key = text.rstrip("/").rpartition("/")[2]
    return UploadJob(key, url, "unknown", key.rpartition("_")[0].rpartition("_")[0], version)


class _CheckedFile(FileIO):
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


def send_table(
    session: Session,
    file: CsvFile,
    schema_id: str,
    api_version: str,
    *,
    progress: bool | None,
    look: Callable[[], bool],
) -> UploadJob:
    """Send the file once, and give the job that the service made of it.

    Raises
    ------
    EnrichmentError
        When the file changed meanwhile: it was not sent to its end.
    OutcomeUnknownError
        When the answer was lost: the table may or may not be on its way; `look` tells.
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
    fault: PandakitError
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
            fault = changes[0] if changes else unknown(error, started, look)
    raise fault


def _accepted(session: Session, reply: Reply, started: UploadJob) -> UploadJob:
    template = JOB_PATHS[started.api_version]
    prefix = "/" + "/".join(template.split("/")[1:3])
    job: Job = find_job(reply, template=template, prefix=prefix)
    session.url_of(Call("GET", job.url))  # refuses foreign hosts
    return replace(started, id=job.id, url=job.url, status="pending")


def unknown(
    error: OutcomeUnknownError | ProtocolError, job: UploadJob, look: Callable[[], bool] | None
) -> OutcomeUnknownError:
    """Give the error with what was sent, and with a way to ask whether it arrived."""
    names = ("rows", "bytes", "sha256", "sent_at")
    sent = {name: fact for name in names if (fact := getattr(job, name))}
    facts = ", ".join(f"{name}={fact}" for name, fact in sent.items())
    return OutcomeUnknownError(
        f"{error}. Sent: {facts or 'by another process'}. Whether it arrived: "
        + ("error.arrived(), or " if look else "")
        + f"enrichment_arrived(table, {job.schema_id!r}), compares the service's table with it",
        status_code=error.status_code,
        request_id=error.request_id,
        sent=sent,
        look=look,
    )
