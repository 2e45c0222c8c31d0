"""The Panther client: one method for each list."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pandakit.errors import DefaultWindowWarning, NotFoundError, PandakitError
from pandakit.frames import Column, add_facts, build_frame
from pandakit.panther import _children
from pandakit.panther._lists import (
    chained,
    detection_columns,
    listing_of,
    single_call,
    to_frame,
)
from pandakit.panther._loaders import PantherLists
from pandakit.panther._resources import DETECTIONS, RESOURCES, to_params
from pandakit.panther._service import panther_service
from pandakit.redaction import read_token
from pandakit.settings import require
from pandakit.timewindow import TimeLike, Window
from pandakit.transport import Call, Check, Listing, OneAnswer, Session, warn_user

if TYPE_CHECKING:
    import pandas as pd
    import requests

    from pandakit.panther._resources import Resource

__all__ = ["INVENTORY", "Panther"]

_DEFAULT_DAYS = 30
INVENTORY = (
    Column("resource", "text", meaning="the list, as its loader is called"),
    Column("rows", "integer", meaning="rows; missing when it could not be read"),
    Column("pages", "integer", meaning="pages read"),
    Column("requests", "integer", meaning="requests sent"),
    Column("status", "text", meaning="ok, or the name of the error"),
    Column("message", "text", meaning="what the error says"),
)


class Panther(PantherLists):
    """A Panther instance: each loader gives one list, whole, as a frame.

    Parameters
    ----------
    host
        Host or URL of the API (`api.example.runpanther.net`); the console's GraphQL URL is
        understood as well. Default: the setting `PANTHER_API_HOST`.
    token
        API token. Default: the setting `PANTHER_API_TOKEN`.
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
    Filters are keyword arguments in snake_case and are checked before anything is sent: an
    unknown one is a `TypeError` that lists the known ones, an unknown value a `ValueError`.
    Where one or several values fit, rows that fit any of them come.

    Every loader takes `max_rows` (a cap warns with `TruncatedWarning`) and `progress`, and puts
    the facts of its load into `df.attrs["pandakit"]`. Columns are declared: their names and
    dtypes do not depend on the rows; fields that are new at the service come after them.

    Source: "Panther REST API".

    Examples
    --------
    >>> panther = Panther("api.example.runpanther.net", "a-token")
    >>> panther
    Panther(Panther at https://api.example.runpanther.net, token from argument)
    >>> panther.rules(colour="red")
    Traceback (most recent call last):
    TypeError: rules() has no filter 'colour'; it has: name_contains, state, severity, tag, ...

    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     rules = services.panther.rules(severity=["HIGH", "CRITICAL"], state="enabled")
    ...     sorted(rules["severity"].unique()), rules["created_at"].dtype
    (['CRITICAL', 'HIGH'], datetime64[ns, UTC])
    """

    def __init__(
        self,
        host: str | None = None,
        token: str | None = None,
        *,
        session: requests.Session | None = None,
        progress: bool | None = None,
    ) -> None:
        secret = require("PANTHER_API_TOKEN", token)
        del token  # tracebacks may show the locals
        where = require("PANTHER_API_HOST", host)
        service = panther_service(str(where.value))
        read = read_token(str(secret.value), secret.setting.name)
        super().__init__(Session(service, read, session=session), secret, progress)

    def check(self) -> Check:
        """Make one cheap authorised call: ask what this token is allowed to do.

        Returns
        -------
        Check
            Whom was asked with which setting, and the answer.

        Raises
        ------
        AuthenticationError
            When the token is refused.
        """
        try:
            reply = self._session.send(Call("GET", "/api-tokens/self", endpoint="/api-tokens"))
        except NotFoundError:  # versions before 1.112 do not tell about tokens
            self._session.send(Call("GET", "/data-models", params={"limit": 1}))
            return self._checked("the token works")
        token = reply.object()
        rights = ", ".join(map(str, token.get("permissions") or [])) or "none told"
        return self._checked(f"the token {token.get('name')!r} works; permissions: {rights}")

    def alerts(
        self,
        *,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        max_rows: int | None = None,
        progress: bool | None = None,
        **filters: Any,
    ) -> pd.DataFrame:
        """Load the alerts that were created in a window.

        Parameters
        ----------
        start
            First moment. Without it 30 days before the end are loaded, which is warned of.
        end
            Last moment; default now, fixed at the start of the load.
        max_rows, progress
            As in every loader.
        **filters
            `type` (ALERT, DETECTION_ERROR, SYSTEM_ERROR; one or several, default ALERT alone),
            `sub_type`, `detection_id`, `name_contains`, `severity`, `status` (OPEN, TRIAGED,
            RESOLVED, CLOSED), `assignee`, `log_source`, `log_type`, `resource_type`,
            `event_count_min`, `event_count_max`, `quality` (NOISE, USEFUL), `context_tag`,
            `sort_dir` (asc, desc).

        Returns
        -------
        pandas.DataFrame
            One row per alert. Needs the permission Read Alerts.

        Warns
        -----
        DefaultWindowWarning
            When there is no `start`.
        """
        if start is None:
            warn_user(
                f"alerts() without start: only the {_DEFAULT_DAYS} days before the end come; "
                'say start="90d" or another start for more',
                DefaultWindowWarning,
            )
        return self._alerts(start, end, filters, max_rows, progress)

    def alert_events(
        self, alert_id: str, *, max_rows: int | None = None, progress: bool | None = None
    ) -> pd.DataFrame:
        """Load the log events of one alert.

        Parameters
        ----------
        alert_id
            From `alerts`.
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row per event, in no order; its fields become columns. `p_alert_id` is the
            alert asked for. Needs the permission Read Alerts.
        """
        resource = RESOURCES["alert_events"]

        def with_alert(rows: Any) -> pd.DataFrame:
            records = [{**row, "p_alert_id": alert_id} for row in rows]
            return build_frame(records, resource.columns)

        return self._load(
            listing_of(resource, {}, {"alert_id": alert_id}),
            with_alert,
            max_rows=max_rows,
            progress=progress,
        )

    def alert_comments(
        self, alert_id: str, *, max_rows: int | None = None, progress: bool | None = None
    ) -> pd.DataFrame:
        """Load the comments on one alert.

        Parameters
        ----------
        alert_id
            From `alerts`.
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row per comment. Needs the permission Read Alerts.
        """
        return self._list("alert_comments", {"alert_id": alert_id}, max_rows, progress)

    def alert_context_tags(
        self,
        *,
        managed: bool | None = None,
        max_rows: int | None = None,
        progress: bool | None = None,
    ) -> pd.DataFrame:
        """Load the context tags that alerts may have.

        Parameters
        ----------
        managed
            Only those of the vendor, or only the others; default both.
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row per tag. Needs the permission Read Alerts.
        """
        return self._list("alert_context_tags", {"managed": managed}, max_rows, progress)

    def get(
        self,
        kind: str,
        id: str,  # noqa: A002 - the service's own word
        *,
        max_rows: int | None = None,
        progress: bool | None = None,
    ) -> pd.DataFrame:
        """Load one object.

        Parameters
        ----------
        kind
            The list that it is in, as its loader is called: `"rules"`, `"alerts"` ...
        id
            Its id.
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row, with the columns of the list's loader.

        Raises
        ------
        NotFoundError
            When there is no such object.
        ValueError
            For an unknown kind.
        """
        kinds = [row.name for row in RESOURCES.values() if row.single]
        if kind not in kinds:
            raise ValueError(f"kind={kind!r}: one of {', '.join(kinds)}")
        resource = RESOURCES[kind]
        listing = Listing(single_call(resource, id), OneAnswer(), label=f"Panther {kind} {id}")
        return self._load(listing, to_frame(resource), max_rows=max_rows, progress=progress)

    def detections(
        self, *, max_rows: int | None = None, progress: bool | None = None, **filters: Any
    ) -> pd.DataFrame:
        """Load all rules of every kind and all policies into one frame.

        Parameters
        ----------
        max_rows, progress
            As in every loader.
        **filters
            What all five lists know: `name_contains`, `state`, `severity`, `tag`,
            `created_by`, `last_modified_by`.

        Returns
        -------
        pandas.DataFrame
            `kind` (rules, scheduled_rules, simple_rules, correlation_rules, policies), then the
            columns of all five; missing where a kind has not the field.

        Warns
        -----
        PartialWarning
            When the instance has no correlation rules; `df.attrs["pandakit"]["unavailable"]`
            keeps its words.
        """
        params = to_params(RESOURCES["correlation_rules"], filters)
        unavailable: dict[str, str] = {}
        listing = chained(
            [(name, params, {"kind": name}) for name in DETECTIONS],
            label="Panther detections",
            session=self._session,
            unavailable=unavailable,
        )
        columns = detection_columns()
        return self._load(
            listing,
            lambda rows: build_frame(rows, columns),
            max_rows=max_rows,
            progress=progress,
            unavailable=unavailable,
        )

    @staticmethod
    def unit_tests(frame: pd.DataFrame) -> pd.DataFrame:
        """Give one row per unit test of the detections in a frame.

        Parameters
        ----------
        frame
            From `detections`, `rules` or another loader with `tests`; it is not changed.

        Returns
        -------
        pandas.DataFrame
            `id`, `kind`, `name`, `expected_result`, `event`, `mocks`, `rule_outputs`.
        """
        return _children.unit_tests(frame)

    @staticmethod
    def reports(frame: pd.DataFrame) -> pd.DataFrame:
        """Give one row per framework and control that the detections in a frame report to.

        Parameters
        ----------
        frame
            From `detections`, `rules` or another loader with `reports`; it is not changed.

        Returns
        -------
        pandas.DataFrame
            `id`, `kind`, `framework`, `control`.
        """
        return _children.reports(frame)

    @staticmethod
    def mappings(frame: pd.DataFrame) -> pd.DataFrame:
        """Give one row per mapping of the data models in a frame.

        Parameters
        ----------
        frame
            From `data_models`; it is not changed.

        Returns
        -------
        pandas.DataFrame
            `id`, `name`, `path`, `method`.
        """
        return _children.mappings(frame)

    def inventory(self, *, progress: bool | None = None) -> pd.DataFrame:
        """Read all lists and tell how much there is; a refusal on one does not stop the rest.

        Parameters
        ----------
        progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row per list: `resource`, `rows`, `pages`, `requests`, `status` (ok, or the name
            of the error), `message`. Alerts are those of the last 30 days.
        """
        rows = [
            self._inventory_row(resource, progress)
            for resource in RESOURCES.values()
            if resource.name not in {"alert_events", "alert_comments"}
        ]
        counts = {name: sum(row.get(name, 0) for row in rows) for name in ("requests", "pages")}
        frame = build_frame(rows, INVENTORY)
        return add_facts(frame, source=self.source, **counts, rows=len(rows))

    def _inventory_row(self, resource: Resource, progress: bool | None) -> dict[str, Any]:  # noqa: FBT001 - handed on from a keyword
        try:
            frame = self._list(resource.name, {}, None, progress)
        except PandakitError as error:
            status = type(error).__name__
            return {"resource": resource.name, "status": status, "message": str(error)}
        told = frame.attrs["pandakit"]
        counts = {name: told[name] for name in ("rows", "pages", "requests")}
        return {"resource": resource.name, **counts, "status": "ok"}

    def _alerts(
        self,
        start: TimeLike | None,
        end: TimeLike | None,
        filters: dict[str, Any],
        max_rows: int | None,
        progress: bool | None,  # noqa: FBT001 - handed on from a keyword
    ) -> pd.DataFrame:
        """Load alerts, one list after the other when several types are asked for."""
        asked = self._window(start, end)
        first = asked.start
        if first is None and asked.end is not None:  # the service's default counts from now
            first = asked.end - timedelta(days=_DEFAULT_DAYS)
        asked = Window(first, asked.end or self._now())
        resource = RESOURCES["alerts"]
        params = to_params(resource, filters)
        types = params.pop("type", ["ALERT"])
        params["created-after"], params["created-before"] = (
            each and each.replace("+00:00", "Z") for each in asked.as_text()
        )
        return self._load(
            chained(
                [("alerts", {**params, "type": each}, {}) for each in types],
                label="Panther alerts",
                session=self._session,
            ),
            to_frame(resource),
            window=asked,
            max_rows=max_rows,
            progress=progress,
            default_window=None if start is not None else f"{_DEFAULT_DAYS} days before the end",
        )
