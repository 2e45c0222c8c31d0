"""The jobs of uploads: followed to their end, and one at a time for each table.

Two jobs for one table may not end in the order in which they began, and the last one wins. So a
table stays locked until its job has ended. If the end has not been seen yet (`wait=False`, or
polling failed), the next upload to the table first waits for it. Other processes of the same
user are detected by a lock file, and only cause a warning.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

import platformdirs

from pandakit.bigpanda.service import JOB_ADDRESSES, JOB_PATHS, NEEDS
from pandakit.errors import OutcomeUnknownError, ServiceWarning
from pandakit.forks import renew_in_children
from pandakit.transport import JOB_PATH, Call, JobRules, path_segment, warn_user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pandakit.errors import PandakitError
    from pandakit.transport import Reply, Session

__all__ = [
    "FINAL",
    "JOB_RULES",
    "TableLock",
    "UploadJob",
    "job_of",
    "lock_table",
    "outcome_unknown",
    "read_job",
    "release",
]

#: The states that a job never leaves.
FINAL = ("done", "failed")


@dataclass(frozen=True, slots=True)
class UploadJob:
    """An upload that the service is processing, or has processed.

    Its `id` or its `url`, as text, is all that `BigPanda.job` needs to find it again, also
    from another process.

    Parameters
    ----------
    id, url
        The service's id of the job, and its address.
    status
        `"pending"`, `"started"`, `"done"` or `"failed"`, as last seen.
    schema_id
        The enrichment whose table it replaces, if that is known.
    api_version
        API version of the upload.
    rows, bytes, sha256, sent_at
        What was sent and when (UTC), if that is known.
    detail
        The service's message about a failure.
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
        """The call that asks for the job once."""
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
            "This means that the lines do not end in LF, or that the last line has no newline: "
            "write the file with write_enrichment_csv."
        ),
        "": "The previous table is still in force, and sending this one again does no harm.",
    },
)


def read_job(job: UploadJob, reply: Reply) -> UploadJob:
    """Return the job in an answer."""
    status = JOB_RULES.read_state(reply).lower()
    return replace(job, status=status, detail=_read_detail(reply) if status == "failed" else "")


def job_of(session: Session, text: str, api_version: str) -> UploadJob:
    """Return the handle of a job from its id, or from its URL at the service.

    Raises
    ------
    ValueError
        When it is an address, but not of one of the service's jobs.
    """
    if "/" in text:
        url = session.own_url(text, f"{JOB_ADDRESSES}|{JOB_PATH}")
        if url is None:
            raise ValueError(f"{text!r} is not the address of a job at {session.service.base_url}")
        key = unquote(url.partition("?")[0].rpartition("/")[2])
        version = "v1.0" if "/v1.0/" in url else "v2.1"
        return UploadJob(key, url, "unknown", _schema_of(key), version)
    url = JOB_PATHS[api_version].format(id=path_segment(text))
    return UploadJob(text, url, "unknown", _schema_of(text), api_version)


def _schema_of(job_id: str) -> str:
    return job_id.rpartition("_")[0].rpartition("_")[0]


def outcome_unknown(
    error: PandakitError, job: UploadJob, verify: Callable[[], bool] | None
) -> OutcomeUnknownError:
    """Return the error for a lost answer: what was sent, and how to find out whether it arrived."""
    names = ("rows", "bytes", "sha256", "sent_at")
    sent = {name: fact for name in names if (fact := getattr(job, name))}
    facts = ", ".join(f"{name}={fact}" for name, fact in sent.items())
    return OutcomeUnknownError(
        f"{error}. Sent: {facts or 'by another process'}. To find out whether it arrived, call "
        + ("error.verify() or " if verify else "")
        + f"verify_upload(table, {job.schema_id!r}), which compare the service's table with it",
        status_code=error.status_code,
        request_id=error.request_id,
        sent=sent,
        verify=verify,
    )


class TableLock:
    """One table that is being replaced."""

    def __init__(self) -> None:
        self.job: UploadJob | None = None
        """A job that was sent and has not yet been seen to end."""
        self.file_lock = ExitStack()
        """Keeps the lock file that other processes look at."""
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Start unlocked in a forked process: the upload belongs to the parent."""
        self.thread_lock = threading.Lock()
        self.job = None
        self.file_lock.close()


_locks: dict[tuple[str, str], TableLock] = {}


@contextmanager
def lock_table(
    base_url: str, schema_id: str, wait_for_end: Callable[[UploadJob], object]
) -> Iterator[TableLock]:
    """Lock a table against other uploads; another thread waits here.

    Parameters
    ----------
    base_url, schema_id
        The table.
    wait_for_end
        Waits for the end of a job that an earlier upload left unfinished.

    Yields
    ------
    TableLock
        To keep the job in, once there is one; the lock lasts until `release` is called for it.

    Warns
    -----
    ServiceWarning
        When another process of this user uploads to the same table, or when that is unknown.
    """
    table = base_url, schema_id
    lock = _locks.get(table) or _locks.setdefault(table, TableLock())
    with lock.thread_lock:
        if lock.job is not None:
            wait_for_end(lock.job)
        try:
            _take_lock_file(lock.file_lock, base_url, schema_id)
            yield lock
        finally:
            if lock.job is None:
                lock.file_lock.close()


def release(base_url: str, job: UploadJob) -> None:
    """Unlock the table of a job that has ended."""
    for (base, _), lock in list(_locks.items()):
        if base == base_url and lock.job and job.id == lock.job.id:
            lock.job = None
            lock.file_lock.close()


def _take_lock_file(held: ExitStack, base_url: str, schema_id: str) -> None:
    """Lock the table's file; the system unlocks it even when the process dies."""
    try:
        file = os.open(_lock_file(base_url, schema_id), os.O_RDWR | os.O_CREAT, 0o600)
        held.callback(os.close, file)
        is_ours = _lock(file)
    except OSError as error:
        warn_user(
            f"cannot find out whether another process uploads to {schema_id}: {error}",
            ServiceWarning,
        )
        return
    if not is_ours:
        warn_user(
            f"another process of yours is uploading to the table of {schema_id}: the job that "
            "ends last wins; verify_upload() shows which table is there",
            ServiceWarning,
        )


def _lock_file(base_url: str, schema_id: str) -> Path:
    digest = hashlib.sha256(f"{base_url} {schema_id}".encode()).hexdigest()
    folder = platformdirs.user_state_path("pandakit", appauthor=False, ensure_exists=True)
    return folder / f"upload-{digest[:32]}.lock"


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

elif sys.platform == "emscripten":  # one process, in a browser

    def _lock(file: int) -> bool:
        return file >= 0

else:
    import fcntl

    def _lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
