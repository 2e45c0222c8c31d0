"""The alert tags by which a table is looked up, and which alerts meet the schema's condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.bpql import Bpql, tag_places
from pandakit.errors import EnrichmentError
from pandakit.text import to_text

if TYPE_CHECKING:
    import pandas as pd

    from pandakit.enrichment.schema import EnrichmentSchema

__all__ = ["AlertTags", "alert_column"]

_PREFIX = "tag."  # alerts loaded from the service have their tags in columns with this prefix


class AlertTags:
    """The query tags of alerts.

    Parameters
    ----------
    alerts, schema
        As for `apply_enrichment`.

    Attributes
    ----------
    text : pyarrow.Table
        A column for each query field, null where an alert does not have the tag.
    is_present : numpy.ndarray
        Which tags each alert has, one row per alert.
    meets_condition : numpy.ndarray
        Which alerts meet the schema's condition.
    is_usable : numpy.ndarray
        Which alerts meet it and have all required tags.
    condition : Bpql or None
        The schema's condition.
    unknown : tuple of str
        Tags of the condition that the alerts do not have; it then counts as met.
    prefix : str
        What precedes the names of tags among the columns.
    """

    def __init__(self, alerts: pd.DataFrame, schema: EnrichmentSchema) -> None:
        columns = [alert_column(alerts, field.tag) for field in schema.query]
        found = [str(column).lower() for column in columns if column is not None]
        self.prefix = _PREFIX if found and all(c.startswith(_PREFIX) for c in found) else ""
        self.text = _text(alerts, columns, schema)
        self.is_present = np.column_stack(
            [pc.is_valid(tag).to_numpy() for tag in self.text.columns]
        )
        self.condition = _condition(schema.when)
        self.unknown = self.condition.missing(alerts) if self.condition else ()
        self.meets_condition = np.ones(len(alerts), bool)
        if self.condition is not None and not self.unknown:
            self.meets_condition = self.condition.mask(alerts)
        required = [not field.optional for field in schema.query]
        has_tags = self.is_present[:, required].all(axis=1) & self.is_present.any(axis=1)
        self.is_usable = has_tags & self.meets_condition


def alert_column(alerts: pd.DataFrame, tag: str) -> Any:
    """Return the name of the column that holds a tag, found as a query finds it."""
    places = tag_places(alerts.columns, tag)
    if len(places) > 1:
        shown = ", ".join(repr(alerts.columns[place]) for place in places)
        raise EnrichmentError(
            f"the alerts have {len(places)} columns for the tag {tag!r} ({shown}): keep one"
        )
    return alerts.columns[places[0]] if places else None


def _condition(when: Any) -> Bpql | None:
    """Compile a schema's condition: text, the service's object, or none."""
    if not when:
        return None
    return Bpql(when) if isinstance(when, str) else Bpql.from_object(when)


def _text(alerts: pd.DataFrame, columns: list[str | None], schema: EnrichmentSchema) -> pa.Table:
    fields = list(zip(schema.query, columns, strict=True))
    missing = [field.tag for field, column in fields if column is None and not field.optional]
    if missing or not any(columns):
        tags = ", ".join(repr(tag) for tag in missing or [field.tag for field in schema.query])
        raise EnrichmentError(
            f"the alerts have no column for {tags}; name the columns after the tags, "
            f"with or without {_PREFIX!r} in front"
        )
    nothing = pa.nulls(len(alerts), pa.large_string())
    texts = [
        nothing if column is None else to_text(alerts[column], column=column).cast(nothing.type)
        for column in columns
    ]
    return pa.table(texts, [field.title for field in schema.query])
