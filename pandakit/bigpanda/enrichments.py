"""Methods of `BigPanda`: mapping enrichments."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pandakit.bigpanda._lists.resources import RESOURCES
from pandakit.bigpanda._lists.rows import enrichment_row, to_frame
from pandakit.bigpanda._lists.tables import (
    frame_of_table,
    read_size,
    resumable,
    table_listing,
    to_compare,
)
from pandakit.bigpanda.service import enrichment_call, read_schema
from pandakit.transport import Listing, loader

if TYPE_CHECKING:
    import os

    import pandas as pd

    from pandakit.bigpanda._lists.tables import TableSize
    from pandakit.bigpanda.service import Account, ApiVersion
    from pandakit.enrichment import CsvFile, EnrichmentSchema, TablePreview
    from pandakit.transport import StorePath

__all__ = [
    "enrichment_schema",
    "enrichment_size",
    "enrichment_table",
    "enrichments",
    "preview_enrichment",
    "whole_table",
]

_WARN_AFTER = 60.0  # seconds of reading
_log = logging.getLogger("pandakit.bigpanda")


@loader()
def enrichments(
    self: Account,
    *,
    api_version: ApiVersion = "v2.1",
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the mapping enrichments.

    Parameters
    ----------
    api_version
        `"v2.1"`, or `"v1.0"`, which takes the org token.
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; `None` for all rows.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.

    Returns
    -------
    pandas.DataFrame
        One row per enrichment; `version` grows with every update.

    Notes
    -----
    Source: "Mapping Enrichment".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     enrichments = services.bigpanda.enrichments()
    >>> enrichments["name"].tolist()
    ['Host owners', 'Runbooks']
    """
    session = self._session_for(api_version)
    pages = RESOURCES["enrichments"].pages
    return self._load(
        Listing(enrichment_call(api_version), pages, "id", label="BigPanda enrichments"),
        to_frame("enrichments", enrichment_row),
        session=session,
        max_rows=max_rows,
        progress=progress,
    )


def enrichment_schema(
    self: Account, schema_id: str, *, api_version: ApiVersion = "v2.1"
) -> EnrichmentSchema:
    """Return the schema of a mapping enrichment: its columns and their tags.

    Parameters
    ----------
    schema_id
        The enrichment, from `enrichments`.
    api_version
        `"v2.1"`, or `"v1.0"`, which takes the org token.

    Returns
    -------
    EnrichmentSchema
        Ready for `validate_enrichment`.

    Raises
    ------
    NotFoundError
        When there is no such enrichment.

    Notes
    -----
    Source: "Mapping Enrichment".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     bigpanda = services.bigpanda
    ...     schema_id = bigpanda.enrichments()["schema_id"].iloc[0]
    ...     schema = bigpanda.enrichment_schema(schema_id)
    >>> schema.columns
    ('host', 'owner_team', 'tier')
    """
    return read_schema(self._session_for(api_version), schema_id, api_version)


