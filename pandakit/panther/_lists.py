"""Panther's lists as listings of the transport, and their rows as frames."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pandakit.errors import (
    InvalidRequestError,
    NotFoundError,
    PandakitError,
    PartialWarning,
    PermissionDeniedError,
)
from pandakit.frames import Column, build_frame
from pandakit.panther._resources import DETECTIONS, RESOURCES
from pandakit.transport import (
    Call,
    ChainedPages,
    CursorPages,
    Listing,
    OnePage,
    Page,
    Part,
    Reply,
    path_segment,
    warn_user,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from pandakit.panther._resources import Resource
    from pandakit.progress import ProgressLine
    from pandakit.transport import Session

__all__ = ["KIND", "chained", "detection_columns", "listing_of", "single_call", "to_frame"]

Row = dict[str, Any]

KIND = Column("kind", "text", meaning="the list that it comes from")
_UNAVAILABLE = (InvalidRequestError, NotFoundError, PermissionDeniedError)


class _WholeList(OnePage):
    """A list without paging: an answer that points on cannot be followed, and is told."""

    def read(self, reply: Reply, position: Any) -> Page:
        page = super().read(reply, position)
        if isinstance(page.extra, dict) and page.extra.get("next"):
            warn_user(
                f"{reply.url}: the service says that the list goes on, but gives no way to read "
                "the rest: it may be incomplete",
                PartialWarning,
            )
        return page


def _call(resource: Resource, params: Mapping[str, Any], path: Mapping[str, str]) -> Call:
    quoted = {name: path_segment(value) for name, value in path.items()}
    paging = {} if resource.page is None else {"limit": resource.page}
    return Call(
        "GET",
        resource.path.format(**quoted),
        params={**params, **paging},
        endpoint=resource.path,
        needs=f"the permission {resource.needs}",
    )


def _pages(resource: Resource) -> CursorPages | OnePage:
    return _WholeList() if resource.page is None else CursorPages()


def listing_of(
    resource: Resource, params: Mapping[str, Any], path: Mapping[str, str] | None = None
) -> Listing:
    """Give the listing of one resource; `path` fills the placeholders of its path."""
    return Listing(
        _call(resource, params, path or {}),
        _pages(resource),
        row_id=resource.id_field,
        label=f"Panther {resource.name}",
    )


def single_call(resource: Resource, key: str) -> Call:
    """Give the call that reads one object."""
    call = _call(replace(resource, page=None), {}, {})
    return replace(call, url=f"{call.url}/{path_segment(key)}")


def chained(
    parts: Sequence[tuple[str, Mapping[str, Any], Row]],
    *,
    label: str,
    session: Session,
    unavailable: dict[str, str] | None = None,
) -> Listing:
    """Give one listing of several: resource name, parameters and what marks the rows.

    Parameters
    ----------
    unavailable
        When given, correlation rules may be refused (they need a certain data platform, or a
        newer version): they are left out with a warning, and the refusal is put in here.
    """
    rows = tuple(
        Part(_call(RESOURCES[name], params, {}), _pages(RESOURCES[name]), tag)
        for name, params, tag in parts
    )
    return Listing(
        rows[0].call,
        ChainedPages(rows),
        row_id=lambda row: (row.get("kind"), row.get("id")) if row.get("id") is not None else None,
        send=None if unavailable is None else partial(_send_tolerant, session, unavailable),
        label=label,
    )


def _send_tolerant(
    session: Session, unavailable: dict[str, str], call: Call, line: ProgressLine
) -> Reply:
    try:
        return session.send(call, line)
    except PandakitError as error:
        optional = RESOURCES["correlation_rules"]
        first = "cursor" not in (call.params or {})
        if call.endpoint != optional.path or not first or not isinstance(error, _UNAVAILABLE):
            raise
        unavailable[optional.name] = str(error)
    warn_user(
        f"{optional.name} is left out: not available here. {unavailable[optional.name]}",
        PartialWarning,
    )
    return Reply(200, {}, json.dumps({}).encode())


def to_frame(resource: Resource) -> Callable[[Sequence[Row]], pd.DataFrame]:
    """Give the function that makes the frame of a resource's rows."""
    return partial(build_frame, columns=resource.columns, ignore=resource.hidden)


def detection_columns() -> tuple[Column, ...]:
    """Give the columns of all detections in one frame, each once, in the lists' order."""
    every = (column for name in DETECTIONS for column in RESOURCES[name].columns)
    return (KIND, *{column.name: column for column in every}.values())
