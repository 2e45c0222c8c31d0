"""Rows that cannot be events: why, how many, and examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from pandakit.events._files.raw import Raw

__all__ = ["Rejects"]

_EXAMPLES = 3


class _Reason(NamedTuple):
    cells: Any  # the invalid cell, or None
    remedy: str


class Rejects:
    """The rows of one table that are not events; only the first reason of a row counts."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        self._reasons: dict[str, _Reason] = {}
        self._names: list[str] = []
        self.code = np.full(raw.table.num_rows, -1, dtype=np.int16)

    def add(self, reason: str, rows: np.ndarray, cells: Any, remedy: str) -> None:
        """Reject rows that have no reason yet."""
        if reason not in self._reasons:
            self._reasons[reason] = _Reason(cells, remedy)
            self._names.append(reason)
        self.code[rows & (self.code < 0)] = self._names.index(reason)

    @property
    def kept(self) -> np.ndarray:
        """Return which rows are events."""
        return self.code < 0

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of rows by reason, those that could not be parsed first."""
        found: dict[str, int] = {}
        for line in self._raw.bad:
            found[line.reason] = found.get(line.reason, 0) + 1
        for code, name in enumerate(self._names):
            if count := int((self.code == code).sum()):
                found[name] = found.get(name, 0) + count
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Return each rejected row: where it is, why, and what it holds."""
        listed = [
            {"file": self._raw.name, "row": line.row, "reason": line.reason, "value": line.value}
            for line in self._raw.bad
        ]
        for code, name in enumerate(self._names):
            where = np.flatnonzero(self.code == code)
            numbers = self._raw.row_numbers(where).tolist()
            for row, value in zip(numbers, self._values(name, where), strict=True):
                place = {"file": self._raw.name, "row": row}
                listed.append({**place, "reason": name, "value": value})
        return listed

    def _values(self, name: str, rows: np.ndarray) -> list[str | None]:
        cells = self._reasons[name].cells
        if cells is None:
            return [None] * len(rows)
        found = cells.take(pa.array(rows)).to_pylist()
        return [None if value is None else str(value) for value in found]

    def lines(self) -> list[str]:
        """Return one line for each reason: the count, examples, and what to do."""
        return [self._line(name, count) for name, count in self.counts.items()]

    def _line(self, name: str, count: int) -> str:
        examples = self._examples(name)
        remedy = self._reasons[name].remedy if name in self._reasons else _PARSE_REMEDY
        return f"{count:,} {name} ({'; '.join(examples)}): {remedy}"

    def _examples(self, name: str) -> list[str]:
        parsed = [line for line in self._raw.bad if line.reason == name][:_EXAMPLES]
        shown = [f"row {line.row}: {line.value!r:.80}" for line in parsed]
        if name in self._names:
            rows = np.flatnonzero(self.code == self._names.index(name))[:_EXAMPLES]
            numbers = self._raw.row_numbers(rows).tolist()
            for row, value in zip(numbers, self._values(name, rows), strict=True):
                what = "" if self._reasons[name].cells is None else f": {value!r:.80}"
                shown.append(f"row {row}{what}")
        return shown


_PARSE_REMEDY = "correct the file"
