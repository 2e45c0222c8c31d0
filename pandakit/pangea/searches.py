"""Search the audit log, and read the results of earlier searches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pandakit.errors import DefaultWindowWarning, NotFoundError
from pandakit.pangea._search.appended import continued, settled_rows
from pandakit.pangea._search.deferred import DeferredReplies
from pandakit.pangea._search.pages import PAGE_SIZE, AuditPages, read_identity
from pandakit.pangea.columns import events_frame, sorted_by
from pandakit.pangea.options import (
    MAX_RESULTS,
    OrderBy,
    SearchRestriction,
    SortDirection,
    fields_of,
    search_body,
)
from pandakit.pangea.service import read_result
from pandakit.pangea.verification import verify
from pandakit.transport import Listing, loader, warn_user

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from pandakit.pangea.account import Account
    from pandakit.progress import ProgressLine
    from pandakit.timewindow import TimeLike, Window
    from pandakit.transport import Call, Reply, StorePath

__all__ = ["results", "search"]

Row = dict[str, Any]

_BY_TIME = "received_at"
_DEFAULT_DAYS = 14
_DAY = 86_400  # seconds
_TICK = timedelta(microseconds=1)  # services may include or exclude the start itself


def _brought_up_to_date(
    self: Account, frame: pd.DataFrame, asked: dict[str, Any]
) -> pd.DataFrame | None:
    """Return the frame of an earlier search with the events since; `None` if it cannot be."""
    window = self._window(asked["start"], asked["end"])
    in_order = (asked["order"], asked["order_by"]) == ("asc", _BY_TIME)
    settled = settled_rows(frame, window) if in_order and asked["max_rows"] is None else None
    if settled is None:
        return None
    kept, since = settled
    newer = search(
        self,
        asked["query"],
        start=since - _TICK,
        end=asked["end"],
        search_restriction=asked["search_restriction"],
        verify_events=asked["verify_events"],
        progress=asked["progress"],
    )
    return continued(kept, newer, since, window)


@loader(_brought_up_to_date)
def search(  # noqa: PLR0913 - the options of the service, and those of every loader
    self: Account,
    query: str = "",
    *,
    start: TimeLike | None = None,
    end: TimeLike | None = None,
    order: SortDirection = "asc",
    order_by: OrderBy = "received_at",
    search_restriction: SearchRestriction | None = None,
    verify_events: bool = False,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the events that match a query.

    Parameters
    ----------
    query
        Pangea's query syntax, such as `actor:"Jane Doe" -status:success`; empty matches
        every event.
    start
        The earliest `received_at`: a zone-aware datetime, ISO 8601 text with a zone, a date
        (midnight UTC), or a span back from now (`"90d"`, `"36h"`). Without it the service
        searches the last 14 days only, and a warning says so.
    end
        The latest `received_at`, in the same forms; by default the newest event.
    order
        `asc` for the oldest first, `desc` for the newest first.
    order_by
        A standard field, `received_at`, or the id of a custom field as a `CustomField`.
    search_restriction
        Field to the value or values that it may have, applied outside the query.
    verify_events
        Whether to append the columns of `pandakit.pangea.verify`, without roots from
        elsewhere: verdicts, reasons and the hash that was computed.
    max_rows
        Load at most this many rows; reaching the cap warns with `TruncatedWarning`.
    progress
        `True` or `False` forces or hides the progress line; `None` shows it in interactive
        sessions only.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.
        After a whole search in the default order it requests only what was received since, if
        `start` is given.

    Returns
    -------
    pandas.DataFrame
        One row per event: its fields, `received_at`, `hash`, its proof and the `envelope`
        exactly as received. `df.attrs["pandakit"]` has the `roots`, and the id and expiry
        of the search.

    Raises
    ------
    PaginationError
        If there are more than 10,000 events, the most that one search finds, and they cannot
        be found by several searches: because the order is not that of `received_at`, or because
        more than 10,000 were received at one moment. `partial` has what was loaded. In the
        first case `resume()` loads all of them by `received_at` and sorts them locally, missing
        values last.
    JobTimeoutError
        If the service did not finish in time; `resume()` keeps polling.
    ValueError
        If `order`, `start` or `end` cannot be read.

    Warns
    -----
    DefaultWindowWarning
        If `start` is missing.
    UnknownFieldWarning
        If the query, `order_by` or `search_restriction` names a field that `schema` does not have.

    Notes
    -----
    Several searches find more than 10,000 events, each from the `received_at` where the previous
    one stopped; the end is fixed before the second one.

    Source: "Pangea API reference".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     events = services.pangea.search(start="2026-05-01", end="2026-06-01")
    >>> len(events), events["received_at"].is_monotonic_increasing
    (5, True)
    """
    asked = self._window(start, end)
    body = search_body(
        query,
        asked,
        order=order,
        order_by=order_by,
        restriction=search_restriction,
        page_size=PAGE_SIZE,
    )
    self._warn_of_unknown_fields(fields_of(query, order_by, search_restriction))
    default_window = None
    if start is None:
        default_window = f"{_DEFAULT_DAYS} days before the end"
        warn_user(
            f"search() without start: the service searches the last {_DEFAULT_DAYS} days "
            'only; pass start, such as start="90d", to choose the window',
            DefaultWindowWarning,
        )

    def in_windows() -> pd.DataFrame:
        frame = search(
            self,
            query,
            start=start,
            end=end,
            search_restriction=search_restriction,
            verify_events=verify_events,
            progress=progress,
        )
        return sorted_by(frame, order_by, order)

    call = self._call("/v1/search", body)
    return _load_events(
        self,
        _search_pages(self, order, order_by),
        call,
        label="Pangea search",
        verify_events=verify_events,
        window=asked,
        max_rows=max_rows,
        progress=progress,
        otherwise=in_windows if max_rows is None and order_by != _BY_TIME else None,
        default_window=default_window,
    )


