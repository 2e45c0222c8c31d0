"""The curve that decides on a window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit.plots import _style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["sweep"]

_MOST_LEVEL_LABELS = 12
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def sweep(frame: pd.DataFrame, *, today: Any = None) -> Figure:
    """Draw incidents by window, one line per anchor, with the largest incident below.

    Parameters
    ----------
    frame
        The result of `pandakit.sweep`.
    today
        The window in force, as `"4h"` or a timedelta; it is marked.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels with one x axis: the number of incidents, and the alerts of the largest.
    """
    figure, (upper, lower) = _style.figure(2, height=6.2, ratios=(2.0, 1.0))
    anchors = frame["anchor"].drop_duplicates().tolist()
    for anchor, colour in zip(anchors, _cycle(len(anchors)), strict=True):
        line = frame[frame["anchor"] == anchor].sort_values("window")
        seconds = line["window"].dt.total_seconds()
        style = {"color": colour, "marker": "o", "markersize": 4, "linewidth": 2, "label": anchor}
        upper.plot(seconds, line["incidents"].astype("int64"), **style)
        lower.plot(seconds, line["largest_incident"].astype("int64"), **style)
    _axes(upper, lower, frame)
    _mark(upper, lower, today)
    return figure


def _axes(upper: Any, lower: Any, frame: pd.DataFrame) -> None:
    ticks = sorted(frame["window"].dt.total_seconds().unique())
    lower.set_xscale("log")
    lower.set_xticks(
        ticks,
        [_span(tick) for tick in ticks],
        rotation=60 if len(ticks) > _MOST_LEVEL_LABELS else 0,
    )
    lower.minorticks_off()
    lower.set_xlabel("window", color=_style.MUTED)
    for axes, name in ((upper, "incidents"), (lower, "alerts in the largest")):
        axes.set_ylabel(name, color=_style.MUTED)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(_style.thousands)
    upper.legend(title="anchor", frameon=False, fontsize=9, title_fontsize=9, labelcolor=_style.INK)
    alerts = frame["alerts"].max() if len(frame) else 0
    _style.headline(
        upper,
        "A longer window makes fewer and larger incidents",
        f"{alerts:,} alerts consolidated under each setting",
    )


def _mark(upper: Any, lower: Any, today: Any) -> None:
    if today is None:
        return
    seconds = pd.Timedelta(today).total_seconds()
    for axes in (upper, lower):
        axes.axvline(seconds, color=_style.INK, linewidth=1, linestyle=(0, (4, 3)))
    upper.annotate(
        f"today: {_span(seconds)}",
        (seconds, 1),
        xycoords=("data", "axes fraction"),
        xytext=(5, -12),
        textcoords="offset points",
        fontsize=9,
        color=_style.INK,
    )


def _span(seconds: float) -> str:
    for size, unit in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:g} s"


def _cycle(count: int) -> list[str]:
    return [_style.COLOURS[place % len(_style.COLOURS)] for place in range(count)]
