"""What a pattern would save by chance: a permutation test of its values."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from pandakit.consolidation import Pattern

if TYPE_CHECKING:
    from pandakit.consolidation import Policy
    from pandakit.consolidation.openings import Openings

__all__ = ["PRIMARY", "ByChance", "Carriers", "PermutationTest", "compression_of"]

#: The pattern whose own saving is added where primaries carry the values.
PRIMARY = Pattern("primary", timedelta(hours=1), name="primary itself")


class ByChance(NamedTuple):
    """A compression, and that of permuted values, which is NaN without permutations."""

    compression: float
    mean: float
    sd: float
    beyond: float

    @property
    def own(self) -> float:
        """What the pattern saves beyond chance."""
        return self.compression - self.mean

    def columns(self) -> dict[str, float]:
        """Return the columns that a table shows next to the compression."""
        return {
            "by_chance": self.mean,
            "by_chance_sd": self.sd,
            "own": self.own,
            "beyond": self.beyond,
        }


class PermutationTest:
    """A permutation test of one pattern's values.

    Values are permuted among their carriers: the primaries, if each of them has one value and the
    values are not the primaries themselves; else the identities. A carrier has the value of its
    first alert; carriers without a value take no part. If primaries are the carriers, permuted
    values still save what alerts of one primary save together; so what the pattern `primary` saves
    beyond chance is added back (`beyond`).

    Parameters
    ----------
    openings
        Merged with `PRIMARY` among the patterns.
    pattern
        The pattern whose values are permuted.
    """

    def __init__(self, openings: Openings, pattern: Pattern) -> None:
        self._openings, self._name = openings, pattern.name
        self._values = openings.pattern_values[:, openings.column_of(pattern)]
        valued = self._values >= 0
        self._primaries_carry = _determined(self._values, openings.primary) and not _determined(
            openings.primary[valued], self._values[valued]
        )
        carriers = openings.primary if self._primaries_carry else openings.identity
        self._carriers = Carriers(carriers, self._values)

    def compare(self, policy: Policy, incidents: np.ndarray, *, runs: int, seed: int) -> ByChance:
        """Return what a policy saves, and what it saves with permuted values.

        Parameters
        ----------
        policy
            How to group; its patterns include this pattern.
        incidents
            What it groups.
        runs
            The number of permutations; with 0, everything but the compression is NaN.
        seed
            Seed of the permutations.
        """
        compression = compression_of(incidents)
        openings, rng = self._openings, np.random.default_rng(seed)
        column = [one.name for one in policy.patterns].index(self._name)
        table = openings.pattern_values[:, [openings.column_of(one) for one in policy.patterns]]
        drawn = []
        for _ in range(runs):
            table[:, column] = self._carriers.permuted(rng)
            drawn.append(compression_of(openings.group(policy, table)))
        mean = float(np.mean(drawn)) if drawn else np.nan
        sd = float(np.std(drawn, ddof=1)) if len(drawn) > 1 else np.nan
        beyond = compression - mean
        if self._primaries_carry and runs:
            beyond += self._own_of_primary(policy, policy.patterns[column].window, runs, seed)
        return ByChance(compression, mean, sd, beyond)

    def _own_of_primary(self, policy: Policy, window: timedelta, runs: int, seed: int) -> float:
        alone = policy.replace(patterns=[dataclasses.replace(PRIMARY, window=window)])
        valued, test = self._primaries
        return test.compare(alone, valued.group(alone), runs=runs, seed=seed).own

    @cached_property
    def _primaries(self) -> tuple[Openings, PermutationTest]:
        valued = self._openings.only(np.flatnonzero(self._values >= 0))
        return valued, PermutationTest(valued, PRIMARY)


def _determined(values: np.ndarray, by: np.ndarray) -> bool:
    """Return whether rows with the same number in `by` have the same value, or all have none."""
    codes, first = _numbered(by)
    return bool((values == values[first[codes]]).all())


def _numbered(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers in order of appearance, and the first row of each."""
    codes, _ = pd.factorize(values)
    first = np.empty(codes.max(initial=-1) + 1, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return codes, first


class Carriers:
    """The carriers of values: each has the value of its first alert.

    Examples
    --------
    >>> carriers = Carriers(np.array([7, 7, 5, 9, 8]), np.array([0, 0, 1, 2, -1]))
    >>> carriers.permuted(np.random.default_rng(0))
    array([ 2,  2,  0,  1, -1])
    """

    def __init__(self, carriers: np.ndarray, values: np.ndarray) -> None:
        self._codes, first = _numbered(carriers)
        self._carried = values[first]
        self._with_value = np.flatnonzero(self._carried >= 0)

    def permuted(self, rng: np.random.Generator) -> np.ndarray:
        """Return the value of each alert after those of the carriers are permuted."""
        carried = self._carried.copy()
        given = carried[self._with_value]
        carried[self._with_value] = given[rng.permutation(len(given))]
        values: np.ndarray = carried[self._codes]
        return values


def compression_of(incidents: np.ndarray) -> float:
    """Return one minus incidents over alerts; NaN without alerts."""
    return 1 - (int(incidents.max()) + 1) / len(incidents) if len(incidents) else np.nan