@loader()
def results(
    self: Account,
    search_id: str,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the results of an earlier search, for as long as the service keeps them.

    Parameters
    ----------
    search_id
        The id in `df.attrs["pandakit"]["search"]["id"]`.
    max_rows
        Load at most this many rows; reaching the cap warns with `TruncatedWarning`.
    progress
        `True` or `False` forces or hides the progress line; `None` shows it in interactive
        sessions only.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.

    Returns
    -------
    pandas.DataFrame
        The same columns and attributes as from `search`.

    Raises
    ------
    NotFoundError
        If the service no longer keeps the search.
    PaginationError
        If the search found 10,000 events, the most that the service returns: there may be
        more.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     events = services.pangea.search(start="2026-05-01")
    ...     search_id = events.attrs["pandakit"]["search"]["id"]
    ...     again = services.pangea.results(search_id)
    >>> again["hash"].equals(events["hash"])
    True
    """
    return _load_events(
        self,
        AuditPages(MAX_RESULTS, search_id),
        self._call("/v1/results", {}),
        label=f"Pangea results {search_id}",
        max_rows=max_rows,
        progress=progress,
    )


def _search_pages(self: Account, order: SortDirection, order_by: OrderBy) -> AuditPages:
    """Return pages that continue beyond the ceiling, if the order allows it."""
    asked_at = self._session.clock.wall()

    def closed(body: Row) -> Row:
        # The service's clock is known now, since the first search was answered.
        skew = self._session.server_time() - self._session.clock.wall()
        end = body.get("end") or _moment(self._session.server_time() + 1)
        start = body.get("start") or _moment(asked_at + skew - _DEFAULT_DAYS * _DAY)
        return {**body, "start": start, "end": end}

    bound: Any = {"asc": "start", "desc": "end"}[order] if order_by == _BY_TIME else None
    return AuditPages(MAX_RESULTS, bound=bound, closed=closed)


def _load_events(
    self: Account,
    pages: AuditPages,
    call: Call,
    *,
    label: str,
    progress: bool | None,
    max_rows: int | None,
    verify_events: bool = False,
    window: Window | None = None,
    otherwise: Callable[[], pd.DataFrame] | None = None,
    **facts: Any,
) -> pd.DataFrame:
    replies = DeferredReplies(self._session, self._progress if progress is None else progress)
    search: Row = {}

    def send(call: Call, line: ProgressLine) -> Reply:
        try:
            reply = replies.send(call, line)
        except NotFoundError as error:
            reply = replies.send(pages.renew(error), line)
        result = reply.read(lambda reply: read_result(reply, "count"))
        _note_search(search, result)
        self._fetch_schema_once(result.get("events"))
        return reply

    def to_frame(rows: Sequence[Row]) -> pd.DataFrame:
        frame = events_frame(rows, self._kinds or {})
        return _with_verdicts(frame) if verify_events else frame

    return self._load(
        Listing(call, pages, read_identity, send=send, otherwise=otherwise, label=label),
        to_frame,
        window=window,
        max_rows=max_rows,
        progress=progress,
        search=search,
        **facts,
    )


def _note_search(search: Row, result: Row) -> None:
    """Keep the handle of the first search, and of all if there are several."""
    if result.get("id"):
        search.setdefault("id", result["id"])
        search.setdefault("expires_at", result.get("expires_at"))
        if result["id"] not in (ids := search.setdefault("ids", [])):
            ids.append(result["id"])


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _with_verdicts(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with those columns of a verification that it lacks."""
    found = verify(frame).events
    facts = frame.attrs
    frame = frame.join(found[[name for name in found if name not in frame]])
    frame.attrs = facts
    return frame
