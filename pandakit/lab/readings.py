"""How sensitive incidents are to what the vendor leaves open: `sensitivity`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from pandakit.consolidation.openings import EventHistory
from pandakit.consolidation.policy import CLASSIC, check_policy
from pandakit.lab._pairs import group_sizes, overlap
from pandakit.spans import read_span, span_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from pandakit.consolidation import Policy
    from pandakit.consolidation.openings import Openings
    from pandakit.consolidation.policy import TimeUnit

__all__ = ["sensitivity"]

# Each setting that the vendor's pages leave open, with its readings.
_READINGS: dict[str, tuple[Any, ...]] = {
    "anchor": ("first", "latest", "bucket"),
    "matchers": ("union", "intersect"),
    "join_resolved": (True, False),
    "dedup": ("identity_timestamp", "payload", "none"),
    "max_alerts": (None, 300),
    "order": ("longest_window_first", "as_given"),
    "reopen_window": ("0s", "1h", "48h", "7d", None),
    "expire_after": ("1d", "7d", "30d", None),
}
_SPANS = ("reopen_window", "expire_after")
_MERGED_BY = ("dedup", "reopen_window", "expire_after")
_SEEDS = range(5)
_TIES = "order of equal times"


class _Reading(NamedTuple):
    setting: str
    value: str
    openings: Openings
    policy: Policy


def sensitivity(events: Any, policy: Policy = CLASSIC, *, unit: TimeUnit = "s") -> pd.DataFrame:
    """Return how much the incidents change under other readings of what the vendor leaves open.

    Each setting that the vendor's pages leave open takes its other values, one at a time; then
    events with the same timestamp are put into reverse order, and into five random orders drawn
    with the seeds 0 to 4.

    Parameters
    ----------
    events, unit
        As in `consolidate`.
    policy
        The current settings.

    Returns
    -------
    pandas.DataFrame
        One row per other reading, the one that moves most alerts first: ``setting``, ``value``,
        ``incidents``, ``change`` (more incidents, as a share of today's; ``numerator``,
        ``denominator``), ``largest`` (alerts in the largest incident), ``same`` (alerts that the
        same event opened), ``moved`` (those of them whose companions differ), ``f1`` (of the
        pairs that share an incident, against today's), ``pairs_kept``, ``pairs_today``, ``pairs``.

    Raises
    ------
    EventError
        As in `consolidate`.

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame(
    ...     {"timestamp": [0, 60, 120, 180], "status": ["critical", "ok", "critical", "critical"],
    ...      "host": ["db-1", "db-1", "db-1", "db-2"], "cluster": "db"}
    ... )
    >>> sensitivity(events)[["setting", "value", "incidents", "change", "moved"]].head(3)
             setting   value  incidents  change  moved
    0  reopen_window     0 s          1     0.0      2
    1         anchor  latest          1     0.0      0
    2         anchor  bucket          1     0.0      0
    """
    check_policy(policy)
    history = EventHistory(events, policy, unit)
    today = history.openings(policy)
    incidents = today.group(policy)
    rows = [_compared(today, incidents, reading) for reading in _readings(history, policy, today)]
    frame = pd.DataFrame(rows)
    order = np.lexsort([-frame["change"].abs().fillna(0), -frame["moved"]])
    return frame.iloc[order].reset_index(drop=True)


def _readings(history: EventHistory, policy: Policy, today: Openings) -> Iterator[_Reading]:
    logged = today if not policy.join_resolved else None
    for setting, values in _READINGS.items():
        for value in values:
            other = policy.replace(**{setting: value})
            if other == policy:
                continue
            openings = today
            if setting in _MERGED_BY:
                openings = history.openings(other)
            elif not other.join_resolved:
                openings = logged = logged or history.openings(other)
            yield _Reading(setting, _text(setting, value), openings, other)
    yield _Reading(_TIES, "reversed", history.openings_reversed(policy), policy)
    for seed in _SEEDS:
        ties = np.random.default_rng(seed)
        yield _Reading(_TIES, f"seed {seed}", history.openings(policy, ties=ties), policy)


def _text(setting: str, value: Any) -> str:
    if setting in _SPANS and value is not None:
        span: timedelta = read_span(value, setting)
        return span_text(span)
    return str(value)


def _compared(today: Openings, incidents: np.ndarray, reading: _Reading) -> dict[str, Any]:
    grouped = reading.openings.group(reading.policy)
    before, after = _n_groups(incidents), _n_groups(grouped)
    both = overlap(today.rows, incidents, reading.openings.rows, grouped)
    return {
        "setting": reading.setting,
        "value": reading.value,
        "incidents": after,
        "change": (after - before) / before if before else np.nan,
        "numerator": after - before,
        "denominator": before,
        "largest": int(group_sizes(grouped).max(initial=0)),
        "same": both.same,
        "moved": both.moved,
        "f1": both.pairs.f1,
        "pairs_kept": both.pairs.kept,
        "pairs_today": both.pairs.a,
        "pairs": both.pairs.b,
    }


def _n_groups(groups: np.ndarray) -> int:
    return int(groups.max(initial=-1)) + 1
