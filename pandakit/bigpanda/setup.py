"""Methods of `BigPanda`: the organisation's setup, and its troubleshooting logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pandakit.bigpanda._lists.rows import load_resource
from pandakit.transport import loader

if TYPE_CHECKING:
    import pandas as pd

    from pandakit.bigpanda.service import Account
    from pandakit.timewindow import TimeLike
    from pandakit.transport import StorePath

__all__ = ["alert_filters", "incident_tags", "maintenance_plans", "troubleshooting_logs"]

PlanStatus = Literal["planned", "running", "done"]


@loader()
def maintenance_plans(
    self: Account,
    *,
    status: PlanStatus | None = None,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the maintenance plans; the service keeps them for 60 days after their end.

    Parameters
    ----------
    status
        `"planned"`, `"running"` or `"done"`; `None` for all of them.
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; `None` for all rows.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.

    Returns
    -------
    pandas.DataFrame
        One row per plan; alerts refer to it in `maintenance_plans`.

    Notes
    -----
    Source: "Maintenance Plans".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     plans = services.bigpanda.maintenance_plans()
    >>> len(plans)
    4
    """
    return load_resource(
        self, "maintenance_plans", max_rows=max_rows, progress=progress, status=status
    )


@loader()
def alert_filters(
    self: Account,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the alert filters: events that they match are dropped before they become alerts.

    Parameters
    ----------
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; `None` for all rows.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.

    Returns
    -------
    pandas.DataFrame
        One row per filter; `bpql` is a query object, which `Bpql.from_object` reads.

    Notes
    -----
    Source: "Alert Filters".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     filters = services.bigpanda.alert_filters()
    >>> len(filters)
    1
    """
    return load_resource(self, "alert_filters", max_rows=max_rows, progress=progress)


@loader()
def incident_tags(
    self: Account,
    *,
    active: bool | None = None,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the definitions of incident tags: the names for the columns `tag.<id>`.

    Parameters
    ----------
    active
        `True` for active tags only; `None` for all of them.
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; `None` for all rows.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.

    Returns
    -------
    pandas.DataFrame
        One row per tag.

    Notes
    -----
    Source: "Incident Tag Definitions".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     tags = services.bigpanda.incident_tags(active=True)
    >>> len(tags)
    1
    """
    return load_resource(self, "incident_tags", max_rows=max_rows, progress=progress, active=active)


@loader()
def troubleshooting_logs(
    self: Account,
    *,
    log_type: str | None = None,
    level: str | None = None,
    component_name: str | None = None,
    resource_id: str | None = None,
    start: TimeLike | None = None,
    end: TimeLike | None = None,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the troubleshooting logs, in which refused alerts appear.

    Parameters
    ----------
    log_type
        Type of the entries, such as `"invalid_payload"`.
    level
        Level of the entries.
    component_name
        Component that wrote the entries, such as `"inbound"`.
    resource_id
        Integration that the entries are about.
    start, end
        Entries between the two. Each is a zone-aware datetime, ISO 8601 text with a zone, a date
        (UTC midnight) or a span back from now (`"7d"`, `"36h"`, `"15min"`); `None`: the
        service decides.
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; `None` for all rows.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.

    Returns
    -------
    pandas.DataFrame
        One row per entry.

    Notes
    -----
    Source: "Troubleshooting Logs".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     logs = services.bigpanda.troubleshooting_logs()
    >>> logs.columns[:3].tolist()
    ['log_id', 'timestamp', 'log_type']
    """
    asked = self._window(start, end)
    return load_resource(
        self,
        "troubleshooting_logs",
        max_rows=max_rows,
        progress=progress,
        window=asked,
        log_type=log_type,
        level=level,
        component_name=component_name,
        resource_id=resource_id,
        start=asked.start and int(asked.start.timestamp()),
        end=asked.end and -int(-asked.end.timestamp() // 1),
    )
