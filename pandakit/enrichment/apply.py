"""What a table would do to alerts: `apply_enrichment`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.enrichment._match.alert_tags import AlertTags, alert_column
from pandakit.enrichment._match.lookup import Lookup
from pandakit.enrichment._match.rows import row_ids, unquoted
from pandakit.enrichment._output.html import summary_html
from pandakit.text import counted, to_text

if TYPE_CHECKING:
    from pandakit.enrichment.schema import EnrichmentField, EnrichmentSchema

__all__ = ["AppliedEnrichment", "apply_enrichment"]

_Conflict: TypeAlias = "tuple[str, str, int, str]"
_CONFLICT = ["kind", "name", "count", "message"]
_SHOWN = 10
_MULTI_VALUE = ("any", "whole")


@dataclass(frozen=True, eq=False, repr=False)
class AppliedEnrichment:
    """Alerts as a table would enrich them.

    Parameters
    ----------
    alerts
        The alerts with the result tags.
    coverage
        ``tag, alerts, present, matched, rate``: for each query tag, and in the last row for
        all tags together, how many alerts have it, how many have a value that is in the
        table, and the share of these among all alerts.
    unmatched
        The query tags, ``alerts``, ``near``, ``difference``: the keys of alerts that match no
        row, the most frequent first, and the key of the table that differs only by
        ``"case"``, ``"whitespace"`` or ``"case and whitespace"``.
    conflicts
        ``kind, name, count, message``: alerts that do not meet the schema's condition
        (``"when"``), keys with several results (``"key"``), and result tags that alerts
        already have with another value (``"tag"``).
    """

    alerts: pd.DataFrame
    coverage: pd.DataFrame
    unmatched: pd.DataFrame
    conflicts: pd.DataFrame

    def _lines(self) -> list[str]:
        matched, count = self.coverage[["matched", "alerts"]].iloc[-1]
        near = int(self.unmatched["near"].notna().sum())
        lines = [f"{matched:,} of {counted(count, 'alert')} matched a row of the table"]
        if len(self.unmatched):
            lines.append(f"{counted(len(self.unmatched), 'key')} matched no row")
        if near:
            lines[-1] += f", of which {near:,} would match but for case or whitespace"
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
    """Return alerts as a table would enrich them; nothing is sent.

    A row matches an alert if the text of every query column equals that of the alert's tag;
    an optional query column is skipped if the alert does not have the tag. A key in quotes (a
    list of one item with a pipe) matches its literal text. An alert that does not meet the
    schema's `when` matches nothing; `active` is ignored. If several rows have the same key, the
    first counts. An empty result value writes nothing. Part of this is documented; the rest is
    our reading.

    Parameters
    ----------
    alerts
        One row per alert. A tag's column has its name, else that name in another case, else that
        name with the prefix ``tag.``, as for `Bpql`. The frame is not changed.
    table
        A frame or another table, the path of a CSV file, or a `CsvFile`.
    schema
        The mapping's columns; case counts unless it says otherwise.
    multi_value
        If an alert's tag has several values (a list, or text joined with ``|``): ``"any"`` of
        them may match, or the joined text; or only the ``"whole"`` joined text. Which one the
        service uses is not documented.

    Returns
    -------
    AppliedEnrichment
        ``.alerts``, ``.coverage``, ``.unmatched``, ``.conflicts``. A result tag that an
        alert already has is kept, unless the schema overrides it.

    Raises
    ------
    EnrichmentError
        The alerts have no column for a query tag that is not optional, or the table lacks a
        column of the schema.
    BpqlSyntaxError
        The schema's `when` is not BPQL.
    ValueError
        A query tag of an alert has no text form, or `multi_value` has another value.

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
    1 of 3 alerts matched a row of the table
    2 keys matched no row, of which 1 would match but for case or whitespace
    >>> applied.alerts["owner"].fillna("-").to_list()
    ['ann', '-', '-']
    """
    if multi_value not in _MULTI_VALUE:
        raise ValueError(f"multi_value={multi_value!r}: one of {', '.join(_MULTI_VALUE)}")
    tags = AlertTags(alerts, schema)
    lookup = Lookup(tags, table, schema, each=multi_value == "any")
    enriched, conflicts = alerts, [*_condition(tags), *_key_conflicts(lookup)]
    for field in schema.result:
        name = alert_column(alerts, field.tag) or tags.prefix + field.tag
        found = unquoted(_null_if_empty(lookup.result(field.title)))
        cells, overlaps = _result(alerts, name, field, found)
        enriched = enriched.assign(**{name: cells})
        conflicts += overlaps
    return AppliedEnrichment(
        enriched, lookup.coverage(), lookup.unmatched(), pd.DataFrame(conflicts, columns=_CONFLICT)
    )


def _result(
    alerts: pd.DataFrame, name: str, field: EnrichmentField, found: pa.ChunkedArray
) -> tuple[pd.Series, list[_Conflict]]:
    """Return the column of a result tag, and how many alerts already have another value."""
    if name not in alerts:
        return pd.Series(found.to_pandas().to_numpy(), index=alerts.index, name=name), []
    old = alerts[name]
    text = to_text(old, column=name)
    has, had = (pc.is_valid(cells).to_numpy() for cells in (found, text))
    other = has & had & pc.fill_null(pc.not_equal(found, text), fill_value=False).to_numpy()
    written = has if field.override_existing else has & ~had
    cells = old.astype(object) if written.any() else old
    count, verb = int(other.sum()), "overwrites" if field.override_existing else "leaves"
    message = f"alerts that have another {field.tag!r} already: {count:,}; the table {verb} it"
    new = pd.Series(found.to_pylist(), index=old.index, dtype=object)
    return cells.mask(written, new), [("tag", field.tag, count, message)] if count else []


def _null_if_empty(text: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, text.type), text)


def _condition(tags: AlertTags) -> list[_Conflict]:
    """Count the alerts that the schema's condition excludes, if the alerts have its tags."""
    count, when = int((~tags.meets_condition).sum()), str(tags.condition)
    if tags.unknown:
        names = ", ".join(map(repr, tags.unknown))
        message = f"the condition {when!r} needs {names}, which the alerts lack: taken as met"
        return [("when", when, len(tags.meets_condition), message)]
    return [("when", when, count, f"{count:,} alerts do not meet {when!r}")] if count else []


def _key_conflicts(lookup: Lookup) -> list[_Conflict]:
    """List the keys that have several results."""
    whole = row_ids(lookup.rows)
    keys = pd.Series(row_ids(lookup.keys))
    results = pd.Series(whole).groupby(keys).nunique()
    several = results[results > 1]
    first = keys.drop_duplicates().index.to_numpy()[several.index]
    names = [", ".join(row.values()) for row in lookup.keys.take(pa.array(first)).to_pylist()]
    return [
        ("key", name, int(count), f"{name!r} has {count:,} different results: the first counts")
        for name, count in zip(names, several, strict=True)
    ]
