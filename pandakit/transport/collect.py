"""Read a list to its end, or report exactly how far it was read."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pandakit.errors import PaginationError, PandakitError
from pandakit.progress import ProgressLine, progress_line
from pandakit.transport.interrupts import Interrupted, interrupted

if TYPE_CHECKING:
    from pandakit.transport.paginate import Page, PageStyle
    from pandakit.transport.reply import Reply
    from pandakit.transport.service import Call
    from pandakit.transport.session import Session

__all__ = ["MAX_IDLE_PAGES", "MAX_PAGES", "Collected", "Listing", "collect"]

Row = dict[str, Any]

MAX_PAGES = 10_000
# Pages in a row without one new record, after which a list counts as endless.
MAX_IDLE_PAGES = 50


@dataclass(slots=True)
class Collected:
    """What was read so far, and where to continue.

    Parameters
    ----------
    records
        The rows, each id once when the list has ids.
    requests, pages
        How many requests were sent, retries included, and how many pages were received.
    duplicates
        Rows dropped because their id was already there.
    capped
        Whether `max_rows` cut the list.
    total
        The service's latest count of rows, if it has one.
    done
        Whether the end was reached; never undone.
    complete
        Whether nothing failed on the way: false in what becomes `error.partial`.
    extras
        Further content of the pages, one item per page.
    stored_rows
        How many of the rows are from a store.
    facts
        Further facts for `df.attrs["pandakit"]`.
    """

    records: list[Row] = field(default_factory=list)
    requests: int = 0
    pages: int = 0
    duplicates: int = 0
    capped: bool = False
    total: int | None = None
    done: bool = False
    complete: bool = False
    elapsed_s: float = 0.0
    extras: list[Any] = field(default_factory=list)
    stored_rows: int = 0
    facts: Row = field(default_factory=dict)
    position: Hashable | None = None
    _seen: set[Hashable] = field(default_factory=lambda: {None}, repr=False)
    _places: dict[Hashable, int] = field(default_factory=dict, repr=False)
    _idle: int = field(default=0, repr=False)

    def add(self, page: Page, id_of: Callable[[Row], Hashable] | None, newer: _Newer) -> None:
        """Add a page and move on: whole or not at all, even if interrupted."""
        before = self.mark()
        try:
            self._add(page, id_of, newer)
        except BaseException:
            self.go_back(before)
            raise

    def _add(self, page: Page, id_of: Callable[[Row], Hashable] | None, newer: _Newer) -> None:
        before = len(self.records)
        for row in page.rows:
            self._add_row(row, id_of, newer)
        self.pages += 1
        self.total = page.total if page.total is not None else self.total
        self.extras.append(page.extra)
        self._idle = 0 if page.first or len(self.records) > before else self._idle + 1
        lacking = page.total is not None and len(self.records) < page.total
        position = page.spare if page.next is None and lacking else page.next
        self.done = position is None
        self.position = position  # the last step: now the page has been added

    def so_far(self) -> Collected:
        """Return a copy that further pages do not change, for a result that is built later."""
        return replace(self, records=list(self.records), extras=list(self.extras), complete=False)

    def mark(self) -> tuple[int, int, int, Hashable | None]:
        """Return the current position, for `go_back`."""
        return len(self.records), self.pages, self.duplicates, self.position

    def go_back(self, mark: tuple[int, int, int, Hashable | None]) -> None:
        """Forget everything that was added since a mark."""
        records, pages, duplicates, self.position = mark
        del self.records[records:], self.extras[pages:]
        self._places = {key: place for key, place in self._places.items() if place < records}
        self.pages, self.duplicates, self.done = pages, duplicates, False

    def _add_row(self, row: Row, id_of: Callable[[Row], Hashable] | None, newer: _Newer) -> None:
        identity = None if id_of is None else _comparable(id_of(row))
        if identity is None:
            self.records.append(row)
        elif identity not in self._places:
            self._places[identity] = len(self.records)
            self.records.append(row)
        else:
            self.duplicates += 1
            place = self._places[identity]
            if newer is not None and newer(row, self.records[place]):
                self.records[place] = row

    def check_moving(self, before: tuple[int, int, int, Hashable | None], max_pages: int) -> None:
        """Raise for a list that repeats itself or does not end; `before` marks its last page."""
        if self.done:
            return
        if self.position in self._seen:
            number = self.pages
            self.go_back(before)
            raise PaginationError(
                f"page {number} points back to a page that was read already: the list would never "
                "end; `partial` has the pages before it, and resume() asks for it again"
            )
        self._seen.add(self.position)
        if self._idle >= MAX_IDLE_PAGES:
            raise PaginationError(
                f"{self._idle} pages in a row had nothing new: the list does not end"
            )
        if self.pages >= max_pages:
            raise PaginationError(
                f"the list has more than {max_pages} pages: narrow the filters, or continue with "
                "resume()"
            )


_Newer = Callable[[Row, Row], bool] | None


@dataclass(frozen=True, slots=True)
class Listing:
    """How one list is read.

    Parameters
    ----------
    call, pages
        The first call without paging, and the page style.
    row_id
        The key (or a function) that identifies a row; a repeated one is counted, not kept.
    newer
        `newer(row, kept)` returns whether a repeated row replaces the kept one.
    send
        Used instead of `session.send(call, line)`, for deferred answers.
    otherwise
        Loads the whole list in another way if the service has more rows than it returns; this is
        what `resume()` then does.
    max_pages
        Raise after this many pages; `resume()` reads as many again.
    label
        The text of the progress line.
    """

    call: Call
    pages: PageStyle
    row_id: str | Callable[[Row], Hashable] | None = None
    newer: Callable[[Row, Row], bool] | None = None
    send: Callable[[Call, ProgressLine], Reply] | None = None
    otherwise: Callable[[], Any] | None = None
    max_pages: int = MAX_PAGES
    label: str = ""

    def identify(self) -> Callable[[Row], Hashable] | None:
        """Return the function that identifies a row, if there is one."""
        if not isinstance(self.row_id, str):
            return self.row_id
        key = self.row_id
        return lambda row: row.get(key)


@dataclass(frozen=True, slots=True)
class _Load:
    """One list being read; the state is all in `Collected`."""

    session: Session
    listing: Listing
    max_rows: int | None
    progress: bool | None
    finish: Callable[[Collected], Any]

    def run(self, state: Collected) -> Any:
        clock = self.session.clock
        started = clock.monotonic() - state.elapsed_s
        failure: PandakitError | None = None
        try:
            self.read(state)
            state.complete, state.elapsed_s = True, clock.monotonic() - started
            return self.finish(state)
        except PandakitError as error:
            if state.complete:  # all rows are there, but no frame can be made of them
                raise
            failure = error
        except KeyboardInterrupt:
            pass
        # Outside of the handlers: no chain leads to frames that hold the token.
        if failure is None:
            raise interrupted(lambda: self.interrupt(state, clock.monotonic() - started))
        state.elapsed_s = clock.monotonic() - started
        so_far = state.so_far()
        way_on = self.listing.otherwise if state.done else partial(self.run, state)
        raise failure.extended(
            f" ({self.label}, page {state.pages + 1}: {len(state.records)} rows of {state.pages} "
            "pages were fetched)",
            partial=lambda: self.finish(so_far),
            resume=None if way_on is None else self.resuming(way_on),
        )

    def resuming(self, load: Callable[[], Any]) -> Callable[..., Any]:
        """Return `load` as a function that takes a new token."""

        def resume(token: str | None = None) -> Any:
            if token is not None:
                self.session.use_token(token)
            return load()

        return resume

    @property
    def label(self) -> str:
        return self.listing.label or self.session.service.name

    def read(self, state: Collected) -> None:
        limit = state.pages + self.listing.max_pages
        with progress_line(self.label, progress=self.progress) as line:
            line.advance(len(state.records), state.pages, state.total)
            while not state.done:
                self.step(state, line, limit)

    def interrupt(self, state: Collected, elapsed_s: float) -> Interrupted:
        state.elapsed_s = elapsed_s
        so_far = state.so_far()
        return Interrupted(
            f"{self.label}: {len(state.records)} rows of {state.pages} pages were fetched; "
            "`partial` has them, and resume() asks for the rest (sys.last_value.resume() in a "
            "notebook)",
            partial=lambda: self.finish(so_far),
            resume=self.resuming(partial(self.run, state)),
        )

    def step(self, state: Collected, line: ProgressLine, limit: int) -> None:
        pages, send = self.listing.pages, self.listing.send or self.session.send
        reply = send(pages.request(self.listing.call, state.position), line)
        state.requests += reply.attempts
        page = reply.read(lambda reply: pages.read(reply, state.position))
        before = state.mark()
        state.add(page, self.listing.identify(), self.listing.newer)
        added = len(state.records) - before[0]
        line.advance(added, 1, page.total)
        if self.max_rows is not None and len(state.records) >= self.max_rows:
            state.capped = not state.done or len(state.records) > self.max_rows or state.capped
            del state.records[self.max_rows :]
            state.done = True
        elif page.beyond and (self.max_rows is None or self.max_rows > page.ceiling):
            state.done = True
            reply.forget()
            raise PaginationError(f"{page.beyond}; narrow the window or the query")
        try:
            state.check_moving(before, limit)
        except PaginationError:
            reply.forget()
            raise
        if reply.is_stored:
            state.stored_rows += min(added, len(state.records) - before[0])


def _comparable(identity: Any) -> Hashable:
    """Return an id in a form that is equal only for the same id, whatever a service sends."""
    if identity is None or isinstance(identity, str):
        return identity
    return type(identity), json.dumps(identity, sort_keys=True)  # to Python 1, 1.0 and True are one


def _same(state: Collected) -> Collected:
    return state


def collect(
    session: Session,
    listing: Listing,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    finish: Callable[[Collected], Any] = _same,
) -> Any:
    """Return the result of reading all pages of a list.

    Parameters
    ----------
    session, listing
        Where, and how.
    max_rows
        Stop after this many rows; `capped` shows whether there were more.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal and
        in a notebook.
    finish
        Makes the result from what was collected: for the whole, for `error.partial` and for
        `error.resume()`. Without it the result is the `Collected`.

    Raises
    ------
    PandakitError
        The error of the page that failed, with `partial` (through `finish`) and `resume()`,
        which asks for the missing pages only.
    PaginationError
        When the list repeats itself, does not end, or is longer than the service returns.
    """
    return _Load(session, listing, max_rows, progress, finish).run(Collected())
