"""The rules for the columns and the schema, not for any row."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from pandakit.enrichment._checks.rules import LIMITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from pandakit.enrichment._checks.findings import Tally
    from pandakit.enrichment.schema import EnrichmentSchema

__all__ = [
    "CURRENT_USAGE",
    "check_columns",
    "check_index",
    "check_schema",
    "extra_columns",
    "renames",
    "unchecked_limits",
]

_TAG = re.compile(r"[a-z][a-z0-9_-]*")

#: What an organisation may already use: a name for it, and the limit.
CURRENT_USAGE = {
    "alert_tags": ("alert tags", LIMITS.alert_tags),
    "items": ("enrichment items", LIMITS.items),
    "items_per_tag": ("enrichment items for one tag", LIMITS.items_per_tag),
    "result_tags": ("result tags of mapping enrichments", LIMITS.result_tags),
}


def check_columns(tally: Tally, names: Sequence[Any], schema: EnrichmentSchema) -> dict[str, int]:
    """Compare the columns with the schema's, and return the position of each title found."""
    meant = {name: title for name, title in renames(names, schema).items() if name != title}
    near = {title: name for name, title in meant.items()}
    for name in names:
        if not isinstance(name, str):
            kind = f"{name!r} ({type(name).__name__})"
            tally.add("column_name", str(name), kind=kind, value=str(name))
    for name, times in Counter(name for name in names if isinstance(name, str)).items():
        if times > 1:
            tally.add("repeated_column", name, times=times, value=name)
        if name not in schema.columns and name not in meant:
            tally.add("extra_column", name, hint="", value=name)
    for title in schema.columns:
        if title not in names:
            hint = f"; is {near[title]!r} meant? fix() renames it" if title in near else ""
            tally.add("missing_column", title, hint=hint)
    return {
        title: names.index(near.get(title, title))
        for title in schema.columns
        if title in names or title in near
    }


def extra_columns(names: Sequence[Any], schema: EnrichmentSchema) -> dict[str, int]:
    """Return the positions of the columns that the schema has under no name."""
    meant = renames(names, schema)
    return {
        name: place
        for place, name in enumerate(names)
        if isinstance(name, str) and name not in schema.columns and name not in meant
    }


def renames(names: Sequence[Any], schema: EnrichmentSchema) -> dict[str, str]:
    """Return the title that each name means, where only case or whitespace differ."""
    missing = {_plain(title): title for title in schema.columns if title not in names}
    candidates = [name for name in names if isinstance(name, str) and name not in schema.columns]
    times = Counter(map(_plain, candidates))
    return {
        name: missing[_plain(name)]
        for name in candidates
        if _plain(name) in missing and times[_plain(name)] == 1
    }


def _plain(name: str) -> str:
    return name.strip().casefold()


def check_index(tally: Tally, index: pd.Index) -> None:
    """Warn about an index with a name, which seems to hold data: it is never sent."""
    if any(name is not None for name in index.names):
        tally.add("index", value=", ".join(str(name) for name in index.names))


def unchecked_limits(current_usage: Mapping[str, int] | None) -> tuple[str, ...]:
    """Return a note on the organisation's limits that were checked for this schema alone."""
    limits = [
        f"{most:,} {what}"
        for key, (what, most) in CURRENT_USAGE.items()
        if key not in (current_usage or {})
    ]
    note = f"checked for this schema alone: {', '.join(limits)}; pass current_usage for the rest"
    return (note,) if limits else ()


def check_schema(
    tally: Tally, schema: EnrichmentSchema, current_usage: Mapping[str, int] | None
) -> None:
    """Check tag names, and the organisation's limits as far as they are known."""
    for field in schema.fields:
        if why := _tag_fault(field.tag):
            rule = "tag_name" if field in schema.result else "query_tag_name"
            tally.add(rule, field.title, tag=field.tag, why=why, value=field.tag)
    adds = {
        "alert_tags": len({field.tag for field in schema.fields}),
        "items": len(schema.result),
        "items_per_tag": 1,
        "result_tags": len(schema.result),
    }
    for key, (what, most) in CURRENT_USAGE.items():
        count = adds[key] + (current_usage or {}).get(key, 0)
        if count > most:
            tally.add("organisation_limit", what=what, count=count, most=most, value=str(count))


def _tag_fault(tag: str) -> str:
    if len(tag) > LIMITS.tag_name_characters:
        return f"{len(tag)} characters, at most {LIMITS.tag_name_characters} are allowed"
    if not _TAG.fullmatch(tag):
        return "it must start with a letter and hold only lower-case letters, digits, _ and -"
    return ""
