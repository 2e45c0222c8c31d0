"""Repeated payloads: events of one identity and time whose fields are all equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pandakit.consolidation._arrays.codes import distinct, grown, number_pairs, one_chunk
from pandakit.consolidation._merge.layout import LONG_AGO
from pandakit.errors import EventError

if TYPE_CHECKING:
    from pandakit.consolidation._read.events import EncodedEvents

__all__ = ["Payloads"]

# The same within one identity and time, or compared as it was read.
_COMPARED_AS_READ = ("timestamp", "status")
_TEXT = pa.large_string()


class Payloads:
    """Finds repeated payloads; keeps those of the last timestamp for the next chunk."""

    def __init__(self) -> None:
        self._seen = np.zeros((0, 2), dtype=np.int64)
        self._rows_before = 0
        self._last: dict[str, Any] = {}

    def repeated(self, encoded: EncodedEvents) -> np.ndarray:
        """Return the accepted rows that repeat an earlier one."""
        rows = self._candidates(encoded)
        self._rows_before += len(encoded.time)
        fields = _fields(encoded, rows)
        held = len(self._last["identity"]) if self._last else 0
        repeats: np.ndarray = rows[_repeats(self._last, fields, held)[held:]]
        self._keep_last(encoded)
        return repeats

    def _candidates(self, encoded: EncodedEvents) -> np.ndarray:
        """Return the rows that share identity and timestamp with another one, of any chunk."""
        from pandakit.consolidation._merge import kernel  # noqa: PLC0415 - imports numba

        known, order = len(self._seen), encoded.order
        self._seen = grown(self._seen, known, encoded.n_identities)
        self._seen[known:, 0] = LONG_AGO
        marked = np.zeros(len(encoded.time), dtype=bool)
        if encoded.n_accepted:
            given = np.zeros(0, dtype=np.int64) if order is None else order
            kernel.mark_candidates(
                given, encoded.identity, encoded.time, self._seen, self._rows_before, marked
            )
        return np.flatnonzero(marked) if order is None else order[marked[order]]

    def _keep_last(self, encoded: EncodedEvents) -> None:
        order = encoded.order
        times = encoded.time if order is None else encoded.time[order]
        if not len(times):
            return
        first = int(np.searchsorted(times, times[-1]))
        rows = np.arange(first, len(times)) if order is None else order[first:]
        fields = _fields(encoded, rows)
        if self._last and self._last["time"][0] == times[-1]:
            fields = _stacked(self._last, fields)
        repeats = _repeats({}, fields, 0)
        self._last = {name: _filtered(values, ~repeats) for name, values in fields.items()}


def _filtered(values: Any, keep: np.ndarray) -> Any:
    return values[keep] if isinstance(values, np.ndarray) else values.filter(pa.array(keep))


def _fields(encoded: EncodedEvents, rows: np.ndarray) -> dict[str, Any]:
    """Return what is compared: numbers as read, and the text form of all other columns."""
    fields: dict[str, Any] = {
        "identity": encoded.identity[rows],
        "time": encoded.time[rows],
        "status": encoded.status[rows].astype(np.int64),
    }
    for name in encoded.table.names:
        if name in _COMPARED_AS_READ:
            continue
        try:
            text = encoded.table.text(name, rows)
        except EventError as error:
            raise EventError(f"dedup='payload' compares all columns as text: {error}") from None
        fields[f"{type(name).__name__} {name}"] = one_chunk(text).cast(_TEXT)
    return fields


def _stacked(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return rows below rows; a column that one side lacks is missing there."""
    counts = len(first["identity"]), len(second["identity"])
    stacked: dict[str, Any] = {}
    for name in {**first, **second}:
        parts = [
            side.get(name, pa.nulls(count, _TEXT))
            for side, count in zip((first, second), counts, strict=True)
        ]
        numbers = isinstance(parts[0], np.ndarray)
        stacked[name] = np.concatenate(parts) if numbers else pa.concat_arrays(parts)
    return stacked


def _repeats(held: dict[str, Any], fields: dict[str, Any], n_held: int) -> np.ndarray:
    """Mark every row that equals an earlier one; rows held from earlier chunks come first."""
    stacked = _stacked(held, fields) if n_held else fields
    codes = np.zeros(len(stacked["identity"]), dtype=np.int32)
    for name, values in stacked.items():
        if isinstance(values, np.ndarray):
            column = pd.factorize(values)[0].astype(np.int32)
        else:
            column, _ = distinct(values, name)
        codes, _ = number_pairs(codes, column)
    repeats: np.ndarray = pd.Series(codes).duplicated().to_numpy()
    return repeats
