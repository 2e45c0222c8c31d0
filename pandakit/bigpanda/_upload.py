"""Uploading an enrichment table: sent from disk, followed as a job, never sent twice blindly."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pandakit.bigpanda._resources import ENRICHMENT_PATHS, JOB_PATHS
from pandakit.bigpanda._service import NEEDS
from pandakit.bigpanda._upload_file import CheckedFile
from pandakit.errors import EnrichmentError, OutcomeUnknownError, PandakitError, ProtocolError
from pandakit.progress import progress_line
from pandakit.transport import Call, Job, JobRules, find_job, path_segment

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandakit.enrichment import CsvFile
    from pandakit.transport import Reply, Session

__all__ = [
    "ENDS",
    "JOB_RULES",
    "UploadJob",
    "job_of",
    "read_job",
    "send_table",
    "unknown",
]

_NO_LIMIT = float("inf")  # a slow line may take hours; silence ends by the read deadline
#: The states in which a job stays.
ENDS = ("done", "failed")
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
            body=lambda: stack.enter_context(CheckedFile(file, line, changes)),
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
