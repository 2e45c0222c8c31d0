"""What an upload would change: `diff_enrichment`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.enrichment._duplicates.ids import row_ids
from pandakit.enrichment._source.table import first_rows, table_text

if TYPE_CHECKING:
    from pandakit.enrichment.schema import EnrichmentSchema

__all__ = ["diff_enrichment"]

_TIME = "\0occurrence"  # no title has a NUL


def diff_enrichment(new: Any, old: Any, schema: EnrichmentSchema) -> pd.DataFrame:
    """Say which rows a new table adds, changes and removes.

    Rows belong together when the text of their query columns is equal; a key that a table
    has several times is taken in order.

    Parameters
    ----------
    new, old
        Frames, paths of CSV files, or `CsvFile` objects with the schema's columns.
    schema
        The mapping's columns.

    Returns
    -------
    pandas.DataFrame
        ``change`` (``"added"``, ``"changed"``, ``"removed"``), the query columns, and for
        each result column ``<title>.old`` and ``<title>.new`` (missing where a row is only
        in one table). In the order of the new table, then of the old; equal rows are left
        out. All as text.

    Raises
    ------
    EnrichmentError
        A table has not the schema's columns, or a cell has no text form.

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
    """Give the keys, and which occurrence of its key each row is."""
    keys = table.select(query)
    ids = pd.Series(row_ids(keys, range(len(query))))
    return keys.append_column(_TIME, pa.array(ids.groupby(ids).cumcount()))


def _same_text(new: pa.Table, old: pa.Table, match: np.ndarray) -> np.ndarray:
    """Say which new rows have a counterpart with the same text in every column."""
    counterpart = _rows(old, match)
    same = match >= 0
    for title in new.column_names:
        equal = pc.fill_null(pc.equal(new[title], counterpart[title]), fill_value=False)
        same = same & equal.to_numpy()
    return same


def _rows(table: pa.Table, places: np.ndarray) -> pa.Table:
    """Take rows, nulls where there is no place."""
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
