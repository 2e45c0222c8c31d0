"""Texts as whole numbers, in the order in which they first came.

The bytes of an Arrow array are read eight at a time. Up to sixteen bytes stand in the table as
two numbers and are compared there; a longer text stands there as its hash and where it first
began, and is compared with that. So equal numbers are equal texts, never only equal hashes.
Only the compiled kernel comes here: products wrap around, and interpreted, Arrow is faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.consolidation._engine.compile import inlined, jit
from pandakit.consolidation._engine.layout import LENGTH, NUMBER, ONE, TWO

if TYPE_CHECKING:
    import numpy as np

    from pandakit.consolidation._engine.layout import Texts, TextTable

__all__ = ["encode_texts", "index_texts"]

_WORD = 8
_SHORT = 16
_MULTIPLIER = -7046029254386353131  # 2**64 over the golden ratio


@inlined
def _word(words: np.ndarray, masks: np.ndarray, at: int, stop: int) -> int:
    """Give up to eight bytes as a number; at the very end, by a word that begins earlier."""
    begin = min(at, len(words) - 1)
    word: int = (words[begin] >> (_WORD * (at - begin) & 63)) & masks[min(stop - at, _WORD)]
    return word


@inlined
def _mixed(number: int, more: int) -> int:
    number = (number ^ more) * _MULTIPLIER
    number = (number ^ (number >> 32)) * _MULTIPLIER
    return number ^ (number >> 32)


@inlined
def _hash(words: np.ndarray, masks: np.ndarray, at: int, stop: int) -> int:
    number = 0
    while at < stop:
        number = _mixed(number, _word(words, masks, at, stop))
        at += _WORD
    return number


@inlined
def _same(words: np.ndarray, masks: np.ndarray, at: int, stop: int, other: int) -> bool:
    """Compare two texts of one length."""
    other_stop = other + stop - at
    while at < stop:
        if _word(words, masks, at, stop) != _word(words, masks, other, other_stop):
            return False
        at += _WORD
        other += _WORD
    return True


@inlined
def _slot(
    slots: np.ndarray, words: np.ndarray, masks: np.ndarray, start: int, stop: int
) -> tuple[int, int, int]:
    """Find where a text is in the table, or may be put, and what stands for it there."""
    length, two = stop - start, 0
    if length <= _SHORT:
        one = _word(words, masks, start, min(stop, start + _WORD))
        if length > _WORD:
            two = _word(words, masks, start + _WORD, stop)
    else:
        one = _hash(words, masks, start, stop)
    last = len(slots) - 1
    slot = _mixed(one ^ length, two) & last
    while slots[slot, NUMBER] >= 0:
        if slots[slot, ONE] == one and slots[slot, LENGTH] == length:
            known = slots[slot, TWO]
            if length <= _SHORT:
                if known == two:
                    break
            elif _same(words, masks, start, stop, known):
                break
        slot = (slot + 1) & last
    return slot, one, two if length <= _SHORT else start


@jit
def encode_texts(texts: Texts, table: TextTable, row: int, count: int) -> tuple[int, int]:
    """Give numbers to the texts from a row on, until the table is half full.

    Returns the row to go on with, and how many distinct texts there are.
    """
    offsets, words, masks, is_there = texts
    codes, slots, first_rows = table
    most, has_gaps = len(slots) // 2, len(is_there) > 0
    while row < len(codes) and count < most:
        if has_gaps and not is_there[row]:
            codes[row] = -1
            row += 1
            continue
        start, stop = offsets[row], offsets[row + 1]
        slot, one, two = _slot(slots, words, masks, start, stop)
        if slots[slot, NUMBER] < 0:
            slots[slot, NUMBER], slots[slot, LENGTH] = count, stop - start
            slots[slot, ONE], slots[slot, TWO] = one, two
            first_rows[count] = row
            count += 1
        codes[row] = slots[slot, NUMBER]
        row += 1
    return row, count


@jit
def index_texts(slots: np.ndarray, larger: np.ndarray) -> None:
    """Fill a larger table with what a smaller one has."""
    last = len(larger) - 1
    for place in range(len(slots)):
        if slots[place, NUMBER] < 0:
            continue
        length = slots[place, LENGTH]
        two = slots[place, TWO] if length <= _SHORT else 0
        slot = _mixed(slots[place, ONE] ^ length, two) & last
        while larger[slot, NUMBER] >= 0:
            slot = (slot + 1) & last
        for column in range(TWO + 1):
            larger[slot, column] = slots[place, column]
