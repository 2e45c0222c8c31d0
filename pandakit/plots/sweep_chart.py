"""The curve behind the choice of a window."""

from __future__ import annotations

import dataclasses
import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pandakit.consolidation import Policy
from pandakit.plots import style
from pandakit.spans import microseconds, read_span, span_text
from pandakit.text import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["sweep"]

_PANELS = (("incidents", "incidents"), ("largest", "alerts in the largest"))
_SHADE = 0.18
_SAVED = ("compression", "alerts saved")
_NAMED_BY_VALUE = ("anchor", "patterns", "matchers", "dedup", "order")
_HEIGHT = 6.2  # inches
_MAX_LABELS = 12  # on one line below the axis


def sweep(frame: pd.DataFrame, *, today: Any = None) -> Figure:
    """Draw what each window saves, one line per combination of other settings.

    Parameters
    ----------
    frame
        The result of `pandakit.sweep` with ``windows=``.
    today
        The current window, such as ``"4h"`` or a timedelta; it is marked.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels over one logarithmic axis of windows, named after the pattern: the number of
        incidents, and the alerts of the largest one. If the sweep measured chance,
        the first panel shows the share of alerts saved (the compression) instead, and what chance
        saves is shaded below the line. Every window that was tried has a tick. A notebook shows
        the figure automatically; `savefig` writes it to a file.

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
    >>> swept = pk.sweep(events, windows=["10min", "1h", "4h"], pattern="cluster")
    >>> figure = sweep(swept, today="4h")
    >>> figure.axes[0].lines[0].get_ydata().tolist()
    [3, 2, 1]
    """
    if frame["window"].isna().any():
        raise ValueError("the sweep did not vary the window: pass windows= to pandakit.sweep")
    mark = None if today is None else microseconds(read_span(today, "today")) / 1e6
    if mark is not None and mark <= 0:
        raise ValueError(f"today: {today!r} is not above zero")
    figure, panels = style.new_figure(2, height=_HEIGHT, ratios=(2.0, 1.0))
    lines = [
        (name, rows.sort_values("window"), style.LINE_COLOURS[position % len(style.LINE_COLOURS)])
        for position, (name, rows) in enumerate(_by_setting(frame))
    ]
    first = _SAVED if "by_chance" in frame else _PANELS[0]
    for axes, (column, name) in zip(panels, (first, _PANELS[1]), strict=True):
        _draw(axes, lines, column, mark)
        axes.set_ylabel(name, color=style.MUTED)
    if "by_chance" in frame:
        _shade_chance(panels[0], lines)
    _scale_windows(panels[-1], sorted({*frame["window"].dt.total_seconds()}), mark)
    if mark is not None:
        _mark(panels, mark)
    panels[-1].set_xlabel(_moved(frame), color=style.MUTED)
    style.write_title(figure, _title(frame), _subtitle(frame))
    return figure.freeze_layout()


