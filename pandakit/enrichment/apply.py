"""What a table would do to alerts: `apply_enrichment`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.enrichment._keys import row_ids
from pandakit.enrichment._show import summary_html
from pandakit.enrichment._table import first_rows, lowered, table_text
from pandakit.errors import EnrichmentError
from pandakit.text import to_text

if TYPE_CHECKING:
    from pandakit.enrichment.schema import EnrichmentField, EnrichmentSchema

__all__ = ["AppliedEnrichment", "apply_enrichment"]

_PREFIX = "tag."  # alerts from the service have their tags in columns of this prefix
_WHOLE_KEY = "(all)"


@dataclass(frozen=True, eq=False, repr=False)
class AppliedEnrichment:
    """What `apply_enrichment` gives.

    Parameters
    ----------
    alerts
        The alerts with the result tags.
    coverage
        ``tag, alerts, present, matched, rate``: for each query tag, and in the last row for
        all of them together, how many alerts have it, for how many its value is in the
        table, and the share of all alerts that this is.
    unmatched
        The query tags, ``alerts``, ``near``, ``difference``: the keys of alerts that no row
        matches, the most frequent first, and the key of the table that differs from it only
        by ``"case"``, ``"blanks"`` or ``"case and blanks"``.
    conflicts
        ``kind, name, count, message``: keys that the table has with different results
        (``"key"``), and result tags that alerts have already with another value (``"tag"``).
    """

    alerts: pd.DataFrame
    coverage: pd.DataFrame
    unmatched: pd.DataFrame
    conflicts: pd.DataFrame

    def _lines(self) -> list[str]:
        matched, count = self.coverage[["matched", "alerts"]].iloc[-1]
        near = int(self.unmatched["near"].notna().sum())
        lines = [f"{matched:,} of {count:,} alerts match a row of the table"]
        if len(self.unmatched):
            lines.append(f"{len(self.unmatched):,} keys match no row, {near:,} by case or blanks")
        return lines + list(self.conflicts["message"])

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        tables = {
            "coverage": self.coverage,
            "keys that match no row": self.unmatched,
            "conflicts": self.conflicts,
        }
        return summary_html("Enrichment of alerts", self._lines(), tables)


def apply_enrichment(
    alerts: pd.DataFrame, table: Any, schema: EnrichmentSchema
) -> AppliedEnrichment:
    """Say what a table would do to these alerts, without sending anything.

    A row matches an alert when the text of every query column equals that of the alert's
    tag; a query column that is optional is passed over when the alert has not the tag. Of
    several rows with one key the first is taken. An empty result value writes nothing. All
    four are our reading: the service documents them in part only.

    Parameters
    ----------
    alerts
        One row an alert. Tags stand in columns of their name, or of their name after
        ``tag.``. The frame is not changed.
    table
        A frame, the path of a CSV file, or a `CsvFile`.
    schema
        The mapping's columns; case counts unless it says otherwise.

    Returns
    -------
    AppliedEnrichment
        ``.alerts``, ``.coverage``, ``.unmatched``, ``.conflicts``. A result tag that an
        alert has already stays, unless the schema lets it be overwritten.

    Raises
    ------
    EnrichmentError
        The alerts have no column for a query tag that is not optional, or the table has not
        the schema's columns.
    ValueError
        A query tag of an alert has no text form.

    Notes
    -----
    Source: "Mapping Enrichment Items" and "Mapping Enrichment Object".

    Examples
    --------
    >>> import pandas as pd
    >>> from pandakit.enrichment import EnrichmentSchema, apply_enrichment
    >>> alerts = pd.DataFrame({"host": ["db1", "DB2", "db9"]})
    >>> table = pd.DataFrame({"host": ["db1", "db2"], "owner": ["ann", "bob"]})
    >>> applied = apply_enrichment(alerts, table, EnrichmentSchema("host", "owner"))
    >>> applied
    1 of 3 alerts match a row of the table
    2 keys match no row, 1 by case or blanks
    >>> applied.alerts["owner"].fillna("-").to_list()
    ['ann', '-', '-']
    """
    rows = table_text(table, schema)
    query = [field.title for field in schema.query]
    tags, columns = _alert_tags(alerts, schema)
    keys, looked_up = rows.select(query), pa.table(
        [pc.fill_null(tag, "") for tag in tags.columns], query
    )
    if schema.case_insensitive:
        keys, looked_up = lowered(keys), lowered(looked_up)
    present = np.column_stack([pc.is_valid(tag).to_numpy() for tag in tags.columns])
    match = _match(keys, looked_up, present, [field.optional for field in schema.query])
    prefix = _PREFIX if all(c is None or c.startswith(_PREFIX) for c in columns) else ""
    enriched, conflicts = _written(alerts, rows, match, schema, prefix)
    return AppliedEnrichment(
        enriched,
        _coverage(keys, looked_up, present, match, schema),
        _unmatched(tags, looked_up, keys, rows, match),
        pd.DataFrame([*_key_conflicts(rows, query), *conflicts], columns=_CONFLICT),
    )


_CONFLICT = ["kind", "name", "count", "message"]
