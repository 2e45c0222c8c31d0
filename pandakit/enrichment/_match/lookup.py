"""Looking alerts up in a table: which row each alert matches, and which keys match none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.bpql import Bpql, tag_places
from pandakit.enrichment._duplicates.ids import row_ids
from pandakit.enrichment._source.table import first_rows, lowered, table_text
from pandakit.errors import EnrichmentError
from pandakit.text import to_text

if TYPE_CHECKING:
    from pandakit.enrichment.schema import EnrichmentSchema

__all__ = ["Lookup", "alert_column"]

_PREFIX = "tag."  # alerts read from the service have their tags in columns of this prefix
_WHOLE_KEY = "(all)"


class Lookup:
    """The rows of a table that alerts match.

    Parameters
    ----------
    alerts, table, schema
        As for `apply_enrichment`.
    each
        Whether a tag with several values is looked up by each of them too.
    """

    def __init__(
        self, alerts: pd.DataFrame, table: Any, schema: EnrichmentSchema, *, each: bool
    ) -> None:
        self.rows, self._schema, self._each = table_text(table, schema), schema, each
        self.keys = self.rows.select([field.title for field in schema.query])
        columns = [alert_column(alerts, field.tag) for field in schema.query]
        found = [column for column in columns if column is not None]
        self.prefix = (
            _PREFIX if found and all(str(c).lower().startswith(_PREFIX) for c in found) else ""
        )
        self._tags = _tags(alerts, columns, schema)
        self._present = np.column_stack([pc.is_valid(tag).to_numpy() for tag in self._tags.columns])
        self.when = _condition(schema.when)
        self.unread = self.when.missing(alerts) if self.when else ()
        self.reached = np.ones(len(alerts), bool)
        if self.when is not None and not self.unread:
            self.reached = self.when.mask(alerts)
        needed = [not field.optional for field in schema.query]
        whole = self._present[:, needed].all(axis=1) & self._present.any(axis=1)
        self._usable = whole & self.reached
        texts = pa.table(
            [pc.fill_null(tag, "") for tag in self._tags.columns], self.keys.column_names
        )
        fold = schema.case_insensitive
        self._sought = lowered(texts) if fold else texts
        self._known = lowered(self.keys) if fold else self.keys
        self._match = self._matches()

    def _matches(self) -> np.ndarray:
        """Match the alerts that have the same tags together, over the columns of these tags."""
        match = np.full(len(self._present), -1, np.int64)
        patterns, which = np.unique(self._present, axis=0, return_inverse=True)
        for at, pattern in enumerate(patterns):
            rows = np.flatnonzero(self._usable & (which.ravel() == at))
            columns = np.flatnonzero(pattern).tolist()
            if rows.size:
                sought = self._sought.select(columns).take(pa.array(rows))
                match[rows] = self._first_match(self._known.select(columns), sought)
        return match

    def _first_match(self, known: pa.Table, sought: pa.Table) -> np.ndarray:
        """Give the first row of `known` with a text of each row that is sought, or -1."""
        if not self._each:
            return first_rows(known, sought)
        choices, rows = _choices(sought)
        found = first_rows(known, choices)
        nowhere = known.num_rows
        first = np.full(sought.num_rows, nowhere, np.int64)
        np.minimum.at(first, rows, np.where(found < 0, nowhere, found))
        return np.where(first == nowhere, -1, first)

    def result(self, title: str) -> pa.ChunkedArray:
        """Give the value of a result column for each alert, null where no row matches."""
        return self.rows[title].take(pa.array(self._match, mask=self._match < 0))

    def coverage(self) -> pd.DataFrame:
        """Count the alerts that have each query tag, and those whose value the table has."""
        count = len(self._match)
        lines = []
        for at, field in enumerate(self._schema.query):
            known = self._first_match(self._known.select([at]), self._sought.select([at])) >= 0
            matched = int((known & self._present[:, at]).sum())
            lines.append((field.tag, count, int(self._present[:, at].sum()), matched))
        lines.append((_WHOLE_KEY, count, int(self._usable.sum()), int((self._match >= 0).sum())))
        frame = pd.DataFrame(lines, columns=["tag", "alerts", "present", "matched"])
        return frame.assign(rate=frame["matched"] / frame["alerts"].where(frame["alerts"] > 0))

    def unmatched(self) -> pd.DataFrame:
        """List the keys that match no row, and the table's key that differs least."""
        rows = np.flatnonzero(self._usable & (self._match < 0))
        sought = self._sought.take(pa.array(rows))
        ids = row_ids(sought, range(sought.num_columns))
        first = np.flatnonzero(~pd.Series(ids).duplicated().to_numpy())
        sought, counts = sought.take(pa.array(first)), np.bincount(ids, minlength=len(first))
        near = first_rows(_bare(lowered(self._known)), _bare(lowered(sought)))
        places = pa.array(near, mask=near < 0)
        closest, known = self.keys.take(places), self._known.take(places)
        by_case, by_space = (_same(f(known), f(sought)) for f in (lowered, _bare))
        difference = np.select(
            [near < 0, by_case, by_space], ["", "case", "whitespace"], "case and whitespace"
        )
        shown = self._tags.take(pa.array(rows[first]))
        frame = pa.table(
            {
                **{field.tag: shown.column(at) for at, field in enumerate(self._schema.query)},
                "alerts": counts[ids[first]],
                "near": pc.binary_join_element_wise(
                    *closest.columns, pa.scalar(", ", pa.large_string())
                ),
                "difference": pa.array(difference, mask=near < 0),
            }
        ).to_pandas()
        return frame.sort_values("alerts", ascending=False, kind="stable", ignore_index=True)


