"""Methods of `BigPanda`: replacing the table of a mapping enrichment."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pandakit.bigpanda._lists.tables import (
    resumable,
)
from pandakit.bigpanda._upload.jobs import (
    FINAL,
    JOB_RULES,
    UploadJob,
    job_of,
    lock_table,
    outcome_unknown,
    read_job,
    release,
)
from pandakit.bigpanda._upload.send import (
    check_header,
    prepared,
    refuse_empty,
    send_table,
)
from pandakit.bigpanda.enrichments import enrichment_schema, enrichment_size, whole_table
from pandakit.bigpanda.service import read_schema
from pandakit.errors import JobFailedError, JobTimeoutError, OutcomeUnknownError, PandakitError
from pandakit.snapshot import save
from pandakit.transport import Interrupted, wait_for

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    import pandas as pd

    from pandakit.bigpanda.service import Account, ApiVersion
    from pandakit.enrichment import CsvFile, EnrichmentSchema

__all__ = ["job", "upload_enrichment", "verify_upload"]


def verify_upload(
    self: Account,
    table: pd.DataFrame | CsvFile | str | os.PathLike[str],
    schema_id: str,
    *,
    api_version: ApiVersion = "v2.1",
    progress: bool | None = None,
) -> bool:
    """Return whether the service has exactly this table, as after an upload with unknown outcome.

    One request is enough if the number of rows differs; otherwise the table is read.

    Parameters
    ----------
    table
        What was uploaded: a frame, a `CsvFile`, or the path of a CSV file.
    schema_id
        The enrichment, from `enrichments`.
    api_version
        `"v2.1"`, or `"v1.0"`, which takes the org token.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.

    Returns
    -------
    bool
        `True` when the same rows are there. `False` means not yet or not at all: a job
        that could not be followed may still be running.

    Raises
    ------
    PandakitError
        When reading fails: `resume()` reads the rest and returns the answer.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, requests_per_second=None) as services:
    ...     bigpanda = services.bigpanda
    ...     schema_id = bigpanda.enrichments()["schema_id"].iloc[0]
    ...     table = bigpanda.enrichment_table(schema_id)
    ...     is_there = bigpanda.verify_upload(table, schema_id)
    >>> is_there
    True
    """
    from pandakit.enrichment import (  # noqa: PLC0415 - loaded on use
        preview_enrichment as preview,
        table_text,
    )

    schema = enrichment_schema(self, schema_id, api_version=api_version)
    text = table_text(table, schema)
    size = enrichment_size(self, schema_id, api_version=api_version)
    if size.rows not in (None, text.num_rows):
        return False
    return resumable(
        lambda: whole_table(self, schema, schema_id, api_version, progress, size),
        lambda found: preview(text, found, schema).is_empty,
    )


def upload_enrichment(
    self: Account,
    table: pd.DataFrame | CsvFile | str | os.PathLike[str],
    schema_id: str,
    *,
    api_version: ApiVersion = "v2.1",
    backup_path: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
    wait: bool = True,
) -> UploadJob:
    """Replace the table of a mapping enrichment, completely or not at all.

    The schema is read first, which also shows whether the token works. Then the table is
    validated, and only one that the service would accept is sent, streamed from disk.
    Uploads to one table run one at a time: another thread waits, and a job that an earlier
    upload did not wait for is followed to its end first.

    Parameters
    ----------
    table
        A frame, a `CsvFile` of `write_enrichment_csv`, or the path of a CSV file.
    schema_id
        The enrichment, from `enrichments`.
    api_version
        `"v2.1"`, or `"v1.0"`, which takes the org token.
    backup_path
        A new file (`.parquet`) to which the current table is first saved, read 100 rows per
        request; to restore it, upload the frame that `pandakit.load` returns.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.
    wait
        Follow the job to its end (up to 15 minutes), or return immediately.

    Returns
    -------
    UploadJob
        With the status `"done"`, or `"pending"` without `wait`; `job` asks for it again.

    Raises
    ------
    EnrichmentError
        When the service would refuse the table; `report` has the findings. A table without
        rows is refused before anything is requested.
    OutcomeUnknownError
        When the answer was lost, or the service forgot the job; nothing is sent again.
        `sent` has rows, bytes, sha256 and time; `verify()` compares the service's table
        with this one.
    JobFailedError
        When the job failed: with the service's message, and with advice for known ones.
        The previous table is still in force.
    JobTimeoutError
        When the job has not ended in time; `resume()` continues waiting. Also when the job of
        an earlier upload to this table has not ended; then nothing was uploaded, and the next
        call does not wait for it again.
    TypeError
        When `table` is something else, such as a stream that can be read only once.
    OSError
        When there is no space for the file of a frame, or `backup_path` exists.

    Warns
    -----
    ServiceWarning
        When another process of this user uploads to the same table.

    Notes
    -----
    Source: "Create Mapping Enrichment Table".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     bigpanda = services.bigpanda
    ...     schema_id = bigpanda.enrichments()["schema_id"].iloc[0]
    ...     table = bigpanda.enrichment_table(schema_id).head(2)
    ...     job = bigpanda.upload_enrichment(table, schema_id, wait=False)
    >>> job.status, job.rows  # with wait=True, "done"
    ('pending', 2)
    """
    session = self._session_for(api_version)
    show = self._progress if progress is None else progress
    backup = None if backup_path is None else _new_backup(backup_path)
    refuse_empty(table)
    schema = read_schema(session, schema_id, api_version)
    verify = partial(verify_upload, self, table, schema_id, api_version=api_version)
    wait_for_end = partial(_wait_for_earlier, self, progress=show)
    with (
        prepared(table, schema) as file,
        lock_table(session.service.base_url, schema_id, wait_for_end) as lock,
    ):
        check_header(file, schema)
        if backup is not None:
            _save_backup(self, schema, schema_id, api_version, backup, progress=show)
        job = send_table(session, file, schema_id, api_version, progress=show, verify=verify)
        lock.job = job
        return _wait(self, job, progress=show, verify=verify) if wait else job


def job(
    self: Account,
    job: UploadJob | str,
    *,
    api_version: ApiVersion = "v2.1",
    wait: bool = False,
    timeout: float = 900.0,
    progress: bool | None = None,
) -> UploadJob:
    """Return the current state of an upload's job, or follow it to its end.

    Parameters
    ----------
    job
        The result of `upload_enrichment`, or its `id` or `url` as text, even from another
        process.
    api_version
        API version of the upload, if only the id is given.
    wait
        Whether to follow it to its end, or ask once.
    timeout
        Seconds after which to stop waiting.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.

    Returns
    -------
    UploadJob
        With its `status`; without `wait`, a failed one has the service's message in
        `detail`.

    Raises
    ------
    NotFoundError
        When the service does not know the job.
    JobFailedError, JobTimeoutError
        When waiting; see `upload_enrichment`.

    Notes
    -----
    Source: "Job Status".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     bigpanda = services.bigpanda
    ...     schema_id = bigpanda.enrichments()["schema_id"].iloc[0]
    ...     table = bigpanda.enrichment_table(schema_id).head(2)
    ...     started = bigpanda.upload_enrichment(table, schema_id, wait=False)
    ...     seen = bigpanda.job(started.id)
    >>> seen.id == started.id, seen.status
    (True, 'pending')
    """
    session = self._session_for(api_version)
    known = job if isinstance(job, UploadJob) else job_of(session, job, api_version)
    if wait:
        return _wait(self, known, timeout=timeout, progress=progress)
    reply = self._session_for(known.api_version).send(known.call)
    seen = reply.read(lambda reply: read_job(known, reply))
    if seen.status in FINAL:
        _release(self, seen)
    return seen


def _wait_for_earlier(self: Account, job: UploadJob, *, progress: bool | None) -> None:
    """Wait for the job of an earlier upload to the same table."""
    try:
        _wait(self, job, progress=progress)
    except (JobFailedError, OutcomeUnknownError):
        return
    except PandakitError as error:
        failure = error
    else:
        return
    words = f"; nothing was uploaded, because the earlier upload's job {job.id} comes first"
    raise failure.extended(words)


def _save_backup(
    self: Account,
    schema: EnrichmentSchema,
    schema_id: str,
    api_version: ApiVersion,
    path: Path,
    *,
    progress: bool | None,
) -> None:
    """Save the service's table; errors say that nothing was uploaded."""
    try:
        save(whole_table(self, schema, schema_id, api_version, progress), path)
    except PandakitError as error:
        failure = error
    else:
        return
    words = f"; nothing was uploaded, because the present table could not be saved to {path}"
    raise failure.extended(words)


