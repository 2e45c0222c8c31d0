"""The rules for columns: the schema's tags, the titles, and every value.

Cheap signs select the values that an exact test then looks at.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.enrichment._checks.rules import LIMITS
from pandakit.enrichment._source.source import (
    LISTS,
    OTHERS,
    QUOTED,
    TEXTS,
    described,
    text_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from pandakit.enrichment._checks.findings import Tally
    from pandakit.enrichment._source.source import Cells
    from pandakit.enrichment.schema import EnrichmentSchema

__all__ = [
    "CURRENT_USAGE",
    "check_columns",
    "check_index",
    "check_schema",
    "check_values",
    "extra_columns",
    "renames",
    "unchecked_limits",
]


_TAG = re.compile(r"[a-z][a-z0-9_-]*")

#: What an organisation may already use: its name in messages, and the limit.
CURRENT_USAGE = {
    "alert_tags": ("alert tags", LIMITS.alert_tags),
    "items": ("enrichment items", LIMITS.items),
    "items_per_tag": ("enrichment items for one tag", LIMITS.items_per_tag),
    "result_tags": ("result tags of mapping enrichments", LIMITS.result_tags),
}


def check_columns(tally: Tally, names: Sequence[Any], schema: EnrichmentSchema) -> dict[str, int]:
    """Compare the columns with the schema's, and return the position of each title found."""
    meant = {name: title for name, title in renames(names, schema).items() if name != title}
    near = {title: name for name, title in meant.items()}
    for name in names:
        if not isinstance(name, str):
            kind = f"{name!r} ({type(name).__name__})"
            tally.add("column_name", str(name), kind=kind, value=str(name))
    for name, times in Counter(name for name in names if isinstance(name, str)).items():
        if times > 1:
            tally.add("repeated_column", name, times=times, value=name)
        if name not in schema.columns and name not in meant:
            tally.add("extra_column", name, hint="", value=name)
    for title in schema.columns:
        if title not in names:
            hint = f"; is {near[title]!r} meant? fix() renames it" if title in near else ""
            tally.add("missing_column", title, hint=hint)
    return {
        title: names.index(near.get(title, title))
        for title in schema.columns
        if title in names or title in near
    }


def extra_columns(names: Sequence[Any], schema: EnrichmentSchema) -> dict[str, int]:
    """Return the positions of the columns that the schema does not have under any name."""
    meant = renames(names, schema)
    return {
        name: place
        for place, name in enumerate(names)
        if isinstance(name, str) and name not in schema.columns and name not in meant
    }


def renames(names: Sequence[Any], schema: EnrichmentSchema) -> dict[str, str]:
    """Return the title that each name means, where only case or whitespace differ."""
    missing = {_plain(title): title for title in schema.columns if title not in names}
    candidates = [name for name in names if isinstance(name, str) and name not in schema.columns]
    times = Counter(map(_plain, candidates))
    return {
        name: missing[_plain(name)]
        for name in candidates
        if _plain(name) in missing and times[_plain(name)] == 1
    }


def _plain(name: str) -> str:
    return name.strip().casefold()


def check_index(tally: Tally, index: pd.Index) -> None:
    """Warn about a named index, which seems to hold data: an index is never sent."""
    if any(name is not None for name in index.names):
        tally.add("index", value=", ".join(str(name) for name in index.names))


def unchecked_limits(current_usage: Mapping[str, int] | None) -> tuple[str, ...]:
    """Return a note on the organisation's limits that were checked for this schema alone."""
    limits = [
        f"{most:,} {what}"
        for key, (what, most) in CURRENT_USAGE.items()
        if key not in (current_usage or {})
    ]
    note = f"checked for this schema alone: {', '.join(limits)}; pass current_usage for the rest"
    return (note,) if limits else ()


def check_schema(
    tally: Tally, schema: EnrichmentSchema, current_usage: Mapping[str, int] | None
) -> None:
    """Check tag names, and the organisation's limits as far as they are known."""
    for field in schema.fields:
        if why := _tag_fault(field.tag):
            rule = "tag_name" if field in schema.result else "query_tag_name"
            tally.add(rule, field.title, tag=field.tag, why=why, value=field.tag)
    adds = {
        "alert_tags": len({field.tag for field in schema.fields}),
        "items": len(schema.result),
        "items_per_tag": 1,
        "result_tags": len(schema.result),
    }
    for key, (what, most) in CURRENT_USAGE.items():
        count = adds[key] + (current_usage or {}).get(key, 0)
        if count > most:
            tally.add("organisation_limit", what=what, count=count, most=most, value=str(count))


