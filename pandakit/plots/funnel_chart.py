"""The funnel: how many events became how many alerts and incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.plots import style
from pandakit.text import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pandakit.consolidation import Consolidation

__all__ = ["funnel"]

_STAGES = ("received", "events", "alerts", "incidents")
_LABEL_MARGIN = 1.35  # of the longest bar


def funnel(consolidation: Consolidation) -> Figure:
    """Draw how received events became alerts and incidents.

    Parameters
    ----------
    consolidation
        The result of `pandakit.consolidate`.

    Returns
    -------
    matplotlib.figure.Figure
        One bar per stage, with its count and its share of the stage before. A notebook shows
        the figure automatically; `savefig` writes it to a file.

    Raises
    ------
    ImportError
        matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd, pandakit as pk
    >>> events = pd.DataFrame({"timestamp": [0, 60], "status": "critical", "host": ["a", "b"]})
    >>> figure = funnel(pk.consolidate(events))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['2', '2   100.0% of received', '2   100.0% of events', '2   100.0% of alerts']
    """
    values = consolidation.funnel["value"]
    counts = [int(values[stage]) for stage in _STAGES]
    figure, (axes,) = style.new_figure(height=3.3)
    positions = range(len(_STAGES))
    axes.barh(positions, counts, color=style.LINE_COLOURS[0], height=0.62)
    for position in positions:
        style.annotate(axes, _label(position, counts), (counts[position], position), fontsize=10)
    axes.set_yticks(positions, _STAGES, fontsize=11, color=style.INK)
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    axes.set_xlim(0, max([*counts, 1]) * _LABEL_MARGIN)
    dropped = f"{int(values['rejected']):,} rejected, {int(values['duplicates']):,} duplicates"
    style.write_title(
        figure,
        f"{counted(counts[0], 'event')} received, {counted(counts[-1], 'incident')}",
        f"{dropped}; each bar with its share of the one above",
    )
    return figure.freeze_layout()


def _label(position: int, counts: list[int]) -> str:
    count = counts[position]
    before = counts[position - 1] if position else 0
    share = f"   {count / before:.1%} of {_STAGES[position - 1]}" if before else ""
    return f"{count:,}{share}"
