"""The settings under which the newest entries decide, and the incidents of alerts under them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pandakit.consolidation._arrays.codes import check_ids
from pandakit.consolidation._group.grouper import group_rules
from pandakit.consolidation._regroup.layout import ENTRY_COLUMNS, INCIDENT_COLUMNS, Stacks

if TYPE_CHECKING:
    from pandakit.consolidation._group.grouper import Matches
    from pandakit.consolidation.policy import Policy

__all__ = ["incidents_of", "newest_decide"]


def newest_decide(policy: Policy) -> bool:
    """Return whether the newest entry of each value decides which incident takes an alert.

    Examples
    --------
    >>> from pandakit.consolidation import CLASSIC, CURRENT
    >>> newest_decide(CLASSIC), newest_decide(CURRENT)
    (True, False)
    """
    # With one pattern, all alerts of an incident share its value, however matchers are combined.
    united = policy.matchers == "union" or len(policy.patterns) == 1
    return united and policy.join_resolved and policy.anchor != "latest"


def incidents_of(policy: Policy, matches: Matches, start: np.ndarray) -> np.ndarray:
    """Return the incident of each alert, under a policy for which `newest_decide`."""
    from pandakit.consolidation._regroup import kernel  # noqa: PLC0415 - imports numba

    values, n_alerts = matches.values, len(start)
    most = int((values >= 0).sum())
    check_ids(most, "entries of incidents")
    stacks = Stacks(
        newest=np.full(matches.n_values, -1, dtype=np.int32),
        entries=np.empty((most, ENTRY_COLUMNS), dtype=np.int32),
        anchors=np.empty(most, dtype=np.int64),
        incidents=np.empty((n_alerts, INCIDENT_COLUMNS), dtype=np.int32),
        found=np.empty(n_alerts, dtype=np.int32),
    )
    kernel.regroup_alerts(values, start, stacks, group_rules(policy))
    return stacks.found
