"""Which tags would group alerts, compared with chance."""

from __future__ import annotations

import hashlib
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from pandakit.consolidation import Pattern
from pandakit.consolidation.openings import EventHistory
from pandakit.consolidation.policy import check_policy
from pandakit.errors import EventError, PartialWarning, warn_user
from pandakit.interchange import as_table
from pandakit.lab._arguments import check_chance
from pandakit.lab._candidates import candidate_tags
from pandakit.lab._chance import PRIMARY, ByChance, PermutationTest
from pandakit.lab._pairs import group_sizes
from pandakit.lab._scorer import SCORES, Production, Scorer
from pandakit.spans import read_span
from pandakit.threads import worker_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from pandakit.consolidation import Policy
    from pandakit.consolidation.openings import Openings
    from pandakit.consolidation.policy import TimeUnit

__all__ = ["suggest_patterns"]

_WINDOWS = ("1min", "5min", "15min", "30min", "1h", "2h", "4h", "8h", "24h")
_WORTH = 0.02  # of the alerts that a pattern saves: below it, more tags save even less
_CLEAR = 3  # standard deviations of chance
_MOST_TAGS = 5
_ADDED = 10  # how many of the best patterns are also tried beside the policy's own


class _Tried(NamedTuple):
    """One set of tags at one window, grouped alone."""

    pattern: Pattern
    found: ByChance
    incidents: np.ndarray


def suggest_patterns(  # noqa: PLR0913 - each changes the answer
    events: Any,
    policy: Policy,
    *,
    tags: Iterable[str] | None = None,
    most_tags: int = 3,
    windows: Iterable[str | timedelta] | None = None,
    chance: int = 10,
    seed: int = 0,
    cost: float = 1.0,
    production: pd.DataFrame | None = None,
    sources: Mapping[str, str] | None = None,
    tolerance: str | pd.Timedelta = "0s",
    unit: TimeUnit = "s",
) -> pd.DataFrame:
    """Return patterns that would group alerts, the most convincing first.

    Every set of tags is grouped alone, under the policy's anchor, ``matchers="union"`` and no
    limit of alerts, and rated by what it saves beyond chance: alerts that arrive in bursts fall
    into common windows whatever their tags are. What a pattern saves by chance counts against
    it, weighted by `cost`.

    Parameters
    ----------
    events, unit
        As in `consolidate`.
    policy
        The current settings.
    tags
        Columns to try; default: the text columns that have between two values and half as many
        as there are alerts, on at least 5 % of the alerts.
    most_tags
        The greatest number of tags in a pattern, 1 to 5.
    windows
        Windows to try; default: 1, 5, 15 and 30 minutes, 1, 2, 4, 8 and 24 hours.
    chance
        The number of permutations of values, to see what chance saves; at least 2.
    seed
        Seed of the permutations.
    cost
        What an alert saved by chance costs, in alerts saved beyond chance.
    production
        Production's alerts, from `BigPanda.alerts`, to score each pattern against.
    sources, tolerance
        As in `agreement`.

    Returns
    -------
    pandas.DataFrame
        One row per set of tags, at its best window: ``tags`` (a tuple), ``window``, ``adds``
        (saves at least 2 % and 3 standard deviations more than chance), ``score`` (``beyond``
        less `cost` times the rest of the compression), ``compression`` with ``numerator``
        (incidents) and ``denominator`` (alerts), ``by_chance``, ``by_chance_sd``, ``own``
        (compression less chance), ``beyond`` (as in `sweep`), ``largest`` (alerts in the largest
        incident), ``largest_hosts`` (its different primaries), ``single`` (incidents of one
        alert), ``score_early`` and ``score_late`` (of the first and the second half of the
        alerts), ``added_incidents`` and ``added_largest`` (beside the policy's patterns; of the
        best ten rows). With `production` also ``precision``, ``recall`` and ``f1`` of the pattern
        alone, with ``pairs_kept``, ``pairs_simulated`` and ``pairs_real``. Patterns that add come
        first, then the greater score, then fewer tags. A set that groups alerts exactly as one of
        its subsets is left out.

    Raises
    ------
    EventError
        As in `consolidate`.
    ValueError
        More than 12 columns qualify (the message lists them), or an argument is invalid.

    Warns
    -----
    PartialWarning
        No column could be a tag, or no alert was matched with production.

    Examples
    --------
    >>> events = pd.DataFrame({
    ...     "timestamp": [minute * 60 + 86_400 * day for day in range(40) for minute in range(3)],
    ...     "status": "critical",
    ...     "host": [f"host-{number}" for number in range(120)],
    ...     "cluster": [f"cluster-{day % 20}" for day in range(40) for _ in range(3)],
    ... })
    >>> from pandakit.consolidation import CURRENT
    >>> suggest_patterns(events, CURRENT)[["tags", "window", "adds"]]
             tags          window  adds
    0  (cluster,) 0 days 00:05:00  True
    """
    check_policy(policy)
    spans = _checked(most_tags, windows, chance, seed)
    table = as_table(events, name="events", error=EventError)
    singles = candidate_tags(table, policy, unit, tags)
    if not singles:
        warn_user(
            "no column could be a tag: that takes text on 5 % of the alerts, with two or more "
            "values, at most half as many as alerts; name columns with tags=",
            PartialWarning,
        )
    patterns = _patterns(singles, most_tags, spans[0])
    everything = policy.replace(patterns=[*policy.patterns, *patterns, PRIMARY])
    openings = EventHistory(table, everything, unit).openings(policy)
    alone = policy.replace(matchers="union", max_alerts=None)
    trial = partial(_trial, openings, alone, runs=chance, seed=seed)
    best = [
        max(tried, key=lambda one: (_score(one.found, cost), -one.pattern.window))
        for tried in _tried_by_tags(patterns, spans, trial)
    ]
    rows = [_row(openings, alone, one, cost=cost, runs=chance, seed=seed) for one in best]
    if production is not None:
        scorer = Scorer(table, policy, Production(production, sources, tolerance), unit)
        scorer.warn_if_nothing_matched(stacklevel=2)
        rows = [row | scorer.score(one.incidents) for row, one in zip(rows, best, strict=True)]
    return _with_added(_ordered(rows, scored=production is not None), openings, policy)