@loader()
def enrichment_table(
    self: Account,
    schema_id: str,
    *,
    api_version: ApiVersion = "v2.1",
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the table of a mapping enrichment, read 100 rows per request.

    Parameters
    ----------
    schema_id
        The enrichment, from `enrichments`.
    api_version
        `"v2.1"`, or `"v1.0"`, which takes the org token.
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; `None` for all rows.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.

    Returns
    -------
    pandas.DataFrame
        One row per row of the table, in the schema's columns, all text.

    Notes
    -----
    Source: "Mapping Enrichment".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     bigpanda = services.bigpanda
    ...     schema_id = bigpanda.enrichments()["schema_id"].iloc[0]
    ...     table = bigpanda.enrichment_table(schema_id)
    >>> table.columns.tolist()
    ['host', 'owner_team', 'tier']
    """
    schema = enrichment_schema(self, schema_id, api_version=api_version)
    return self._load(
        table_listing(schema, schema_id, api_version),
        frame_of_table(schema),
        session=self._session_for(api_version),
        max_rows=max_rows,
        progress=progress,
    )


def enrichment_size(
    self: Account, schema_id: str, *, api_version: ApiVersion = "v2.1"
) -> TableSize:
    """Return how many rows a table has and what reading it costs, with one request.

    Parameters
    ----------
    schema_id
        The enrichment, from `enrichments`.
    api_version
        `"v2.1"`, or `"v1.0"`, which takes the org token.

    Returns
    -------
    TableSize
        With `rows`, `requests` and `seconds`; its text is a sentence.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     bigpanda = services.bigpanda
    ...     schema_id = bigpanda.enrichments()["schema_id"].iloc[0]
    ...     size = bigpanda.enrichment_size(schema_id)
    >>> size.rows > 0, size.requests
    (True, 3)
    """
    return read_size(self._session_for(api_version), schema_id, api_version)


def preview_enrichment(
    self: Account,
    table: pd.DataFrame | CsvFile | str | os.PathLike[str],
    schema_id: str,
    against: pd.DataFrame | CsvFile | str | os.PathLike[str] | None = None,
    *,
    api_version: ApiVersion = "v2.1",
    progress: bool | None = None,
) -> TablePreview:
    """Return which rows an upload would add, change and remove; nothing is sent.

    Comparing with the service's own table reads all of it, 100 rows per request. The number
    of requests and the time are shown first: in the progress line, and above a minute as a
    warning in the log `pandakit.bigpanda`.

    Parameters
    ----------
    table
        A frame, a `CsvFile` of `write_enrichment_csv`, or the path of a CSV file.
    schema_id
        The enrichment, from `enrichments`.
    against
        What `table` is compared with: the last `CsvFile`, the path of a CSV file or of a
        frame that `pandakit.save` wrote (`.parquet`), or a frame. `None` reads the
        service's table.
    api_version
        `"v2.1"`, or `"v1.0"`, which takes the org token.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.

    Returns
    -------
    TablePreview
        `.changes`, one row per row that differs; `.added`, `.changed`, `.removed` and
        `.unchanged`, their numbers.

    Raises
    ------
    EnrichmentError
        When a table does not have the schema's columns; raised before anything is read.
    PandakitError
        When reading fails: `resume()` reads the rest and returns the preview.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     schema_id = services.bigpanda.enrichments()["schema_id"][0]
    ...     owners = services.bigpanda.enrichment_table(schema_id)
    ...     owners.loc[0, "tier"] = "tier-0"
    ...     services.bigpanda.preview_enrichment(owners.head(100), schema_id)
    0 rows added, 1 changed, ... removed, 99 unchanged, against the service's table
    """
    from pandakit.enrichment import (  # noqa: PLC0415 - loaded on use
        preview_enrichment as preview,
        table_text,
    )

    schema = enrichment_schema(self, schema_id, api_version=api_version)
    text = table_text(table, schema)
    if against is not None:
        old, name = to_compare(against)
        return preview(text, old, schema, against=name)
    return resumable(
        lambda: whole_table(self, schema, schema_id, api_version, progress),
        lambda old: preview(text, old, schema, against="the service's table"),
    )


def whole_table(
    self: Account,
    schema: EnrichmentSchema,
    schema_id: str,
    api_version: ApiVersion,
    progress: bool | None,  # noqa: FBT001 - passed on from a keyword
    size: TableSize | None = None,
) -> pd.DataFrame:
    """Return a whole table, after logging what reading it costs."""
    size = size or enrichment_size(self, schema_id, api_version=api_version)
    if (size.seconds or 0.0) > _WARN_AFTER:
        _log.warning("reading the table of enrichment %s: %s", schema_id, size)
    return self._load(
        table_listing(schema, schema_id, api_version, f" ({size})"),
        frame_of_table(schema),
        session=self._session_for(api_version),
        progress=progress,
    )
