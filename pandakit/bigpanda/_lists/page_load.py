"""Read the numbered pages of a list in parallel."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pandakit.errors import PaginationError
from pandakit.transport import MAX_PAGES, Collected, ParallelLoad

if TYPE_CHECKING:
    from pandakit.transport import Call, NumberedPages, Task

__all__ = ["PageLoad"]

Row = dict[str, Any]

_REREADS = 3
_AHEAD = 64  # pages that are asked for at once, whatever number the service counts


class PageLoad(ParallelLoad):
    """A list whose rows have no ids and that may grow at its end while it is read.

    The first page has the total. Without one, pages are read one after the other until a page is
    empty. If a list has several pages, the first one is read again at the end: only if it is
    unchanged did no row move between pages meanwhile.

    Parameters
    ----------
    call
        The call without paging.
    pages
        The page style.
    label
        What the progress line shows.
    max_rows
        Where to stop; `None` for all rows.
    """

    def __init__(
        self, call: Call, pages: NumberedPages, *, label: str, max_rows: int | None
    ) -> None:
        super().__init__(label)
        self._call, self._style, self._max_rows = call, pages, max_rows
        self._rereads = 0
        self._start()

    def _start(self) -> None:
        self.count, self.total = 0, None
        self._pages: dict[int, list[Row]] = {}
        self._hashes: dict[int, int] = {}
        self._stored: dict[int, bool] = {}  # whether a page is from a store
        self._last, self._most = 1, MAX_PAGES
        self._ended_at: tuple[int, int] | None = None
        self.queue.add(partial(self._read, 1))

    def _read(self, number: int) -> Task:
        """Read a page."""
        [reply] = yield [self._request(number)]
        rows, total = self._style.rows_and_total(reply, number)
        this = hash(reply.content)
        if rows and this == self._hashes.get(number - 1):
            raise PaginationError(f"page {number} is the same as the page before it")
        is_beyond = number == self._last == len(self._pages) + 1
        if is_beyond and not rows and self.count < (total or 0):
            raise PaginationError(
                f"the service counts {total} rows, but page {number} is empty after {self.count}"
            )
        self.pages += 1
        self.count += len(rows) - len(self._pages.get(number, ()))
        self._pages[number], self._hashes[number], self.total = rows, this, total
        self._stored[number] = reply.is_stored
        self._go_on()

    def _request(self, number: int) -> Call:
        return self._style.request(self._call, (number, 0, 0))

    def _go_on(self) -> None:
        """Add the tasks of further pages, or the one that checks the list when all are read."""
        if len(self._pages) < self._last:
            return
        last = min(self._last_page(), self._last + _AHEAD)
        if last > self._last and self._pages[self._last]:
            self._add(last)
        elif self.count < self._wanted():
            self._read_end_again()
        elif self._last > 1:
            self.queue.add(self._check)

    def _add(self, last: int) -> None:
        """Add the tasks of the pages up to this one."""
        if last > self._most:
            self._most += MAX_PAGES
            raise PaginationError(f"more than {self._last:,} pages; resume() goes on for as many")
        for number in range(self._last + 1, last + 1):
            self.queue.add(partial(self._read, number))
        self._last = last

    def _last_page(self) -> int:
        """Return the number of the last page, as far as it is known."""
        if self.total is not None:
            return -(-self._wanted() // max(1, len(self._pages.get(1, ()))))
        enough = self._max_rows is not None and self.count >= self._max_rows
        return self._last + (bool(self._pages[self._last]) and not enough)

    def _wanted(self) -> int:
        total = self.count if self.total is None else self.total
        return total if self._max_rows is None else min(total, self._max_rows)

    def _read_end_again(self) -> None:
        """Read the last page again, which was shorter than the others; then the one after it."""
        is_short = len(self._pages[self._last]) < len(self._pages[1])
        if not is_short or self._ended_at == (self._last, self.count):
            self._last += 1
        self._ended_at = self._last, self.count
        self.queue.add(partial(self._read, self._last))

    def _check(self) -> Task:
        """Read the first page again, and everything if it is not the same."""
        [reply] = yield [self._request(1)]
        self.pages += 1
        rows, _ = self._style.rows_and_total(reply, 1)
        first = self._pages[1]
        if rows[: len(first)] == first:
            return
        self._rereads += 1
        if self._rereads > _REREADS:
            self._rereads = 0
            raise PaginationError(
                "rows moved from page to page each time that the list was read: it does not only "
                "grow at its end, so it cannot be proved complete"
            )
        self._start()

    def collected(self) -> Collected:
        """Return the rows so far, in the order of the pages."""
        records = [row for number in sorted(self._pages) for row in self._pages[number]]
        cap = self._max_rows
        capped = cap is not None and (
            len(records) > cap or (len(records) == cap and not self._is_whole())
        )
        stored = [
            is_stored
            for number, is_stored in sorted(self._stored.items())
            for _ in self._pages[number]
        ]
        return Collected(
            records=records[:cap], pages=self.pages, capped=capped, stored_rows=sum(stored[:cap])
        )

    def _is_whole(self) -> bool:
        if self.total is None:
            return self._pages.get(self._last) == []
        return self.count >= self.total
