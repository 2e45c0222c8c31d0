"""Evaluation: each condition on the distinct texts of its column, then on the rows."""

from __future__ import annotations

from functools import partial, reduce
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.bpql._tree import (
    NEGATIONS,
    Condition,
    Group,
    Keyword,
    Node,
    Regex,
    Text,
    Value,
    Wildcard,
    fold,
    whole_match,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from pandakit.bpql._columns import TagColumns, Texts
    from pandakit.bpql._readings import Readings

    Mask = NDArray[np.bool_]
    Test = Callable[[Texts], Mask]

__all__ = ["evaluate"]

_COMBINE = {"AND": np.logical_and, "OR": np.logical_or}
# The only column whose values are always compared without case, even by === and regex_case.
_ALWAYS_FOLDED = "status"
_MOST_PARTS, _LONGEST_PATTERN = 50, 1_000


def evaluate(node: Node, columns: TagColumns, readings: Readings) -> Mask:
    """Return one boolean per row."""
    if isinstance(node, Group):
        members = (evaluate(member, columns, readings) for member in node.members)
        combine = _COMBINE[node.operator]
        return reduce(lambda left, right: combine(left, right, out=left), members)
    if isinstance(node, Condition):
        return _condition(node, columns, readings)
    if isinstance(node, Keyword):
        return _keyword(node.value, columns, readings)
    return np.ones(columns.rows, dtype=bool)


def _condition(node: Condition, columns: TagColumns, readings: Readings) -> Mask:
    negated = node.operator in NEGATIONS
    missing = negated and readings.missing_differs
    column = columns.find(node.tag)
    if column is None:
        return np.full(columns.rows, missing)
    hits = np.zeros(len(column.whole.exact), dtype=bool)
    for whole in (False, True):
        values = [value for value in node.values if _is_whole(value, readings) is whole]
        if values:
            hits |= column.hits(_test(node, values, readings), whole=whole)
    return column.spread(hits ^ negated, missing=missing)


def _keyword(value: Text | Wildcard, columns: TagColumns, readings: Readings) -> Mask:
    rows = np.zeros(columns.rows, dtype=bool)
    whole = _is_whole(value, readings)
    parts = [fold(part) for part in _parts(value)]
    test = partial(_covers, ["", *parts, ""])
    for column in columns.searched():
        rows |= column.spread(column.hits(test, whole=whole), missing=False)
    return rows


def _is_whole(value: Value, readings: Readings) -> bool:
    """Return whether a value is compared with whole cells: no single item contains a ``|``."""
    if readings.multi_value == "whole":
        return True
    return not isinstance(value, Regex) and any("|" in part for part in _parts(value))


def _test(node: Condition, values: Sequence[Value], readings: Readings) -> Test:
    """Return a test that passes when a text equals one of the values."""
    always_folded = node.tag.lower() == _ALWAYS_FOLDED
    exact = node.operator == "===" and readings.strong_equal == "exact" and not always_folded
    any_case = always_folded or not readings.regex_case
    literals = [value.text for value in values if isinstance(value, Text)]
    tests: list[Test] = [partial(_is_in, literals, exact=exact)] if literals else []
    for value in values:
        if isinstance(value, Regex):
            search = readings.regex == "search"
            pattern = value.pattern if search else whole_match(value.pattern)
            tests.append(partial(_finds, pattern, any_case=any_case))
        elif isinstance(value, Wildcard):
            tests.append(partial(_covers, [fold(part) for part in value.parts]))
    return lambda texts: reduce(np.logical_or, (test(texts) for test in tests))


def _parts(value: Text | Wildcard) -> tuple[str, ...]:
    return (value.text,) if isinstance(value, Text) else value.parts


def _is_in(literals: list[str], texts: Texts, *, exact: bool) -> Mask:
    wanted = pa.array(literals, pa.large_string())
    if exact:
        return _numpy(pc.is_in(texts.exact, value_set=wanted))
    return _numpy(pc.is_in(texts.folded, value_set=pc.utf8_lower(wanted)))


def _covers(parts: list[str], texts: Texts) -> Mask:
    """Return which texts consist of the parts in order, with anything in between.

    The first and last part are at the ends; an empty one leaves its end open.
    """
    if len(parts) <= _MOST_PARTS and sum(map(len, parts)) <= _LONGEST_PATTERN:
        pattern = ".*".join("".join(map(_literal, part)) for part in parts)
        return _numpy(pc.match_substring_regex(texts.folded, rf"(?s)\A{pattern}\z"))
    # RE2 refuses longer patterns.
    covered = (_is_covered(text, parts) for text in texts.folded.to_pylist())
    return np.fromiter(covered, dtype=bool, count=len(texts.folded))


def _literal(char: str) -> str:
    return char if char.isalnum() else rf"\x{{{ord(char):x}}}"


def _is_covered(text: str, parts: list[str]) -> bool:
    first, *middle, last = parts
    end = len(text) - len(last)
    if not text.startswith(first) or not text.endswith(last) or end < len(first):
        return False
    at = len(first)
    for part in middle:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def _finds(pattern: str, texts: Texts, *, any_case: bool) -> Mask:
    return _numpy(pc.match_substring_regex(texts.exact, pattern, ignore_case=any_case))


def _numpy(mask: pa.Array) -> Mask:
    return np.asarray(mask.to_numpy(zero_copy_only=False), dtype=bool)
