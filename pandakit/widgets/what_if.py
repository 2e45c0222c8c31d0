"""Controls for the settings of a policy, and the table that they show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import pandas as pd

from pandakit import _html
from pandakit.consolidation import CLASSIC
from pandakit.consolidation.policy import Anchor, Matchers, check_policy
from pandakit.consolidation.variations import with_window
from pandakit.lab import PolicyComparison
from pandakit.spans import read_span, span_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandakit.consolidation import Policy
    from pandakit.consolidation.policy import TimeUnit

__all__ = ["compare_policies", "what_if"]

_WINDOWS = ("5min", "15min", "30min", "1h", "2h", "4h", "8h", "12h", "24h", "48h")
_SHARES = ("compression", "by_chance", "own")
_WORDS = {
    "alerts": "alerts",
    "incidents": "incidents",
    "compression": "alerts saved",
    "by_chance": "saved by chance",
    "own": "saved by the pattern",
    "largest": "alerts in the largest incident",
    "p95": "alerts in an incident, 95th percentile",
    "single": "incidents of a single alert",
    "longest_hours": "longest incident, in hours",
    "pairs": "pairs of alerts in one incident",
    "pairs_kept": "pairs that stay together",
    "pairs_lost": "pairs that come apart",
    "pairs_gained": "pairs that come together",
    "moved": "alerts with other companions",
}


def compare_policies(
    events: Any,
    policy: Policy,
    other: Policy,
    *,
    pattern: str | None = None,
    chance: int = 1,
    unit: TimeUnit = "s",
) -> pd.DataFrame:
    """Return the measures of two policies: what `what_if` shows, without a notebook.

    Parameters
    ----------
    events, unit
        As in `pandakit.consolidate`.
    policy
        The current settings.
    other
        Other settings; the patterns may differ in their windows only.
    pattern
        The name of the pattern whose values are permuted; default: the first one.
    chance
        The number of permutations, to see what chance saves; 0: none.

    Returns
    -------
    pandas.DataFrame
        Index ``measure``, columns ``today``, ``other`` and ``difference``, as numbers. The measures
        are ``alerts`` and those of `pandakit.sweep` (``longest_hours`` in hours), ``pairs`` of
        alerts that share an incident, ``pairs_kept``, ``pairs_lost``, ``pairs_gained``, and
        ``moved``: alerts of both whose companions differ.

    Raises
    ------
    EventError
        The events cannot be read.
    ValueError
        The patterns differ in more than their windows, or none has the name.

    Examples
    --------
    >>> import pandakit as pk
    >>> events = pd.DataFrame(
    ...     {"timestamp": [0, 5000], "status": "critical", "host": "a", "check": ["x", "y"]}
    ... )
    >>> other = pk.CURRENT.replace(patterns=[pk.Pattern("host", "2h")])
    >>> compare_policies(events, pk.CURRENT, other).loc["incidents"].tolist()
    [2.0, 1.0, -1.0]
    """
    comparison = PolicyComparison(events, policy, chance=chance, unit=unit)
    return comparison.with_policy(other, pattern=pattern)


def what_if(
    events: Any,
    policy: Policy = CLASSIC,
    *,
    windows: Sequence[Any] = _WINDOWS,
    unit: TimeUnit = "s",
) -> Any:
    """Return controls for a policy, and below them what changes from today.

    The events are read once, so each step takes a fraction of a second even with a million of
    them.

    Parameters
    ----------
    events, unit
        As in `compare_policies`, which returns the same numbers without controls.
    policy
        Today's settings, with which the controls start.
    windows
        The windows to choose from, in this order; those of the policy are added at the end.

    Returns
    -------
    ipywidgets.VBox
        Controls for the pattern, its window, the anchor, the matchers and `join_resolved`, and a
        table of today, the chosen policy and the difference. A pattern that saves nothing beyond
        chance groups by accident.

    Raises
    ------
    ImportError
        ipywidgets is not installed.
    EventError
        The events cannot be read.
    ValueError
        A window is not a span above zero.

    Examples
    --------
    >>> import pandas as pd
    >>> import pandakit as pk
    >>> events = pd.DataFrame({"timestamp": [0, 600, 4500], "status": "critical", "host": "db-1"})
    >>> controls = what_if(events, pk.CURRENT)
    >>> len(controls.children) > 0
    True
    """
    own = [pattern.window for pattern in check_policy(policy).patterns]
    spans = list(dict.fromkeys([*(read_span(window, "windows") for window in windows), *own]))
    for span in spans:
        with_window(policy, span)  # refused now, not only when the slider reaches it
    try:
        import ipywidgets  # noqa: PLC0415 - loaded on first use
    except ImportError as error:
        raise ImportError(
            "the controls need ipywidgets: pip install 'pandakit[notebook]'; "
            "compare_policies returns the same numbers without it"
        ) from error

    comparison = PolicyComparison(events, policy, chance=1, unit=unit)
    controls = _controls(ipywidgets, policy, spans)
    card = ipywidgets.HTML()

    class WhatIf(ipywidgets.VBox):  # type: ignore[misc]
        """Controls whose card is visible even without widgets, as in exports and mail."""

        def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
            return {**super()._repr_mimebundle_(**kwargs), "text/html": card.value}

    def show(_change: Any = None) -> None:
        chosen = {name: control.value for name, control in controls.items()}
        name, window = chosen.pop("pattern"), chosen.pop("window")
        other = with_window(policy, window, name).replace(**chosen)
        card.value = _card(comparison.with_policy(other, pattern=name), other)

    def choose_pattern(_change: Any) -> None:
        windows = {pattern.name: pattern.window for pattern in policy.patterns}
        controls["window"].value = windows[controls["pattern"].value]

    controls["pattern"].observe(choose_pattern, names="value")
    for control in controls.values():
        control.observe(show, names="value")
    show()
    return WhatIf([*controls.values(), card])


def _controls(ipywidgets: Any, policy: Policy, spans: list[Any]) -> dict[str, Any]:
    """Return a control for each setting, which starts at the policy's own value."""
    first = policy.patterns[0]
    aligned, wide = ({"style": {"description_width": width}} for width in ("70px", "initial"))
    return {
        "pattern": ipywidgets.Dropdown(
            options=[pattern.name for pattern in policy.patterns], description="pattern", **aligned
        ),
        "window": ipywidgets.SelectionSlider(
            options=[(span_text(span), span) for span in spans],
            value=first.window, description="window", continuous_update=False, **aligned,
        ),
        "anchor": ipywidgets.Dropdown(
            options=get_args(Anchor), value=policy.anchor, description="anchor", **aligned
        ),
        "matchers": ipywidgets.Dropdown(
            options=get_args(Matchers), value=policy.matchers, description="matchers", **aligned
        ),
        "join_resolved": ipywidgets.Checkbox(
            value=policy.join_resolved, description="join resolved incidents", **wide
        ),
    }  # fmt: skip


def _card(table: pd.DataFrame, other: Policy) -> str:
    rows = [
        (_WORDS[str(row.Index)], *(_number(str(row.Index), value) for value in row[1:3]),
         _number(str(row.Index), row.difference, sign="+"))
        for row in table.itertuples()
    ]  # fmt: skip
    return _html.card(
        _html.title("What if"),
        _html.line(str(other)),
        _html.table(("", "today", "what if", "difference"), rows),
    )


def _number(measure: str, value: float, sign: str = "") -> _html.Cell:
    form = f"{sign},.1f" if measure in ("p95", "longest_hours") else f"{sign},.0f"
    form = f"{sign}.1%" if measure in _SHARES else form
    return _html.Cell("" if pd.isna(value) else format(value, form), "number")
