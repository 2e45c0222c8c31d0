"""How incidents were handled, group by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pandakit.plots import style
from pandakit.spans import span_text
from pandakit.text import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pandakit.plots.figure import NotebookFigure

__all__ = ["measures"]

_HOURS = 24
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOUR_OF_WEEK = "hour_of_week"


def measures(table: pd.DataFrame, measure: str = "time_to_resolve") -> Figure:
    """Draw one measure of how incidents were handled, for each group.

    Parameters
    ----------
    table
        From `bigpanda.measures` with `by=`.
    measure
        The measure to draw, such as `"time_to_acknowledge"` or `"reopened"`.

    Returns
    -------
    matplotlib.figure.Figure
        One bar per group, the largest on top, with its value and the number of incidents or alerts
        behind it; by hour of the week, one point per hour. A group without a value has no bar.

    Raises
    ------
    ValueError
        When the table is not grouped, or has no such measure.

    Examples
    --------
    >>> import pandas as pd
    >>> index = pd.MultiIndex.from_product([["a", "b"], ["resolved"]], names=["team", "measure"])
    >>> table = pd.DataFrame({"value": [0.5, 0.25], "denominator": [2.0, 4.0]}, index=index)
    >>> [text.get_text() for text in measures(table, "resolved").axes[0].texts]
    ['50% of 2', '25% of 4']
    """
    if table.index.nlevels == 1:
        raise ValueError("measures: one bar needs one group; pass by= to bigpanda.measures")
    known = table.index.get_level_values("measure").unique()
    if measure not in known:
        raise ValueError(f"measure={measure!r}: one of {', '.join(known)}")
    found = table.xs(measure, level="measure")[["value", "denominator"]].dropna()
    by, name = str(table.index.names[0]), measure.replace("_", " ")
    figure = _by_hour(found, measure) if by == _HOUR_OF_WEEK else _by_group(found, measure)
    title = f"{name[:1].upper()}{name[1:]} by {by.replace('_', ' ')}"
    style.write_title(figure, title, _subtitle(by, measure))
    return figure.freeze_layout()


def _by_group(found: pd.DataFrame, measure: str) -> NotebookFigure:
    shown = found.sort_values("value", ascending=False, kind="stable")
    figure, axes = style.new_rows([str(each) for each in shown.index])
    scale = _scale(measure)
    axes.barh(range(len(shown)), (shown["value"] / scale).tolist(), color=style.LINE_COLOURS[0])
    for place, (value, count) in enumerate(shown.to_numpy().tolist()):
        style.annotate(axes, _text(value, int(count), measure), (value / scale, place))
    axes.set_xlabel(_unit(measure), color=style.MUTED)
    axes.grid(visible=False, axis="y")
    return figure


def _by_hour(found: pd.DataFrame, measure: str) -> NotebookFigure:
    figure, (axes,) = style.new_figure()
    values = (found["value"] / _scale(measure)).tolist()
    axes.plot(found.index.tolist(), values, "o", color=style.LINE_COLOURS[0], markersize=4)
    axes.set_xticks([_HOURS * day for day in range(len(_DAYS))], _DAYS)
    axes.set_xlim(-1, _HOURS * len(_DAYS))
    axes.set_ylim(bottom=0)
    axes.set_ylabel(_unit(measure), color=style.MUTED)
    return figure


def _is_time(measure: str) -> bool:
    return measure.startswith("time_to_")


def _scale(measure: str) -> float:
    return 3600.0 if _is_time(measure) else 0.01


def _unit(measure: str) -> str:
    return "hours" if _is_time(measure) else "%"


def _text(value: float, count: int, measure: str) -> str:
    if not _is_time(measure):
        return f"{value:.0%} of {count:,}"
    span = span_text(pd.Timedelta(round(value), unit="s"), max_parts=2)
    return f"{span}, {counted(count, 'incident')}"


def _subtitle(by: str, measure: str) -> str:
    what = "mean" if _is_time(measure) else "share"
    return f"{what}, by the hour of the start, UTC" if by == _HOUR_OF_WEEK else what
