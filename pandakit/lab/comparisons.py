"""A policy against others, from events that are read once: fast enough for a slider."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit.consolidation.openings import EventHistory
from pandakit.consolidation.policy import check_policy
from pandakit.errors import EventError
from pandakit.interchange import as_table
from pandakit.lab._arguments import check_chance, moved_pattern
from pandakit.lab._chance import PRIMARY
from pandakit.lab._merges import Merges
from pandakit.lab._pairs import overlap
from pandakit.lab._sweep_table import measured

if TYPE_CHECKING:
    import numpy as np

    from pandakit.consolidation import Pattern, Policy
    from pandakit.consolidation.policy import TimeUnit
    from pandakit.lab._merges import Merge

__all__ = ["PolicyComparison"]

_SHOWN = ("incidents", "compression", "largest", "p95", "single")
_HOUR = pd.Timedelta("1h")


class PolicyComparison:
    """Events that are read once, to compare the incidents of a policy with those of others.

    Parameters
    ----------
    events, unit
        As in `consolidate`.
    policy
        The current settings.
    chance
        The number of permutations of values, to see what chance saves; 0: none.
    seed
        Seed of the permutations.

    Examples
    --------
    >>> from pandakit.consolidation import CURRENT, Pattern
    >>> events = pd.DataFrame(
    ...     {"timestamp": [0, 5000], "status": "critical", "host": "a", "check": ["x", "y"]}
    ... )
    >>> comparison = PolicyComparison(events, CURRENT)
    >>> table = comparison.with_policy(CURRENT.replace(patterns=[Pattern("host", "2h")]))
    >>> table.loc[["incidents", "pairs_gained"]]
                  today  other  difference
    measure
    incidents       2.0    1.0        -1.0
    pairs_gained    0.0    1.0         1.0
    """

    def __init__(
        self,
        events: Any,
        policy: Policy,
        *,
        chance: int = 0,
        seed: int = 0,
        unit: TimeUnit = "s",
    ) -> None:
        check_chance(chance, seed)
        table = as_table(events, name="events", error=EventError)
        everything = check_policy(policy).replace(patterns=[*policy.patterns, PRIMARY])
        self._policy, self._chance, self._seed = policy, chance, seed
        # Any policy may be compared, even one without `join_resolved`.
        self._merges = Merges(EventHistory(table, everything, unit), join_resolved=False)
        self._merge = self._merges.of(policy)
        self._incidents = self._merge.openings.group(policy)
        self._todays: dict[str | None, dict[str, Any]] = {}  # by the pattern of the test

    def with_policy(self, other: Policy, *, pattern: str | None = None) -> pd.DataFrame:
        """Return the measures of today's policy and of another one.

        Parameters
        ----------
        other
            Other settings; the patterns may differ in their windows only.
        pattern
            The name of the pattern whose values are permuted; default: the first one.

        Returns
        -------
        pandas.DataFrame
            Index ``measure``, columns ``today``, ``other`` and ``difference``, as numbers. The
            measures are ``alerts`` and those of `sweep` (``longest_hours`` in hours; ``by_chance``
            and ``own`` if values are permuted), ``pairs`` of alerts that share an incident,
            ``pairs_kept``, ``pairs_lost``, ``pairs_gained``, and ``moved``: alerts of both whose
            companions differ.

        Raises
        ------
        ValueError
            The patterns differ in more than their windows, or none has the name.
        """
        if [*map(_without_window, other.patterns)] != [
            *map(_without_window, self._policy.patterns)
        ]:
            raise ValueError("other: its patterns may differ from those of today in windows only")
        merge = self._merges.of(other)
        incidents = merge.openings.group(other)
        table = pd.DataFrame(
            {
                "today": self._today(pattern),
                "other": self._measures(merge, incidents, other, pattern),
            }
        )
        table = pd.concat([table, self._pairs(merge, incidents)]).astype("float64")
        table.index.name = "measure"
        return table.assign(difference=table["other"] - table["today"])

    def _today(self, pattern: str | None) -> dict[str, Any]:
        if pattern not in self._todays:
            self._todays[pattern] = self._measures(
                self._merge, self._incidents, self._policy, pattern
            )
        return self._todays[pattern]

    def _measures(
        self, merge: Merge, incidents: np.ndarray, policy: Policy, pattern: str | None
    ) -> dict[str, Any]:
        found = measured(merge.openings.start, incidents)
        shown = {"alerts": len(incidents)} | {name: found[name] for name in _SHOWN}
        shown["longest_hours"] = None if found["longest"] is None else found["longest"] / _HOUR
        moved = moved_pattern(policy, pattern)
        if self._chance:
            chance = merge.permutation_test(moved).compare(
                policy, incidents, runs=self._chance, seed=self._seed
            )
            shown |= {"by_chance": chance.mean, "own": chance.own}
        return shown

    def _pairs(self, merge: Merge, incidents: np.ndarray) -> pd.DataFrame:
        rows, others = self._merge.openings.rows, merge.openings.rows
        both = overlap(rows, self._incidents, others, incidents)
        kept, today, other = both.pairs
        counts = {
            "pairs": (today, other),
            "pairs_kept": (kept, kept),
            "pairs_lost": (0, today - kept),
            "pairs_gained": (0, other - kept),
            "moved": (0, both.moved),
        }
        return pd.DataFrame.from_dict(counts, orient="index", columns=["today", "other"])


def _without_window(pattern: Pattern) -> tuple[Any, ...]:
    return tuple(
        getattr(pattern, field.name)
        for field in dataclasses.fields(pattern)
        if field.name != "window"
    )
