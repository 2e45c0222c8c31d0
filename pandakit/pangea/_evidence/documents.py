"""Find the events in saved files: responses, results, artefacts, dumps and downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.errors import EventError
from pandakit.pangea._evidence.exact_json import RepeatedKey

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["events_of", "root_of"]

Row = dict[str, Any]

_EVENT_KEYS = {"envelope", "hash", "membership_proof"}


def events_of(document: Any) -> list[tuple[Row, Any]]:
    """Return the events of a JSON document, each with the root that its proof leads to.

    The document is an answer of `search` or `results`, its `result`, an event with or without
    its roots, a download, or a list of any of these.

    Raises
    ------
    EventError
        If it is none of these.

    Examples
    --------
    >>> event = {"envelope": {"event": {"message": "test"}}, "published": True}
    >>> events_of({"result": {"count": 1, "events": [event], "root": {"size": 7}}})[0][1]
    {'size': 7}
    """
    return list(_events(document))


def _events(document: Any) -> Iterator[tuple[Row, Any]]:
    if isinstance(document, list | tuple):
        for each in document:
            yield from _events(each)
    elif not isinstance(document, dict):
        raise EventError(_fault(f"a {type(document).__name__}"))
    elif not _EVENT_KEYS.isdisjoint(document):
        yield document, root_of(document, document)
    elif "events" in document:
        yield from _page(document)
    elif "result" in document:
        yield from _events(document["result"])
    else:
        raise EventError(_fault(f"an object with {', '.join(map(str, document)) or 'no members'}"))


def _page(result: Row) -> Iterator[tuple[Row, Any]]:
    events = result["events"]
    if events is None:
        return
    if isinstance(events, RepeatedKey) or not isinstance(events, list | tuple):
        raise EventError(_fault("events that are not a list"))
    for row in events:
        if not isinstance(row, dict):
            raise EventError(_fault(f"a {type(row).__name__} among the events"))
        own = "root" in row or "unpublished_root" in row
        yield row, root_of(row, row if own else result)


def root_of(row: Row, page: Row) -> Any:
    """Return the root of a page that an event's proof leads to: published or unpublished."""
    return page.get("root" if row.get("published") is True else "unpublished_root")


def _fault(found: str) -> str:
    return (
        f"found {found} where audit events were expected: pass answers of search or results, "
        "events with an 'envelope', console artefacts, or a download"
    )
