"""How well a simulation agrees with production: `agreement`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.lab._matching import Matching, match_alerts
from pandakit.lab._pairs import cell_sizes, companions_kept, group_sizes, n_pairs
from pandakit.lab._production import production_alerts, simulated_alerts
from pandakit.spans import microseconds, read_span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandakit.consolidation import Consolidation

__all__ = ["Agreement", "agreement"]

_NAN = float("nan")


def agreement(
    consolidation: Consolidation,
    alerts: pd.DataFrame,
    *,
    sources: Mapping[str, str] | None = None,
    tolerance: str | pd.Timedelta = "0s",
) -> Agreement:
    """Return how well simulated incidents agree with those of production.

    Alerts are matched one to one: same identity, and the same start within the tolerance,
    nearest first. The identity is production's `incident_key`, else
    `<primary value>__<secondary value>`; the integration counts too when every simulated
    `app_key` occurs among production's `source_system`, or `sources` maps it.

    Parameters
    ----------
    consolidation
        The simulation.
    alerts
        Production's alerts, from `BigPanda.alerts` or `BigPanda.incidents(expand="alerts")`.
    sources
        `app_key` to `source_system`, where they differ.
    tolerance
        How far apart two starts may be, as a span.

    Returns
    -------
    Agreement
        Scores over the matched alerts, the alerts without a match, and the disagreements.

    Raises
    ------
    ValueError
        When `alerts` does not have the columns of production's alerts, or the tolerance is
        negative.

    Notes
    -----
    Pairs of alerts that share an incident are counted; the other scores are those that
    scikit-learn calls `adjusted_rand_score`, `homogeneity_score`, `completeness_score` and
    `v_measure_score`, with production as the truth.

    Examples
    --------
    >>> import pandas as pd
    >>> import pandakit as pk
    >>> events = pd.DataFrame({"timestamp": [0, 60], "status": "critical",
    ...                        "host": "db-1", "check": ["ping", "disk"]})
    >>> production = pd.DataFrame({"incident_id": ["a", "b"], "alert_id": ["x", "y"],
    ...     "incident_key": ["db-1__ping", "db-1__disk"],
    ...     "start": pd.to_datetime([0, 60], unit="s", utc=True)})
    >>> pk.agreement(pk.consolidate(events, pk.CURRENT), production)
    Agreement(2 alerts matched, 0 without a match; precision 0.00, recall nan, f1 0.00)
    """
    simulated = simulated_alerts(consolidation, sources or {})
    real = production_alerts(alerts)
    span = microseconds(read_span(tolerance, "tolerance"))
    if span < 0:
        raise ValueError(f"tolerance={tolerance!r} is negative")
    matching = match_alerts(simulated, real, 1_000 * span)
    return Agreement(consolidation, matching)


@dataclass(frozen=True, eq=False, repr=False)
class Agreement:
    """How well a simulation agrees with production. Made by `agreement`.

    Scores are NaN where nothing was matched, and where they are 0/0.

    Attributes
    ----------
    n_matched : int
        Alerts that both sides have.
    precision, recall, f1 : float
        The share of simulated pairs that production has, the share of production's pairs that
        the simulation has, and their harmonic mean. A pair is two alerts that share an incident.
    adjusted_rand : float
        Agreement of the pairs beyond chance.
    homogeneity, completeness, v_measure : float
        Whether each simulated incident contains alerts of one real incident only, whether each real
        incident is in one simulated incident, and their harmonic mean.
    unmatched : pandas.DataFrame
        `side` (`simulated` or `real`), `alert_id` and `reason`: `no such identity`,
        `other start`, or `outside` the time that the other side covers.
    disagreements : pandas.DataFrame
        One row per matched alert whose companions differ: its ids and those of its incidents on
        both sides, `n_missing` (companions in production that it lacks), `n_extra` (companions
        that production does not have), and `reason`, why the simulation put it there.
    """

    consolidation: Consolidation
    matching: Matching

    @property
    def n_matched(self) -> int:
        """Alerts that are on both sides."""
        return len(self.matching.simulated_rows)

    @property
    def unmatched(self) -> pd.DataFrame:
        """Alerts of one side that the other does not have."""
        return self.matching.unmatched()

    @property
    def precision(self) -> float:
        """The share of the simulated pairs that production has."""
        return _ratio(self._kept, n_pairs(self._simulated))

    @property
    def recall(self) -> float:
        """The share of production's pairs that the simulation has."""
        return _ratio(self._kept, n_pairs(self._real))

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return _ratio(2 * self._kept, n_pairs(self._simulated) + n_pairs(self._real))

    @property
    def adjusted_rand(self) -> float:
        """Agreement of the pairs beyond chance."""
        if not self.n_matched:
            return _NAN
        everything = self.n_matched * (self.n_matched - 1) // 2
        both, simulated, real = self._kept, n_pairs(self._simulated), n_pairs(self._real)
        extra, missing = simulated - both, real - both
        if extra == missing == 0:
            return 1.0
        neither = everything - both - extra - missing
        below = real * (missing + neither) + simulated * (extra + neither)
        return 2 * (both * neither - missing * extra) / below

    @property
    def homogeneity(self) -> float:
        """Whether each simulated incident holds alerts of one real incident only."""
        return self._explained(self._real)

    @property
    def completeness(self) -> float:
        """Whether each real incident is in one simulated incident."""
        return self._explained(self._simulated)

    @property
    def v_measure(self) -> float:
        """The harmonic mean of homogeneity and completeness."""
        both = self.homogeneity + self.completeness
        return 2 * self.homogeneity * self.completeness / both if both else 0.0

    @cached_property
    def disagreements(self) -> pd.DataFrame:
        """Matched alerts whose companions differ."""
        together = companions_kept(self._simulated, self._real)
        extra = group_sizes(self._simulated)[self._simulated] - 1 - together
        missing = group_sizes(self._real)[self._real] - 1 - together
        differs = np.flatnonzero((extra > 0) | (missing > 0))
        simulated = self.matching.simulated.iloc[self.matching.simulated_rows[differs]]
        real = self.matching.real.iloc[self.matching.real_rows[differs]]
        return pd.DataFrame(
            {
                "simulated_alert_id": simulated["alert_id"].to_numpy(),
                "simulated_incident_id": simulated["incident_id"].to_numpy(),
                "real_alert_id": real["alert_id"].to_numpy(),
                "real_incident_id": real["incident_id"].to_numpy(),
                "n_missing": missing[differs],
                "n_extra": extra[differs],
                "reason": pd.array(
                    [self._reason(each) for each in simulated["alert_id"]], dtype="string[pyarrow]"
                ),
            }
        )

    def __repr__(self) -> str:
        return (
            f"Agreement({self.n_matched:,} alerts matched, {len(self.unmatched):,} without a "
            f"match; precision {self.precision:.2f}, recall {self.recall:.2f}, f1 {self.f1:.2f})"
        )

    @cached_property
    def _simulated(self) -> np.ndarray:
        return _groups(self.matching.simulated, self.matching.simulated_rows)

    @cached_property
    def _real(self) -> np.ndarray:
        return _groups(self.matching.real, self.matching.real_rows)

    @cached_property
    def _kept(self) -> int:
        """Pairs that share an incident on both sides."""
        return int(companions_kept(self._simulated, self._real).sum()) // 2

    def _explained(self, groups: np.ndarray) -> float:
        """Return the mutual information over the entropy of a grouping."""
        if not self.n_matched:
            return _NAN
        entropy = _entropy(group_sizes(groups))
        if not entropy:
            return 1.0
        share = cell_sizes(self._simulated, self._real)
        expected = group_sizes(self._simulated)[self._simulated] * (
            group_sizes(self._real)[self._real] / self.n_matched
        )
        return max(0.0, float(np.log(share / expected).mean())) / entropy

    def _reason(self, alert_id: int) -> Any:
        if self.consolidation.input is None:
            return None  # a Consolidator does not keep the events that explain it
        return self.consolidation.explain(alert_id).text


def _groups(alerts: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
    """Return the number of each matched alert's incident."""
    groups: np.ndarray = pd.factorize(alerts["incident_id"].to_numpy()[rows])[0].astype(np.int64)
    return groups


def _entropy(sizes: np.ndarray) -> float:
    shares = sizes[sizes > 0] / sizes.sum()
    return float(-(shares * np.log(shares)).sum()) if len(shares) > 1 else 0.0


def _ratio(numerator: int, denominator: int) -> float:
    return numerator / denominator if denominator else _NAN
