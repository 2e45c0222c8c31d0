"""Page styles: each requests and reads a page, and keeps no state.

`collect` runs them: it remembers every position, so that a style cannot loop, and it never
requests a page after the end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from pandakit.errors import PaginationError
from pandakit.transport.row_checks import RowCheck

if TYPE_CHECKING:
    from collections.abc import Hashable

    from pandakit.transport.reply import Reply
    from pandakit.transport.service import Call

__all__ = ["CursorPages", "NumberedPages", "OffsetPages", "OnePage", "Page", "PageStyle"]

Row = dict[str, Any]

_UNCHECKED = RowCheck()


@dataclass(frozen=True, slots=True)
class Page:
    """One page that was read.

    Parameters
    ----------
    rows
        Its records, in the order of the page.
    next
        The position of the next page; `None` is the end.
    total
        The service's count of rows.
    beyond
        The message if the service has more rows than it returns; empty otherwise.
    ceiling
        How many it then returns.
    extra
        The rest of the answer, for adapters that need it (roots, expiry).
    first
        Whether another list starts here, so that an empty page is not a sign of an endless one.
    spare
        Where to continue if fewer distinct rows were fetched than `total`, or `None`.
    """

    rows: list[Row]
    next: Hashable | None = None
    total: int | None = None
    beyond: str = ""
    ceiling: int = 0
    extra: Any = None
    first: bool = False
    spare: Hashable | None = None


class PageStyle(Protocol):
    """What `collect` needs from a style; positions are hashable, the first one is `None`."""

    def request(self, call: Call, position: Any) -> Call:
        """Return the call for the page at a position."""

    def read(self, reply: Reply, position: Any) -> Page:
        """Return that page, with the position of the next one."""


def _rows(found: Any, where: str, reply: Reply) -> list[Row]:
    """Return a list of objects after checking that it is one; null counts as an empty list."""
    rows = [] if found is None else found
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise reply.malformed(f"answered with {where} that is not a list of objects")
    return rows


def _named_rows(reply: Reply, keys: tuple[str, ...]) -> tuple[list[Row], Row]:
    """Return the list: bare, or under the first key that exists; `{}` is an empty list."""
    document = reply.json()
    if isinstance(document, list):
        return _rows(document, "a list", reply), {}
    body = reply.object()
    there = [key for key in keys if key in body]
    key = next((key for key in there if body[key] is not None), there[0] if there else None)
    if key is None and body:
        raise reply.malformed(f"answered without a list (none of {', '.join(keys)})")
    return _rows(body.get(key or ""), str(key), reply), body


def _count(body: Row, keys: tuple[str, ...], reply: Reply) -> int | None:
    for key in keys:
        count = body.get(key)
        if isinstance(count, str) and count.isdecimal():
            count = int(count)
        if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
            return count
        if count is not None:
            raise reply.malformed(f"answered with {key!r} that is not a count")
    return None


@dataclass(frozen=True, slots=True)
class OnePage:
    """A list in one page: an object with the rows under one of the keys, or a bare list.

    Parameters
    ----------
    rows
        The keys.
    check
        Raises for rows of another list.
    """

    rows: tuple[str, ...] = ("results", "items", "data")
    check: RowCheck = _UNCHECKED

    def request(self, call: Call, position: Any) -> Call:  # noqa: ARG002 - there is one position
        """Return the call unchanged."""
        return call

    def read(self, reply: Reply, position: Any) -> Page:  # noqa: ARG002 - there is one position
        """Read the only page."""
        rows, body = _named_rows(reply, self.rows)
        self.check(rows, reply)
        return Page(rows, extra=body)


@dataclass(frozen=True, slots=True)
class CursorPages:
    """A cursor in the body, sent back as a parameter; absent, null and empty mean the end.

    An absent or null list is an empty page, but an answer without either is an error.

    Parameters
    ----------
    rows, cursor
        Keys of the list and of the cursor in the answer.
    param
        The query parameter that takes the cursor.
    check
        Raises for rows of another list.
    """

    rows: str = "results"
    cursor: str = "next"
    param: str = "cursor"
    check: RowCheck = _UNCHECKED

    def request(self, call: Call, position: str | None) -> Call:
        """Add the cursor; the first page has none."""
        return call if position is None else call.with_params(**{self.param: position})

    def read(self, reply: Reply, position: str | None) -> Page:  # noqa: ARG002 - the body has it
        """Read rows and cursor."""
        body = reply.object()
        cursor = body.get(self.cursor)
        if cursor is not None and not isinstance(cursor, str):
            raise reply.malformed(f"answered with a cursor {self.cursor!r} that is not text")
        if self.rows not in body and body.keys() - {self.cursor}:
            raise reply.malformed(f"answered without {self.rows!r}")
        rows = _rows(body.get(self.rows), self.rows, reply)
        self.check(rows, reply)
        return Page(rows, cursor or None)


@dataclass(frozen=True, slots=True)
class NumberedPages:
    """Pages counted from 1, with a total or without.

    With a total, the list ends when as many distinct rows were fetched; without one, when a page is
    empty, because a short page may only mean that the service returns fewer rows than requested.
    A page that repeats the one before is an error, because the service ignores the number.

    Parameters
    ----------
    size
        Rows a page.
    page_param, size_param
        Query parameters of the number and the size.
    rows, totals
        Keys under which services put the list and the total; the first that exists counts.
    ceiling
        The greatest number of rows that the service returns for one query.
    check
        Raises for rows of another list.
    """

    size: int = 100
    page_param: str = "page"
    size_param: str = "page_size"
    rows: tuple[str, ...] = ("items", "incidents", "data", "results", "alerts", "activities")
    totals: tuple[str, ...] = ("total", "total_results", "total_count")
    ceiling: int | None = 10_000
    check: RowCheck = _UNCHECKED

    def request(self, call: Call, position: tuple[int, int, int] | None) -> Call:
        """Add number and size."""
        number = 1 if position is None else position[0]
        return call.with_params(**{self.page_param: number, self.size_param: self.size})

    def rows_and_total(self, reply: Reply, number: int) -> tuple[list[Row], int | None]:
        """Return the rows of a page, and how many there are in the whole list."""
        if reply.status == HTTPStatus.NO_CONTENT:
            return [], 0
        rows, body = _named_rows(reply, self.rows)
        self.check(rows, reply, number)
        return rows, _count(body, self.totals, reply)

    def read(self, reply: Reply, position: tuple[int, int, int] | None) -> Page:
        """Read rows and total; a position is a page's number, the rows before it and their hash."""
        number, before, last = position or (1, 0, 0)
        if position is not None and reply.status == HTTPStatus.NO_CONTENT:
            raise reply.malformed(f"has no content for page {number}, after {before} rows")
        rows, total = self.rows_and_total(reply, number)
        this = hash(reply.content)
        if rows and position is not None and this == last:
            raise PaginationError(f"page {number} is the same as the page before it")
        seen = before + len(rows)
        more = bool(rows) if total is None else seen < total
        beyond = ""
        if self.ceiling is not None and (total or 0) > self.ceiling:
            beyond = f"{total} rows match, but the service returns only the first {self.ceiling}"
        elif more and not rows:
            raise PaginationError(
                f"the service counts {total} rows, but page {number} is empty after {seen}"
            )
        after = (number + 1, seen, this)
        spare = after if rows and not more else None
        return Page(rows, after if more else None, total, beyond, self.ceiling or 0, spare=spare)


