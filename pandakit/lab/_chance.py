"""What a pattern would save by chance: its values exchanged between those that carry them."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from pandakit.consolidation import Pattern

if TYPE_CHECKING:
    from pandakit.consolidation import Policy
    from pandakit.consolidation.openings import Openings

__all__ = ["PRIMARY", "ByChance", "Carriers", "by_chance", "compression_of"]

#: The pattern whose own saving is added where primaries carry the values.
PRIMARY = Pattern("primary", timedelta(hours=1), name="primary itself")


class ByChance(NamedTuple):
    """A compression beside what exchanged values save; NaN without runs."""

    compression: float
    mean: float
    sd: float
    beyond: float

    @property
    def own(self) -> float:
        """What the pattern saves more than chance does."""
        return self.compression - self.mean


def by_chance(
    openings: Openings, policy: Policy, pattern: Pattern, *, runs: int, seed: int
) -> ByChance:
    """Return what a policy saves, and what it saves when one pattern's values are exchanged.

    Carriers of values are the primaries, if each of them has one value and the values are not the
    primaries themselves; else the identities. A carrier has the value of its first alert, and
    carriers with a value exchange them. Where primaries carry, chance also gets what alerts of one
    primary save; so what the pattern `primary` saves beyond chance is added again (`beyond`).

    Parameters
    ----------
    openings
        Merged with `PRIMARY` among its patterns.
    policy
        How to group.
    pattern
        The one of its patterns whose values are exchanged.
    runs
        How often they are exchanged; 0 leaves all but the compression NaN.
    seed
        Of the exchanges.
    """
    compression = compression_of(openings.group(policy))
    column = [one.name for one in policy.patterns].index(pattern.name)
    table = openings.pattern_values[:, [openings.column_of(one) for one in policy.patterns]]
    values = table[:, column]
    primaries_carry = _determined(values, openings.primary) and not _determined(
        openings.primary[values >= 0], values[values >= 0]
    )
    carriers = Carriers(openings.primary if primaries_carry else openings.identity, values)
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(runs):
        table = table.copy()
        table[:, column] = carriers.exchanged(rng)
        drawn.append(compression_of(openings.group(policy, table)))
    mean = float(np.mean(drawn)) if drawn else np.nan
    sd = float(np.std(drawn, ddof=1)) if len(drawn) > 1 else np.nan
    beyond = compression - mean
    if primaries_carry and runs:
        beyond += _own_of_primary(openings, policy, pattern, values, runs=runs, seed=seed)
    return ByChance(compression, mean, sd, beyond)


def _own_of_primary(
    openings: Openings,
    policy: Policy,
    pattern: Pattern,
    values: np.ndarray,
    *,
    runs: int,
    seed: int,
) -> float:
    window = next(one.window for one in policy.patterns if one.name == pattern.name)
    primary = dataclasses.replace(PRIMARY, window=window)
    alone = policy.replace(patterns=[primary])
    valued = openings.only(np.flatnonzero(values >= 0))
    return by_chance(valued, alone, primary, runs=runs, seed=seed).own


def _determined(values: np.ndarray, by: np.ndarray) -> bool:
    """Return whether rows that share a number in `by` share their value, missing ones included."""
    codes, first = _numbered(by)
    return bool((values == values[first[codes]]).all())


def _numbered(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers in order of appearance, and the first row of each."""
    codes, _ = pd.factorize(values)
    first = np.empty(codes.max(initial=-1) + 1, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return codes, first


class Carriers:
    """Those that carry values, each the value of its first alert, and exchange them.

    Examples
    --------
    >>> carriers = Carriers(np.array([7, 7, 5, 9, 8]), np.array([0, 0, 1, 2, -1]))
    >>> carriers.exchanged(np.random.default_rng(0))
    array([ 2,  2,  0,  1, -1])
    """

    def __init__(self, carriers: np.ndarray, values: np.ndarray) -> None:
        self._codes, first = _numbered(carriers)
        self._carried = values[first]
        self._with_value = np.flatnonzero(self._carried >= 0)

    def exchanged(self, rng: np.random.Generator) -> np.ndarray:
        """Return the value of each alert after the carriers that have one exchanged theirs."""
        carried = self._carried.copy()
        given = carried[self._with_value]
        carried[self._with_value] = given[rng.permutation(len(given))]
        values: np.ndarray = carried[self._codes]
        return values


def compression_of(incidents: np.ndarray) -> float:
    """Return one minus incidents over alerts; NaN without alerts."""
    return 1 - (int(incidents.max()) + 1) / len(incidents) if len(incidents) else np.nan
