"""Sweeps: the same events under many settings, merged into alerts once."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from pandakit.consolidation.openings import EventHistory
from pandakit.consolidation.pattern import refuse_unknown
from pandakit.consolidation.policy import CLASSIC, Policy
from pandakit.consolidation.variations import variations
from pandakit.errors import EventError
from pandakit.interchange import as_table
from pandakit.lab._arguments import check_chance
from pandakit.lab._chance import PRIMARY
from pandakit.lab._merges import Merge, Merges
from pandakit.lab._scorer import Production
from pandakit.lab._sweep_table import measured, sweep_table
from pandakit.threads import worker_threads

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from pandakit.consolidation.pattern import Pattern
    from pandakit.consolidation.policy import Anchor, TimeUnit
    from pandakit.consolidation.variations import Variation

__all__ = ["sweep"]

_ARGUMENTS = (
    "windows", "anchors", "pattern", "patterns", "production", "sources", "tolerance", "chance",
    "seed", "unit",
)  # fmt: skip
_SETTINGS = tuple(field.name for field in dataclasses.fields(Policy) if field.name != "patterns")


def sweep(  # noqa: PLR0913 - each can be varied
    events: Any,
    policy: Policy = CLASSIC,
    *,
    windows: Any = None,
    anchors: Anchor | Sequence[Anchor] | None = None,
    pattern: str | None = None,
    patterns: Mapping[str, Sequence[Pattern]] | None = None,
    production: pd.DataFrame | None = None,
    sources: Mapping[str, str] | None = None,
    tolerance: str | pd.Timedelta = "0s",
    chance: int = 0,
    seed: int = 0,
    unit: TimeUnit = "s",
    **settings: Any,
) -> pd.DataFrame:
    """Return how many incidents there are under other settings, one row per combination.

    Parameters
    ----------
    events, unit
        As in `consolidate`.
    policy
        All settings that are not varied.
    windows
        One window to try, or several, such as ``["30min", "1h", "4h"]``, for the pattern that
        `pattern` names. Default: the windows of the policy.
    anchors
        One anchor to try, or several. Default: that of the policy.
    pattern
        The name of the pattern whose window is varied; default: the first one of the policy.
        ``"all"`` sets each window for all patterns.
    patterns
        Lists of patterns to try instead of the policy's own, by name:
        ``{"today": policy.patterns, "new": [Pattern("cluster", "1h")]}``.
    production
        Production's alerts, from `BigPanda.alerts`, to score every row against.
    sources, tolerance
        As in `agreement`.
    chance
        The number of permutations of the values of the pattern that `pattern` names, to see what
        chance would save; 0: none.
    seed
        Seed of the permutations.
    **settings
        One value, or several, of any other setting of `Policy`:
        ``reopen_window=["0s", "48h"]``.

    Returns
    -------
    pandas.DataFrame
        One row per combination of anchors, windows, patterns and other settings; the setting named
        last changes fastest. ``anchor``, ``pattern`` and ``window`` (both missing
        if no window is varied), ``patterns`` and a column for each other setting if they are
        varied; ``received``, ``rejected``, ``duplicates``, ``alerts``; ``incidents``,
        ``largest`` and ``p95`` (the largest incident and the 95th percentile, in alerts),
        ``single`` (incidents of one alert), ``longest`` (the longest time from the first to the
        last alert that opens in an incident), ``compression`` (one minus incidents over alerts),
        ``numerator``, ``denominator``.

        With `production`: ``precision``, ``recall``, ``f1`` as in `agreement`, and the pairs of
        alerts that they are made from: ``pairs_kept``, ``pairs_simulated``, ``pairs_real``.

        With `chance`: ``by_chance`` and ``by_chance_sd`` (mean and standard deviation of the
        compression with permuted values), ``own`` (compression less `by_chance`) and ``beyond``
        (with what the primaries save by themselves, where they carry the values).

    Raises
    ------
    EventError
        As in `consolidate`.
    ValueError
        A window, an anchor, another setting or the pattern's name is invalid; or `agreement`
        would refuse `production`.

    Warns
    -----
    RejectedEventsWarning
        As in `consolidate`.
    PartialWarning
        No alert was matched with production.

    Notes
    -----
    By chance means a permutation test. Values are permuted among the primaries, if each of them
    has one value and the values are not the primaries themselves, else among the identities.
    Each of these has the value of its first alert; those without a value take no part. What
    permuted values save is due to windows and bursts alone.

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame(
    ...     {"timestamp": [0, 1800, 7200], "status": "critical", "host": ["a", "b", "c"],
    ...      "cluster": "x"}
    ... )
    >>> table = sweep(events, windows=["10min", "1h", "4h"], pattern="cluster")
    >>> table[["pattern", "window", "incidents"]]
       pattern          window  incidents
    0  cluster 0 days 00:10:00          3
    1  cluster 0 days 01:00:00          2
    2  cluster 0 days 04:00:00          1
    >>> sweep(events, pattern="cluster", join_resolved=[True, False])[["join_resolved", "single"]]
       join_resolved  single
    0           True       0
    1          False       0
    """
    _check_names(settings, anchors)
    tried = variations(
        policy,
        anchors=anchors,
        windows=windows,
        pattern=pattern,
        patterns=patterns,
        settings=settings,
    )
    check_chance(chance, seed)
    if chance and any(_place(one) is None for one in tried):
        raise ValueError("chance: the values of one pattern are permuted; name it with pattern=")
    table = as_table(events, name="events", error=EventError)
    apart = _named_apart(tried)
    history = EventHistory(table, _of_all(policy, apart, with_primary=chance > 0), unit)
    merges = Merges(history, join_resolved=all(one.join_resolved for one in apart))
    if production is not None:
        merges.compare_with(table, Production(production, sources, tolerance), unit)
    made = [merges.of(named) for named in apart]

    def row(variation: Variation, named: Policy, merge: Merge) -> dict[str, Any]:
        incidents = merge.openings.group(named)
        found = merge.counts | measured(merge.openings.start, incidents) | merge.scores(incidents)
        if not chance:
            return found
        test = merge.permutation_test(named.patterns[_place(variation) or 0])
        return found | test.compare(named, incidents, runs=chance, seed=seed).columns()

    with worker_threads() as pool:  # kernels run without the interpreter's lock
        rows = list(pool.map(row, tried, apart, made))
    merges.warn_if_nothing_matched(stacklevel=2)
    varied = ["pattern"] if windows is not None or chance else []
    varied += ["patterns", *settings] if patterns is not None else [*settings]
    return sweep_table(tried, rows, varied, production=production is not None, chance=chance > 0)


def _check_names(settings: Mapping[str, Any], anchors: Any) -> None:
    refuse_unknown(settings, "sweep", [*_ARGUMENTS, *_SETTINGS])
    if "anchor" in settings and anchors is not None:
        raise ValueError("anchors and anchor are the same setting; leave one out")


def _place(variation: Variation) -> int | None:
    """Return the position of the pattern whose window moves; None if all of them do."""
    names = [pattern.name for pattern in variation.policy.patterns]
    return names.index(variation.pattern) if variation.pattern in names else None


def _named_apart(tried: Sequence[Variation]) -> list[Policy]:
    """Return the policies with names of patterns that are unique among all lists."""
    lists = list(dict.fromkeys(one.patterns for one in tried))
    return [
        one.policy
        if one.patterns is None
        else one.policy.replace(
            patterns=[
                dataclasses.replace(pattern, name=f"{lists.index(one.patterns)} {pattern.name}")
                for pattern in one.policy.patterns
            ]
        )
        for one in tried
    ]


def _of_all(policy: Policy, policies: Sequence[Policy], *, with_primary: bool) -> Policy:
    """Return a policy with the patterns of all policies."""
    patterns = {pattern.name: pattern for one in policies for pattern in one.patterns}
    return policy.replace(
        patterns=[*(patterns.values() or policy.patterns), *([PRIMARY] if with_primary else [])]
    )
