"""The part of the BigPanda client that uploads mapping enrichment tables."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pandakit.bigpanda._tables import Tables
from pandakit.bigpanda._upload import (
    ENDS,
    JOB_RULES,
    UploadJob,
    job_of,
    read_job,
    send_table,
    unknown,
)
from pandakit.bigpanda._upload_file import check_header, prepared, refuse_empty
from pandakit.bigpanda._upload_lock import has_ended, one_upload
from pandakit.errors import JobFailedError, JobTimeoutError, OutcomeUnknownError, PandakitError
from pandakit.snapshot import save
from pandakit.transport import carrying, wait_for

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    import pandas as pd

    from pandakit.enrichment import CsvFile, EnrichmentSchema

__all__ = ["Enrichments"]


class Enrichments(Tables):
    """What `BigPanda` offers for mapping enrichments."""

    def upload_enrichment(
        self,
        table: pd.DataFrame | CsvFile | str | os.PathLike[str],
        schema_id: str,
        *,
        api_version: str = "v2.1",
        save_replaced: str | os.PathLike[str] | None = None,
        progress: bool | None = None,
        wait: bool = True,
    ) -> UploadJob:
        """Replace the table of a mapping enrichment, whole or not at all.

        The schema is asked for first, which also shows whether the token is good; then the
        table is judged, and only one that the service would take is sent, streamed from disk.
        One upload at a time: another thread that uploads to the same table waits for its turn,
        and where an earlier upload's job was not waited for, its end is awaited first.

        Parameters
        ----------
        table
            A frame, a `CsvFile` of `write_enrichment_csv`, or the path of a CSV file.
        schema_id
            The enrichment, from `enrichments`.
        api_version
            `"v2.1"`, or `"v1.0"`, which takes the org token.
        save_replaced
            A new file (`.parquet`) to which the table that is replaced is saved first, read
            100 rows a request; `pandakit.load` gives it back, to be uploaded again.
        progress
            As in every loader.
        wait
            Follow the job to its end (up to 15 minutes), or give it back at once.

        Returns
        -------
        UploadJob
            `done` when waited for, else `pending`; `job` asks for it again.

        Raises
        ------
        EnrichmentError
            When the service would refuse the table; `report` has the findings. One without
            rows is refused before anything is asked.
        OutcomeUnknownError
            When the answer was lost, or the service forgot the job; it is not sent again by
            itself. `sent` has rows, bytes, sha256 and time; `arrived()` compares the
            service's table with this one.
        JobFailedError
            With the service's words, and advice where they are known ones; the old table is
            still in force.
        JobTimeoutError
            When the job is not at its end in time; `resume()` waits on. Or that of an earlier
            upload to this table was not, and nothing was uploaded; the next try does not wait
            for it again.
        TypeError
            When `table` is none of these; what can be read only once is not taken.
        OSError
            When there is no room for the file of a frame, or `save_replaced` exists already.

        Warns
        -----
        ServiceWarning
            When another process of this user uploads to the same table.

        Notes
        -----
        Source: "Create Mapping Enrichment Table".
        """
        session = self._session_of(api_version)
        shown = self._progress if progress is None else progress
        kept = None if save_replaced is None else _new_snapshot(save_replaced)
        refuse_empty(table)
        schema = self.enrichment_schema(schema_id, api_version=api_version)
        look = partial(self.enrichment_arrived, table, schema_id, api_version=api_version)
        before = partial(self._see_end, progress=shown)
        with (
            prepared(table, schema) as file,
            one_upload(session.service.base_url, schema_id, before) as turn,
        ):
            check_header(file, schema)
            if kept is not None:
                self._save_table(schema, schema_id, api_version, kept, progress=shown)
            sent = send_table(session, file, schema_id, api_version, progress=shown, look=look)
            turn.job = sent
            return self._wait(sent, progress=shown, look=look) if wait else sent

    def _see_end(self, job: UploadJob, *, progress: bool | None) -> None:
        """Wait for the job of an earlier upload to the same table."""
        try:
            self._wait(job, progress=progress)
        except (JobFailedError, OutcomeUnknownError):
            return
        except PandakitError as error:
            failure = error
        else:
            return
        words = (
            f"; nothing was uploaded, for the earlier upload's job {job.id} has the table's turn"
        )
        raise carrying(failure, words=words)

    def _save_table(
        self,
        schema: EnrichmentSchema,
        schema_id: str,
        api_version: str,
        path: Path,
        *,
        progress: bool | None,
    ) -> None:
        """Save the service's table, or say that nothing was uploaded."""
        try:
            save(self._whole_table(schema, schema_id, api_version, progress), path)
        except PandakitError as error:
            failure = error
        else:
            return
        words = f"; nothing was uploaded, for the table that is there could not be saved to {path}"
        raise carrying(failure, words=words, partial=failure.partial)

    def job(
        self,
        job: UploadJob | str,
        *,
        api_version: str = "v2.1",
        wait: bool = False,
        timeout: float = 900.0,
        progress: bool | None = None,
    ) -> UploadJob:
        """Look at an upload's job, or follow it to its end; also one of another process.

        Parameters
        ----------
        job
            What `upload_enrichment` gave, or its `id` or `url` as text.
        api_version
            Of the upload, where only the id is given.
        wait
            Follow it to its end, or look once.
        timeout
            Seconds after which to stop waiting.
        progress
            As in every loader.

        Returns
        -------
        UploadJob
            With its `status`; looked at once, a failed one has the service's words in `detail`.

        Raises
        ------
        NotFoundError
            When the service does not know it.
        JobFailedError, JobTimeoutError
            When waiting; as for `upload_enrichment`.
        """
        self._session_of(api_version)
        known = job if isinstance(job, UploadJob) else job_of(job, api_version)
        if wait:
            return self._wait(known, timeout=timeout, progress=progress)
        seen = read_job(known, self._session_of(known.api_version).send(known.call))
        if seen.status in ENDS:
            self._has_ended(seen)
        return seen

    def _wait(
        self,
        job: UploadJob,
        *,
        timeout: float = 900.0,
        progress: bool | None = None,
        look: Callable[[], bool] | None = None,
    ) -> UploadJob:
        fault: PandakitError
        again = partial(self._wait, job, timeout=timeout, progress=progress, look=look)
        try:
            reply = wait_for(
                self._session_of(job.api_version),
                job.call,
                JOB_RULES,
                timeout=timeout,
                progress=self._progress if progress is None else progress,
                name=f"upload job {job.id}",
            )
        except JobFailedError:
            self._has_ended(job)
            raise
        except OutcomeUnknownError as error:
            self._has_ended(job)
            fault = unknown(error, job, look)
        except PandakitError as error:
            if isinstance(error, JobTimeoutError):  # the caller is told: what to do is theirs
                self._has_ended(job)
            fault = carrying(error, resume=again)
        except KeyboardInterrupt as interrupt:
            interrupt.job, interrupt.resume = job, again  # type: ignore[attr-defined]
            raise
        else:
            self._has_ended(job)
            return replace(read_job(job, reply), detail="")
        raise fault

    def _has_ended(self, job: UploadJob) -> None:
        has_ended(self._session_of(job.api_version).service.base_url, job)


def _new_snapshot(path: str | os.PathLike[str]) -> Path:
    """Refuse a path under which a table that was saved before would be lost."""
    if Path(path).suffix != ".parquet":
        raise ValueError(f"save_replaced={str(path)!r}: the table is saved as .parquet")
    if Path(path).exists():
        raise FileExistsError(f"{path} exists already: it may be the table to go back to")
    return Path(path)
