"""Panther's lists as listings of the transport, and their rows as frames."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from pandakit.detections.columns import DETECTIONS
from pandakit.errors import (
    InvalidRequestError,
    NotFoundError,
    PandakitError,
    PartialWarning,
    PermissionDeniedError,
)
from pandakit.frames import build_frame
from pandakit.panther._lists.parameters import query_parameters
from pandakit.panther._lists.resources import RESOURCES
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
    from pandakit.panther._lists.resources import Resource
    from pandakit.progress import ProgressLine
    from pandakit.transport import Session

__all__ = [
    "ToFrame",
    "chained",
    "detections_listing",
    "object_call",
    "pages_of",
    "part",
    "to_frame",
    "whole_list",
]

Row = dict[str, Any]
ToFrame: TypeAlias = Callable[[Sequence[Row]], pd.DataFrame]

_UNAVAILABLE = (InvalidRequestError, NotFoundError, PermissionDeniedError)


class _UnpagedList(OnePage):
    """A list without pages: a `next` in its answer cannot be followed, so it warns."""

    def read(self, reply: Reply, position: Any) -> Page:
        page = super().read(reply, position)
        if isinstance(page.extra, dict) and page.extra.get("next"):
            warn_user(
                f"{reply.url}: the service has more rows but offers no way to fetch them: "
                "the list may be incomplete",
                PartialWarning,
            )
        return page


def whole_list(name: str, filters: Mapping[str, Any]) -> tuple[Listing, ToFrame]:
    """Return how to read a list, and the function that builds its frame.

    Raises
    ------
    TypeError, ValueError
        For a filter that the list does not have, or a value that it does not accept.
    """
    resource = RESOURCES[name]
    listing = Listing(
        _list_call(resource, query_parameters(name, resource.filters, filters), {}),
        pages_of(resource),
        row_id=resource.id_field,
        label=f"Panther {name}",
    )
    return listing, to_frame(resource)


def object_call(resource: Resource, key: str, **params: Any) -> Call:
    """Return the call that reads one object."""
    call = _list_call(replace(resource, page=None), params, {})
    return replace(call, url=f"{call.url}/{path_segment(key)}")


def part(
    name: str,
    params: Mapping[str, Any],
    *,
    path: Mapping[str, str] | None = None,
    tag: Row | None = None,
) -> Part:
    """Return one list of a chain; `path` fills the placeholders of its path.

    Parameters
    ----------
    name, params
        The resource, and its query parameters.
    path
        Placeholder -> value.
    tag
        Members that are added to each of its rows.
    """
    resource = RESOURCES[name]
    return Part(_list_call(resource, params, path or {}), pages_of(resource), tag or {})


def chained(
    parts: Sequence[Part],
    *,
    label: str,
    row_id: Callable[[Row], Any] | None,
    send: Callable[[Call, ProgressLine], Reply] | None = None,
) -> Listing:
    """Return one listing of several lists that are read one after another."""
    return Listing(parts[0].call, ChainedPages(tuple(parts)), row_id=row_id, send=send, label=label)


def detections_listing(
    params: Mapping[str, Any], session: Session, unavailable: dict[str, str]
) -> Listing:
    """Return one listing of all rules and policies.

    Parameters
    ----------
    params
        Query parameters of every list.
    session
        Sends the calls.
    unavailable
        Filled with the service's message if it refuses correlation rules: they need a certain
        data platform or a newer version, and are left out with a warning.
    """
    return chained(
        [part(name, params, tag={"kind": name}) for name in DETECTIONS],
        label="Panther detections",
        row_id=lambda row: (row.get("kind"), row["id"]) if row.get("id") is not None else None,
        send=partial(_send_tolerant, session, unavailable),
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


def to_frame(resource: Resource) -> ToFrame:
    """Return the function that builds the frame of a resource's rows."""
    return partial(
        build_frame, columns=resource.columns, ignore=resource.hidden, rename=resource.rename
    )


def _list_call(resource: Resource, params: Mapping[str, Any], path: Mapping[str, str]) -> Call:
    quoted = {name: path_segment(value) for name, value in path.items()}
    paging = {} if resource.page is None else {"limit": resource.page}
    return Call(
        "GET",
        resource.path.format(**quoted),
        params={**params, **paging},
        endpoint=resource.path,
        needs=f"the permission {resource.needs}",
    )


def pages_of(resource: Resource) -> CursorPages | OnePage:
    """Return the page style of a list, which checks that rows are of that list."""
    if resource.page is None:
        return _UnpagedList(check=resource.check)
    return CursorPages(check=resource.check)
