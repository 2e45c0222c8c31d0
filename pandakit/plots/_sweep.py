"""The curve that decides on a window."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pandakit.plots import _style
from pandakit.spans import microseconds, read_span, span_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["sweep"]

_PANELS = (("incidents", "incidents"), ("largest", "alerts in the largest"))
_HEIGHT = 6.2  # inches
_MOST_TICKS = 13
_LEAST_STEP = 0.055  # between two labels, as a share of the panel's height


def sweep(frame: pd.DataFrame, *, today: Any = None) -> Figure:
    """Draw incidents by window, one line per anchor, with the largest incident below.

    Parameters
    ----------
    frame
        The result of `pandakit.sweep` with ``windows=``.
    today
        The window in force, as ``"4h"`` or a timedelta; it is marked.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels over one logarithmic axis of windows: the number of incidents, and the
        alerts of the largest one. A notebook shows it as it is; `savefig` writes it to a file.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        The frame has rows without a window, or `today` is not a span above zero.

    Examples
    --------
    >>> import pandas as pd, pandakit as pk
    >>> events = pd.DataFrame(
    ...     {"timestamp": [0, 1800, 7200], "status": "critical", "host": ["a", "b", "c"],
    ...      "cluster": "x"}
    ... )
    >>> picture = sweep(pk.sweep(events, windows=["10min", "1h", "4h"]), today="4h")
    >>> picture.axes[0].lines[0].get_ydata().tolist()
    [3, 2, 1]
    """
    if frame["window"].isna().any():
        raise ValueError("the sweep did not vary the window: give windows= to pandakit.sweep")
    mark = None if today is None else microseconds(read_span(today, "today")) / 1e6
    if mark is not None and mark <= 0:
        raise ValueError(f"today: {today!r} is not above zero")
    figure, panels = _style.figure(2, height=_HEIGHT, ratios=(2.0, 1.0))
    lines = [
        (anchor, rows.sort_values("window"), _style.COLOURS[place % len(_style.COLOURS)])
        for place, (anchor, rows) in enumerate(frame.groupby("anchor", sort=False))
    ]
    for axes, (column, name) in zip(panels, _PANELS, strict=True):
        _draw(axes, lines, column, mark)
        axes.set_ylabel(name, color=_style.MUTED)
    _scale(panels[-1], sorted({*frame["window"].dt.total_seconds()}), mark)
    if mark is not None:
        _mark(panels, mark)
    _style.headline(figure, _title(frame), _subtitle(frame))
    return figure.settled()


def _draw(axes: Axes, lines: list[Any], column: str, mark: float | None) -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter  # noqa: PLC0415 - on first use

    ends = []
    for anchor, rows, colour in lines:
        seconds, counts = rows["window"].dt.total_seconds().tolist(), rows[column].tolist()
        axes.plot(seconds, counts, color=colour, marker="o", markersize=4, linewidth=2)
        ends.append((seconds[-1], counts[-1], anchor, colour))
        if mark is not None and mark in seconds:
            now = counts[seconds.index(mark)]
            axes.plot([mark], [now], "o", color=colour, markersize=9, markeredgecolor=_style.PAPER)
    top = max([1, *(count for _, rows, _ in lines for count in rows[column])])
    axes.set_ylim(0, top * 1.15)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    _name_lines(axes, ends)


def _name_lines(axes: Axes, ends: list[tuple[float, int, str, str]]) -> None:
    """Write each anchor at the end of its line, apart from the others."""
    height = axes.get_ylim()[1]
    below = -math.inf
    for seconds, count, anchor, colour in sorted(ends, key=lambda end: end[1]):
        place = max(count / height, below + _LEAST_STEP * _tallness(axes))
        shift = (place - count / height) * _points_high(axes)
        _style.beside(axes, anchor, (seconds, count), xytext=(9, shift), color=colour)
        below = place


def _points_high(axes: Axes) -> float:
    return float(axes.get_position().height * _HEIGHT * 72)


def _tallness(axes: Axes) -> float:
    """Labels need a greater share of a lower panel."""
    tallest = max(_points_high(panel) for panel in axes.figure.axes)
    return tallest / _points_high(axes)


def _scale(axes: Axes, windows: list[float], mark: float | None) -> None:
    """Show windows on a logarithmic axis, as many names as there is room for."""
    if not windows:
        axes.set_xticks([])
        return
    low, high = (end(windows if mark is None else [*windows, mark]) for end in (min, max))
    axes.set_xscale("log")
    room = max(math.log(high / low), 0.1)
    axes.set_xlim(low / math.exp(0.04 * room), high * math.exp(0.04 * room))
    ticks: list[float] = []
    for window in windows:
        if not ticks or math.log(window / ticks[-1]) >= room / _MOST_TICKS:
            ticks.append(window)
    axes.set_xticks(ticks, [span_text(timedelta(seconds=tick)) for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("window", color=_style.MUTED)


def _mark(panels: list[Axes], seconds: float) -> None:
    for axes in panels:
        axes.axvline(seconds, color=_style.INK, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    panels[0].annotate(
        f"today: {span_text(timedelta(seconds=seconds))}",
        (seconds, 1),
        xycoords=("data", "axes fraction"),
        xytext=(5, -4),
        textcoords="offset points",
        va="top",
        fontsize=9.5,
        color=_style.INK,
        bbox={"facecolor": _style.PAPER, "edgecolor": "none", "pad": 1.5},
    )


def _title(frame: pd.DataFrame) -> str:
    if frame.empty:
        return "No settings to show"
    low, high = int(frame["incidents"].min()), int(frame["incidents"].max())
    varied = [name for name in ("window", "anchor") if len(set(frame[name])) > 1]
    if low == high:
        every = f" under each of {len(frame)} settings" if len(frame) > 1 else ""
        return f"{_style.counted(low, 'incident')}{every}"
    return f"{low:,} to {high:,} incidents, depending on {' and '.join(varied)}"


def _subtitle(frame: pd.DataFrame) -> str:
    sizes = sorted({int(count) for count in frame["alerts"]})
    if not sizes:
        return ""
    alerts = _style.counted(sizes[-1], "alert")
    if len(sizes) > 1:
        alerts = f"{sizes[0]:,} to {alerts}"
    return f"{alerts} grouped under {_style.counted(len(frame), 'setting')}"
