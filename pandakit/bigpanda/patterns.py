"""Correlation patterns, and the policy that they make up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.bigpanda._lists.rows import load_resource
from pandakit.errors import ProtocolError
from pandakit.transport import loader, read_or_raise

if TYPE_CHECKING:
    import pandas as pd

    from pandakit.bigpanda.service import Account
    from pandakit.consolidation import Policy
    from pandakit.transport import StorePath

__all__ = ["correlation_patterns", "policy"]


@loader()
def correlation_patterns(
    self: Account,
    *,
    active: bool | None = None,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return the correlation patterns.

    Parameters
    ----------
    active
        `True` for active patterns only; `None` for all of them.
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
        One row per pattern; `time_window` is in minutes.

    Notes
    -----
    Source: "Correlation Pattern Object".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     patterns = services.bigpanda.correlation_patterns(active=True)
    >>> patterns["time_window"].tolist()
    [120, 60]
    """
    return load_resource(
        self, "correlation_patterns", max_rows=max_rows, progress=progress, active=active
    )


def policy(self: Account, *, progress: bool | None = None) -> Policy:
    """Return the active patterns as a policy, to consolidate as this tenant does.

    Parameters
    ----------
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.

    Returns
    -------
    Policy
        The patterns in their run order: by `execution_order` if they have one, else the longest
        window first. All other settings are those of
        `CURRENT`, because the service does not publish them.

    Raises
    ------
    NotFoundError
        When no pattern is active.
    ProtocolError
        When a pattern cannot be simulated; the message names it.

    Warns
    -----
    ServiceWarning
        When a window is longer than the 4,320 minutes that the service allows: the number
        is read as seconds.

    Notes
    -----
    Source: "Correlation Pattern Object".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     policy = services.bigpanda.policy()
    >>> [pattern.name for pattern in policy.patterns]
    ['cluster', 'host']
    """
    from pandakit.bigpanda._lists.policy import policy_of  # noqa: PLC0415 - loads the simulation

    patterns = correlation_patterns(self, progress=progress)
    return read_or_raise(lambda: policy_of(patterns), lambda why: ProtocolError(f"BigPanda {why}"))
