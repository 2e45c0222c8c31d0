"""Policies that differ in some settings: what a sweep tries."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import timedelta
from itertools import product
from numbers import Number
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pandakit.consolidation.pattern import Pattern
from pandakit.consolidation.policy import check_policy
from pandakit.spans import read_span

if TYPE_CHECKING:
    from pandakit.consolidation.policy import Policy

__all__ = ["Variation", "variations", "with_window"]

_ALL = "all"


class Variation(NamedTuple):
    """One policy, and what was chosen for it."""

    policy: Policy
    patterns: str | None
    """The name of its list of patterns; None if it is the policy's own."""
    pattern: str
    """The pattern whose window moves, or ``"all"``."""
    window: timedelta | None
    """None if no window is varied."""


def variations(
    policy: Policy,
    *,
    anchors: Any = None,
    windows: Any = None,
    pattern: str | None = None,
    patterns: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> list[Variation]:
    """Return the policies of all combinations; the setting named last varies fastest.

    Everything is checked, even if an empty list leaves nothing to combine.

    Parameters
    ----------
    policy
        All settings that are not varied.
    anchors, windows
        One value, or several; windows are those of the pattern that `pattern` names.
    pattern
        As in `with_window`.
    patterns
        Names and lists of patterns.
    settings
        One value, or several, of any other setting of a policy.

    Examples
    --------
    >>> from pandakit.consolidation import CLASSIC
    >>> tried = variations(CLASSIC, windows=["1h", "2h"], settings={"max_alerts": [300, None]})
    >>> [(one.window.seconds, one.policy.max_alerts) for one in tried]
    [(3600, 300), (3600, None), (7200, 300), (7200, None)]
    """
    sets = _pattern_sets(check_policy(policy), patterns)
    values = {} if anchors is None else {"anchor": anchors}
    values = {name: _listed(given) for name, given in {**values, **(settings or {})}.items()}
    spans = [None] if windows is None else [_span(window) for window in _listed(windows)]
    for one in sets.values():
        for span in [None, *spans]:
            with_window(one, span, pattern)
    for name, given in values.items():
        for value in given:
            policy.replace(**{name: value})
    anchored = values.pop("anchor", [policy.anchor])
    return [
        Variation(
            with_window(sets[name], span, pattern).replace(
                anchor=anchor, **dict(zip(values, chosen, strict=True))
            ),
            name,
            pattern or sets[name].patterns[0].name,
            span,
        )
        for anchor, span, name, *chosen in product(anchored, spans, sets, *values.values())
    ]


def _pattern_sets(policy: Policy, patterns: Mapping[str, Any] | None) -> dict[str | None, Policy]:
    if patterns is None:
        return {None: policy}
    if not isinstance(patterns, Mapping) or not all(isinstance(name, str) for name in patterns):
        raise TypeError(
            'patterns: pass names and lists, such as {"today": policy.patterns, "new": [...]}'
        )
    return {name: policy.replace(patterns=some) for name, some in patterns.items()}


def _span(window: Any) -> timedelta:
    return read_span(window, "windows")


def _listed(given: Any) -> list[Any]:
    one = given is None or isinstance(given, (str, timedelta, np.timedelta64, Number, Pattern))
    return [given] if one else list(given)


def with_window(policy: Policy, window: Any, pattern: str | None = None) -> Policy:
    """Return a policy whose named pattern has another window.

    Parameters
    ----------
    policy
        All other settings.
    window
        Text such as ``"4h"`` or a timedelta; None changes nothing.
    pattern
        The name of a pattern; default: the first one. ``"all"``: all of them, unless one has
        this name.

    Examples
    --------
    >>> from pandakit.consolidation import CLASSIC
    >>> with_window(CLASSIC, "1h").patterns
    (Pattern('primary', 1 h), Pattern('cluster', 4 h))
    """
    names = [known.name for known in policy.patterns]
    if pattern not in {None, _ALL, *names}:
        raise ValueError(
            f"pattern: the policy has none called {pattern!r}; there is {', '.join(names)}, or "
            f"{_ALL!r}"
        )
    if window is None:
        return policy
    span = _span(window)
    moved = names if pattern == _ALL and _ALL not in names else [pattern or names[0]]
    return policy.replace(
        patterns=[
            dataclasses.replace(known, window=span) if known.name in moved else known
            for known in policy.patterns
        ]
    )
