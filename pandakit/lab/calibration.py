"""Which reading of the vendor's rules production follows: `calibrate`."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.consolidation.openings import EventHistory
from pandakit.errors import EventError
from pandakit.interchange import as_table
from pandakit.lab._scorer import Production, Scorer
from pandakit.spans import span_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandakit.consolidation import Policy
    from pandakit.consolidation.policy import TimeUnit

__all__ = ["Calibration", "calibrate"]

_READINGS: dict[str, tuple[Any, ...]] = {
    "anchor": ("first", "latest", "bucket"),
    "matchers": ("union", "intersect"),
    "join_resolved": (True, False),
    "max_alerts": (None, 300),
}


@dataclass(frozen=True)
class Calibration:
    """How well each reading agrees with production. Made by `calibrate`.

    Attributes
    ----------
    best : Policy or None
        The policy with the reading that agrees best. Among equal ones, the given policy's reading
        if it is one of them, else the first. None if no alert was matched.
    readings : pandas.DataFrame
        One row per reading, the best first: ``anchor``, ``matchers``, ``join_resolved``,
        ``max_alerts``, ``rank`` (equal ones share it; missing if no alert was matched),
        ``precision``, ``recall``, ``f1``, ``pairs_kept``, ``pairs_simulated``, ``pairs_real``.
    n_matched : int
        Alerts that are on both sides.
    text : str
        The answer in words, with the readings that this history cannot distinguish.
    """

    best: Policy | None
    n_matched: int
    text: str
    readings: pd.DataFrame = field(repr=False)


def calibrate(
    events: Any,
    policy: Policy,
    production: pd.DataFrame,
    *,
    sources: Mapping[str, str] | None = None,
    tolerance: str | pd.Timedelta = "0s",
    unit: TimeUnit = "s",
) -> Calibration:
    """Return which reading of the vendor's rules agrees best with production's incidents.

    The 24 readings are all combinations of `anchor`, `matchers`, `join_resolved` and a limit of
    alerts (none, or 300); everything else is the policy's.

    Parameters
    ----------
    events, unit
        As in `consolidate`.
    policy
        All other settings.
    production, sources, tolerance
        As in `agreement`.

    Returns
    -------
    Calibration
        With ``best``, ``readings``, ``n_matched`` and ``text``.

    Raises
    ------
    EventError
        As in `consolidate`.
    ValueError
        As in `agreement`.

    Examples
    --------
    >>> import pandas as pd
    >>> import pandakit as pk
    >>> events = pd.DataFrame({"timestamp": [0, 3000, 6000], "status": "critical",
    ...                        "host": "db-1", "check": ["ping", "disk", "cpu"]})
    >>> production = pd.DataFrame({"incident_id": "a", "alert_id": ["x", "y", "z"],
    ...     "incident_key": ["db-1__ping", "db-1__disk", "db-1__cpu"],
    ...     "start": pd.to_datetime([0, 3000, 6000], unit="s", utc=True)})
    >>> found = pk.calibrate(events, pk.CURRENT, production)
    >>> found.best.anchor, found.readings["rank"].eq(1).sum()
    ('latest', np.int64(8))
    """
    table = as_table(events, name="events", error=EventError)
    # Which alerts open does not depend on the readings; their ends are kept only without
    # `join_resolved`.
    logged = policy.replace(join_resolved=False)
    openings = EventHistory(table, logged, unit).openings(logged)
    scorer = Scorer(table, policy, Production(production, sources, tolerance), unit)
    policies = [
        policy.replace(**dict(zip(_READINGS, values, strict=True)))
        for values in product(*_READINGS.values())
    ]
    rows = [
        {name: getattr(one, name) for name in _READINGS} | scorer.score(openings.group(one))
        for one in policies
    ]
    readings = _ranked(rows, scorer.n_matched)
    first = [one for one, rank in zip(policies, _ranks(rows), strict=True) if rank == 1]
    best = (policy if policy in first else first[0]) if scorer.n_matched else None
    return Calibration(best, scorer.n_matched, _text(best, readings, scorer.n_matched), readings)


def _ranks(rows: list[dict[str, Any]]) -> list[int]:
    """Return the rank of each reading; two sides without pairs agree perfectly."""
    scores = np.nan_to_num([row["f1"] for row in rows], nan=1.0)
    return [1 + int((scores > score).sum()) for score in scores]


def _ranked(rows: list[dict[str, Any]], n_matched: int) -> pd.DataFrame:
    frame = pd.DataFrame(rows).astype({"max_alerts": "Int64"})
    ranks = pd.Series(_ranks(rows), dtype="Int64")
    frame.insert(len(_READINGS), "rank", ranks if n_matched else ranks.mask(ranks > 0))
    return frame.iloc[np.argsort(_ranks(rows), kind="stable")].reset_index(drop=True)


def _text(best: Policy | None, readings: pd.DataFrame, n_matched: int) -> str:
    if best is None:
        return "No alert was matched with production, so no reading can be preferred (.n_matched)."
    top = readings[readings["rank"].eq(1)]
    values = {name: [str(value) for value in top[name].unique()] for name in _READINGS}
    alike = [
        f"{name} ({', '.join(sorted(some)).replace('<NA>', 'None')})"
        for name, some in values.items()
        if some[1:]
    ]
    chosen = ", ".join(f"{name}={getattr(best, name)!r}" for name in _READINGS)
    windows = ", ".join(f"{one.name} {span_text(one.window)}" for one in best.patterns)
    text = (
        f"Of 24 readings, {chosen} agrees best with production: f1 {top['f1'].iloc[0]:.3f} over "
        f"{n_matched:,} matched alerts ({windows})."
    )
    if not alike:
        return text
    return (
        f"{text} {len(top)} readings agree as well: this history cannot decide {'; '.join(alike)}."
    )
