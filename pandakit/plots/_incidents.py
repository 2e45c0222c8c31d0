"""The largest incidents, as bars over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit.plots import _style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pandakit.consolidation import Consolidation

__all__ = ["largest_incidents"]

_LONGEST_NAME = 40
# How ticks are written on an axis that spans more than so many days.
_DATE_FORMS = ((400, "%Y-%m"), (6, "%b %d"), (0.01, "%b %d\n%H:%M"), (0, "%H:%M:%S"))
_ROOM_FOR_LABELS = 0.34


def largest_incidents(consolidation: Consolidation, *, count: int = 12) -> Figure:
    """Draw when the largest incidents ran, and how many alerts each of them has.

    Parameters
    ----------
    consolidation
        The result of `pandakit.consolidate`.
    count
        How many incidents to draw, 1 or more; the picture says of how many. Of two with
        equally many alerts the older one comes first.

    Returns
    -------
    matplotlib.figure.Figure
        One bar per incident from its start to its end (an open one to the end of the data),
        coloured by severity, named by its id and its first alert. A notebook shows it as it
        is; `savefig` writes it to a file.

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
    >>> picture = largest_incidents(pk.consolidate(events))
    >>> [label.get_text() for label in picture.axes[0].get_yticklabels()]
    ['0  a', '1  b']
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"count: {count!r} is not a whole number of 1 or more")
    incidents = consolidation.incidents
    shown = incidents.sort_values("n_alerts", ascending=False, kind="stable").head(count)
    figure, (axes,) = _style.figure(height=1.5 + 0.34 * max(len(shown), 1))
    _bars(axes, shown, consolidation.as_of)
    names = [_name(*row) for row in shown[["title", "subtitle"]].itertuples()]
    axes.set_yticks(range(len(shown)), names, fontsize=9, color=_style.INK)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    _style.headline(
        figure,
        _title(len(shown), len(incidents)),
        f"{_days(shown, consolidation.as_of)}, with number of alerts and worst severity",
    )
    return figure.settled()


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
    dates = _dates()

    if shown.empty:
        axes.set_xticks([])
        return
    starts = dates.date2num(_plain(shown["start"]))
    ends = dates.date2num(_plain(shown["end"].fillna(as_of)))
    colours = [_style.SEVERITY[severity] for severity in shown["severity"]]
    # The outline makes an incident of no length visible.
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
    for place, row in enumerate(columns.itertuples(index=False)):
        _style.beside(axes, _label(*row), (ends[place], place), fontsize=9)
    span = max(ends.max() - starts.min(), 1 / 1440)
    axes.set_xlim(starts.min() - 0.02 * span, ends.max() + _ROOM_FOR_LABELS * span)
    axes.xaxis.set_major_locator(dates.AutoDateLocator(minticks=3, maxticks=8))
    form = next(form for days, form in _DATE_FORMS if span > days)
    axes.xaxis.set_major_formatter(dates.DateFormatter(form, tz="UTC"))


def _dates() -> Any:
    from matplotlib import dates  # noqa: PLC0415 - loaded on first use

    return dates


def _plain(times: pd.Series) -> Any:
    """Give UTC times without their zone, as matplotlib counts them."""
    return times.dt.tz_convert(None).to_numpy()


def _label(n_alerts: int, severity: str, active: bool) -> str:  # noqa: FBT001 - a cell
    still = ", still open" if active else ""
    return f"{_style.counted(n_alerts, 'alert')}, {severity}{still}"


def _name(number: int, title: str, subtitle: Any) -> str:
    # A dollar sign would begin a formula.
    text = title if pd.isna(subtitle) else f"{title}, {subtitle}"
    short = text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"
    return f"{number}  {short}".replace("$", r"\$")
