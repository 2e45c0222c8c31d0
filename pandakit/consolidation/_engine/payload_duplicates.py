"""Repeated payloads: events of one identity and time whose fields are all equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pandakit.consolidation._engine.alerts import grown
from pandakit.consolidation._engine.compile import kernels
from pandakit.consolidation._engine.layout import LONG_AGO
from pandakit.consolidation._read.codes import Vocabulary, number_pairs, one_chunk
from pandakit.errors import EventError

if TYPE_CHECKING:
    from pandakit.consolidation._read.events import Reading

__all__ = ["Payloads"]

# Equal within one identity and time by what they are, or compared as they were read.
_COMPARED_AS_READ = ("timestamp", "status")


class Payloads:
    """Finds repeated payloads; remembers those of the last timestamp for the next chunk."""

    def __init__(self) -> None:
        self._seen = np.zeros((0, 2), dtype=np.int64)
        self._rows_before = 0
        self._last: dict[str, Any] = {}

    def repeated(self, reading: Reading, order: np.ndarray | None, n_identities: int) -> np.ndarray:
        """Give the rows that repeat an earlier one; without an order, all rows count."""
        n_rows = len(reading.time)
        known = len(self._seen)
        self._seen = grown(self._seen, known, n_identities)
        self._seen[known:, 0] = LONG_AGO
        marked = np.zeros(n_rows, dtype=bool)
        if order is None or len(order):
            given = np.zeros(0, dtype=np.int64) if order is None else order
            kernels().find_repeats(
                given, reading.identity, reading.time, self._seen, self._rows_before, marked
            )
        self._rows_before += n_rows
        rows = np.flatnonzero(marked) if order is None else order[marked[order]]
        fields = _fields(reading, rows)
        held = len(self._last["identity"]) if self._last else 0
        repeats: np.ndarray = rows[_payload_repeats(self._last, fields, held)[held:]]
        self._remember(reading, order)
        return repeats

    def _remember(self, reading: Reading, order: np.ndarray | None) -> None:
        times = reading.time if order is None else reading.time[order]
        if not len(times):
            return
        first = int(np.searchsorted(times, times[-1]))
        rows = np.arange(first, len(times)) if order is None else order[first:]
        fresh = _fields(reading, rows)
        if self._last and self._last["time"][0] == times[-1]:
            fresh = _joined(self._last, fresh)
        repeats = _payload_repeats({}, fresh, 0)
        self._last = {name: _kept(values, ~repeats) for name, values in fresh.items()}


def _kept(values: Any, keep: np.ndarray) -> Any:
    return values[keep] if isinstance(values, np.ndarray) else values.filter(pa.array(keep))


def _fields(reading: Reading, rows: np.ndarray) -> dict[str, Any]:
    """Give what is compared: numbers as read, and the text form of all other columns."""
    fields: dict[str, Any] = {
        "identity": reading.identity[rows],
        "time": reading.time[rows],
        "status": reading.status[rows].astype(np.int64),
    }
    for name in reading.table.names:
        if name in _COMPARED_AS_READ:
            continue
        try:
            text = reading.table.text(name, rows)
        except EventError as error:
            raise EventError(f"dedup='payload' compares all columns as text: {error}") from None
        fields[f"column {name}"] = one_chunk(text).cast(pa.large_string())
    return fields


def _joined(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Put rows under rows; a column that one side does not have is missing there."""
    counts = len(first["identity"]), len(second["identity"])
    joined: dict[str, Any] = {}
    for name in {**first, **second}:
        parts = [
            side.get(name, pa.nulls(count, pa.large_string()))
            for side, count in zip((first, second), counts, strict=True)
        ]
        numbers = isinstance(parts[0], np.ndarray)
        joined[name] = np.concatenate(parts) if numbers else pa.concat_arrays(parts)
    return joined


def _payload_repeats(held: dict[str, Any], fields: dict[str, Any], n_held: int) -> np.ndarray:
    """Mark every row that is equal to an earlier one."""
    joined = _joined(held, fields) if n_held else fields
    codes = np.zeros(len(joined["identity"]), dtype=np.int32)
    for name, values in joined.items():
        if isinstance(values, np.ndarray):
            column = pd.factorize(values)[0].astype(np.int32)
        else:
            column = Vocabulary().encode(values, name)
        codes = number_pairs(codes, column)[0]
    repeats: np.ndarray = pd.Series(codes).duplicated().to_numpy()
    return repeats
