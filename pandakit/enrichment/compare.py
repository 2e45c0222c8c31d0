"""What an upload would change: `compare_tables`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.enrichment._keys import row_ids
from pandakit.enrichment._table import first_rows, table_text

if TYPE_CHECKING:
    from pandakit.enrichment.schema import EnrichmentSchema

__all__ = ["compare_tables"]

_TIME = "\0occurrence"  # no title has a NUL


def compare_tables(new: Any, old: Any, schema: EnrichmentSchema) -> pd.DataFrame:
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
    >>> from pandakit.enrichment import EnrichmentSchema, compare_tables
    >>> old = pd.DataFrame({"host": ["db1", "db2"], "owner": ["ann", "bob"]})
    >>> new = pd.DataFrame({"host": ["db1", "db3"], "owner": ["eve", "bob"]})
    >>> print(compare_tables(new, old, EnrichmentSchema("host", "owner")).to_string(index=False))
     change host owner.old owner.new
    changed  db1       ann       eve
      added  db3       NaN       bob
    removed  db2       bob       NaN
    """
    query = [field.title for field in schema.query]
    result = [field.title for field in schema.result]
    after, before = table_text(new, schema), table_text(old, schema)
    keys_after, keys_before = _keys(after, query), _keys(before, query)
    match = first_rows(keys_before, keys_after)
    kept = match >= 0
    same = np.zeros(after.num_rows, bool)
    same[kept] = _equal(after.filter(kept), before.take(match[kept]), result)
    gone = first_rows(keys_after, keys_before) < 0
    parts = [
        _part("changed", np.flatnonzero(kept & ~same), after, before.take(match[kept & ~same])),
        _part("added", np.flatnonzero(~kept), after, None),
    ]
    frame = _joined(parts, query, result)
    return frame, gone