def _checked(most_tags: int, windows: Any, chance: int, seed: int) -> list[timedelta]:
    if most_tags not in range(1, _MOST_TAGS + 1):
        raise ValueError(f"most_tags: {most_tags!r} is not between 1 and {_MOST_TAGS}")
    check_chance(chance, seed, least=2)  # a deviation needs two
    return sorted({read_span(one, "windows") for one in windows or _WINDOWS})


def _patterns(tags: Sequence[str], most_tags: int, window: timedelta) -> list[Pattern]:
    """Return all sets of tags as patterns, fewer tags first."""
    return [
        Pattern(chosen, window, name=f"suggested {'+'.join(chosen)}")
        for size in range(1, most_tags + 1)
        for chosen in combinations(tags, size)
    ]


def _trial(
    openings: Openings, alone: Policy, pattern: Pattern, *, runs: int, seed: int
) -> Callable[[timedelta], _Tried]:
    """Return the function that tries a pattern at a window."""
    test = PermutationTest(openings, pattern)

    def tried(window: timedelta) -> _Tried:
        moved = Pattern(pattern.tags, window, name=pattern.name)
        policy = alone.replace(patterns=[moved])
        incidents = openings.group(policy)
        found = test.compare(policy, incidents, runs=runs, seed=seed)
        return _Tried(moved, found, incidents)

    return tried


def _tried_by_tags(
    patterns: Sequence[Pattern], windows: Sequence[timedelta], trial: Any
) -> Iterator[list[_Tried]]:
    """Yield the results of each set of tags, except sets that group exactly as a subset does.

    More tags never save more, so a set is tried only at windows at which all of its subsets save
    enough.
    """
    worth: dict[tuple[str, ...], set[timedelta]] = {}
    groups: dict[tuple[str, ...], dict[timedelta, bytes]] = {}
    with worker_threads() as pool:
        for pattern in patterns:
            subsets = [few for few in combinations(pattern.tags, len(pattern.tags) - 1) if few]
            left = [one for one in windows if all(one in worth.get(few, ()) for few in subsets)]
            tried = list(pool.map(trial(pattern), left))
            worth[pattern.tags] = {
                one.pattern.window for one in tried if one.found.compression >= _WORTH
            }
            groups[pattern.tags] = {
                one.pattern.window: hashlib.sha256(one.incidents.tobytes()).digest()
                for one in tried
            }
            same = any(groups[pattern.tags].items() <= groups[few].items() for few in subsets)
            if tried and not same:
                yield tried


def _score(found: ByChance, cost: float) -> float:
    return found.beyond - cost * (found.compression - found.beyond)


def _row(
    openings: Openings, alone: Policy, best: _Tried, *, cost: float, runs: int, seed: int
) -> dict[str, Any]:
    pattern, found, incidents = best
    sizes = group_sizes(incidents)
    half = len(openings) // 2
    halves = (np.arange(half), np.arange(half, len(openings)))
    early, late = (
        _trial(openings.only(part), alone, pattern, runs=runs, seed=seed)(pattern.window).found
        for part in halves
    )
    in_largest = incidents == int(sizes.argmax())
    return {
        "tags": pattern.tags,
        "window": pd.Timedelta(pattern.window),
        "adds": bool(found.own >= max(_WORTH, _CLEAR * found.sd)),
        "score": _score(found, cost),
        "compression": found.compression,
        "numerator": len(sizes),
        "denominator": len(openings),
        **found.columns(),
        "largest": int(sizes.max()),
        "largest_hosts": len(np.unique(openings.primary[in_largest])),
        "single": int((sizes == 1).sum()),
        "score_early": _score(early, cost),
        "score_late": _score(late, cost),
    }


def _ordered(rows: list[dict[str, Any]], *, scored: bool) -> pd.DataFrame:
    columns = [
        "tags", "window", "adds", "score", "compression", "numerator", "denominator", "by_chance",
        "by_chance_sd", "own", "beyond", "largest", "largest_hosts", "single", "score_early",
        "score_late", *(SCORES if scored else ()),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns).astype(
        {"window": "timedelta64[ns]", "adds": bool}
        | dict.fromkeys(["numerator", "denominator", "largest", "largest_hosts", "single"], "int64")
    )
    n_tags = frame["tags"].map(len).to_numpy(dtype=np.int64)
    order = np.lexsort([n_tags, -frame["score"].to_numpy(), ~frame["adds"].to_numpy()])
    return frame.iloc[order].reset_index(drop=True)


def _with_added(frame: pd.DataFrame, openings: Openings, policy: Policy) -> pd.DataFrame:
    """Return the frame with the effect of the best patterns beside the policy's own."""
    counts = []
    for row in frame.head(_ADDED).itertuples():
        name = f"suggested {'+'.join(row.tags)}"
        added = Pattern(row.tags, row.window.to_pytimedelta(), name=name)
        sizes = group_sizes(openings.group(policy.replace(patterns=[*policy.patterns, added])))
        counts.append((len(sizes), int(sizes.max())))
    found = pd.DataFrame(counts, columns=["added_incidents", "added_largest"], dtype="Int64")
    return frame.join(found.reindex(frame.index))