def _by_setting(frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return the rows of each line, named after the settings that differ between the lines."""
    varied = _varied(frame) or ["anchor"]
    by = frame.groupby(varied, sort=False, dropna=False)
    return [(", ".join(_text(*pair) for pair in zip(varied, key, strict=True)), rows)
            for key, rows in by]  # fmt: skip


def _varied(frame: pd.DataFrame) -> list[str]:
    """Return the settings other than the window that have several values."""
    settings = [field.name for field in dataclasses.fields(Policy)]
    return [name for name in frame if name in settings and len(frame[name].unique()) > 1]


def _text(setting: str, value: Any) -> str:
    """Return the value of a setting, with its name unless the value is clear without it."""
    if isinstance(value, timedelta):
        return f"{setting} {span_text(value)}"
    plain = "none" if value is None or value != value else str(value)  # noqa: PLR0124 - NaT, NA
    return plain if setting in _NAMED_BY_VALUE else f"{setting} {plain}"


def _shade_chance(axes: Axes, lines: list[Any]) -> None:
    from matplotlib.ticker import PercentFormatter  # noqa: PLC0415 - loaded on first use

    alpha = _SHADE / len(lines)  # shaded areas overlap
    for _, rows, colour in lines:
        seconds = rows["window"].dt.total_seconds().tolist()
        axes.fill_between(
            seconds, rows["by_chance"].tolist(), color=colour, alpha=alpha, zorder=0.8
        )
        axes.plot(seconds, rows["by_chance"].tolist(), color=colour, linewidth=1, linestyle=":")
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1))


def _draw(axes: Axes, lines: list[Any], column: str, mark: float | None) -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter  # noqa: PLC0415 - on first use

    ends = []
    for anchor, rows, colour in lines:
        seconds, counts = rows["window"].dt.total_seconds().tolist(), rows[column].tolist()
        axes.plot(seconds, counts, color=colour, marker="o", markersize=4, linewidth=2)
        ends.append((seconds[-1], counts[-1], anchor, colour))
        if mark is not None and mark in seconds:
            now = counts[seconds.index(mark)]
            axes.plot([mark], [now], "o", color=colour, markersize=9, markeredgecolor=style.PAPER)
    top = max([1, *(count for _, rows, _ in lines for count in rows[column])])
    axes.set_ylim(0, top * 1.15)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    if len(ends) > 1:
        style.label_lines(axes, ends)


def _scale_windows(axes: Axes, windows: list[float], mark: float | None) -> None:
    """Show windows on a logarithmic axis, with a tick for each."""
    if not windows:
        axes.set_xticks([])
        return
    low, high = (end(windows if mark is None else [*windows, mark]) for end in (min, max))
    axes.set_xscale("log")
    room = max(math.log(high / low), 0.1)
    axes.set_xlim(low / math.exp(0.04 * room), high * math.exp(0.04 * room))
    axes.set_xticks(windows, _window_labels(windows, room / _MAX_LABELS))
    axes.tick_params(axis="x", length=4, color=style.MUTED)
    axes.minorticks_off()


def _window_labels(windows: list[float], step: float) -> list[str]:
    """Return a label for each tick; one that would touch its neighbour moves down a line."""
    ends: list[float] = []  # the position of the last label on each line
    labels = []
    for window in windows:
        place = math.log(window)
        free = [line for line, end in enumerate(ends) if place - end >= step]
        line = free[0] if free else len(ends)
        ends[line : line + 1] = [place]
        labels.append("\n" * line + span_text(timedelta(seconds=window)))
    return labels


def _mark(panels: list[Axes], seconds: float) -> None:
    for axes in panels:
        axes.axvline(seconds, color=style.INK, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    panels[0].annotate(
        f"today: {span_text(timedelta(seconds=seconds))}",
        (seconds, 1),
        xycoords=("data", "axes fraction"),
        xytext=(5, -4),
        textcoords="offset points",
        va="top",
        fontsize=9.5,
        color=style.INK,
        bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.5},
    )


def _title(frame: pd.DataFrame) -> str:
    if frame.empty:
        return "No settings to show"
    low, high = int(frame["incidents"].min()), int(frame["incidents"].max())
    varied = [*(["window"] if len(set(frame["window"])) > 1 else []), *_varied(frame)]
    if low == high:
        every = f" under each of {len(frame)} settings" if len(frame) > 1 else ""
        return f"{counted(low, 'incident')}{every}"
    return f"{low:,} to {high:,} incidents, depending on {' and '.join(varied)}"


def _subtitle(frame: pd.DataFrame) -> str:
    sizes = sorted({int(count) for count in frame["alerts"]})
    if not sizes:
        return ""
    alerts = counted(sizes[-1], "alert")
    if len(sizes) > 1:
        alerts = f"{sizes[0]:,} to {alerts}"
    grouped = f"{alerts} grouped under {counted(len(frame), 'setting')}"
    n_rejected = int(frame["rejected"].max())
    received = counted(int(frame["received"].max()), "event")
    chance = "; shaded: saved by chance" if "by_chance" in frame else ""
    rejected = f"; {n_rejected:,} of {received} rejected" if n_rejected else ""
    return f"{grouped}{rejected}{chance}"


def _moved(frame: pd.DataFrame) -> str:
    """Return the name of the window that the sweep moved."""
    names = frame["pattern"].dropna().unique()
    return f"window of {', '.join(names)}" if len(names) else "window"
