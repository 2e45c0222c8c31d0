"""Combinations of codes as whole numbers that stay the same from chunk to chunk."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandakit.consolidation._arrays.compile import COMPILED

__all__ = ["NamedCodes", "Pairs", "number_pairs"]

_MISSING = np.int32(-1)
_TABLE_PER_ROW = 4
_SMALL_TABLE = 1 << 16


class NamedCodes:
    """Numbers for pairs (name, code), where each name has its own codes."""

    def __init__(self) -> None:
        self._numbers: dict[Any, np.ndarray] = {}
        self._names: list[Any] = []
        self._owners: list[np.ndarray] = []
        self._codes: list[np.ndarray] = []
        self.size = 0

    def number(self, name: Any, codes: np.ndarray, size: int) -> np.ndarray:
        """Return the numbers of codes, of which there are `size`, under a name; -1 stays -1."""
        numbers = self._numbers.get(name)
        if numbers is None:
            self._names.append(name)
            numbers = np.empty(0, dtype=np.int32)
        if len(numbers) < size:
            fresh = np.arange(len(numbers), size, dtype=np.int32)
            self._owners.append(np.full(len(fresh), self._names.index(name), dtype=np.int32))
            self._codes.append(fresh)
            numbers = np.append(numbers, np.arange(len(fresh), dtype=np.int32) + self.size)
            self._numbers[name] = numbers
            self.size += len(fresh)
        if len(self._names) == 1:
            return codes  # the numbers of the only name are its codes
        return np.asarray(np.append(numbers, _MISSING)[codes])

    def split(self, numbers: np.ndarray) -> tuple[list[Any], np.ndarray, np.ndarray]:
        """Return the names, and for each number the position of its name and its code."""
        if len(self._names) == 1:
            return self._names, np.where(numbers < 0, np.int8(-1), np.int8(0)), numbers
        missing = np.array([_MISSING])
        owners = np.concatenate([*self._owners, missing])
        codes = np.concatenate([*self._codes, missing])
        return self._names, owners[numbers], codes[numbers]


class Pairs:
    """Numbers for pairs of codes, in the order in which the pairs first appear."""

    def __init__(self) -> None:
        self._slots = np.zeros((0, 2), dtype=np.int64)
        # The pairs of the first chunk, not in the slots yet: there may never be a second chunk.
        self._unplaced = np.zeros(0, dtype=np.int64)
        self.size = 0

    def encode(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return the number of every pair; -1 counts as a code here."""
        codes, first_rows = number_pairs(left, right)
        joined = _joined(left[first_rows], right[first_rows])
        if not self.size:
            self._unplaced, self.size = joined, len(joined)
            return codes
        self._make_room(self.size + len(joined))
        numbers, self.size = self._look_up(joined, self.size)
        return np.asarray(numbers[codes])

    def _make_room(self, size: int) -> None:
        known = self._unplaced
        if 2 * size > len(self._slots):
            held = self._slots[self._slots[:, 1] >= 0]
            known = np.concatenate([held[np.argsort(held[:, 1]), 0], known])
            self._slots = np.full((1 << (2 * size).bit_length(), 2), -1, dtype=np.int64)
        self._look_up(known, 0)
        self._unplaced = known[:0].copy()

    def _look_up(self, joined: np.ndarray, count: int) -> tuple[np.ndarray, int]:
        from pandakit.consolidation._arrays import kernel  # noqa: PLC0415 - imports numba

        numbers = np.empty(len(joined), dtype=np.int32)
        return numbers, kernel.look_up(joined, self._slots, count, numbers)


def number_pairs(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers for the pairs, in the order they first appear, and their first rows."""
    height, width = (int(side.max(initial=-1)) + 2 for side in (left, right))
    if COMPILED and height * width <= _TABLE_PER_ROW * len(left) + _SMALL_TABLE:
        from pandakit.consolidation._arrays import kernel  # noqa: PLC0415 - imports numba

        codes = np.empty(len(left), dtype=np.int32)
        first_rows = np.empty(len(left), dtype=np.int64)
        table = np.full(height * width, -1, dtype=np.int32)
        count = kernel.number_pairs(left, right, width, table, codes, first_rows)
        return codes, first_rows[:count].copy()
    codes, _ = pd.factorize(_joined(left, right))
    first_rows = np.empty(codes.max(initial=-1) + 1, dtype=np.int64)
    first_rows[codes[::-1]] = np.arange(len(codes))[::-1]
    return codes.astype(np.int32), first_rows


def _joined(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return both codes in one number of 64 bits."""
    return (left.astype(np.int64) + 1 << 32) | (right.astype(np.int64) + 1)
