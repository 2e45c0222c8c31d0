"""Loaders of users, roles and API tokens; methods of `Panther`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.panther._lists.listings import whole_list
from pandakit.transport import loader

if TYPE_CHECKING:
    from typing import Unpack

    import pandas as pd

    from pandakit.panther.filters import RoleFilters, UserFilters
    from pandakit.transport import Client, StorePath

__all__ = ["api_tokens", "roles", "users"]


@loader()
def users(
    self: Client,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
    **filters: Unpack[UserFilters],
) -> pd.DataFrame:
    """Return the users, deactivated ones included.

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
        `contains`, `email` (exact; the service then ignores the others), `id` (one or
        several), `status`, `include_deactivated` (default: `True`).

    Returns
    -------
    pandas.DataFrame
        One row per user. Needs the permission Read User Info.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     users = services.panther.users(include_deactivated=False)
    >>> users["enabled"].all().item()
    True
    """
    return self._load(
        *whole_list("users", {"include_deactivated": True, **filters}),
        max_rows=max_rows,
        progress=progress,
    )


@loader()
def roles(
    self: Client,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
    **filters: Unpack[RoleFilters],
) -> pd.DataFrame:
    """Return the roles.

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
        `name_contains`, `name` (exact; the service then ignores the others), `id` (one or
        several), `sort_dir` (asc, desc).

    Returns
    -------
    pandas.DataFrame
        One row per role. Needs the permission Read User Info.

    Warns
    -----
    PartialWarning
        When the service has more rows: this list has no pages, so they cannot be fetched.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     roles = services.panther.roles(sort_dir="asc")
    >>> len(roles), "permissions" in roles
    (6, True)
    """
    return self._load(*whole_list("roles", dict(filters)), max_rows=max_rows, progress=progress)


@loader()
def api_tokens(
    self: Client,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the API tokens, never with their secret value.

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
        One row per token. Needs the permission Read API Token Info.

    Warns
    -----
    PartialWarning
        When the service has more rows: this list has no pages, so they cannot be fetched.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     tokens = services.panther.api_tokens()
    >>> len(tokens), "value" in tokens
    (5, False)
    """
    return self._load(*whole_list("api_tokens", {}), max_rows=max_rows, progress=progress)
