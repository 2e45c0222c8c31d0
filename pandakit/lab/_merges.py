"""Alerts under each rule for duplicates, reopening and expiry, merged once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.lab._chance import PermutationTest
from pandakit.lab._scorer import Scorer

if TYPE_CHECKING:
    import numpy as np

    from pandakit.consolidation import Pattern, Policy
    from pandakit.consolidation.openings import EventHistory, Openings
    from pandakit.consolidation.policy import TimeUnit
    from pandakit.lab._scorer import Production

__all__ = ["Merge", "Merges"]


class Merge:
    """Alerts, with everything that does not depend on their grouping.

    Attributes
    ----------
    openings : Openings
        The alerts.
    counts : dict of str to int
        How many events were received, rejected and dropped, and the alerts.
    scorer : Scorer or None
        The alerts that production has too.
    """

    def __init__(self, openings: Openings, received: dict[str, int], scorer: Scorer | None) -> None:
        self.openings = openings
        self.counts = {
            **received,
            "duplicates": openings.n_duplicates,
            "alerts": len(openings),
        }
        self.scorer = scorer
        self._tests: dict[str, PermutationTest] = {}

    def scores(self, incidents: np.ndarray) -> dict[str, float]:
        """Return how incidents agree with production; empty without it."""
        return {} if self.scorer is None else self.scorer.score(incidents)

    def permutation_test(self, pattern: Pattern) -> PermutationTest:
        """Return the permutation test of a pattern's values."""
        if pattern.name not in self._tests:
            self._tests[pattern.name] = PermutationTest(self.openings, pattern)
        return self._tests[pattern.name]


class Merges:
    """One `Merge` for each combination of `dedup`, `reopen_window` and `expire_after`.

    Parameters
    ----------
    history
        The events.
    join_resolved
        Whether all policies that will be tried have it; if so, the ends of alerts are not kept.
    """

    def __init__(self, history: EventHistory, *, join_resolved: bool) -> None:
        self._history = history
        self._join_resolved = join_resolved
        self._made: dict[Any, Merge] = {}
        self._scorer: Any = lambda _policy: None

    def compare_with(self, events: Any, production: Production, unit: TimeUnit) -> None:
        """Score all incidents against production."""
        self._scorer = lambda policy: Scorer(events, policy, production, unit)

    def of(self, policy: Policy) -> Merge:
        """Return the alerts that a policy opens."""
        rules = policy.dedup, policy.reopen_window, policy.expire_after
        if rules not in self._made:
            logged = policy.replace(join_resolved=self._join_resolved)
            openings = self._history.openings(logged)
            self._made[rules] = Merge(openings, self._history.counts, self._scorer(policy))
        return self._made[rules]

    def warn_if_nothing_matched(self, stacklevel: int) -> None:
        """Warn if production has no alert of any policy."""
        scorers = [merge.scorer for merge in self._made.values() if merge.scorer is not None]
        if scorers and not any(scorer.n_matched for scorer in scorers):
            scorers[0].warn_if_nothing_matched(stacklevel + 1)
