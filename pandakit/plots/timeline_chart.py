"""Alerts over time, as bars on the bands of their incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit.plots import style
from pandakit.plots.time_axis import as_numbers, scale_time
from pandakit.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pandakit.consolidation import Consolidation

__all__ = ["timeline"]

_LABEL_ROOM = 0.2  # of the time axis
_BAND = "#e6ebf2"


def timeline(
    consolidation: Consolidation, *, incidents: Sequence[int] | None = None, rows: int = 40
) -> Figure:
    """Draw when alerts were open, as bars on the bands of their incidents.

    Parameters
    ----------
    consolidation
        The result of `pandakit.consolidate`.
    incidents
        Ids of the incidents to draw; default: the largest three.
    rows
        The greatest number of alerts to draw, 1 or more; the subtitle has the total.

    Returns
    -------
    matplotlib.figure.Figure
        One row per alert in the order in which they opened, incident by incident, coloured by
        severity; an open alert runs to the end of the data. A notebook shows the figure
        automatically; `savefig` writes it to a file.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        There is no such incident, or `rows` is below 1.

    Examples
    --------
    >>> import pandas as pd, pandakit as pk
    >>> events = pd.DataFrame(
    ...     {"timestamp": [0, 60], "status": "critical", "host": "a", "check": ["ping", "disk"]}
    ... )
    >>> figure = timeline(pk.consolidate(events))
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['a  ping', 'a  disk']
    """
    style.check_count(rows, "rows")
    chosen = _chosen(consolidation.incidents, incidents)
    alerts = consolidation.alerts
    every = pd.concat([alerts[alerts["incident_id"] == one] for one in chosen.index] or [alerts])
    shown = every.head(rows)
    both = zip(shown["primary_value"], shown["secondary_value"], strict=True)
    figure, axes = style.new_rows([style.short_identity(*values) for values in both])
    axes.grid(visible=False, axis="y")
    if len(shown):
        _draw(axes, shown, chosen, consolidation.as_of)
    else:
        axes.set_xticks([])
    title = f"{counted(len(every), 'alert')} in {counted(len(chosen), 'incident')}"
    part = f"the first {rows:,} of {len(every):,} alerts; " if len(every) > rows else ""
    style.write_title(figure, title, f"{part}bars are alerts by severity, bands are incidents; UTC")
    return figure.freeze_layout()


def _chosen(incidents: pd.DataFrame, ids: Sequence[int] | None) -> pd.DataFrame:
    if ids is None:
        largest = incidents.sort_values("n_alerts", ascending=False, kind="stable").head(3)
        return largest.sort_index()
    unknown = [one for one in ids if one not in incidents.index]
    if unknown:
        raise ValueError(
            f"incidents: there is no {', '.join(map(repr, unknown[:5]))}; the ids are 0 to "
            f"{len(incidents) - 1:,}"
        )
    return incidents.loc[list(dict.fromkeys(ids))]


def _draw(axes: Axes, alerts: pd.DataFrame, incidents: pd.DataFrame, as_of: Any) -> None:
    starts, ends = as_numbers(alerts["start"]), as_numbers(alerts["end"].fillna(as_of))
    first, last = starts.min(), max(ends.max(), starts.min() + 1 / 1440)
    for number, incident in incidents.iterrows():
        places = [at for at, one in enumerate(alerts["incident_id"]) if one == number]
        if places:
            _band(axes, incident, (starts[places].min(), ends[places].max()), places)
    colours = [style.SEVERITY_COLOURS[severity] for severity in alerts["severity"]]
    # The outline makes an alert without length visible.
    axes.barh(
        range(len(alerts)), ends - starts, left=starts, height=0.5, color=colours,
        edgecolor=colours, linewidth=1.5,
    )  # fmt: skip
    axes.set_ylim(len(alerts) - 0.4, -0.6)
    scale_time(axes, first, last, room=_LABEL_ROOM)


def _band(axes: Axes, incident: Any, reach: tuple[float, float], places: list[int]) -> None:
    start, end = reach
    axes.barh(
        (places[0] + places[-1]) / 2, end - start, left=start, height=len(places) - 0.25,
        color=_BAND, edgecolor=_BAND, linewidth=3, zorder=0.5,
    )  # fmt: skip
    text = f"incident {incident.name}\n{counted(int(incident['n_alerts']), 'alert')}"
    style.annotate(axes, text, (end, (places[0] + places[-1]) / 2), xytext=(10, 0), fontsize=9)