def _wait(
    self: Account,
    job: UploadJob,
    *,
    timeout: float = 900.0,
    progress: bool | None = None,
    verify: Callable[[], bool] | None = None,
) -> UploadJob:
    failure: PandakitError
    again = partial(_wait, self, job, timeout=timeout, progress=progress, verify=verify)
    try:
        reply = wait_for(
            self._session_for(job.api_version),
            job.call,
            JOB_RULES,
            timeout=timeout,
            progress=self._progress if progress is None else progress,
            name=f"upload job {job.id}",
        )
    except JobFailedError:
        _release(self, job)
        raise
    except OutcomeUnknownError as error:
        _release(self, job)
        failure = outcome_unknown(error, job, verify)
    except PandakitError as error:
        if isinstance(error, JobTimeoutError):  # the caller knows, and decides what to do
            _release(self, job)
        failure = error.extended(resume=again)
    except Interrupted as interrupt:
        interrupt.job, interrupt.resume = job, again  # type: ignore[method-assign]
        raise
    else:
        _release(self, job)
        return replace(read_job(job, reply), detail="")
    raise failure


def _release(self: Account, job: UploadJob) -> None:
    release(self._session_for(job.api_version).service.base_url, job)


def _new_backup(path: str | os.PathLike[str]) -> Path:
    """Return the path of a backup; one that exists would be lost."""
    if Path(path).suffix != ".parquet":
        raise ValueError(f"backup_path={str(path)!r}: the table is saved as .parquet")
    if Path(path).exists():
        raise FileExistsError(f"{path} already exists: it may be the table to go back to")
    return Path(path)
