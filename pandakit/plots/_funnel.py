"""The funnel: how many events, alerts and incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.plots import _style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pandakit.consolidation import Consolidation

__all__ = ["funnel"]

_STAGES = ("received", "events", "alerts", "incidents")
_ROOM_FOR_LABELS = 1.35


def funnel(consolidation: Consolidation) -> Figure:
    """Draw how received events became alerts and incidents.

    Parameters
    ----------
    consolidation
        The result of `pandakit.consolidate`.

    Returns
    -------
    matplotlib.figure.Figure
        One bar per stage with its count and its share of the stage before. A notebook shows
        it as it is; `savefig` writes it to a file.

    Raises
    ------
    ImportError
        matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd, pandakit as pk
    >>> events = pd.DataFrame({"timestamp": [0, 60], "status": "critical", "host": ["a", "b"]})
    >>> picture = funnel(pk.consolidate(events))
    >>> [text.get_text() for text in picture.axes[0].texts]
    ['2', '2   100.0% of received', '2   100.0% of events', '2   100.0% of alerts']
    """
    values = consolidation.funnel["value"]
    counts = [int(values[stage]) for stage in _STAGES]
    figure, (axes,) = _style.figure(height=3.3)
    places = range(len(_STAGES))
    axes.barh(places, counts, color=_style.COLOURS[0], height=0.62)
    for place in places:
        _style.beside(axes, _label(place, counts), (counts[place], place), fontsize=10)
    axes.set_yticks(places, _STAGES, fontsize=11, color=_style.INK)
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    axes.set_xlim(0, max([*counts, 1]) * _ROOM_FOR_LABELS)
    left_out = f"{int(values['rejected']):,} rejected, {int(values['duplicates']):,} duplicates"
    _style.headline(
        figure,
        f"{_style.counted(counts[0], 'event')} received, {_style.counted(counts[-1], 'incident')}",
        f"{left_out}; each bar with its share of the one above",
    )
    return figure.settled()


def _label(place: int, counts: list[int]) -> str:
    count = counts[place]
    before = counts[place - 1] if place else 0
    share = f"   {count / before:.1%} of {_STAGES[place - 1]}" if before else ""
    return f"{count:,}{share}"
