"""Alerts looked up in a table: which row each alert matches, and which keys match none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.enrichment._match.rows import first_rows, lowered, row_ids, unquoted
from pandakit.enrichment._source.table import table_text

if TYPE_CHECKING:
    from pandakit.enrichment._match.alert_tags import AlertTags
    from pandakit.enrichment.schema import EnrichmentSchema

__all__ = ["Lookup"]

_WHOLE_KEY = "(all)"


class Lookup:
    """The rows of a table that alerts match.

    Parameters
    ----------
    tags
        The alerts' query tags.
    table, schema
        As for `apply_enrichment`.
    each
        Whether to look up a tag with several values by each value too.
    """

    def __init__(
        self, tags: AlertTags, table: Any, schema: EnrichmentSchema, *, each: bool
    ) -> None:
        self.rows = table_text(table, schema)
        self.keys = self.rows.select([field.title for field in schema.query])
        self._tags, self._schema, self._each = tags, schema, each
        fold = lowered if schema.case_insensitive else lambda table: table
        filled = [pc.fill_null(tag, "") for tag in tags.text.columns]
        self._sought = fold(pa.table(filled, self.keys.column_names))
        meant = [unquoted(column) for column in self.keys.columns]
        self._known = fold(pa.table(meant, self.keys.column_names))
        self._match = self._matches()

    def _matches(self) -> np.ndarray:
        """Match the alerts that have the same tags together, over the columns of these tags."""
        match = np.full(len(self._tags.is_present), -1, np.int64)
        patterns, which = np.unique(self._tags.is_present, axis=0, return_inverse=True)
        for at, pattern in enumerate(patterns):
            rows = np.flatnonzero(self._tags.is_usable & (which.ravel() == at))
            columns = np.flatnonzero(pattern).tolist()
            if rows.size:
                sought = self._sought.select(columns).take(pa.array(rows))
                match[rows] = self._first_match(self._known.select(columns), sought)
        return match

    def _first_match(self, known: pa.Table, sought: pa.Table) -> np.ndarray:
        """Return, for each row of `sought`, the first row of `known` that it matches, or -1."""
        if not self._each:
            return first_rows(known, sought)
        choices, rows = _choices(sought)
        found = first_rows(known, choices)
        nowhere = known.num_rows
        first = np.full(sought.num_rows, nowhere, np.int64)
        np.minimum.at(first, rows, np.where(found < 0, nowhere, found))
        return np.where(first == nowhere, -1, first)

    def result(self, title: str) -> pa.ChunkedArray:
        """Return the value of a result column for each alert, null where no row matches."""
        return self.rows[title].take(pa.array(self._match, mask=self._match < 0))

    def coverage(self) -> pd.DataFrame:
        """Count the alerts that have each query tag, and those whose value the table has."""
        count, present = len(self._match), self._tags.is_present
        lines = []
        for at, field in enumerate(self._schema.query):
            known = self._first_match(self._known.select([at]), self._sought.select([at])) >= 0
            matched = int((known & present[:, at]).sum())
            lines.append((field.tag, count, int(present[:, at].sum()), matched))
        usable, matched = int(self._tags.is_usable.sum()), int((self._match >= 0).sum())
        lines.append((_WHOLE_KEY, count, usable, matched))
        frame = pd.DataFrame(lines, columns=["tag", "alerts", "present", "matched"])
        return frame.assign(rate=frame["matched"] / frame["alerts"].where(frame["alerts"] > 0))

    def unmatched(self) -> pd.DataFrame:
        """List the keys that match no row, each with the nearest key of the table."""
        rows = np.flatnonzero(self._tags.is_usable & (self._match < 0))
        sought = self._sought.take(pa.array(rows))
        ids = row_ids(sought)
        first = np.flatnonzero(~pd.Series(ids).duplicated().to_numpy())
        sought, counts = sought.take(pa.array(first)), np.bincount(ids, minlength=len(first))
        shown = self._tags.text.take(pa.array(rows[first]))
        near = first_rows(_trimmed(lowered(self._known)), _trimmed(lowered(sought)))
        places = pa.array(near, mask=near < 0)
        comma = pa.scalar(", ", pa.large_string())
        frame = pa.table(
            {
                **{field.tag: shown.column(at) for at, field in enumerate(self._schema.query)},
                "alerts": counts[ids[first]],
                "near": pc.binary_join_element_wise(*self.keys.take(places).columns, comma),
                "difference": pa.array(self._difference(sought, near), mask=near < 0),
            }
        ).to_pandas()
        return frame.sort_values("alerts", ascending=False, kind="stable", ignore_index=True)

    def _difference(self, sought: pa.Table, near: np.ndarray) -> np.ndarray:
        """Return how each key differs from the nearest one."""
        known = self._known.take(pa.array(near, mask=near < 0))
        by_case, by_space = (_is_equal(f(known), f(sought)) for f in (lowered, _trimmed))
        return np.select(
            [near < 0, by_case, by_space], ["", "case", "whitespace"], "case and whitespace"
        )


def _choices(keys: pa.Table) -> tuple[pa.Table, np.ndarray]:
    """Return a row for each choice of values, and the row of `keys` that it comes from.

    A value with pipes matches as a whole and by each of its items.
    """
    rows = np.arange(keys.num_rows)
    for at, name in enumerate(keys.column_names):
        cells = keys.column(at).combine_chunks()
        several = np.flatnonzero(pc.match_substring(cells, "|").to_numpy(zero_copy_only=False))
        if several.size:
            lists = pc.split_pattern(cells.take(pa.array(several)), "|")
            items, parents = lists.flatten(), several[pc.list_parent_indices(lists).to_numpy()]
            there = pc.not_equal(items, "").to_numpy(zero_copy_only=False)
            places = np.concatenate([np.arange(len(cells)), parents[there]])
            texts = pa.concat_arrays([cells, items.filter(pa.array(there))])
            keys, rows = keys.take(pa.array(places)).set_column(at, name, texts), rows[places]
    return keys, rows


def _trimmed(table: pa.Table) -> pa.Table:
    columns = [pc.utf8_trim_whitespace(column) for column in table.columns]
    return pa.table(columns, table.column_names)


def _is_equal(one: pa.Table, other: pa.Table) -> np.ndarray:
    """Return which rows have the same text in every column."""
    same = np.ones(one.num_rows, bool)
    for left, right in zip(one.columns, other.columns, strict=True):
        same &= pc.fill_null(pc.equal(left, right), fill_value=False).to_numpy()
    return same
