"""Arguments that several functions share."""

from __future__ import annotations

from difflib import get_close_matches
from numbers import Integral
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandakit.consolidation import Pattern, Policy

__all__ = ["check_chance", "moved_pattern"]


def moved_pattern(policy: Policy, name: str | None) -> Pattern:
    """Return the pattern whose window moves: the one of that name, else the first."""
    if name is None:
        return policy.patterns[0]
    names = [pattern.name for pattern in policy.patterns]
    if name not in names:
        near = get_close_matches(str(name), names, 3) or names
        raise ValueError(
            f"pattern: the policy has none called {name!r}; there is {', '.join(near)}"
        )
    return policy.patterns[names.index(name)]


def check_chance(chance: object, seed: object, *, least: int = 0) -> None:
    """Raise unless the number of permutations and the seed are valid."""
    for name, given, low in (("chance", chance, least), ("seed", seed, 0)):
        if isinstance(given, bool) or not isinstance(given, Integral) or given < low:
            raise ValueError(f"{name}: {given!r} is not a whole number of at least {low}")