@dataclass(frozen=True, slots=True)
class OffsetPages:
    """Offset and limit, on the handle of a result that the first call made.

    Parameters
    ----------
    url
        The second endpoint, which returns pages of the result by `{id, offset, limit}`.
    size
        Rows a page.
    result, rows, handle, count
        Keys in the answer: the object that holds the others, the list, the handle, the count.
    carry
        Keys of the first call's body that are repeated in every later one.
    ceiling
        The greatest number of rows that the first call lets the service find; reaching it
        means that there may be more.
    """

    url: str
    size: int = 100
    result: str = "result"
    rows: str = "events"
    handle: str = "id"
    count: str = "count"
    carry: tuple[str, ...] = ()
    ceiling: int | None = None
    check: RowCheck = _UNCHECKED

    def request(self, call: Call, position: tuple[str, int, int] | None) -> Call:
        """Return the first call unchanged, later ones on the handle."""
        if position is None:
            return call
        kept = {key: call.json[key] for key in self.carry if key in call.json}
        handle, offset, _ = position
        body = {**kept, self.handle: handle, "offset": offset, "limit": self.size}
        return replace(call, url=self.url, json=body)

    def read(self, reply: Reply, position: tuple[str, int, int] | None) -> Page:
        """Read rows and count: the highest count that the service reported for this result."""
        result = reply.object().get(self.result)
        if not isinstance(result, dict):
            raise reply.malformed(f"answered without {self.result!r}")
        rows = _rows(result.get(self.rows), self.rows, reply)
        self.check(rows, reply)
        total = _count(result, (self.count,), reply)
        if total is None:
            raise reply.malformed(f"answered without {self.count!r}")
        handle, before, told = position or (result.get(self.handle), 0, 0)
        seen, total = before + len(rows), max(total, told)
        if seen < total and not isinstance(handle, str):
            raise reply.malformed("has more pages, but no handle to request them")
        if seen < total and not rows:
            raise PaginationError(f"the service counts {total} rows, but sent none after {seen}")
        beyond = ""
        if self.ceiling is not None and total >= self.ceiling:
            beyond = f"the search found as many rows as it may ({self.ceiling}): there may be more"
        return Page(
            rows,
            (handle, seen, total) if seen < total else None,
            total,
            beyond,
            self.ceiling or 0,
            result,
        )
