"""Read the tables of mapping enrichments: the calls, the size, and the declared columns."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pandakit.bigpanda._lists.resources import check_of_table, pages_of
from pandakit.bigpanda.service import enrichment_call
from pandakit.errors import PandakitError
from pandakit.frames import Column, build_frame
from pandakit.snapshot import load
from pandakit.transport import Listing, path_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from pandakit.enrichment import EnrichmentSchema
    from pandakit.transport import Call, Session

__all__ = [
    "TableSize",
    "frame_of_table",
    "read_size",
    "resumable",
    "table_listing",
    "to_compare",
]

T = TypeVar("T")

_PAGE = 100
_MOST_PAGES = 1_000_000  # a table of 500 MB has more rows than any other list


class TableSize(NamedTuple):
    """The size of a table at the service, and the cost of reading it.

    Attributes
    ----------
    rows, requests
        How many there are; `None` if the service does not count its rows.
    seconds
        The shortest time in which the rate limit lets the table be read.
    """

    rows: int | None
    requests: int | None
    seconds: float | None

    def __str__(self) -> str:
        if self.rows is None:
            return "an unknown number of rows"
        return f"{self.rows:,} rows: {self.requests:,} requests, at least {self.seconds:,.0f} s"


def _table_call(schema_id: str, api_version: str) -> Call:
    return enrichment_call(api_version, f"/{path_segment(schema_id)}/map")


def table_listing(
    schema: EnrichmentSchema, schema_id: str, api_version: str, note: str = ""
) -> Listing:
    """Return the listing of a table; the progress line shows `note`."""
    return Listing(
        _table_call(schema_id, api_version),
        replace(pages_of(size=_PAGE), check=check_of_table(schema.columns)),
        max_pages=_MOST_PAGES,
        label=f"BigPanda enrichment table {schema_id}{note}",
    )


def read_size(session: Session, schema_id: str, api_version: str) -> TableSize:
    """Return the size of a table, by one request."""
    pages = pages_of(size=_PAGE)
    reply = session.send(pages.request(_table_call(schema_id, api_version), None))
    total = reply.read(lambda reply: pages.read(reply, None)).total
    if total is None:
        return TableSize(None, None, None)
    requests = max(1, -(-total // _PAGE))
    rate = session.service.rate
    return TableSize(total, requests, requests / rate if rate else 0.0)


def frame_of_table(schema: EnrichmentSchema) -> Callable[[Sequence[dict[str, Any]]], pd.DataFrame]:
    """Return the function that makes a frame of a table's rows, in the schema's columns."""
    # Titles are free text, and a dot in a column's path descends into an object: read by number.
    keys = {title: f"column {number}" for number, title in enumerate(schema.columns)}
    columns = [Column(title, "text", (key,)) for title, key in keys.items()]

    def to_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
        renamed = [{keys.get(key, key): value for key, value in row.items()} for row in rows]
        return build_frame(renamed, columns)

    return to_frame


def to_compare(against: Any) -> tuple[Any, str]:
    """Return a table to compare with, and its name in messages."""
    path = getattr(against, "path", against)
    if not isinstance(path, (str, os.PathLike)):
        return against, "the given frame"
    if Path(path).suffix != ".parquet":
        return path, Path(path).name
    return load(path), Path(path).name


def resumable(read: Callable[[], Any], finish: Callable[[Any], T]) -> T:
    """Return `finish(read())`; after a failure, `resume()` reads the rest and returns that."""
    try:
        found = read()
    except PandakitError as error:
        failure = error
    else:
        return finish(found)
    if failure.partial is None:
        raise failure
    raise failure.extended(resume=lambda: resumable(failure.resume, finish))
