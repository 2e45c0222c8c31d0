"""The Pangea client: search the audit log, read its schema and its roots."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pandakit.errors import DefaultWindowWarning, PandakitError, ServiceWarning
from pandakit.frames import build_frame
from pandakit.pangea.columns import (
    ROOT_COLUMNS,
    SCHEMA_COLUMNS,
    custom_fields,
    events_frame,
    kinds_by_field,
)
from pandakit.pangea.deferred import DeferredReplies
from pandakit.pangea.pages import PAGE_SIZE, audit_pages
from pandakit.pangea.search import MAX_RESULTS, Order, OrderBy, SearchRestriction, search_body
from pandakit.pangea.service import base_url as _base_url, pangea_service, read_result
from pandakit.settings import find, read_token, require
from pandakit.transport import Call, Check, Client, Listing, OneAnswer, Session, warn_user

if TYPE_CHECKING:
    import pandas as pd
    import requests

    from pandakit.frames import Kind
    from pandakit.progress import ProgressLine
    from pandakit.timewindow import TimeLike, Window
    from pandakit.transport import Reply

__all__ = ["Pangea"]

Row = dict[str, Any]

_DEFAULT_DAYS = 14
_TOKEN_NEEDED = "a token of the Secure Audit Log service"  # noqa: S105 - words, not a token


class Pangea(Client):
    """A client of Pangea's Secure Audit Log.

    Parameters
    ----------
    token
        Service token. Default: the setting `PANGEA_AUDIT_TOKEN`.
    domain
        Such as `aws.us.pangea.cloud`. Default: the setting `PANGEA_DOMAIN`.
    base_url_template
        A URL with `{SERVICE_NAME}`, instead of the domain. Default: the setting
        `PANGEA_BASE_URL_TEMPLATE`.
    config_id
        The configuration to use, for a token that has several. Default: the setting
        `PANGEA_AUDIT_CONFIG_ID`.
    session
        A `requests.Session` to send with (client certificates, adapters).
    progress
        `True` or `False` forces or hides the progress line of every loader; `None` shows it in
        interactive sessions only.

    Raises
    ------
    SettingsError
        If a setting is missing or malformed.

    Notes
    -----
    Every loader records how it was loaded in `df.attrs["pandakit"]`. Columns are declared: their
    names and dtypes do not depend on the rows. Fields of a custom schema follow, typed by that
    schema; a field whose name is already a column becomes `event_<name>`.

    Source: "Pangea API reference".

    Examples
    --------
    >>> Pangea("a-token", domain="aws.us.pangea.cloud")
    Pangea(Pangea at https://audit.aws.us.pangea.cloud, token from argument)

    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=50) as services:
    ...     events = services.pangea.search(start="2026-05-20", order="desc")
    ...     bool(events["received_at"].is_monotonic_decreasing), events["leaf_index"].dtype
    (True, Int64Dtype())
    """

    def __init__(
        self,
        token: str | None = None,
        *,
        domain: str | None = None,
        base_url_template: str | None = None,
        config_id: str | None = None,
        session: requests.Session | None = None,
        progress: bool | None = None,
    ) -> None:
        secret = require("PANGEA_AUDIT_TOKEN", token)
        del token  # tracebacks may show the locals
        service = pangea_service(_base_url(domain, base_url_template, secret))
        read = read_token(str(secret.value), secret.setting.name)
        super().__init__(Session(service, read, session=session), secret, progress)
        self._config_id = find("PANGEA_AUDIT_CONFIG_ID", config_id).value
        self._kinds: dict[str, Kind] | None = None

    def check(self) -> Check:
        """Return what one cheap authorised call finds; it reads the schema.

        Returns
        -------
        Check
            The service, the setting that gave the token, and the number of fields.

        Raises
        ------
        AuthenticationError
            If the token is refused.
        """
        return self._checked(f"a schema of {len(self.schema(progress=False))} fields")

    def search(
        self,
        query: str = "",
        *,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        order: Order = "asc",
        order_by: OrderBy = "received_at",
        search_restriction: SearchRestriction | None = None,
        max_rows: int | None = None,
        progress: bool | None = None,
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
        max_rows
            Load at most this many rows; reaching the cap warns with `TruncatedWarning`.
        progress
            `True` or `False` forces or hides the progress line; `None` shows it in interactive
            sessions only.

        Returns
        -------
        pandas.DataFrame
            One row per event: its fields, `received_at`, `hash`, its proof and the `envelope`
            exactly as received. `df.attrs["pandakit"]` has the `roots`, and the id and expiry
            of the search.

        Raises
        ------
        PaginationError
            If the search found 10,000 events, the most that the service returns: there may be
            more.
        JobTimeoutError
            If the service did not finish in time; `resume()` keeps polling.
        ValueError
            If `order`, `start` or `end` cannot be read.

        Warns
        -----
        DefaultWindowWarning
            If `start` is missing.

        Notes
        -----
        Source: "Pangea API reference".
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
        default_window = None
        if start is None:
            default_window = f"{_DEFAULT_DAYS} days before the end"
            warn_user(
                f"search() without start: the service searches the last {_DEFAULT_DAYS} days "
                'only; pass start, such as start="90d", to choose the window',
                DefaultWindowWarning,
            )
        call = self._call("/v1/search", body)
        return self._load_events(
            Listing(call, audit_pages(MAX_RESULTS), label="Pangea search"),
            window=asked,
            max_rows=max_rows,
            progress=progress,
            default_window=default_window,
        )

    def results(
        self, search_id: str, *, max_rows: int | None = None, progress: bool | None = None
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
        """
        style = audit_pages(MAX_RESULTS, search_id)
        call = self._call("/v1/results", {})
        listing = Listing(call, style, label=f"Pangea results {search_id}")
        return self._load_events(listing, max_rows=max_rows, progress=progress)

    def schema(self, *, max_rows: int | None = None, progress: bool | None = None) -> pd.DataFrame:
        """Return the fields that events of this log may have.

        Parameters
        ----------
        max_rows
            Load at most this many rows; reaching the cap warns with `TruncatedWarning`.
        progress
            `True` or `False` forces or hides the progress line; `None` shows it in interactive
            sessions only.

        Returns
        -------
        pandas.DataFrame
            One row per field; `df.attrs["pandakit"]["schema"]` has the other members of the
            schema.
        """
        rest: Row = {}

        def read_fields(reply: Reply) -> list[Row]:
            result = read_result(reply, "fields")
            rest.update({key: value for key, value in result.items() if key != "fields"})
            fields = [field for field in result["fields"] or [] if isinstance(field, dict)]
            self._kinds = kinds_by_field(fields)
            return fields

        return self._load(
            Listing(
                self._call("/v1/schema", {}), OneAnswer(read_fields), "id", label="Pangea schema"
            ),
            partial(build_frame, columns=SCHEMA_COLUMNS),
            max_rows=max_rows,
            progress=progress,
            schema=rest,
        )

    def root(
        self,
        tree_size: int | None = None,
        *,
        max_rows: int | None = None,
        progress: bool | None = None,
    ) -> pd.DataFrame:
        """Return one root of the log's tree.

        Parameters
        ----------
        tree_size
            The size of the tree in batches, from 1; by default the newest published size.
        max_rows
            Load at most this many rows; reaching the cap warns with `TruncatedWarning`.
        progress
            `True` or `False` forces or hides the progress line; `None` shows it in interactive
            sessions only.

        Returns
        -------
        pandas.DataFrame
            One row with `tree_name`, `size`, `root_hash`, `url`, `published_at` and
            `consistency_proof`.

        Raises
        ------
        NotFoundError
            If there is no root of this size.
        TypeError, ValueError
            If `tree_size` is not a whole number from 1.
        """
        _check_size(tree_size)
        body = {} if tree_size is None else {"tree_size": tree_size}
        return self._load(
            Listing(self._call("/v1/root", body), OneAnswer(_read_root), label="Pangea root"),
            partial(build_frame, columns=ROOT_COLUMNS),
            max_rows=max_rows,
            progress=progress,
        )

    def _call(self, path: str, body: Row) -> Call:
        config = {} if self._config_id is None else {"config_id": self._config_id}
        return Call("POST", path, json={**body, **config}, endpoint=path, needs=_TOKEN_NEEDED)

    def _load_events(
        self,
        listing: Listing,
        *,
        progress: bool | None,
        max_rows: int | None,
        window: Window | None = None,
        **facts: Any,
    ) -> pd.DataFrame:
        replies = DeferredReplies(self._session, self._progress if progress is None else progress)
        search: Row = {}

        def send(call: Call, line: ProgressLine) -> Reply:
            reply = replies.send(call, line)
            result = reply.read(lambda reply: read_result(reply, "count"))
            search.update({key: result[key] for key in ("id", "expires_at") if result.get(key)})
            self._fetch_schema_once(result.get("events"))
            return reply

        return self._load(
            replace(listing, send=send),
            lambda rows: events_frame(rows, self._kinds or {}),
            window=window,
            max_rows=max_rows,
            progress=progress,
            search=search,
            **facts,
        )

    def _fetch_schema_once(self, events: Any) -> None:
        """Fetch the schema as soon as events have fields that only the schema can type."""
        rows = [row for row in events if isinstance(row, dict)] if isinstance(events, list) else []
        if self._kinds is not None or not custom_fields(rows):
            return
        try:
            self.schema()
        except PandakitError as error:
            self._kinds = {}
            warn_user(
                f"the schema could not be read, so custom fields keep their JSON types: {error}",
                ServiceWarning,
            )


def _read_root(reply: Reply) -> list[Row]:
    """Return the root: in `result` by the API reference, in `result.data` as served."""
    result = read_result(reply)
    return [result.get("data", result)]


def _check_size(tree_size: int | None) -> None:
    if tree_size is None:
        return
    if isinstance(tree_size, bool) or not isinstance(tree_size, int):
        raise TypeError(f"tree_size is {type(tree_size).__name__}; pass a whole number")
    if tree_size < 1:
        raise ValueError(f"tree_size={tree_size}; the smallest tree has size 1")
