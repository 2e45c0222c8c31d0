"""Simulated incidents against production's, for many policies that open the same alerts."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from pandakit.consolidation import consolidate
from pandakit.errors import PartialWarning, RejectedEventsWarning
from pandakit.lab._pairs import companions_kept, n_pairs
from pandakit.lab.scores import agreement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandakit.consolidation import Policy
    from pandakit.consolidation.policy import TimeUnit

__all__ = ["SCORES", "Production", "Scorer"]

#: The columns of a score, with their dtypes.
SCORES = dict.fromkeys(("precision", "recall", "f1"), "float64") | dict.fromkeys(
    ("pairs_kept", "pairs_simulated", "pairs_real"), "int64"
)


class Production(NamedTuple):
    """Production's alerts, and how they are matched: the arguments of `agreement`."""

    alerts: pd.DataFrame
    sources: Mapping[str, str] | None
    tolerance: str | pd.Timedelta


class Scorer:
    """The alerts that production has too, matched once.

    Parameters
    ----------
    events, policy, unit
        As in `consolidate`; any other policy that opens the same alerts can be scored.
    production
        What to compare with.

    Attributes
    ----------
    n_matched : int
        Alerts that are on both sides.
    """

    def __init__(self, events: Any, policy: Policy, production: Production, unit: TimeUnit) -> None:
        with warnings.catch_warnings():
            # The caller that groups the events has already warned.
            warnings.simplefilter("ignore", RejectedEventsWarning)
            simulation = consolidate(events, policy, unit=unit)
        matching = agreement(
            simulation,
            production.alerts,
            sources=production.sources,
            tolerance=production.tolerance,
        ).matching
        simulated = matching.simulated["alert_id"].to_numpy(dtype=np.int64)
        self._alerts = simulated[matching.simulated_rows]
        ids = matching.real["incident_id"].to_numpy()[matching.real_rows]
        self._real = pd.factorize(ids)[0].astype(np.int64)
        self.n_matched = len(self._alerts)

    def score(self, incidents: np.ndarray) -> dict[str, float]:
        """Return precision, recall and f1 with their pairs; NaN where they are 0/0."""
        simulated = incidents[self._alerts]
        kept = int(companions_kept(simulated, self._real).sum()) // 2
        pairs, pairs_real = n_pairs(simulated), n_pairs(self._real)
        return {
            "precision": _ratio(kept, pairs),
            "recall": _ratio(kept, pairs_real),
            "f1": _ratio(2 * kept, pairs + pairs_real),
            "pairs_kept": kept,
            "pairs_simulated": pairs,
            "pairs_real": pairs_real,
        }

    def warn_if_nothing_matched(self, stacklevel: int) -> None:
        """Warn that there are no scores, and say what the reason may be."""
        if not self.n_matched:
            warnings.warn(
                "no alert was matched with production, so precision, recall and f1 are missing; "
                "agreement(...).unmatched has the reasons, sources= and tolerance= widen the match",
                PartialWarning,
                stacklevel=stacklevel + 1,
            )


def _ratio(numerator: int, denominator: int) -> float:
    return numerator / denominator if denominator else float("nan")
