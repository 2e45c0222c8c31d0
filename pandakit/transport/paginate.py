"""Page styles: each knows how to ask for a page and how to read one, and keeps no state.

`collect` runs them: it remembers every position, so that a style cannot loop, and it never
asks again after a style said that this was the end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from pandakit.errors import PaginationError, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Hashable

    from pandakit.transport._model import Call, Reply

__all__ = ["CursorPages", "NumberedPages", "OffsetPages", "OnePage", "Page", "PageStyle"]

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """One page that was read.

    Parameters
    ----------
    rows
        Its records, in the order in which they came.
    next
        The position of the next page; `None` is the end.
    total
        How many rows the service says there are.
    beyond
        What to tell when the service holds more rows than it will give; empty otherwise.
    ceiling
        How many it will give then.
    extra
        The rest of the answer, for adapters that need it (roots, expiry).
    """

    rows: list[Row]
    next: Hashable | None = None
    total: int | None = None
    beyond: str = ""
    ceiling: int = 0
    extra: Any = None


class PageStyle(Protocol):
    """What `collect` needs of a style; positions are hashable, the first one is `None`."""

    def request(self, call: Call, position: Any) -> Call:
        """Give the call for the page at a position."""

    def read(self, reply: Reply, position: Any) -> Page:
        """Read that page, and say where the next one is."""


def rows_of(found: Any, where: str, reply: Reply) -> list[Row]:
    """Check that something is a list of objects; null counts as an empty list."""
    rows = [] if found is None else found
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ProtocolError(
            f"{reply.url.partition('?')[0]}: {where} should be a list of objects, but is "
            f"{type(found).__name__}: {reply.excerpt()!r}",
            status_code=reply.status,
            request_id=reply.request_id,
        )
    return rows


def object_of(reply: Reply) -> Row:
    """Read an answer that must be one JSON object."""
    document = reply.json()
    if not isinstance(document, dict):
        rows_of([document], "the answer", reply)
    return document  # type: ignore[no-any-return]


def _count_of(document: Row, keys: tuple[str, ...], reply: Reply) -> int | None:
    for key in keys:
        count = document.get(key)
        if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
            return count
        if count is not None:
            raise ProtocolError(
                f"{reply.url.partition('?')[0]}: {key} should be a count, but is {count!r}"
            )
    return None


@dataclass(frozen=True, slots=True)
class OnePage:
    """A list that comes whole: an object with the rows under one of the keys, or a bare list."""

    rows: tuple[str, ...] = ("results", "items", "data")

    def request(self, call: Call, position: Any) -> Call:  # noqa: ARG002 - there is one position
        """Give the call as it is."""
        return call

    def read(self, reply: Reply, position: Any) -> Page:  # noqa: ARG002 - there is one position
        """Read the only page."""
        document = reply.json()
        if isinstance(document, dict):
            found = next((document[key] for key in self.rows if key in document), None)
            return Page(rows_of(found, "the list", reply), extra=document)
        return Page(rows_of(document, "the answer", reply))


@dataclass(frozen=True, slots=True)
class CursorPages:
    """A cursor in the body, handed back as a parameter; absent, null and empty mean the end.

    Parameters
    ----------
    rows, cursor
        Keys of the list and of the cursor in the answer.
    param
        The query parameter that takes the cursor.
    """

    rows: str = "results"
    cursor: str = "next"
    param: str = "cursor"

    def request(self, call: Call, position: str | None) -> Call:
        """Add the cursor; the first page has none."""
        return call if position is None else call.with_params(**{self.param: position})

    def read(self, reply: Reply, position: str | None) -> Page:  # noqa: ARG002 - the body tells
        """Read rows and cursor."""
        document = object_of(reply)
        cursor = document.get(self.cursor)
        if cursor is not None and not isinstance(cursor, str):
            raise ProtocolError(
                f"{reply.url.partition('?')[0]}: the cursor {self.cursor!r} should be text, "
                f"but is {type(cursor).__name__}"
            )
        return Page(rows_of(document.get(self.rows), self.rows, reply), cursor or None)


@dataclass(frozen=True, slots=True)
class NumberedPages:
    """Pages counted from 1, with a total or without.

    With a total the list ends when that many rows came; without one, when a page is shorter
    than asked for.

    Parameters
    ----------
    size
        Rows a page.
    page_param, size_param
        Query parameters of the number and the size.
    rows, totals
        Keys under which services put the list and the total; the first that is there counts.
    ceiling
        The most rows that the service gives for one query.
    """

    size: int = 100
    page_param: str = "page"
    size_param: str = "page_size"
    rows: tuple[str, ...] = ("items", "incidents", "data")
    totals: tuple[str, ...] = ("total", "total_results", "total_count")
    ceiling: int | None = 10_000

    def request(self, call: Call, position: tuple[int, int] | None) -> Call:
        """Add number and size."""
        number = 1 if position is None else position[0]
        return call.with_params(**{self.page_param: number, self.size_param: self.size})

    def read(self, reply: Reply, position: tuple[int, int] | None) -> Page:
        """Read rows and total; a position is the page's number and the rows before it."""
        number, before = position or (1, 0)
        document = reply.json()
        body = document if isinstance(document, dict) else {"items": document}
        found = next((body[key] for key in self.rows if key in body), None)
        rows = rows_of(found, "the list", reply)
        total = _count_of(body, self.totals, reply)
        seen = before + len(rows)
        more = len(rows) >= self.size if total is None else seen < total
        beyond = ""
        if self.ceiling is not None and (total or 0) > self.ceiling:
            beyond = f"{total} rows match, but the service gives only the first {self.ceiling}"
        elif more and not rows:
            raise PaginationError(
                f"the service counts {total} rows, but page {number} is empty after {seen}"
            )
        return Page(rows, (number + 1, seen) if more else None, total, beyond, self.ceiling or 0)


