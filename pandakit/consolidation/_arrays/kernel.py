"""Numbers for texts and for pairs, by hash tables over arrays.

Texts are read from Arrow's buffer eight bytes at a time. A text of up to sixteen bytes is kept in
its slot as two numbers; a longer one as its hash and the byte where it first begins, and is
compared with that place. So equal numbers mean equal texts, never only equal hashes.

A search starts at the slot that the hash chooses and goes on to the first free one (linear
probing). Tables are never more than half full, so a search is short.
"""

from __future__ import annotations

import numpy as np

from pandakit.consolidation._arrays.compile import inlined, jit

__all__ = ["encode_texts", "look_up", "move_texts", "number_pairs", "text_slots"]

# Columns of a slot of the table of texts.
NUMBER, LENGTH, ONE, TWO = range(4)
_WORD, _SHORT = 8, 16
_MULTIPLIER = -7046029254386353131  # 2**64 over the golden ratio
_MASKS = np.array([(1 << 8 * n_bytes) - 1 for n_bytes in range(_WORD)] + [-1])


def text_slots(size: int) -> np.ndarray:
    """Return an empty table for texts; `size` is a power of two."""
    slots = np.zeros((size, 4), dtype=np.int64)
    slots[:, NUMBER] = -1
    return slots


@inlined
def _word(words: np.ndarray, at: int, stop: int) -> int:
    """Return up to eight bytes as a number."""
    begin = min(at, len(words) - 1)  # the last bytes are in a word that begins before them
    word: int = (words[begin] >> (_WORD * (at - begin) & 63)) & _MASKS[min(stop - at, _WORD)]
    return word


@inlined
def _mixed(number: int, more: int) -> int:
    number = (number ^ more) * _MULTIPLIER  # products wrap around
    number = (number ^ (number >> 32)) * _MULTIPLIER
    return number ^ (number >> 32)


@inlined
def _hash(words: np.ndarray, at: int, stop: int) -> int:
    number = 0
    while at < stop:
        number = _mixed(number, _word(words, at, stop))
        at += _WORD
    return number


@inlined
def _equal(words: np.ndarray, at: int, stop: int, other: int) -> bool:
    """Compare two texts of one length."""
    other_stop = other + stop - at
    while at < stop:
        if _word(words, at, stop) != _word(words, other, other_stop):
            return False
        at += _WORD
        other += _WORD
    return True


@inlined
def _find_text(slots: np.ndarray, words: np.ndarray, start: int, stop: int) -> tuple[int, int, int]:
    """Return the slot of a text, its own or a free one, and the two numbers to keep there."""
    length, two = stop - start, 0
    if length <= _SHORT:
        one = _word(words, start, min(stop, start + _WORD))
        if length > _WORD:
            two = _word(words, start + _WORD, stop)
    else:
        one = _hash(words, start, stop)
    last = len(slots) - 1
    slot = _mixed(one ^ length, two) & last
    while slots[slot, NUMBER] >= 0:
        if slots[slot, ONE] == one and slots[slot, LENGTH] == length:
            known = slots[slot, TWO]
            if length <= _SHORT:
                if known == two:
                    break
            elif _equal(words, start, stop, known):
                break
        slot = (slot + 1) & last
    return slot, one, two if length <= _SHORT else start


@jit
def encode_texts(
    offsets: np.ndarray,
    words: np.ndarray,
    is_present: np.ndarray,
    slots: np.ndarray,
    first_rows: np.ndarray,
    codes: np.ndarray,
    row: int,
    count: int,
) -> tuple[int, int]:
    """Write the numbers of texts into `codes`, starting at a row, until the table is half full.

    Returns the row to continue with and the number of distinct texts. An empty `is_present` means
    that every cell is.
    """
    most, has_gaps = len(slots) // 2, len(is_present) > 0
    while row < len(codes) and count < most:
        if has_gaps and not is_present[row]:
            codes[row] = -1
            row += 1
            continue
        start, stop = offsets[row], offsets[row + 1]
        slot, one, two = _find_text(slots, words, start, stop)
        if slots[slot, NUMBER] < 0:
            slots[slot, NUMBER], slots[slot, LENGTH] = count, stop - start
            slots[slot, ONE], slots[slot, TWO] = one, two
            first_rows[count] = row
            count += 1
        codes[row] = slots[slot, NUMBER]
        row += 1
    return row, count


@jit
def move_texts(slots: np.ndarray, larger: np.ndarray) -> None:
    """Copy a table into a larger one."""
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


@jit
def number_pairs(
    left: np.ndarray,
    right: np.ndarray,
    width: int,
    table: np.ndarray,
    codes: np.ndarray,
    first_rows: np.ndarray,
) -> int:
    """Write numbers for pairs into `codes` and return their count; `table` has all pairs."""
    count = 0
    for row in range(len(left)):
        slot = (left[row] + 1) * width + right[row] + 1
        code = table[slot]
        if code < 0:
            code = count
            table[slot] = code
            first_rows[count] = row
            count += 1
        codes[row] = code
    return count


@jit
def look_up(joined: np.ndarray, slots: np.ndarray, count: int, numbers: np.ndarray) -> int:
    """Write the number of each joined pair; one that is not in the table gets the next number."""
    last = len(slots) - 1
    for row in range(len(joined)):
        pair = joined[row]
        slot = ((pair >> 32) * 40503 + (pair & 0xFFFFFFFF) * 2654435761 >> 12) & last
        while slots[slot, 1] >= 0 and slots[slot, 0] != pair:
            slot = (slot + 1) & last
        if slots[slot, 1] < 0:
            slots[slot, 0] = pair
            slots[slot, 1] = count
            count += 1
        numbers[row] = slots[slot, 1]
    return count
