"""What the service has of some objects, with few requests: one a record, or list pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.errors import NotFoundError
from pandakit.panther._lists.reading import object_call, pages_of
from pandakit.panther._lists.resources import RESOURCES
from pandakit.transport import Call

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandakit.transport import Session

__all__ = ["find_object", "find_objects"]

Row = dict[str, Any]

_PAGE = 1_000  # the most that the vendor's own client asks for


def find_objects(
    session: Session, kind: str, keys: Iterable[str], key_field: str
) -> dict[str, Row]:
    """Return the objects that the service has, by id (or by another field).

    One object is fetched by its id. For several, the list is read until no more objects are
    missing than pages were read; those are fetched one by one. How long a list is shows only at
    its end, so no order of requests is always the cheapest. This one costs at most twice the
    number of objects or of list pages, whichever is fewer; and exactly the pages where the list
    has to be read to its end.

    Parameters
    ----------
    session, kind
        Whom to ask for what.
    keys, key_field
        The values to look for, and the field that holds them.
    """
    missing = dict.fromkeys(keys)
    found: dict[str, Row] = {}
    by_id = key_field == "id"
    if len(missing) == 1 and by_id:
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
        if by_id and requests >= len(missing):
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