@dataclass(frozen=True, slots=True)
class OffsetPages:
    """Offset and limit on the handle of a result that the first call made.

    Parameters
    ----------
    url
        The second endpoint, which reads pages of the result by `{id, offset, limit}`.
    size
        Rows a page.
    result, rows, handle, count
        Keys in the answer: the object that holds the others, the list, the handle, the count.
    carry
        Keys of the first call's body that go into every later one.
    ceiling
        The most rows that the first call let the service find: reaching it means that there
        may be more.
    """

    url: str
    size: int = 100
    result: str = "result"
    rows: str = "events"
    handle: str = "id"
    count: str = "count"
    carry: tuple[str, ...] = ()
    ceiling: int | None = None

    def request(self, call: Call, position: tuple[str, int] | None) -> Call:
        """Give the first call as it is, later ones on the handle."""
        if position is None:
            return call
        kept = {key: call.json[key] for key in self.carry if key in call.json}
        handle, offset = position
        body = {**kept, self.handle: handle, "offset": offset, "limit": self.size}
        return replace(call, url=self.url, json=body)

    def read(self, reply: Reply, position: tuple[str, int] | None) -> Page:
        """Read rows and count."""
        result = object_of(reply).get(self.result) or {}
        rows = rows_of(result.get(self.rows), self.rows, reply)
        total = _count_of(result, (self.count,), reply) or 0
        handle = position[0] if position else result.get(self.handle)
        seen = (position[1] if position else 0) + len(rows)
        if seen < total and not isinstance(handle, str):
            raise ProtocolError("the result has more pages, but no handle to ask for them")
        if seen < total and not rows:
            raise PaginationError(f"the service counts {total} rows, but gave none after {seen}")
        beyond = ""
        if self.ceiling is not None and total >= self.ceiling:
            beyond = f"the search found as many rows as it may ({self.ceiling}): there may be more"
        return Page(
            rows, (handle, seen) if seen < total else None, total, beyond, self.ceiling or 0, result
        )
