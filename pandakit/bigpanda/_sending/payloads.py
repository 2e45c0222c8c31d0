"""The rows of a frame as payloads of the Alerts API; every row is checked before any is sent."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Payload", "read_payloads", "time_order"]

Payload = dict[str, Any]

_STATUSES = ("ok", "acknowledged", "unknown", "warning", "critical")
_SUBJECTS = ("host", "service", "application", "device")
_SECONDS_BELOW = 10**11  # larger numbers are milliseconds
_MOST_SHOWN = 10


def read_payloads(
    frame: pd.DataFrame,
    app_key: str,
    primary_property: str | None,
    secondary_property: str | None,
) -> list[Payload]:
    """Return the payload of each row, in the order of the rows and without the `app_key`.

    Raises
    ------
    EventError
        When the service would refuse a row: it names the rows and what is wrong with them.
    TypeError
        When `frame` is not a DataFrame.
    """
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"expected a DataFrame of alerts, got {type(frame).__name__}")
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise EventError(f"nothing was sent: the column {repeated[0]!r} occurs twice")
    named = {"primary_property": primary_property, "secondary_property": secondary_property}
    extra = {name: value for name, value in named.items() if value is not None}
    cells = {str(name): frame[name].tolist() for name in frame.columns}
    payloads, faults = [], []
    for number, label in enumerate(frame.index):
        row = {name: column[number] for name, column in cells.items()}
        try:
            payloads.append(_payload(row, app_key) | extra)
            _check(payloads[-1])
        except EventError as error:
            faults.append(f"row {label!r}: {error}")
    if faults:
        more = len(faults) - _MOST_SHOWN
        raise EventError(
            f"nothing was sent, because {len(faults)} of {len(frame)} rows would be refused:\n"
            + "\n".join(faults[:_MOST_SHOWN])
            + (f"\nand {more} more" if more > 0 else "")
        )
    return payloads


def time_order(payloads: list[Payload]) -> list[int]:
    """Return the numbers of the payloads by time; equal and missing times keep their order.

    A payload without a time gets the time at which it arrives, so it comes last.
    """
    return sorted(range(len(payloads)), key=lambda n: payloads[n].get("timestamp", math.inf))


def _payload(row: dict[str, Any], app_key: str) -> Payload:
    """Return the payload of a row, without missing cells."""
    found = {}
    for name, cell in row.items():
        value = _seconds(cell) if name == "timestamp" else _value(cell, name)
        if value is not None:
            found[name] = value
    if found.pop("app_key", app_key) != app_key:
        raise EventError(f"its app_key is {row['app_key']!r}, not {app_key!r}")
    return found


def _check(payload: Payload) -> None:
    status = payload.get("status")
    if status not in _STATUSES:
        raise EventError(f"its status is {status!r}: one of {', '.join(_STATUSES)}")
    named = payload.get("primary_property")
    subjects = (named,) if named else _SUBJECTS
    if not any(payload.get(name) for name in subjects):
        raise EventError(f"it has no subject: a value in {' or '.join(map(str, subjects))}")


def _seconds(cell: Any) -> int | None:
    """Return a time in whole epoch seconds."""
    if _is_missing(cell):
        return None
    if isinstance(cell, datetime):
        if cell.tzinfo is None:
            raise EventError(f"its timestamp {cell} has no zone: use tz_localize")
        return math.floor(cell.timestamp())
    if isinstance(cell, bool) or not isinstance(cell, int | float | np.number):
        raise EventError(
            f"its timestamp is {cell!r}: a zone-aware time or a number of epoch seconds"
        )
    if not 0 <= cell < _SECONDS_BELOW:
        raise EventError(f"its timestamp {cell} is not a number of epoch seconds")
    return math.floor(cell)


def _value(cell: Any, name: str) -> Any:
    """Return a cell as JSON: text, a whole number, or a list of these."""
    if isinstance(cell, list | tuple | set | frozenset | np.ndarray):
        values = [_scalar(each, name) for each in _items(cell)]
        return [each for each in values if each is not None] or None
    return _scalar(cell, name)


def _items(cell: Any) -> Iterable[Any]:
    return sorted(cell) if isinstance(cell, set | frozenset) else cell


def _scalar(cell: Any, name: str) -> Any:
    if isinstance(cell, dict | list | tuple | set | frozenset | np.ndarray):
        raise EventError(f"its {name!r} is nested, which the service does not support")
    if _is_missing(cell):
        return None
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        if not math.isfinite(cell):
            raise EventError(f"its {name!r} is {cell}, which JSON cannot hold")
        return int(cell) if cell.is_integer() else cell
    if isinstance(cell, int):
        return cell
    return cell.isoformat() if isinstance(cell, datetime) else str(cell)


def _is_missing(cell: Any) -> bool:
    return (
        cell is None
        or cell is pd.NA
        or cell is pd.NaT
        or (isinstance(cell, float) and math.isnan(cell))
    )
