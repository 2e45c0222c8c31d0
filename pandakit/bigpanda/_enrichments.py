"""The part of the BigPanda client that is about mapping enrichments."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pandakit.bigpanda._records import enrichment_row, to_frame
from pandakit.bigpanda._resources import ENRICHMENT_PATHS, RESOURCES, pages_of
from pandakit.bigpanda._service import NEEDS
from pandakit.bigpanda._upload import (
    JOB_RULES,
    UploadJob,
    check_header,
    job_of,
    prepared,
    read_job,
    send_table,
    table_lock,
)
from pandakit.errors import JobTimeoutError, SettingsError
from pandakit.frames import Column, build_frame
from pandakit.settings import missing_message
from pandakit.transport import Call, Client, Listing, path_segment, wait_for

if TYPE_CHECKING:
    import os

    import pandas as pd

    from pandakit.enrichment import CsvFile, EnrichmentSchema
    from pandakit.transport import Session

__all__ = ["Enrichments"]

Row = dict[str, Any]

_TOKENS = {"v2.1": "BIGPANDA_API_KEY", "v1.0": "BIGPANDA_ORG_TOKEN"}


class Enrichments(Client):
    """What `BigPanda` offers for mapping enrichments."""

    _sessions: dict[str, Session]

    def enrichments(
        self,
        *,
        api_version: str = "v2.1",
        max_rows: int | None = None,
        progress: bool | None = None,
    ) -> pd.DataFrame:
        """Load the mapping enrichments.

        Parameters
        ----------
        api_version
            `"v2.1"`, or `"v1.0"`, which takes the org token.
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row per enrichment; `version` grows with every update.
        """
        call = self._enrichment_call(api_version, "")
        return self._load(
            Listing(call, RESOURCES["enrichments"].pages, "id", label="BigPanda enrichments"),
            to_frame("enrichments", enrichment_row),
            session=self._session_of(api_version),
            max_rows=max_rows,
            progress=progress,
        )

    def enrichment_schema(self, id: str, *, api_version: str = "v2.1") -> EnrichmentSchema:  # noqa: A002 - the service's own word
        """Load the schema of one mapping enrichment: its columns and their tags.

        Parameters
        ----------
        id
            From `enrichments`.
        api_version
            `"v2.1"`, or `"v1.0"`, which takes the org token.

        Returns
        -------
        EnrichmentSchema
            As `validate_enrichment` takes it.

        Raises
        ------
        NotFoundError
            When there is no such enrichment.
        """
        from pandakit.enrichment import EnrichmentSchema  # noqa: PLC0415 - loaded on use

        call = self._enrichment_call(api_version, f"/{path_segment(id)}")
        reply = self._session_of(api_version).send(call)
        return EnrichmentSchema.from_api(reply.object())

    def enrichment_table(
        self,
        id: str,  # noqa: A002 - the service's own word
        *,
        api_version: str = "v2.1",
        max_rows: int | None = None,
        progress: bool | None = None,
    ) -> pd.DataFrame:
        """Load the table of one mapping enrichment, 100 rows a request.

        Parameters
        ----------
        id
            From `enrichments`.
        api_version
            `"v2.1"`, or `"v1.0"`, which takes the org token.
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row per row of the table, in the schema's columns, all text.
        """
        schema = self.enrichment_schema(id, api_version=api_version)
        # Titles are free text: a dot in one is no way into an object.
        columns = [
            Column(title, "text", (f"column {number}",))
            for number, title in enumerate(schema.columns)
        ]
        keys = {title: f"column {number}" for number, title in enumerate(schema.columns)}

        def table(rows: Any) -> pd.DataFrame:
            return build_frame(
                [{keys.get(key, key): value for key, value in row.items()} for row in rows], columns
            )

        call = self._enrichment_call(api_version, f"/{path_segment(id)}/map")
        return self._load(
            Listing(call, pages_of(), label=f"BigPanda enrichment table {id}"),
            table,
            session=self._session_of(api_version),
            max_rows=max_rows,
            progress=progress,
        )

    def upload_enrichment(
        self,
        table: pd.DataFrame | CsvFile | str | os.PathLike[str],
        schema_id: str,
        *,
        api_version: str = "v2.1",
        progress: bool | None = None,
        wait: bool = True,
    ) -> UploadJob:
        """Replace the table of a mapping enrichment, whole or not at all.

        The schema is asked for first, which also shows whether the token is good; then the
        table is judged, and only one that the service would take is sent, streamed from disk.

        Parameters
        ----------
        table
            A frame, a `CsvFile` of `write_enrichment_csv`, or the path of a CSV file.
        schema_id
            The enrichment, from `enrichments`.
        api_version
            `"v2.1"`, or `"v1.0"`, which takes the org token.
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
            When the service would refuse the table; `report` has the findings.
        OutcomeUnknownError
            When the answer was lost; it is not sent again by itself.
        JobFailedError
            With the service's words, and advice where they are known ones.
        JobTimeoutError
            When the job is not at its end in time; `resume()` waits on.

        Notes
        -----
        Source: "Create Mapping Enrichment Table".
        """
        session = self._session_of(api_version)
        shown = self._progress if progress is None else progress
        schema = self.enrichment_schema(schema_id, api_version=api_version)
        with prepared(table, schema) as file, table_lock(session.service.base_url, schema_id):
            check_header(file, schema)
            sent = send_table(session, file, schema_id, api_version, progress=shown)
            return self._wait(sent, progress=shown) if wait else sent

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
        return read_job(known, self._session_of(known.api_version).send(known.call))

    def _wait(
        self, job: UploadJob, *, timeout: float = 900.0, progress: bool | None = None
    ) -> UploadJob:
        late: JobTimeoutError | None = None
        try:
            reply = wait_for(
                self._session_of(job.api_version),
                job.call,
                JOB_RULES,
                timeout=timeout,
                progress=self._progress if progress is None else progress,
                name=f"upload job {job.id}",
            )
        except JobTimeoutError as error:
            late = error
        else:
            return replace(read_job(job, reply), detail="")
        raise JobTimeoutError(
            str(late), resume=lambda: self._wait(job, timeout=timeout, progress=progress)
        )

    def _enrichment_call(self, api_version: str, tail: str) -> Call:
        self._session_of(api_version)
        path = ENRICHMENT_PATHS[api_version]
        return Call("GET", path + tail, endpoint=path, needs=NEEDS[api_version])

    def _session_of(self, api_version: str) -> Session:
        """Give the session whose token an API version takes."""
        if api_version not in _TOKENS:
            raise ValueError(f"api_version={api_version!r}: one of {', '.join(_TOKENS)}")
        name = _TOKENS[api_version]
        if name not in self._sessions:
            raise SettingsError(missing_message(name))
        return self._sessions[name]