def _tag_fault(tag: str) -> str:
    if len(tag) > LIMITS.tag_name_characters:
        return f"{len(tag)} characters, at most {LIMITS.tag_name_characters} are allowed"
    if not _TAG.fullmatch(tag):
        return "it must start with a letter and hold only lower-case letters, digits, _ and -"
    return ""


_SPACE, _DELETE, _QUOTE, _PIPE = 0x20, 0x7F, 0x22, 0x7C
# In UTF-8, U+0080 to U+009F are C2 80 to C2 9F; U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
_C1_LEAD, _C1_END, _LS = 0xC2, 0xA0, b"\xe2\x80\xa8"
_FORMULA = np.isin(np.arange(256), np.frombuffer(b"=+-@\t\r", np.uint8))


class _Values:
    """Some values of a column, with the signs that select them for a rule."""

    def __init__(self, cells: Cells, *, is_result: bool) -> None:
        self.text, self.kinds, self.is_result = cells.text, cells.kinds, is_result
        self.data, self.offsets = text_bytes(cells.text)
        self.lengths = np.diff(self.offsets)
        self.longest = int(self.lengths.max(initial=0))
        self.controls = bool(self.data.size) and int(self.data.min()) < _SPACE
        self.beyond_ascii = bool(self.data.size) and int(self.data.max()) >= _DELETE

    @cached_property
    def odd(self) -> bool:
        """Some character is a control character, or a line break of Unicode."""
        if self.controls or not self.beyond_ascii:
            return self.controls
        data = self.data
        high = (data[:-1] == _C1_LEAD) & (data[1:] < _C1_END)
        separator = (data[:-2] == _LS[0]) & (data[1:-1] == _LS[1]) & (data[2:] | 1 == _LS[2] | 1)
        return bool((data == _DELETE).any() or high.any() or separator.any())

    @cached_property
    def quotes(self) -> int:
        """How many quotes there are."""
        return int(np.count_nonzero(self.data == _QUOTE))

    @cached_property
    def pipes(self) -> bool:
        """Some value has a pipe."""
        return bool((self.data == _PIPE).any())

    @cached_property
    def first(self) -> np.ndarray:
        """The first byte of each value, 0 for an empty one."""
        return self._edge(self.offsets[:-1])

    @cached_property
    def last(self) -> np.ndarray:
        """The last byte of each value, 0 for an empty one."""
        return self._edge(self.offsets[1:] - 1)

    def _edge(self, at: np.ndarray) -> np.ndarray:
        if not self.data.size:
            return np.zeros(len(at), np.uint8)
        edge: np.ndarray = self.data[np.clip(at, 0, self.data.size - 1)]
        edge[self.lengths == 0] = 0
        return edge

    def were(self, *kinds: int) -> np.ndarray | bool:
        """Return which cells were of these kinds before they became text."""
        found: np.ndarray = np.isin(self.kinds, kinds)
        return found

    def matches(self, pattern: str) -> np.ndarray:
        """Return which values match a regular expression."""
        return _mask(pc.match_substring_regex(self.text, pattern))

    def tested(self, candidates: np.ndarray, test: Callable[[pa.Array], Any]) -> np.ndarray:
        """Return which of the candidates pass a test."""
        rows = np.flatnonzero(candidates)
        passed = np.zeros(len(self.text), bool)
        if rows.size:
            passed[rows] = _mask(test(self.text.take(rows)))
        return passed


def _mask(found: Any) -> np.ndarray:
    mask: np.ndarray = found.to_numpy(zero_copy_only=False)
    return mask


def _has_whitespace_around(values: _Values) -> np.ndarray:
    edges = (values.first, values.last)
    near = [(edge <= _SPACE) | (edge >= _DELETE) for edge in edges]
    candidates = (near[0] | near[1]) & (values.lengths > 0)
    return values.tested(candidates, lambda text: pc.not_equal(text, pc.utf8_trim_whitespace(text)))


