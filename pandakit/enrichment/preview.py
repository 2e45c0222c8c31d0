"""What an upload would change, in numbers and rows: `preview_enrichment`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandakit.enrichment._output.show import summary_html
from pandakit.enrichment._source.table import table_text
from pandakit.enrichment.diff import diff_enrichment

if TYPE_CHECKING:
    import pandas as pd

    from pandakit.enrichment.schema import EnrichmentSchema

__all__ = ["TablePreview", "preview_enrichment"]


@dataclass(frozen=True, eq=False, repr=False)
class TablePreview:
    """What `preview_enrichment` gives.

    Parameters
    ----------
    changes
        The rows that differ, as `diff_enrichment` gives them.
    added, changed, removed, unchanged
        How many rows the new table has more, has with other results, has no longer, and has
        as they were.
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
        """Whether the two tables have the same rows."""
        return not len(self.changes)

    def __repr__(self) -> str:
        return (
            f"{self.added:,} rows added, {self.changed:,} changed, {self.removed:,} removed, "
            f"{self.unchanged:,} as they were, against {self.against}"
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
    """Count and list what a new table adds, changes and removes.

    Parameters
    ----------
    new, old, schema
        As for `diff_enrichment`.
    against
        What to call the old table.

    Returns
    -------
    TablePreview
        ``.changes`` and the counts.

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
    1 rows added, 1 changed, 0 removed, 1 as they were, against the old table
    """
    text = table_text(new, schema)
    changes = diff_enrichment(text, old, schema)
    added, changed, removed = (
        int((changes["change"] == kind).sum()) for kind in ("added", "changed", "removed")
    )
    unchanged = text.num_rows - added - changed
    return TablePreview(changes, added, changed, removed, unchanged, against)
