"""Loaders of alerts, their events and comments; methods of `Panther`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import pandas as pd

from pandakit.errors import DefaultWindowWarning
from pandakit.frames import add_facts
from pandakit.panther._lists.listings import chained, part, to_frame, whole_list
from pandakit.panther._lists.parameters import Filter, query_parameters
from pandakit.panther._lists.resources import RESOURCES
from pandakit.panther.filters import AlertFilters, AlertType
from pandakit.timewindow import TimeLike, Window
from pandakit.transport import Client, loader, warn_user

if TYPE_CHECKING:
    from typing import Unpack

    from pandakit.transport import Part, StorePath

__all__ = ["alert_comments", "alert_context_tags", "alert_events", "alerts"]

AlertIds: TypeAlias = str | Iterable[str] | pd.DataFrame

_DEFAULT_DAYS = 30
_TYPE = Filter("type", "list", get_args(AlertType))


@loader()
def alerts(
    self: Client,
    *,
    start: TimeLike | None = None,
    end: TimeLike | None = None,
    type: AlertType | Literal["all"] | Sequence[AlertType] = "ALERT",  # noqa: A002 - the service's word
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
    **filters: Unpack[AlertFilters],
) -> pd.DataFrame:
    """Return the alerts that were created in a window.

    Parameters
    ----------
    start, end
        First and last moment, each a zone-aware datetime, ISO 8601 text with a zone, a date
        (UTC midnight) or a span back from now (`"7d"`, `"36h"`). Default: the 30 days before
        `end`, with a warning; `end` is now, fixed when the load starts.
    type
        `"ALERT"`, `"DETECTION_ERROR"`, `"SYSTEM_ERROR"`, several of them, or `"all"`.
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; default: all rows.
    progress
        `True` shows a progress line and `False` hides it; default: shown in a terminal
        or a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.
    **filters
        `sub_type` (RULE, RULE_ERROR, SCHEDULED_RULE, SCHEDULED_RULE_ERROR, POLICY,
        SYSTEM_ERROR, CORRELATION_RULE, CORRELATION_RULE_ERROR), `severity`, `status` (OPEN,
        TRIAGED, RESOLVED, CLOSED), `assignee`, `log_source`, `log_type`, `resource_type`,
        `quality` (NOISE, USEFUL), `context_tag` (one or several: rows that match any);
        `detection_id`, `name_contains`, `event_count_min`, `event_count_max`, `sort_dir`
        (asc, desc).

    Returns
    -------
    pandas.DataFrame
        One row per alert. Needs the permission Read Alerts. `attrs["pandakit"]["window"]`
        holds both ends.

    Warns
    -----
    DefaultWindowWarning
        Without `start`.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     alerts = services.panther.alerts(start="30d", severity=["HIGH", "CRITICAL"])
    >>> sorted(alerts["severity"].unique())
    ['CRITICAL', 'HIGH']
    """
    resource = RESOURCES["alerts"]
    params = query_parameters("alerts", resource.filters, dict(filters))
    types = _types(type)
    window = _alert_window(self, start, end)
    return self._load(
        chained(
            [part("alerts", {**params, "type": each, **_bounds(window)}) for each in types],
            label="Panther alerts",
            row_id=lambda row: row.get("id"),
        ),
        to_frame(resource),
        window=window,
        max_rows=max_rows,
        progress=progress,
        default_window=None if start is not None else f"{_DEFAULT_DAYS} days before the end",
    )


@loader()
def alert_events(
    self: Client,
    alert_ids: AlertIds,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the log events of alerts.

    Parameters
    ----------
    alert_ids
        One id, several, or a frame of `alerts`; an id that is named twice is read once.
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; default: all rows.
    progress
        `True` shows a progress line and `False` hides it; default: shown in a terminal
        or a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.

    Returns
    -------
    pandas.DataFrame
        One row per event, alert by alert, in no particular order within an alert; their fields
        become columns under their own names. `p_alert_id` is the alert. Needs the
        permission Read Alerts.

    Raises
    ------
    NotFoundError
        For an alert that does not exist.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     alerts = services.panther.alerts(start="7d")
    ...     events = services.panther.alert_events(alerts["id"].head(2))
    >>> events["p_alert_id"].nunique()
    2
    """

    def events_of(key: str) -> Part:
        return part("alert_events", {}, path={"alert_id": key}, tag={"p_alert_id": key})

    return _of_alerts(self, "alert_events", alert_ids, events_of, max_rows, progress)


