"""The Pangea client: search the audit log, read its schema and its roots."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pandakit.errors import DefaultWindowWarning, PandakitError, ServiceWarning
from pandakit.frames import build_frame
from pandakit.pangea._answers import LateAnswers, page_style
from pandakit.pangea._records import ROOT, SCHEMA_FIELD, events_frame, own_fields, schema_kinds
from pandakit.pangea._service import base_url as _base_url, pangea_service, result_of
from pandakit.redaction import read_token
from pandakit.settings import find, require
from pandakit.transport import Call, Check, Client, Listing, OneAnswer, Session, warn_user

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd
    import requests

    from pandakit.frames import Kind
    from pandakit.progress import ProgressLine
    from pandakit.timewindow import TimeLike, Window
    from pandakit.transport import Reply

__all__ = ["Pangea"]

Row = dict[str, Any]

MOST_RESULTS = 10_000
_DEFAULT_DAYS = 14
_ORDERS = ("asc", "desc")
_NEEDS = "a token of the Secure Audit Log service"


class Pangea(Client):
    """A Secure Audit Log of Pangea.

    Parameters
    ----------
    token
        Service token. Default: the setting `PANGEA_AUDIT_TOKEN`.
    domain
        As in `aws.us.pangea.cloud`. Default: the setting `PANGEA_DOMAIN`.
    base_url_template
        URL with `{SERVICE_NAME}`, in place of the domain. Default: the setting
        `PANGEA_BASE_URL_TEMPLATE`.
    config_id
        For a token with several configurations. Default: the setting
        `PANGEA_AUDIT_CONFIG_ID`.
    session
        A `requests.Session` of your own (client certificates, adapters).
    progress
        `True` and `False` force the progress line; `None` shows it where someone watches.

    Raises
    ------
    SettingsError
        When a setting is missing or malformed.

    Notes
    -----
    Every loader puts the facts of its load into `df.attrs["pandakit"]`. Columns are declared:
    their names and dtypes do not depend on the rows. Fields of the organisation's own schema
    follow, typed by it; one whose name is taken is called `event_<name>`.

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
        service = pangea_service(_base_url(domain, base_url_template))
        read = read_token(str(secret.value), secret.setting.name)
        super().__init__(Session(service, read, session=session), secret, progress)
        self._config_id = find("PANGEA_AUDIT_CONFIG_ID", config_id).value
        self._kinds: dict[str, Kind] | None = None

    def check(self) -> Check:
        """Make one cheap authorised call: ask for the schema.

        Returns
        -------
        Check
            Whom was asked with which setting, and the answer.

        Raises
        ------
        AuthenticationError
            When the token is refused.
        """
        return self._checked(f"a schema of {len(self.schema(progress=False))} fields")

    def search(
        self,
        query: str = "",
        *,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        order: str = "asc",
        order_by: str = "received_at",
        search_restriction: Mapping[str, str | Iterable[str]] | None = None,
        max_rows: int | None = None,
        progress: bool | None = None,
    ) -> pd.DataFrame:
        """Search the audit log.

        Parameters
        ----------
        query
            Pangea's query text, such as `actor:"Jane Doe" -status:success`; default all.
        start
            First moment. Without it the service gives the last 14 days, which is warned of.
        end
            Last moment; default the newest event.
        order
            `asc` or `desc`.
        order_by
            A field of the event, or `received_at`.
        search_restriction
            Field to the values that it may have, one or several: a hard filter.
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row per event: its fields, `received_at`, `hash` and what proves it, and the
            `envelope` exactly as it came. `df.attrs["pandakit"]` has the `roots`, and the
            search's id and expiry.

        Raises
        ------
        PaginationError
            When as many events were found as a search may give (10,000): there may be more.
        JobTimeoutError
            When the service was not ready in time; `resume()` waits on.

        Warns
        -----
        DefaultWindowWarning
            When there is no `start`.

        Notes
        -----
        Source: "Pangea API reference".
        """
        if order not in _ORDERS:
            raise ValueError(f"order={order!r}: one of {', '.join(_ORDERS)}")
        asked = self._window(start, end)
        if start is None:
            warn_user(
                f"search() without start: the service gives the last {_DEFAULT_DAYS} days only; "
                'say start="90d" or another start for more',
                DefaultWindowWarning,
            )
        body = self._search_body(asked, query, order, order_by, _restriction(search_restriction))
        default = None if start is not None else f"{_DEFAULT_DAYS} days before the end"
        call = self._call("/v1/search", body)
        return self._events(
            Listing(call, page_style(MOST_RESULTS), label="Pangea search"),
            window=asked,
            max_rows=max_rows,
            progress=progress,
            default_window=default,
        )

    def results(
        self, search_id: str, *, max_rows: int | None = None, progress: bool | None = None
    ) -> pd.DataFrame:
        """Read the results of an earlier search again, as long as the service keeps them.

        Parameters
        ----------
        search_id
            From `df.attrs["pandakit"]["search"]["id"]`.
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            As `search` gives it.

        Raises
        ------
        NotFoundError
            When the search is not kept any more.
        PaginationError
            When there are as many as a search may give (10,000): there may be more.
        """
        style = page_style(MOST_RESULTS, search_id)
        call = self._call("/v1/results", {})
        listing = Listing(call, style, label=f"Pangea results {search_id}")
        return self._events(listing, max_rows=max_rows, progress=progress)

    def schema(self, *, max_rows: int | None = None, progress: bool | None = None) -> pd.DataFrame:
        """Read the fields that events of this log have.

        Parameters
        ----------
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row per field; `df.attrs["pandakit"]["schema"]` has the schema's other facts.
        """
        others: Row = {}

        def fields_of(reply: Reply) -> list[Row]:
            result = result_of(reply, "fields")
            others.update({key: value for key, value in result.items() if key != "fields"})
            fields = [each for each in result["fields"] or [] if isinstance(each, dict)]
            self._kinds = schema_kinds(fields)
            return fields

        return self._load(
            Listing(
                self._call("/v1/schema", {}), OneAnswer(fields_of), "id", label="Pangea schema"
            ),
            partial(build_frame, columns=SCHEMA_FIELD),
            max_rows=max_rows,
            progress=progress,
            schema=others,
        )

    def root(
        self,
        tree_size: int | None = None,
        *,
        max_rows: int | None = None,
        progress: bool | None = None,
    ) -> pd.DataFrame:
        """Read a root of the log's tree.

        Parameters
        ----------
        tree_size
            Its size in batches, from 1; default the newest published one.
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row.

        Raises
        ------
        NotFoundError
            When there is no root of this size.
        TypeError, ValueError
            When `tree_size` is no whole number from 1.
        """
        _check_size(tree_size)
        body = {} if tree_size is None else {"tree_size": tree_size}
        return self._load(
            Listing(self._call("/v1/root", body), OneAnswer(_root_of), label="Pangea root"),
            partial(build_frame, columns=ROOT),
            max_rows=max_rows,
            progress=progress,
        )

    @staticmethod
    def _search_body(
        asked: Window, query: str, order: str, order_by: str, restriction: Row | None
    ) -> Row:
        start, end = (each and each.replace("+00:00", "Z") for each in asked.as_text())
        optional = {"start": start, "end": end, "search_restriction": restriction}
        return {
            "query": query,
            "order": order,
            "order_by": order_by,
            "limit": page_style(MOST_RESULTS).size,
            "max_results": MOST_RESULTS,
            "verbose": True,  # roots and proofs
            **{key: value for key, value in optional.items() if value is not None},
        }

    def _call(self, path: str, body: Row) -> Call:
        config = {} if self._config_id is None else {"config_id": self._config_id}
        return Call("POST", path, json={**body, **config}, endpoint=path, needs=_NEEDS)

    def _events(
        self,
        listing: Listing,
        *,
        progress: bool | None,
        max_rows: int | None,
        window: Window | None = None,
        **said: Any,
    ) -> pd.DataFrame:
        answers = LateAnswers(self._session, self._progress if progress is None else progress)
        search: Row = {}

        def send(call: Call, line: ProgressLine) -> Reply:
            reply = answers.send(call, line)
            result = result_of(reply, "count")
            search.update({key: result[key] for key in ("id", "expires_at") if result.get(key)})
            self._learn(result.get("events"))
            return reply

        return self._load(
            replace(listing, send=send),
            lambda rows: events_frame(rows, self._kinds or {}),
            window=window,
            max_rows=max_rows,
            progress=progress,
            search=search,
            **said,
        )

    def _learn(self, events: Any) -> None:
        """Ask for the schema once, as soon as events have fields that only it can type."""
        rows = [row for row in events if isinstance(row, dict)] if isinstance(events, list) else []
        if self._kinds is not None or not own_fields(rows):
            return
        try:
            self.schema()
        except PandakitError as error:
            self._kinds = {}
            warn_user(
                f"the schema could not be read, so the log's own fields stay as they came: {error}",
                ServiceWarning,
            )


def _root_of(reply: Reply) -> list[Row]:
    """Find the root: the service's description has it in `result`, its answers in `data`."""
    result = result_of(reply)
    return [result.get("data", result)]


def _check_size(tree_size: int | None) -> None:
    if tree_size is None:
        return
    if isinstance(tree_size, bool) or not isinstance(tree_size, int):
        raise TypeError(f"tree_size is {type(tree_size).__name__}; give a whole number")
    if tree_size < 1:
        raise ValueError(f"tree_size={tree_size}; trees have sizes from 1")


def _restriction(given: Mapping[str, str | Iterable[str]] | None) -> Row | None:
    if given is None:
        return None
    return {
        field: [values] if isinstance(values, str) else list(values)
        for field, values in given.items()
    }
