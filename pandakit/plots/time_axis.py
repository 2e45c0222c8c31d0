"""Times on an axis, in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["as_numbers", "scale_time"]

# Format of the ticks on an axis that is longer than this many days.
_FORMATS = ((400, "%Y-%m"), (6, "%b %d"), (0.01, "%b %d\n%H:%M"), (0, "%H:%M:%S"))
_SHORTEST = 1 / 1440


def as_numbers(times: pd.Series) -> np.ndarray:
    """Return UTC times in matplotlib's unit, days."""
    numbers: np.ndarray = _dates().date2num(times.dt.tz_convert(None).to_numpy())
    return numbers


def scale_time(axes: Axes, first: float, last: float, *, room: float) -> None:
    """Show the time from first to last, and room for labels as a share of it."""
    dates = _dates()
    span = max(last - first, _SHORTEST)
    axes.set_xlim(first - 0.02 * span, last + room * span)
    axes.xaxis.set_major_locator(dates.AutoDateLocator(minticks=3, maxticks=8))
    pattern = next(pattern for days, pattern in _FORMATS if span > days)
    axes.xaxis.set_major_formatter(dates.DateFormatter(pattern, tz="UTC"))


def _dates() -> Any:
    from matplotlib import dates  # noqa: PLC0415 - loaded on first use

    return dates