def _condition(when: Any) -> Bpql | None:
    """Read a schema's condition: text, the service's object, or none."""
    if not when:
        return None
    return Bpql(when) if isinstance(when, str) else Bpql.from_object(when)


def alert_column(alerts: pd.DataFrame, tag: str) -> Any:
    """Give the name of the column that holds a tag of the alerts, as a query finds it."""
    places = tag_places(alerts.columns, tag)
    if len(places) > 1:
        shown = ", ".join(repr(alerts.columns[place]) for place in places)
        raise EnrichmentError(
            f"the alerts have {len(places)} columns for the tag {tag!r} ({shown}): keep one"
        )
    return alerts.columns[places[0]] if places else None


def _tags(alerts: pd.DataFrame, columns: list[str | None], schema: EnrichmentSchema) -> pa.Table:
    """Give the text of the query tags, null where an alert has not the tag."""
    fields = list(zip(schema.query, columns, strict=True))
    missing = [field.tag for field, column in fields if column is None and not field.optional]
    if missing or not any(columns):
        tags = ", ".join(repr(tag) for tag in missing or [field.tag for field in schema.query])
        raise EnrichmentError(
            f"the alerts have no column for {tags}; columns are named as the tag, "
            f"or {_PREFIX!r} and the tag"
        )
    nothing = pa.nulls(len(alerts), pa.large_string())
    texts = [
        nothing if column is None else to_text(alerts[column], column=column).cast(nothing.type)
        for column in columns
    ]
    return pa.table(texts, [field.title for field in schema.query])


def _choices(keys: pa.Table) -> tuple[pa.Table, np.ndarray]:
    """Give a row for each choice of values, and the row of `keys` that it comes from.

    A value with pipes stands for itself and for each of its items.
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


def _bare(table: pa.Table) -> pa.Table:
    trimmed = [pc.utf8_trim_whitespace(column) for column in table.columns]
    return pa.table(trimmed, table.column_names)


def _same(one: pa.Table, other: pa.Table) -> np.ndarray:
    """Say which rows have the same text in every column."""
    same = np.ones(one.num_rows, bool)
    for left, right in zip(one.columns, other.columns, strict=True):
        same &= pc.fill_null(pc.equal(left, right), fill_value=False).to_numpy()
    return same
