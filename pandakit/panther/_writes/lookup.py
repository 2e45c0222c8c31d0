"""The service's state of some objects, with few requests: one per record, or list pages."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pandakit.errors import NotFoundError
from pandakit.panther._lists.listings import object_call, pages_of
from pandakit.panther._lists.resources import RESOURCES
from pandakit.transport import Call

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandakit.transport import Session

__all__ = ["find_object", "find_objects"]

Row = dict[str, Any]

_PAGE = 1_000  # the largest page that the vendor's own client requests


def find_objects(
    session: Session, kind: str, keys: Iterable[str], key_field: str, n_listed: int = 0
) -> dict[str, Row]:
    """Return the objects that the service has, by id (or by another field).

    Objects are fetched by their ids if they are no more than the pages of the list: one object, or
    several of a list that is known to be long. Otherwise the list is read until no more objects
    are missing than pages were read; the rest are fetched one by one. The length of a list is
    known only at its end, so no order of requests is always the cheapest. This one costs at most
    twice the number of objects or of list pages, whichever is fewer, and no more than that number
    if the length is known.

    Parameters
    ----------
    session, kind
        The session that asks, and the kind of objects.
    keys, key_field
        The values to look for, and the field that holds them.
    n_listed
        The least number of objects in the list, as known from a load.
    """
    missing = dict.fromkeys(keys)
    found: dict[str, Row] = {}
    by_id = key_field == "id"
    n_pages = max(1, math.ceil(n_listed / _PAGE))
    if by_id and len(missing) <= n_pages:
        return _fetched(session, kind, missing)
    pages = pages_of(RESOURCES[kind])
    position: Any = None
    requests = 0
    while missing:
        reply = session.send(pages.request(_list_call(kind), position))
        page = pages.read(reply, position)
        requests += 1
        for row in page.rows:
            key = row.get(key_field)
            if isinstance(key, str) and key in missing:
                found[key] = row
                del missing[key]
        if page.next is None or page.next == position:
            break
        position = page.next
        fits = requests + len(missing) <= n_pages
        if by_id and (fits or requests >= max(len(missing), n_pages)):
            return found | _fetched(session, kind, missing)
    return found


def find_object(session: Session, kind: str, key: str, key_field: str) -> Row | None:
    """Return one object, or `None`."""
    return find_objects(session, kind, [key], key_field).get(key)


def _fetched(session: Session, kind: str, keys: Iterable[str]) -> dict[str, Row]:
    found = {}
    for key in keys:
        try:
            found[key] = session.send(object_call(RESOURCES[kind], key)).object()
        except NotFoundError:
            continue
    return found


def _list_call(kind: str) -> Call:
    resource = RESOURCES[kind]
    return Call(
        "GET",
        resource.path,
        params={"limit": _PAGE},
        endpoint=resource.path,
        needs=f"the permission {resource.needs}",
    )
