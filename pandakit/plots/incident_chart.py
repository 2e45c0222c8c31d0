"""The largest incidents, as bars over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit.plots import style
from pandakit.plots.time_axis import as_numbers, scale_time
from pandakit.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pandakit.consolidation import Consolidation

__all__ = ["largest_incidents"]

_MAX_LINE = 44  # characters
_LABEL_MARGIN = 0.34  # of the time axis


def largest_incidents(consolidation: Consolidation, *, count: int = 12) -> Figure:
    """Draw when the largest incidents ran, and how many alerts each of them has.

    Parameters
    ----------
    consolidation
        The result of `pandakit.consolidate`.
    count
        The greatest number of incidents to draw, 1 or more; the title has the total. Of two with
        the same number of alerts, the older one comes first.

    Returns
    -------
    matplotlib.figure.Figure
        One bar per incident from its start to its end (an open one to the end of the data),
        coloured by severity. Beside it: its id, host and check on the left, number of alerts
        and severity on the right. A notebook shows the figure automatically; `savefig` writes it
        to a file.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        `count` is not a whole number of 1 or more.

    Examples
    --------
    >>> import pandas as pd, pandakit as pk
    >>> events = pd.DataFrame({"timestamp": [0, 60], "status": "critical", "host": ["a", "b"]})
    >>> figure = largest_incidents(pk.consolidate(events))
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['0  a', '1  b']
    """
    style.check_count(count, "count")
    incidents = consolidation.incidents
    shown = incidents.sort_values("n_alerts", ascending=False, kind="stable").head(count)
    figure, (axes,) = style.new_figure(height=1.5 + 0.46 * max(len(shown), 1))
    _bars(axes, shown, consolidation.as_of)
    names = [_name(*row) for row in shown[["title", "subtitle"]].itertuples()]
    axes.set_yticks(range(len(shown)), names, fontsize=9, color=style.INK)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    style.write_title(
        figure,
        _title(len(shown), len(incidents)),
        f"{_days(shown, consolidation.as_of)}, with number of alerts and worst severity",
    )
    return figure.freeze_layout()


def _title(n_shown: int, n_incidents: int) -> str:
    if n_shown < n_incidents:
        largest = "largest" if n_shown == 1 else f"{n_shown:,} largest"
        return f"The {largest} of {n_incidents:,} incidents"
    return f"All incidents: {n_incidents:,}" if n_incidents else "No incidents"


def _days(shown: pd.DataFrame, as_of: pd.Timestamp | None) -> str:
    if shown.empty:
        return "from start to end"
    first, last = shown["start"].min(), shown["end"].fillna(as_of).max()
    return f"from start to end, between {first:%Y-%m-%d} and {last:%Y-%m-%d} UTC"


def _bars(axes: Axes, shown: pd.DataFrame, as_of: pd.Timestamp | None) -> None:
    if shown.empty:
        axes.set_xticks([])
        return
    starts, ends = as_numbers(shown["start"]), as_numbers(shown["end"].fillna(as_of))
    colours = [style.SEVERITY_COLOURS[severity] for severity in shown["severity"]]
    # The outline makes an incident without length visible.
    axes.barh(
        range(len(shown)),
        ends - starts,
        left=starts,
        height=0.6,
        color=colours,
        edgecolor=colours,
        linewidth=1.5,
    )
    columns = shown[["n_alerts", "severity", "active"]]
    for position, row in enumerate(columns.itertuples(index=False)):
        style.annotate(axes, _label(*row), (ends[position], position), fontsize=9)
    scale_time(axes, starts.min(), ends.max(), room=_LABEL_MARGIN)


def _label(n_alerts: int, severity: str, active: bool) -> str:  # noqa: FBT001 - a cell
    still = ", still open" if active else ""
    return f"{counted(n_alerts, 'alert')}, {severity}{still}"


def _name(number: int, title: str, subtitle: Any) -> str:
    lines = [f"{number}  {style.shortened(title, _MAX_LINE)}"]
    if not pd.isna(subtitle):
        lines.append(style.shortened(subtitle, _MAX_LINE))
    return "\n".join(lines).replace("$", r"\$")  # a dollar sign would start a formula