def _separated(values: _Values) -> np.ndarray:
    """Return which values hold a pipe and are not one quoted text."""
    separated: np.ndarray = values.matches(r"\|") & ~values.matches(QUOTED)
    return separated


def _longer(values: _Values, *, sure: bool) -> np.ndarray:
    def test(text: pa.Array) -> Any:
        over = pc.greater(pc.utf8_length(text), LIMITS.value_characters)
        return over if sure else pc.invert(over)

    return values.tested(values.lengths > LIMITS.safe_value_bytes, test)


def _cut(values: _Values) -> np.ndarray:
    most = LIMITS.shown_characters
    return values.tested(
        values.lengths > most, lambda text: pc.match_substring_regex(text, f"[^|]{{{most + 1}}}")
    )


def _many(values: _Values) -> np.ndarray:
    def test(text: pa.Array) -> Any:
        bare = pc.replace_substring_regex(text, r'(^|\|)"(?:[^"]|"")*"', r"\1")
        return pc.greater_equal(pc.count_substring(bare, "|"), LIMITS.shown_items)

    return values.tested(values.lengths >= LIMITS.shown_items, test)


class _CellRule(NamedTuple):
    rule: str
    sign: Callable[[_Values], Any]
    """A cheap test: if it is false, no value breaks the rule."""
    where: Callable[[_Values], np.ndarray]


_RULES = (
    _CellRule("line_break", lambda s: s.controls, lambda s: s.matches(r"[\n\r]")),
    _CellRule(
        "control_character",
        lambda s: s.odd,
        lambda s: s.matches(r"[\x00-\x08\x0e-\x1f\x7f\x{80}-\x{84}\x{86}-\x{9f}]"),
    ),
    _CellRule(
        "unicode_line_break",
        lambda s: s.odd,
        lambda s: s.matches(r"[\x0b\x0c\x{85}\x{2028}\x{2029}]"),
    ),
    _CellRule(
        "value_length",
        lambda s: s.longest > LIMITS.safe_value_bytes,
        lambda s: _longer(s, sure=True),
    ),
    _CellRule(
        "value_length_doubt",
        lambda s: s.longest > LIMITS.safe_value_bytes,
        lambda s: _longer(s, sure=False),
    ),
    _CellRule(
        "surrounding_whitespace",
        lambda s: s.beyond_ascii or s.first.min() <= _SPACE or s.last.min() <= _SPACE,
        _has_whitespace_around,
    ),
    _CellRule(
        "formula",
        lambda s: s.longest and not np.all(s.were(OTHERS)),
        lambda s: _FORMULA[s.first] & s.were(TEXTS, LISTS),
    ),
    _CellRule("pipe", lambda s: s.pipes, lambda s: _separated(s) & s.were(TEXTS)),
    _CellRule("empty_key", lambda s: not s.is_result, lambda s: s.lengths == 0),
    _CellRule("value_cut", lambda s: s.is_result and s.longest > LIMITS.shown_characters, _cut),
    _CellRule("items_cut", lambda s: s.is_result and s.pipes, _many),
)


def check_values(
    tally: Tally, column: str, numbers: np.ndarray, cells: Cells, *, is_result: bool
) -> int:
    """Check values of a column by every rule, and return their size in the file in bytes.

    `numbers` are their row numbers.
    """
    values = _Values(cells, is_result=is_result)
    for rule, invalid in cells.invalid.items():
        first = list(invalid.values())[: tally.room(rule, column)]
        facts = [{"value": described(cell), "kind": type(cell).__name__} for cell in first]
        tally.add_many(rule, column, numbers[list(invalid)], facts, len(invalid))
    invalid_rows = [row for rows in cells.invalid.values() for row in rows]
    for rule, sign, where in _RULES:
        if len(numbers) and sign(values):
            found = np.setdiff1d(np.flatnonzero(where(values)), invalid_rows)
            _add(tally, rule, column, numbers, found, cells.text)
    return len(values.data) + values.quotes


def _add(
    tally: Tally, rule: str, column: str, numbers: np.ndarray, rows: np.ndarray, text: pa.Array
) -> None:
    if rows.size:
        kept = rows[: tally.room(rule, column)]
        facts = [
            {"value": value, "bytes": len(value.encode()), "characters": len(value)}
            for value in text.take(pa.array(kept)).to_pylist()
        ]
        tally.add_many(rule, column, numbers[kept], facts, len(rows))
