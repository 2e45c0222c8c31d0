"""What an upload would change: `diff_enrichment`, and `preview_enrichment` in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.enrichment._match.rows import first_rows, row_ids
from pandakit.enrichment._output.html import summary_html
from pandakit.enrichment._source.table import table_text
from pandakit.text import counted

if TYPE_CHECKING:
    from pandakit.enrichment.schema import EnrichmentSchema

__all__ = ["TablePreview", "diff_enrichment", "preview_enrichment"]

_OCCURRENCE = "\0occurrence"  # no title has a NUL


def diff_enrichment(new: Any, old: Any, schema: EnrichmentSchema) -> pd.DataFrame:
    """Return the rows that a new table adds, changes and removes.

    Rows correspond when the text of their query columns is equal; the rows of a repeated key
    correspond in order.

    Parameters
    ----------
    new, old
        Frames or other tables, paths of CSV files, or `CsvFile` objects, with the schema's
        columns.
    schema
        The mapping's columns.

    Returns
    -------
    pandas.DataFrame
        ``change`` (``"added"``, ``"changed"``, ``"removed"``), the query columns, and for
        each result column ``<title>.old`` and ``<title>.new`` (missing where a row is only
        in one table), all as text. Rows in the order of the new table, then of the old one;
        equal rows are left out.

    Raises
    ------
    EnrichmentError
        A table lacks a column of the schema, or a cell has no text form.

    Examples
    --------
    >>> import pandas as pd
    >>> from pandakit.enrichment import EnrichmentSchema, diff_enrichment
    >>> old = pd.DataFrame({"host": ["db1", "db2"], "owner": ["ann", "bob"]})
    >>> new = pd.DataFrame({"host": ["db1", "db3"], "owner": ["eve", "bob"]})
    >>> changes = diff_enrichment(new, old, EnrichmentSchema("host", "owner"))
    >>> print(changes.fillna("-").to_string(index=False))
     change host owner.old owner.new
    changed  db1       ann       eve
      added  db3         -       bob
    removed  db2       bob         -
    """
    query = [field.title for field in schema.query]
    result = [field.title for field in schema.result]
    after, before = table_text(new, schema), table_text(old, schema)
    keys_after, keys_before = _keys(after, query), _keys(before, query)
    match = first_rows(keys_before, keys_after)
    same = _same_text(after.select(result), before.select(result), match)
    removed = np.flatnonzero(first_rows(keys_after, keys_before) < 0)
    in_new = np.concatenate([np.flatnonzero(~same), np.full(len(removed), -1)])
    in_old = np.concatenate([match[~same], removed])
    return _changes(_rows(after, in_new), _rows(before, in_old), query, result)


def _keys(table: pa.Table, query: list[str]) -> pa.Table:
    """Return the keys, and for each row which occurrence of its key it is."""
    keys = table.select(query)
    ids = pd.Series(row_ids(keys))
    return keys.append_column(_OCCURRENCE, pa.array(ids.groupby(ids).cumcount()))


def _same_text(new: pa.Table, old: pa.Table, match: np.ndarray) -> np.ndarray:
    """Return which new rows have a counterpart with the same text in every column."""
    counterpart = _rows(old, match)
    same = match >= 0
    for title in new.column_names:
        equal = pc.fill_null(pc.equal(new[title], counterpart[title]), fill_value=False)
        same = same & equal.to_numpy()
    return same


def _rows(table: pa.Table, places: np.ndarray) -> pa.Table:
    """Return rows by position, nulls where it is negative."""
    return table.take(pa.array(places, mask=places < 0))


def _changes(new: pa.Table, old: pa.Table, query: list[str], result: list[str]) -> pd.DataFrame:
    added, removed = (side[query[0]].is_null().to_numpy() for side in (old, new))
    columns: dict[str, Any] = {
        "change": pa.array(np.where(removed, "removed", np.where(added, "added", "changed"))),
        **{title: pc.coalesce(new[title], old[title]) for title in query},
    }
    for title in result:
        columns |= {f"{title}.old": old[title], f"{title}.new": new[title]}
    return pa.table(columns).to_pandas()


@dataclass(frozen=True, eq=False, repr=False)
class TablePreview:
    """What an upload would change.

    Parameters
    ----------
    changes
        The rows that differ, as `diff_enrichment` returns them.
    added, changed, removed, unchanged
        How many rows are new, have other results, are gone, and stay as they are.
    against
        What the new table was compared with.
    """

    changes: pd.DataFrame
    added: int
    changed: int
    removed: int
    unchanged: int
    against: str

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change: both tables have the same rows."""
        return not len(self.changes)

    def __repr__(self) -> str:
        return (
            f"{counted(self.added, 'row')} added, {self.changed:,} changed, "
            f"{self.removed:,} removed, {self.unchanged:,} unchanged, against {self.against}"
        )

    def _repr_html_(self) -> str:
        tables = {
            f"rows {kind}": rows.drop(columns="change").dropna(axis="columns", how="all")
            for kind, rows in self.changes.groupby("change", sort=True)
        }
        return summary_html("Preview of an upload", [repr(self)], tables)


def preview_enrichment(
    new: Any, old: Any, schema: EnrichmentSchema, *, against: str = "the old table"
) -> TablePreview:
    """Return how many rows a new table adds, changes and removes, and which.

    Parameters
    ----------
    new, old, schema
        As for `diff_enrichment`.
    against
        The name of the old table in the preview.

    Returns
    -------
    TablePreview
        ``.changes``, and the counts ``.added, .changed, .removed, .unchanged``.

    Raises
    ------
    EnrichmentError
        As for `diff_enrichment`.

    Examples
    --------
    >>> import pandas as pd
    >>> from pandakit.enrichment import EnrichmentSchema, preview_enrichment
    >>> old = pd.DataFrame({"host": ["db1", "db2"], "owner": ["ann", "bob"]})
    >>> new = pd.DataFrame({"host": ["db1", "db2", "db3"], "owner": ["ann", "eve", "bob"]})
    >>> preview_enrichment(new, old, EnrichmentSchema("host", "owner"))
    1 row added, 1 changed, 0 removed, 1 unchanged, against the old table
    """
    text = table_text(new, schema)
    changes = diff_enrichment(text, old, schema)
    added, changed, removed = (
        int((changes["change"] == kind).sum()) for kind in ("added", "changed", "removed")
    )
    unchanged = text.num_rows - added - changed
    return TablePreview(changes, added, changed, removed, unchanged, against)
