"""What a table would do to alerts: `apply_enrichment`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.enrichment._duplicates.ids import row_ids
from pandakit.enrichment._match.lookup import Lookup, alert_column
from pandakit.enrichment._output.show import summary_html
from pandakit.enrichment._source.text import QUOTED
from pandakit.text import to_text

if TYPE_CHECKING:
    from pandakit.enrichment.schema import EnrichmentField, EnrichmentSchema

__all__ = ["AppliedEnrichment", "apply_enrichment"]

_SHOWN = 10
_MULTI_VALUE = ("any", "whole")
_CONFLICT = ["kind", "name", "count", "message"]


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
        by ``"case"``, ``"whitespace"`` or ``"case and whitespace"``.
    conflicts
        ``kind, name, count, message``: alerts that do not meet the schema's condition
        (``"when"``), keys that the table has with different results (``"key"``), and result
        tags that alerts have already with another value (``"tag"``).
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
            lines.append(
                f"{len(self.unmatched):,} keys match no row, {near:,} only by case or whitespace"
            )
        return [*lines, *self.conflicts["message"].head(_SHOWN)]

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
    alerts: pd.DataFrame,
    table: Any,
    schema: EnrichmentSchema,
    *,
    multi_value: Literal["any", "whole"] = "any",
) -> AppliedEnrichment:
    """Say what a table would do to these alerts, without sending anything.

    A row matches an alert when the text of every query column equals that of the alert's
    tag; a query column that is optional is passed over when the alert has not the tag. An
    alert that does not meet the schema's `when` matches nothing; `active` is not asked. Of
    several rows with one key the first is taken. An empty result value writes nothing.
    All of this is our reading: the service documents it in part only.

    Parameters
    ----------
    alerts
        One row an alert. Tags stand in columns of their name, else of that name in another
        case, else of that name after ``tag.``, as for `Bpql`. The frame is not changed.
    table
        A frame, the path of a CSV file, or a `CsvFile`.
    schema
        The mapping's columns; case counts unless it says otherwise.
    multi_value
        With several values in a tag of an alert (a list, or text joined with ``|``): a row
        matches by ``"any"`` of them or by the joined text, or by the ``"whole"`` joined text
        alone. The service does not say which.

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
    BpqlSyntaxError
        The schema's `when` is no condition that BPQL has.
    ValueError
        A query tag of an alert has no text form, or `multi_value` is another word.

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
    2 keys match no row, 1 only by case or whitespace
    >>> applied.alerts["owner"].fillna("-").to_list()
    ['ann', '-', '-']
    """
    if multi_value not in _MULTI_VALUE:
        raise ValueError(f"multi_value={multi_value!r}: one of {', '.join(_MULTI_VALUE)}")
    lookup = Lookup(alerts, table, schema, each=multi_value == "any")
    enriched, conflicts = alerts, [*_condition(lookup), *_key_conflicts(lookup)]
    for field in schema.result:
        name = alert_column(alerts, field.tag) or lookup.prefix + field.tag
        cells, taken = _result(alerts, name, field, lookup)
        enriched = enriched.assign(**{name: cells})
        conflicts += taken
    return AppliedEnrichment(
        enriched, lookup.coverage(), lookup.unmatched(), pd.DataFrame(conflicts, columns=_CONFLICT)
    )


def _result(
    alerts: pd.DataFrame, name: str, field: EnrichmentField, lookup: Lookup
) -> tuple[pd.Series, list[tuple[str, str, int, str]]]:
    """Give the column of a result tag, and what stood there before with another value."""
    found = _meant(lookup.result(field.title))
    if name not in alerts:
        return pd.Series(found.to_pandas().to_numpy(), index=alerts.index, name=name), []
    old = alerts[name]
    text = to_text(old, column=name)
    has, had = (pc.is_valid(cells).to_numpy() for cells in (found, text))
    other = has & had & pc.fill_null(pc.not_equal(found, text), fill_value=False).to_numpy()
    written = has if field.override_existing else has & ~had
    cells = old.astype(object) if written.any() else old
    count, verb = int(other.sum()), "overwrites" if field.override_existing else "leaves"
    says = f"alerts with another {field.tag!r} already: {count:,}; the table {verb} it"
    taken = [("tag", field.tag, count, says)] if count else []
    return cells.mask(written, pd.Series(found.to_pylist(), index=old.index, dtype=object)), taken


def _meant(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give what the service reads: nothing for empty text, a quoted value without its quotes."""
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, text.type), text)
    quoted = pc.fill_null(pc.match_substring_regex(text, QUOTED), fill_value=False)
    if not pc.any(quoted).as_py():
        return text
    bare = pc.replace_substring(pc.utf8_slice_codeunits(text, 1, -1), '""', '"')
    return pc.if_else(quoted, bare, text)


def _condition(lookup: Lookup) -> list[tuple[str, str, int, str]]:
    """Tell which alerts the schema's condition keeps from the table, or that nobody can."""
    count, when = int((~lookup.reached).sum()), str(lookup.when)
    if lookup.unread:
        tags = ", ".join(map(repr, lookup.unread))
        says = f"the condition {when!r} looks at {tags}, which the alerts have not: taken as met"
        return [("when", when, len(lookup.reached), says)]
    return [("when", when, count, f"{count:,} alerts do not meet {when!r}")] if count else []


def _key_conflicts(lookup: Lookup) -> list[tuple[str, str, int, str]]:
    """List the keys that the table has with different results."""
    whole = row_ids(lookup.rows, range(lookup.rows.num_columns))
    keys = pd.Series(row_ids(lookup.keys, range(lookup.keys.num_columns)))
    results = pd.Series(whole).groupby(keys).nunique()
    several = results[results > 1]
    first = keys.drop_duplicates().index.to_numpy()[several.index]
    names = [", ".join(row.values()) for row in lookup.keys.take(pa.array(first)).to_pylist()]
    return [
        ("key", name, int(count), f"{name!r} has {count:,} different results: the first is taken")
        for name, count in zip(names, several, strict=True)
    ]