@loader()
def alert_comments(
    self: Client,
    alert_ids: AlertIds,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the comments on alerts.

    Parameters
    ----------
    alert_ids
        One id, several, or a frame of `alerts`; an id that is named twice is read once.
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; default: all rows.
    progress
        `True` shows a progress line and `False` hides it; default: shown in a terminal
        or a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.

    Returns
    -------
    pandas.DataFrame
        One row per comment, alert by alert. Needs the permission Read Alerts.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     alerts = services.panther.alerts(start="7d")
    ...     comments = services.panther.alert_comments(alerts["id"].head(3))
    >>> set(comments["alert_id"]) <= set(alerts["id"])
    True
    """

    def comments_on(key: str) -> Part:
        return part("alert_comments", {"alert-id": key})

    return _of_alerts(self, "alert_comments", alert_ids, comments_on, max_rows, progress)


@loader()
def alert_context_tags(
    self: Client,
    *,
    managed: bool | None = None,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the context tags that alerts may have.

    Parameters
    ----------
    managed
        `True` for the vendor's tags, `False` for your own; default: both.
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; default: all rows.
    progress
        `True` shows a progress line and `False` hides it; default: shown in a terminal
        or a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.

    Returns
    -------
    pandas.DataFrame
        One row per tag. Needs the permission Read Alerts.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     tags = services.panther.alert_context_tags(managed=True)
    >>> tags["managed"].all().item()
    True
    """
    return self._load(
        *whole_list("alert_context_tags", {"managed": managed}),
        max_rows=max_rows,
        progress=progress,
    )


def _types(asked: Any) -> list[str]:
    if asked == "all":
        return list(_TYPE.choices)
    chosen: list[str] = query_parameters("alerts", {"type": _TYPE}, {"type": asked})["type"]
    return list(dict.fromkeys(chosen))


def _alert_window(self: Client, start: TimeLike | None, end: TimeLike | None) -> Window:
    """Return both ends; without a start, the service's default is sent as the start."""
    if start is not None:
        asked = self._window(start, end)
        return Window(asked.start, asked.end or self._now())
    warn_user(
        f"alerts() without start returns only the {_DEFAULT_DAYS} days before the end; "
        'pass start="90d" or another start for more',
        DefaultWindowWarning,
    )
    last = self._window(None, "0s" if end is None else end).end
    return Window(last and last - timedelta(days=_DEFAULT_DAYS), last)


def _bounds(window: Window) -> dict[str, str | None]:
    first, last = (each and each.replace("+00:00", "Z") for each in window.as_text())
    return {"created-after": first, "created-before": last}


def _of_alerts(
    self: Client,
    name: str,
    alert_ids: AlertIds,
    part_of: Callable[[str], Part],
    max_rows: int | None,
    progress: bool | None,  # noqa: FBT001 - passed on from a keyword
) -> pd.DataFrame:
    """Read one list per alert as one list."""
    resource = RESOURCES[name]
    key = resource.id_field
    ids = _alert_ids(alert_ids)
    if not ids:
        facts = {"source": self.source, "requests": 0, "pages": 0, "rows": 0, "elapsed_s": 0.0}
        empty = to_frame(resource)([])
        return add_facts(empty, **facts, window=[None, None], capped=False, complete=True)
    return self._load(
        chained(
            [part_of(each) for each in ids],
            label=f"Panther {name}",
            row_id=None if key is None else lambda row: row.get(key),
        ),
        to_frame(resource),
        max_rows=max_rows,
        progress=progress,
    )


def _alert_ids(given: AlertIds) -> list[str]:
    if isinstance(given, str):
        return [given]
    if isinstance(given, pd.DataFrame):
        if "id" not in given.columns:
            raise ValueError("the frame has no column id: pass a frame of alerts()")
        given = given["id"]
    return list(dict.fromkeys(given))
