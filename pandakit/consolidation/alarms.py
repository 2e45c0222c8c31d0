"""Events from alarms: rows that have a start and an end become one or two events each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pandakit.consolidation._arrays.table import Table, row_list
from pandakit.consolidation._read.requirements import PRIMARIES, STATUSES
from pandakit.consolidation._read.ticks import BAD_TIME
from pandakit.consolidation._read.timestamps import to_ticks
from pandakit.errors import EventError

__all__ = ["events_from_alarms"]


def events_from_alarms(
    frame: pd.DataFrame,
    *,
    start: str,
    end: str,
    primary: str,
    secondary: str | None = None,
    cluster: str | None = None,
    app_key: str | None = None,
    status: str = "critical",
) -> pd.DataFrame:
    """Return events made from rows that have a start and an end.

    Parameters
    ----------
    frame
        One row per alarm.
    start, end
        The columns with the times, in any form that `consolidate` accepts. An alarm without
        an end is still open and becomes one event.
    primary, secondary, cluster, app_key
        The columns that become ``host``, ``check``, ``cluster`` and ``app_key``. A primary
        that is named ``host``, ``service``, ``application`` or ``device`` keeps its name.
    status
        The status of the alarms while they last, or the column that has it.

    Returns
    -------
    pandas.DataFrame
        With ``timestamp``, ``status`` and the columns above, in time order. Events with equal
        times are in the order of the alarms, the start before the end. Other columns are left out.

    Raises
    ------
    EventError
        A column is missing, or alarms end before they start: the message names the rows.

    Examples
    --------
    >>> alarms = pd.DataFrame({"device": ["a", "b"], "from": [10, 20], "to": [30, None]})
    >>> events_from_alarms(alarms, start="from", end="to", primary="device")
       timestamp    status device
    0         10  critical      a
    1         20  critical      b
    2         30        ok      a
    """
    table = Table(frame)
    if not table.is_frame:
        frame = frame.to_pandas()
    primary_name = primary if primary in PRIMARIES else "host"
    wanted = {primary_name: primary, "check": secondary, "cluster": cluster, "app_key": app_key}
    sources = {name: column for name, column in wanted.items() if column is not None}
    for column in (start, end, *sources.values()):
        _require(table, column)
    begins, ends = _sortable(frame[start], start), _sortable(frame[end], end)
    _refuse_reversed(begins, ends, start, end)
    closed = np.flatnonzero(~np.isnan(ends) if ends.dtype.kind == "f" else ends != BAD_TIME)
    rows = np.concatenate([np.arange(len(frame)), closed])
    is_end = np.arange(len(rows)) >= len(frame)
    order = np.lexsort((is_end, rows, np.concatenate([begins, ends[closed]])))
    rows, is_end = rows[order], is_end[order]
    firing = frame[status] if status in table else _constant(status, len(frame), table)
    columns = {
        "timestamp": _times(frame[start], frame[end].iloc[closed]).iloc[order].array,
        "status": firing.astype(object).iloc[rows].where(~is_end, "ok").array,
    }
    columns |= {name: frame[column].iloc[rows].array for name, column in sources.items()}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(rows)))


def _require(table: Table, column: str) -> None:
    if column not in table:
        raise EventError(f"the alarms have no column {column!r} ({table.nearest(column)})")


def _constant(status: str, n_rows: int, table: Table) -> pd.Series:
    if status.lower() not in STATUSES[1:]:
        raise EventError(
            f"status: {status!r} is neither one of {', '.join(STATUSES[1:])} nor a column "
            f"({table.nearest(status)})"
        )
    return pd.Series([status] * n_rows, dtype=object)


def _sortable(times: pd.Series, column: str) -> np.ndarray:
    """Return numbers in the same order as the times, whatever the unit."""
    if pd.api.types.is_bool_dtype(times) or not pd.api.types.is_numeric_dtype(times):
        return to_ticks(times, "us", column)
    if times.hasnans or times.dtype.kind not in "iu":
        return np.asarray(times.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.asarray(times)


def _refuse_reversed(begins: np.ndarray, ends: np.ndarray, start: str, end: str) -> None:
    known = [
        ~np.isnan(side) if side.dtype.kind == "f" else side != BAD_TIME for side in (begins, ends)
    ]
    rows = np.flatnonzero(known[0] & known[1] & (ends < begins))
    if len(rows):
        raise EventError(
            f"alarms end before they start ({row_list(rows)}); correct {start!r} and {end!r}, "
            f"or leave them out: frame[frame[{end!r}].isna() | (frame[{end!r}] >= "
            f"frame[{start!r}])]"
        )


def _times(begins: pd.Series, ends: pd.Series) -> pd.Series:
    if begins.dtype.kind in "iu" and ends.dtype.kind == "f" and (ends % 1 == 0).all():
        # A column with missing values arrives as floats; as integers both combine exactly.
        ends = ends.astype(begins.dtype)
    return pd.concat([begins, ends], ignore_index=True)
