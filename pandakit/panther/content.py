"""Loaders of detections and their dependencies; methods of `Panther`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.panther._lists.listings import whole_list
from pandakit.transport import loader

if TYPE_CHECKING:
    from typing import Unpack

    import pandas as pd

    from pandakit.panther.filters import (
        AuthorFilters,
        DetectionFilters,
        PolicyFilters,
        RuleFilters,
        ScheduledRuleFilters,
        SimpleRuleFilters,
    )
    from pandakit.transport import Client, StorePath

__all__ = [
    "correlation_rules",
    "data_models",
    "globals",
    "policies",
    "queries",
    "rules",
    "scheduled_rules",
    "simple_rules",
]


@loader()
def data_models(
    self: Client,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the data models: common names for the fields of log types.

    Parameters
    ----------
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
        One row per data model. Needs the permission View Rules.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     models = services.panther.data_models()
    >>> len(models), "log_types" in models
    (9, True)
    """
    return self._load(*whole_list("data_models", {}), max_rows=max_rows, progress=progress)


@loader()
def globals(  # noqa: A001 - the name of the method
    self: Client,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
    **filters: Unpack[AuthorFilters],
) -> pd.DataFrame:
    """Return the globals: Python modules that detections import.

    Parameters
    ----------
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; default: all rows.
    progress
        `True` shows a progress line and `False` hides it; default: shown in a terminal
        or a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.
    **filters
        `name_contains`, `created_by`, `last_modified_by` (id of a user or API token).

    Returns
    -------
    pandas.DataFrame
        One row per global. Needs the permission View Rules or View Policies.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     helpers = services.panther.globals()
    >>> len(helpers), "body" in helpers
    (12, True)
    """
    return self._load(*whole_list("globals", dict(filters)), max_rows=max_rows, progress=progress)


@loader()
def policies(
    self: Client,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
    **filters: Unpack[PolicyFilters],
) -> pd.DataFrame:
    """Return the policies: detections over cloud resources.

    Parameters
    ----------
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; default: all rows.
    progress
        `True` shows a progress line and `False` hides it; default: shown in a terminal
        or a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.
    **filters
        `name_contains`, `state` (enabled, disabled), `compliance_status` (PASS, FAIL, ERROR),
        `severity`, `tag`, `resource_type` (one or several: rows that match any),
        `created_by`, `last_modified_by` (id of a user or API token).

    Returns
    -------
    pandas.DataFrame
        One row per policy. The compliance status is a filter and not a column. Needs the
        permission View Policies.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     policies = services.panther.policies(severity="HIGH")
    >>> policies["severity"].unique().tolist()
    ['HIGH']
    """
    return self._load(*whole_list("policies", dict(filters)), max_rows=max_rows, progress=progress)


@loader()
def queries(
    self: Client,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the saved and the scheduled queries.

    Parameters
    ----------
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
        One row per query; `schedule_...` is missing where there is no schedule. Needs the
        permission Query Data Lake.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     queries = services.panther.queries()
    >>> len(queries), "sql" in queries
    (130, True)
    """
    return self._load(*whole_list("queries", {}), max_rows=max_rows, progress=progress)


@loader()
def rules(
    self: Client,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
    **filters: Unpack[RuleFilters],
) -> pd.DataFrame:
    """Return the rules: detections in Python over log events.

    Parameters
    ----------
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; default: all rows.
    progress
        `True` shows a progress line and `False` hides it; default: shown in a terminal
        or a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.
    **filters
        `name_contains`, `state` (enabled, disabled), `severity` (INFO, LOW, MEDIUM, HIGH,
        CRITICAL), `tag`, `log_type` (one or several: rows that match any), `created_by`,
        `last_modified_by` (id of a user or API token).

    Returns
    -------
    pandas.DataFrame
        One row per rule. Needs the permission View Rules.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     rules = services.panther.rules(severity=["HIGH", "CRITICAL"], state="enabled")
    >>> sorted(rules["severity"].unique()), rules["enabled"].all().item()
    (['CRITICAL', 'HIGH'], True)
    """
    return self._load(*whole_list("rules", dict(filters)), max_rows=max_rows, progress=progress)


@loader()
def scheduled_rules(
    self: Client,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
    **filters: Unpack[ScheduledRuleFilters],
) -> pd.DataFrame:
    """Return the scheduled rules: detections over the results of queries.

    Parameters
    ----------
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; default: all rows.
    progress
        `True` shows a progress line and `False` hides it; default: shown in a terminal
        or a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.
    **filters
        As for `rules`, with `scheduled_query` in place of `log_type`.

    Returns
    -------
    pandas.DataFrame
        One row per rule. Needs the permission View Rules.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     rules = services.panther.scheduled_rules(state="enabled")
    >>> rules["enabled"].all().item(), "scheduled_queries" in rules
    (True, True)
    """
    return self._load(
        *whole_list("scheduled_rules", dict(filters)), max_rows=max_rows, progress=progress
    )


@loader()
def simple_rules(
    self: Client,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
    **filters: Unpack[SimpleRuleFilters],
) -> pd.DataFrame:
    """Return the simple rules: detections in YAML.

    Parameters
    ----------
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; default: all rows.
    progress
        `True` shows a progress line and `False` hides it; default: shown in a terminal
        or a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.
    **filters
        As for `rules`, and `include_python=True` to fill the column `python_body`.

    Returns
    -------
    pandas.DataFrame
        One row per rule. Needs the permission View Rules.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     rules = services.panther.simple_rules(include_python=True)
    >>> rules["python_body"].notna().all().item()
    True
    """
    return self._load(
        *whole_list("simple_rules", dict(filters)), max_rows=max_rows, progress=progress
    )


@loader()
def correlation_rules(
    self: Client,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
    **filters: Unpack[DetectionFilters],
) -> pd.DataFrame:
    """Return the correlation rules, which combine other detections.

    Parameters
    ----------
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; default: all rows.
    progress
        `True` shows a progress line and `False` hides it; default: shown in a terminal
        or a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.
    **filters
        As for `rules`, without `log_type`.

    Returns
    -------
    pandas.DataFrame
        One row per rule. Needs the permission View Rules.

    Raises
    ------
    InvalidRequestError, NotFoundError
        When the instance has no correlation rules, as on Databricks.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     rules = services.panther.correlation_rules()
    >>> len(rules)
    7
    """
    return self._load(
        *whole_list("correlation_rules", dict(filters)), max_rows=max_rows, progress=progress
    )
