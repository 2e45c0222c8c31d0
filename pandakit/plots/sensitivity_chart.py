"""How far each reading of the vendor's rules moves the number of incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.plots import style
from pandakit.text import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["sensitivity"]

_ROOM = 0.24  # of the axis, for the texts at the ends
_WHOLE = 0.01  # from here on, whole percents
_LEAST = 0.02  # of today's incidents: the least that the axis shows
_FEWER, _MORE = style.LINE_COLOURS[2], style.LINE_COLOURS[1]


def sensitivity(table: pd.DataFrame) -> Figure:
    """Draw a tornado: how far each setting's other values move the number of incidents.

    Parameters
    ----------
    table
        From `pandakit.sensitivity`.

    Returns
    -------
    matplotlib.figure.Figure
        One bar per setting, the widest on top, from the fewest to the most incidents compared with
        today. The values are at its ends; the greatest number of alerts that move is beside its
        name. A notebook shows the figure automatically; `savefig` writes it to a file.

    Raises
    ------
    ImportError
        matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd, pandakit as pk
    >>> events = pd.DataFrame(
    ...     {"timestamp": [0, 60], "status": "critical", "host": "a", "check": ["x", "y"]}
    ... )
    >>> figure = sensitivity(pk.sensitivity(events, pk.CURRENT))
    >>> figure.axes[0].get_yticklabels()[0].get_text()
    'anchor: 0% of alerts move'
    """
    from matplotlib.ticker import MaxNLocator, PercentFormatter  # noqa: PLC0415 - on first use

    ends = _ends(table)
    names = [f"{row.setting}: {row.moved:.0%} of alerts move" for row in ends.itertuples()]
    figure, axes = style.new_rows(names, room=0.3)
    for place, row in enumerate(ends.itertuples()):
        _bar(axes, place, (row.low, row.low_value), side=-1)
        _bar(axes, place, (row.high, row.high_value), side=1)
    axes.axvline(0, color=style.INK, linewidth=1)
    axes.grid(visible=False, axis="y")
    axes.set_ylim(len(ends) - 0.4, -0.6)
    _leave_room(axes, -min([0.0, *ends["low"]]), max([0.0, *ends["high"]]))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7))
    _drop_ticks_below_none(axes)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    axes.set_xlabel("incidents, against today", color=style.MUTED)
    today = int(table["denominator"].iloc[0]) if len(table) else 0
    moving = int((ends["moved"] > 0).sum())
    style.write_title(
        figure,
        f"{moving} of {counted(len(ends), 'open setting')} change the incidents",
        f"today: {counted(today, 'incident')}; each bar spans the other values of a setting",
    )
    return figure.freeze_layout()


def _leave_room(axes: Axes, fewer: float, more: float) -> None:
    span = max(fewer + more, _LEAST)
    room = _ROOM * span / (1 - 2 * _ROOM)
    axes.set_xlim(-(fewer + room if fewer else 0.1 * span), more + room)


def _drop_ticks_below_none(axes: Axes) -> None:
    """Drop ticks left of -100 %: there are never fewer incidents than none."""
    low, high = axes.get_xlim()
    axes.set_xticks([tick for tick in axes.get_xticks() if max(low, -1) <= tick <= high])


def _percent(change: float) -> str:
    """Return a change as whole percents, a small one by its first digit.

    Examples
    --------
    >>> _percent(0.264), _percent(-0.0026)
    ('+26%', '-0.3%')
    """
    return f"{change:+.0%}" if abs(change) >= _WHOLE else f"{100 * change:+.1g}%"


def _ends(table: pd.DataFrame) -> pd.DataFrame:
    """Return for each setting its least and greatest change, and the values that make them."""
    shown = table.assign(change=table["change"].fillna(0), moved=table["moved"] / table["same"])
    by = shown.groupby("setting", sort=False)
    low, high = (shown.loc[find].set_index("setting") for find in _extremes(by["change"]))
    ends = by["moved"].max().fillna(0).to_frame()
    ends = ends.assign(
        low=low["change"].clip(upper=0), low_value=low["value"],
        high=high["change"].clip(lower=0), high_value=high["value"],
    )  # fmt: skip
    span = ends["high"] - ends["low"]
    return ends.assign(span=span).sort_values("span", ascending=False, kind="stable").reset_index()


def _extremes(change: pd.core.groupby.SeriesGroupBy) -> tuple[pd.Series, pd.Series]:
    return change.idxmin(), change.idxmax()


def _bar(axes: Axes, place: int, end: tuple[float, str], *, side: int) -> None:
    change, value = end
    if not change:
        return
    axes.barh(place, change, color=_MORE if side > 0 else _FEWER, height=0.6)
    text = f"{value} {_percent(change)}"
    style.annotate(
        axes, text, (change, place), xytext=(6 * side, 0), ha="left" if side > 0 else "right"
    )
