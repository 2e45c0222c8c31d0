"""One search for incidents: its query, its pages, and what was received so far."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, inf, lgamma, log
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pandakit.bigpanda._lists.resources import check_of
from pandakit.bigpanda._lists.rows import is_newer
from pandakit.bigpanda._search.params import narrowed_params
from pandakit.errors import PaginationError, ProtocolError
from pandakit.frames import epoch_nanoseconds
from pandakit.timewindow import Window
from pandakit.transport import Call, Collected, NumberedPages, ParallelLoad

if TYPE_CHECKING:
    from collections.abc import Callable, ItemsView, Iterable, Mapping

    from pandakit.transport import Reply, Task

__all__ = ["CEILING", "PAGES", "IncidentLoad", "IncidentPage", "Subtask", "incident_id"]

Row = dict[str, Any]

T = TypeVar("T")
Subtask: TypeAlias = Generator[Sequence[Call], list["Reply"], T]

CEILING = 10_000
_ORDER_KNOWN = log(1e6)  # of this many orders, one is not seen by chance
PAGES = NumberedPages(check=check_of("incidents"))


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """One page: the state of the list at one moment.

    Parameters
    ----------
    starts
        Start of each incident in whole seconds, rounded up, in the order of the page.
    keys
        Identity of each incident.
    total
        How many incidents matched at that moment.
    """

    starts: list[int]
    keys: list[str]
    total: int

    @property
    def newest(self) -> int:
        """The latest start on the page."""
        return max(self.starts)

    @property
    def oldest(self) -> int:
        """The earliest start on the page."""
        return min(self.starts)

    @property
    def is_whole(self) -> bool:
        """Whether everything that matched is on this page."""
        return len(self.keys) >= self.total

    @property
    def is_newest_first(self) -> bool:
        """Whether no incident started later than the one before it."""
        return self.starts == sorted(self.starts, reverse=True)

    @property
    def order_evidence(self) -> float:
        """The logarithm of the number of orders that its starts could have."""
        ties = Counter(self.starts).values()
        return lgamma(len(self.starts) + 1) - sum(lgamma(tie + 1) for tie in ties)

    def keys_of(self, second: int) -> set[str]:
        """Return the incidents that started in a second."""
        return {key for key, start in zip(self.keys, self.starts, strict=True) if start == second}


class IncidentLoad(ParallelLoad):
    """The incidents of one search, read by tasks.

    Parameters
    ----------
    call
        The search without `to` and without paging.
    label
        What the progress line shows.
    size
        Incidents per page.
    now
        Returns the current time by the service's clock, in epoch seconds.
    rows_of
        Returns the rows for an incident: itself, or its alerts.
    max_rows
        Where to stop; `None` for all rows.
    facts
        Returns the facts about the search for `df.attrs["pandakit"]`.
    window
        The window that the caller chose; the first answer fixes its end.
    ceiling
        Results of one query that the service returns.
    """

    def __init__(
        self,
        call: Call,
        label: str,
        *,
        size: int,
        now: Callable[[], float],
        rows_of: Callable[[Row], list[Row]],
        max_rows: int | None,
        facts: Callable[[], Row],
        window: Window,
        ceiling: int,
    ) -> None:
        super().__init__(label)
        self.call, self.size, self.ceiling = call, size, ceiling
        self.duplicates = 0
        self.end: int | None = None
        """The `to` of the first request: later incidents are left out."""
        self._order_evidence = 0.0
        self.dense_seconds: set[int] = set()
        """Seconds that a task reads by numbered pages."""
        self._now, self._rows_of, self._max_rows = now, rows_of, max_rows
        self._facts, self._asked = facts, window
        self._incidents: dict[str, Row] = {}
        self._rows: dict[str, list[Row]] = {}
        self._stored: set[str] = set()  # identities of the incidents whose state is from a store

    @property
    def is_capped(self) -> bool:
        """Whether the caller wants no more rows."""
        return self._max_rows is not None and self.count >= self._max_rows

    @property
    def is_order_known(self) -> bool:
        """Whether answers are known to be newest first, not just by chance."""
        return self._order_evidence > _ORDER_KNOWN

    def add_dense_second(self, second: int, make: Callable[[], Task]) -> None:
        """Add the task that reads a second by numbered pages, unless there is one already."""
        if second not in self.dense_seconds:
            self.dense_seconds.add(second)
            self.queue.add(make)

    def request(
        self,
        to: int | None,
        page: int = 1,
        *,
        low: int | None = None,
        narrower: Mapping[str, str] | None = None,
    ) -> Call:
        """Return the call for a page of what started at `to` or before."""
        params = narrowed_params(self.call.params or {}, narrower or {})
        if low is not None:
            params["from"] = low
        return self.call.with_params(**params, to=to, page=page, page_size=self.size)

    def page(self, to: int | None) -> Subtask[IncidentPage]:
        """Read the first page of what started at `to` or before."""
        [reply] = yield [self.request(to)]
        answer = self.take(reply, 1, to)
        if answer.total and not answer.keys:
            raise PaginationError(
                f"the service counts {answer.total} incidents, but returned none of them on the "
                "first page: the list cannot be read to its end"
            )
        return answer

    def read(
        self,
        to: int,
        pages: Iterable[int],
        *,
        low: int | None = None,
        narrower: Mapping[str, str] | None = None,
    ) -> Subtask[list[IncidentPage]]:
        """Read several pages at the same time."""
        numbers = list(pages)
        if not numbers:
            return []
        replies = yield [self.request(to, each, low=low, narrower=narrower) for each in numbers]
        return [self.take(*each, to) for each in zip(replies, numbers, strict=True)]

    def take(self, reply: Reply, number: int, to: int | None) -> IncidentPage:
        """Keep the incidents of a page.

        Raises
        ------
        PaginationError
            When the page cannot be part of a complete list.
        """
        rows, total = PAGES.rows_and_total(reply, number)
        answer = IncidentPage(
            [_start(row) for row in rows],
            [incident_id(row) for row in rows],
            len(rows) if total is None else total,
        )
        self.pages += 1
        self._order_evidence += answer.order_evidence if answer.is_newest_first else -inf
        if self.end is None and to is not None:
            self.end = to
        if self.total is None:
            self.total = answer.total
        for key, row in zip(answer.keys, rows, strict=True):
            self._keep(key, row, is_stored=reply.is_stored)
        if to is not None and not answer.is_whole and rows and answer.newest > to:
            raise PaginationError(
                f"asked for incidents that started until {to}, the service returned one that "
                f"started at {answer.newest}: it ignores `to`, so the list cannot be complete"
            )
        return answer

    def incident(self, key: str) -> Row:
        """Return an incident as it was last received."""
        return self._incidents[key]

    def items(self) -> ItemsView[str, Row]:
        """Return the incidents so far, by identity."""
        return self._incidents.items()

    @property
    def ids(self) -> set[str]:
        """The ids of the incidents so far."""
        return {str(row.get("id")) for row in self._incidents.values()}

    def _keep(self, key: str, row: Row, *, is_stored: bool) -> None:
        kept = self._incidents.get(key)
        if kept is not None:
            self.duplicates += 1
            if not is_newer(row, kept):
                return
        rows = self._rows_of(row)
        self.count += len(rows) - len(self._rows.get(key, ()))
        self._incidents[key], self._rows[key] = row, rows
        if is_stored:
            self._stored.add(key)
        else:
            self._stored.discard(key)

    def renew(self, rows: Iterable[Row], *, is_stored: bool) -> None:
        """Take later states of incidents that have already been received."""
        for row in rows:
            kept = self._incidents.get(key := incident_id(row))
            if kept is not None and is_newer(row, kept):
                self._keep(key, row, is_stored=is_stored)

    def fix_end(self, to: int | None, answer: IncidentPage) -> int:
        """Return the `to` of the whole load.

        If the first request left it to the service, it is now, by the service's clock.
        """
        if to is None:
            to = max([int(self._now()), *answer.starts])
        if self.end is None:
            self.end = to
        return to

    def collected(self) -> Collected:
        """Return the rows so far: newest start first, equal starts by id."""
        keys = sorted(self._incidents, key=lambda key: (-_start(self._incidents[key]), key))
        records = [row for key in keys for row in self._rows[key]]
        stored = [key in self._stored for key in keys for _ in self._rows[key]]
        capped = self._max_rows is not None and (
            len(records) > self._max_rows or (self.is_capped and not self._is_whole())
        )
        return Collected(
            records=records[: self._max_rows],
            pages=self.pages,
            duplicates=self.duplicates,
            capped=capped,
            stored_rows=sum(stored[: self._max_rows]),
            facts={**self._facts(), "window": self._window().as_text()},
        )

    def _window(self) -> Window:
        end = None if self.end is None else datetime.fromtimestamp(self.end, UTC)
        return Window(self._asked.start, self._asked.end or end)

    def _is_whole(self) -> bool:
        return self.total is not None and len(self._incidents) >= self.total


def incident_id(row: Row) -> str:
    """Return what identifies an incident: its id, or the whole row as JSON."""
    return json.dumps(row.get("id", row), sort_keys=True)


def _start(row: Row) -> int:
    """Return the start of an incident in whole seconds, rounded up as `to` is."""
    try:
        return ceil(epoch_nanoseconds(row.get("start")) / 10**9)
    except (TypeError, ValueError, OverflowError):
        shown = ascii(row.get("start"))[:60]
        raise ProtocolError(
            f"incident {row.get('id')!r} has no readable start, but {shown}"
        ) from None
