"""The funnel: how many events, alerts and incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.plots import _style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pandakit.consolidation import Consolidation

__all__ = ["funnel"]

_STAGES = ("received", "events", "alerts", "incidents")


def funnel(consolidation: Consolidation) -> Figure:
    """Draw how received events became alerts and incidents.

    Parameters
    ----------
    consolidation
        The result of `pandakit.consolidate`.

    Returns
    -------
    matplotlib.figure.Figure
        One bar per stage with its count and its share of the stage before.
    """
    counts = consolidation.funnel["value"].loc[list(_STAGES)].astype("int64").tolist()
    figure, (axes,) = _style.figure(height=3.4)
    places = range(len(_STAGES))
    axes.barh(places, counts, color=_style.COLOURS[0], height=0.62)
    for place, count in zip(places, counts, strict=True):
        axes.annotate(
            _label(place, counts),
            (count, place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=10,
            color=_style.INK,
        )
    axes.set_yticks(places, _STAGES, fontsize=11, color=_style.INK)
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    axes.set_xlim(0, max([*counts, 1]) * 1.35)
    _style.headline(
        axes,
        f"{counts[0]:,} events received, {counts[-1]:,} incidents",
        "each bar with its share of the one above",
    )
    return figure


def _label(place: int, counts: list[int]) -> str:
    count = counts[place]
    before = counts[place - 1] if place else 0
    share = f"   {count / before:.1%} of {_STAGES[place - 1]}" if before else ""
    return f"{count:,}{share}"
