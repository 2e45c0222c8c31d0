"""The part of the BigPanda client that reads mapping enrichments and their tables."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pandakit.bigpanda._records import enrichment_row, to_frame
from pandakit.bigpanda._resources import ENRICHMENT_PATHS, RESOURCES, pages_of
from pandakit.bigpanda._service import NEEDS
from pandakit.errors import PandakitError, SettingsError
from pandakit.frames import Column, build_frame
from pandakit.settings import missing_message
from pandakit.snapshot import load
from pandakit.transport import Call, Client, Listing, NumberedPages, carrying, path_segment

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from pandakit.enrichment import CsvFile, EnrichmentSchema, TablePreview
    from pandakit.transport import Session

__all__ = ["TableSize", "Tables"]

Row = dict[str, Any]
T = TypeVar("T")

_TOKENS = {"v2.1": "BIGPANDA_API_KEY", "v1.0": "BIGPANDA_ORG_TOKEN"}
_PAGE = 100
_MOST_PAGES = 1_000_000  # a table of 500 MB has more rows than any other list
_LONG = 60.0  # seconds
_log = logging.getLogger("pandakit.bigpanda")


class TableSize(NamedTuple):
    """How large a table is at the service, and what reading it takes.

    Attributes
    ----------
    rows, requests
        How many there are; `None` when the service does not say.
    seconds
        What the reading takes at least, by the rate limit.
    """

    rows: int | None
    requests: int | None
    seconds: float | None

    def __str__(self) -> str:
        if self.rows is None:
            return "an unknown number of rows"
        return f"{self.rows:,} rows: {self.requests:,} requests, at least {self.seconds:,.0f} s"


class Tables(Client):
    """What `BigPanda` offers for reading mapping enrichments."""

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
        return self._table(schema, id, api_version, max_rows=max_rows, progress=progress)

    def enrichment_size(self, id: str, *, api_version: str = "v2.1") -> TableSize:  # noqa: A002 - the service's own word
        """Say how many rows a table has and what reading it takes, by one request.

        Parameters
        ----------
        id
            From `enrichments`.
        api_version
            `"v2.1"`, or `"v1.0"`, which takes the org token.

        Returns
        -------
        TableSize
            `rows`, `requests`, `seconds`; as text a sentence.
        """
        session, pages = self._session_of(api_version), _pages()
        first = pages.read(
            session.send(pages.request(self._table_call(id, api_version), None)), None
        )
        if first.total is None:
            return TableSize(None, None, None)
        requests = max(1, -(-first.total // _PAGE))
        rate = session.service.rate
        return TableSize(first.total, requests, requests / rate if rate else 0.0)

    def preview_enrichment(
        self,
        new: pd.DataFrame | CsvFile | str | os.PathLike[str],
        schema_id: str,
        against: pd.DataFrame | CsvFile | str | os.PathLike[str] | None = None,
        *,
        api_version: str = "v2.1",
        progress: bool | None = None,
    ) -> TablePreview:
        """Say which rows an upload would add, change and remove, without sending anything.

        Against the service's own table, this reads all of it, 100 rows a request. How many
        requests that takes, and how long, is said first: in the progress line, and above a
        minute as a warning of the log `pandakit.bigpanda`.

        Parameters
        ----------
        new
            A frame, a `CsvFile` of `write_enrichment_csv`, or the path of a CSV file.
        schema_id
            The enrichment, from `enrichments`.
        against
            What `new` is compared with: the last `CsvFile`, the path of a CSV file or of a
            frame that `pandakit.save` saved (`.parquet`), or a frame. `None` reads the
            service's table.
        api_version
            `"v2.1"`, or `"v1.0"`, which takes the org token.
        progress
            As in every loader.

        Returns
        -------
        TablePreview
            `.changes` (as `diff_enrichment` gives them), `.added`, `.changed`, `.removed`,
            `.unchanged`.

        Raises
        ------
        EnrichmentError
            When a table has not the schema's columns; before anything is read.
        PandakitError
            When the reading breaks off: `resume()` reads the rest and gives the preview.

        Examples
        --------
        >>> from pandakit import sandbox
        >>> with sandbox.start(incidents=5, audit_events=5) as services:
        ...     key = services.bigpanda.enrichments()["enrichment_id"][0]
        ...     owners = services.bigpanda.enrichment_table(key)
        ...     owners.loc[0, "tier"] = "tier-0"
        ...     services.bigpanda.preview_enrichment(owners.head(100), key)
        0 rows added, 1 changed, ... removed, 99 as they were, against the service's table
        """
        from pandakit.enrichment import preview_enrichment, table_text  # noqa: PLC0415 - loaded on use

        schema = self.enrichment_schema(schema_id, api_version=api_version)
        text = table_text(new, schema)
        if against is not None:
            old, name = _other(against)
            return preview_enrichment(text, old, schema, against=name)
        return _then(
            lambda: self._whole_table(schema, schema_id, api_version, progress),
            lambda old: preview_enrichment(text, old, schema, against="the service's table"),
        )

    def enrichment_arrived(
        self,
        table: pd.DataFrame | CsvFile | str | os.PathLike[str],
        schema_id: str,
        *,
        api_version: str = "v2.1",
        progress: bool | None = None,
    ) -> bool:
        """Say whether the service has exactly this table: the answer to a lost upload.

        One request is enough when the number of rows differs; else the table is read.

        Parameters
        ----------
        table
            What was uploaded: a frame, a `CsvFile`, or the path of a CSV file.
        schema_id
            The enrichment, from `enrichments`.
        api_version
            `"v2.1"`, or `"v1.0"`, which takes the org token.
        progress
            As in every loader.

        Returns
        -------
        bool
            `True` when the same rows are there. `False` means not yet, or not at all: a job
            that nobody could follow may still be at work.

        Raises
        ------
        PandakitError
            When the reading breaks off: `resume()` reads the rest and gives the answer.
        """
        from pandakit.enrichment import preview_enrichment, table_text  # noqa: PLC0415 - loaded on use

        schema = self.enrichment_schema(schema_id, api_version=api_version)
        text = table_text(table, schema)
        size = self.enrichment_size(schema_id, api_version=api_version)
        if size.rows not in (None, text.num_rows):
            return False
        return _then(
            lambda: self._whole_table(schema, schema_id, api_version, progress, size),
            lambda found: preview_enrichment(text, found, schema).is_empty,
        )

    def _whole_table(
        self,
        schema: EnrichmentSchema,
        schema_id: str,
        api_version: str,
        progress: bool | None,  # noqa: FBT001 - handed on from a keyword
        size: TableSize | None = None,
    ) -> pd.DataFrame:
        """Read a whole table, after saying what that takes."""
        size = size or self.enrichment_size(schema_id, api_version=api_version)
        if (size.seconds or 0.0) > _LONG:
            _log.warning("reading the table of enrichment %s: %s", schema_id, size)
        return self._table(schema, schema_id, api_version, progress=progress, told=f" ({size})")

    def _table(
        self,
        schema: EnrichmentSchema,
        schema_id: str,
        api_version: str,
        *,
        max_rows: int | None = None,
        progress: bool | None = None,
        told: str = "",
    ) -> pd.DataFrame:
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

        return self._load(
            Listing(
                self._table_call(schema_id, api_version),
                _pages(),
                max_pages=_MOST_PAGES,
                label=f"BigPanda enrichment table {schema_id}{told}",
            ),
            table,
            session=self._session_of(api_version),
            max_rows=max_rows,
            progress=progress,
        )

    def _table_call(self, schema_id: str, api_version: str) -> Call:
        return self._enrichment_call(api_version, f"/{path_segment(schema_id)}/map")

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


def _pages() -> NumberedPages:
    return pages_of(size=_PAGE)


def _other(against: Any) -> tuple[Any, str]:
    """Give a table to compare with, and what to call it."""
    path = getattr(against, "path", against)
    if not isinstance(path, (str, os.PathLike)):
        return against, "the given frame"
    if Path(path).suffix != ".parquet":
        return path, Path(path).name
    return load(path), Path(path).name


def _then(read: Callable[[], Any], go_on: Callable[[Any], T]) -> T:
    """Give what `go_on` makes of what was read; after a failure, `resume()` gives it."""
    try:
        found = read()
    except PandakitError as error:
        failure = error
    else:
        return go_on(found)
    if failure.partial is None:
        raise failure
    raise carrying(failure, partial=failure.partial, resume=lambda: _then(failure.resume, go_on))
