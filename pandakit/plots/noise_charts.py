"""When and where the noise is: alerts by hour and weekday, and by identity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.plots import style
from pandakit.text import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pandakit.consolidation import Consolidation

__all__ = ["noise_by_hour", "noisiest"]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DARK = 0.7  # of the maximum: numbers on darker cells are white
_THOUSANDS = 10_000  # larger counts are shortened
_IDENTITY = (
    "app_key", "primary_property", "primary_value", "secondary_property", "secondary_value",
    "incident_identifier",
)  # fmt: skip


def noise_by_hour(consolidation: Consolidation, *, tz: str = "UTC") -> Figure:
    """Draw how many alerts open in each hour of each weekday.

    Parameters
    ----------
    consolidation
        The result of `pandakit.consolidate`.
    tz
        The time zone of hours and weekdays, such as ``"Europe/Berlin"``.

    Returns
    -------
    matplotlib.figure.Figure
        Seven rows of 24 cells with their counts. A notebook shows the figure automatically;
        `savefig` writes it to a file.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        There is no such time zone.

    Examples
    --------
    >>> import pandas as pd, pandakit as pk
    >>> events = pd.DataFrame({"timestamp": [0, 60], "status": "critical", "host": ["a", "b"]})
    >>> figure = noise_by_hour(pk.consolidate(events))
    >>> figure.texts[0].get_text()
    '2 alerts; Thu is the noisiest day'
    """
    counts = _by_hour(consolidation.alerts["start"], tz)
    figure, (axes,) = style.new_figure(height=3.6)
    axes.grid(visible=False)
    axes.imshow(counts, cmap=_colours(), aspect="auto", vmin=0, vmax=max(counts.max(), 1))
    for (day, hour), count in np.ndenumerate(counts):
        dark = count > _DARK * counts.max()
        colour = style.PAPER if dark else style.INK
        text = _short(int(count))
        axes.text(hour, day, text, ha="center", va="center", fontsize=7.5, color=colour)
    axes.set_yticks(range(7), _DAYS)
    axes.set_xticks(range(24), [f"{hour:02d}" for hour in range(24)])
    for side in axes.spines.values():
        side.set_visible(False)
    total = int(counts.sum())
    loudest = _DAYS[int(counts.sum(axis=1).argmax())]
    title = counted(total, "alert") + (f"; {loudest} is the noisiest day" if total else "")
    style.write_title(figure, title, f"alerts that opened, by weekday and hour; {tz}")
    return figure.freeze_layout()


def _by_hour(starts: pd.Series, tz: str) -> np.ndarray:
    try:
        local = starts.dt.tz_convert(tz)
    except Exception as error:  # zoneinfo, pytz and pandas each have their own
        raise ValueError(
            f"tz: {tz!r} is not a time zone; pass one such as 'Europe/Berlin'"
        ) from error
    counts: np.ndarray = np.bincount(local.dt.day_of_week * 24 + local.dt.hour, minlength=168)
    return counts.reshape(7, 24)


def _short(count: int) -> str:
    """Return a count that fits into a cell; empty for zero."""
    if count >= _THOUSANDS:
        return f"{count / 1000:.0f}k"
    return str(count) if count else ""


def _colours() -> Any:
    from matplotlib.colors import LinearSegmentedColormap  # noqa: PLC0415 - loaded on first use

    return LinearSegmentedColormap.from_list("noise", [style.PAPER, style.LINE_COLOURS[0]])


def noisiest(consolidation: Consolidation, *, count: int = 15) -> Figure:
    """Draw the identities that alert most often.

    Parameters
    ----------
    consolidation
        The result of `pandakit.consolidate`.
    count
        The greatest number of identities to draw, 1 or more; the title has the total.

    Returns
    -------
    matplotlib.figure.Figure
        One bar per identity: the dark part is the number of its alerts, the light part how often
        they reopened. Beside it are the numbers of events and of alerts that flapped. A notebook
        shows the figure automatically; `savefig` writes it to a file.

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
    >>> figure = noisiest(pk.consolidate(events), count=1)
    >>> figure.axes[0].texts[0].get_text()
    '1 alert, 1 event'
    """
    style.check_count(count, "count")
    every = _identities(consolidation.alerts)
    shown = every.head(count)
    names = [style.short_identity(row.primary, row.secondary) for row in shown.itertuples()]
    figure, axes = style.new_rows(names, room=0.35)
    places = range(len(shown))
    alerts, reopens = shown["alerts"].tolist(), shown["reopens"].tolist()
    axes.barh(places, alerts, color=style.LINE_COLOURS[1])
    axes.barh(places, reopens, left=alerts, color=style.LINE_COLOURS[1], alpha=0.35)
    for place, row in enumerate(shown.itertuples()):
        parts = [counted(row.alerts, "alert"), counted(row.events, "event")]
        parts += [f"{row.reopens:,} reopened"] if row.reopens else []
        parts += [f"{row.flapping:,} flapping"] if row.flapping else []
        style.annotate(axes, ", ".join(parts), (row.alerts + row.reopens, place), fontsize=9)
    axes.grid(visible=False, axis="y")
    most = "noisiest" if len(shown) == 1 else f"{len(shown):,} noisiest"
    part = f"{sum(alerts):,} of {counted(int(every['alerts'].sum()), 'alert')}"
    style.write_title(
        figure,
        f"The {most} of {len(every):,} identities" if len(every) else "No alerts",
        f"{part}; dark are alerts, light is how often they reopened",
    )
    return figure.freeze_layout()


def _identities(alerts: pd.DataFrame) -> pd.DataFrame:
    """Return a row per identity, the noisiest first."""
    by = [name for name in _IDENTITY if name in alerts]
    codes = alerts.groupby(by, dropna=False, sort=False, observed=True).ngroup().to_numpy()
    counts = pd.DataFrame(
        {
            "primary": alerts["primary_value"].to_numpy(),
            "secondary": alerts["secondary_value"].to_numpy(),
            "alerts": 1,
            "reopens": alerts["n_reopens"].to_numpy(),
            "events": alerts["n_events"].to_numpy(),
            "flapping": alerts["flapping"].astype("int64").to_numpy(),
        }
    )
    how = {
        "primary": "first",
        "secondary": "first",
        **dict.fromkeys(("alerts", "reopens", "events", "flapping"), "sum"),
    }
    found = counts.groupby(codes, sort=True).agg(how)
    order = np.lexsort([-found["reopens"], -found["alerts"]])
    return found.iloc[order]
