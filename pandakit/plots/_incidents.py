"""The largest incidents, as bars over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.plots import _style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pandakit.consolidation import Consolidation

__all__ = ["largest_incidents"]

_LONGEST_NAME = 28


def largest_incidents(consolidation: Consolidation, *, count: int = 12) -> Figure:
    """Draw when the largest incidents ran, and how many alerts each of them has.

    Parameters
    ----------
    consolidation
        The result of `pandakit.consolidate`.
    count
        How many incidents to draw; the picture says of how many.

    Returns
    -------
    matplotlib.figure.Figure
        One bar per incident from its start to its end (an open one to the end of the data),
        coloured by severity.
    """
    incidents = consolidation.incidents
    shown = incidents.sort_values("n_alerts", ascending=False, kind="stable").head(count)
    figure, (axes,) = _style.figure(height=1.5 + 0.34 * max(len(shown), 1))
    horizon = consolidation.alerts["last_event_at"].max()
    for place, (_, incident) in enumerate(shown.iterrows()):
        _bar(axes, place, incident, horizon)
    axes.set_yticks(
        range(len(shown)),
        [_name(incident) for _, incident in shown.iterrows()],
        fontsize=9,
        color=_style.INK,
    )
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.12)
    _style.headline(
        axes,
        f"The {len(shown)} largest of {len(incidents):,} incidents",
        "from start to end, with the number of alerts; colour: worst severity",
    )
    return figure


def _bar(axes: Axes, place: int, incident: pd.Series, horizon: pd.Timestamp) -> None:
    end = horizon if incident["active"] else incident["end"]
    colour = _style.SEVERITY.get(str(incident["severity"]), _style.MUTED)
    axes.plot(
        [incident["start"], end], [place, place], color=colour, linewidth=9, solid_capstyle="butt"
    )
    still = ", still open" if incident["active"] else ""
    axes.annotate(
        f"{incident['n_alerts']:,}{still}",
        (end, place),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        fontsize=9,
        color=_style.INK,
    )


def _name(incident: pd.Series) -> str:
    title = str(incident["title"])
    return title if len(title) <= _LONGEST_NAME else title[: _LONGEST_NAME - 1] + "…"
