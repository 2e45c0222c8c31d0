"""Audit events as frames: the event's fields as columns, the envelope exactly as received."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.frames import Column, Kind, add_facts, build_frame
from pandakit.pangea._evidence.values import UNREADABLE, read_count, read_flag, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

__all__ = [
    "EVENT_COLUMNS",
    "HIDDEN",
    "ROOT_COLUMNS",
    "SCHEMA_COLUMNS",
    "SOURCED_ROOT_COLUMNS",
    "STANDARD_FIELDS",
    "custom_fields",
    "events_frame",
    "kinds_by_field",
    "sorted_by",
]

Row = dict[str, Any]

_CUSTOM = "event\0"  # cannot be the name of a field of the service
_STANDARD_FIELDS: tuple[tuple[str, Kind, str], ...] = (
    ("timestamp", "time", "when it happened, according to the client"),
    ("actor", "text", "who acted"),
    ("action", "text", "what was done"),
    ("status", "text", "the outcome"),
    ("target", "text", "what was acted on"),
    ("source", "text", "where the request came from"),
    ("message", "text", "description; JSON text is kept verbatim"),
    ("old", "text", "the value before a change"),
    ("new", "text", "the value after a change"),
    ("tenant_id", "text", "tenant"),
)
STANDARD_FIELDS = ("received_at", *(name for name, _, _ in _STANDARD_FIELDS))
"""The columns that every log has."""
EVENT_COLUMNS = (
    Column(
        "received_at",
        "time",
        ("envelope.received_at", "received_at"),
        "when the service received it",
    ),
    *(
        Column(name, kind, (f"envelope.event.{name}",), text)
        for name, kind, text in _STANDARD_FIELDS
    ),
    Column("hash", "text", meaning="SHA-256 of the envelope, as stored by the service"),
    Column(
        "leaf_index",
        "integer",
        meaning="number of the batch, which all its events share",
    ),
    Column("published", "boolean", meaning="whether the batch is under a published root"),
    Column("imported", "boolean", meaning="whether it was imported by hand"),
    Column("signed", "boolean", meaning="whether the client signed it"),
    Column("valid_signature", "boolean", meaning="the service's own verdict on the signature"),
    Column("membership_proof", "text", meaning="sibling hashes from the event up to the root"),
    Column("tree_name", "text", ("root.tree_name",), "name of the tree of that root"),
    Column("root_size", "integer", ("root.size", "tree_size"), "size of that root, in batches"),
    Column("root_hash", "text", ("root.root_hash",), "hash of that root"),
    Column(
        "err",
        "any",
        ("envelope.err", "err"),
        "why the event is malformed, if the log keeps such events",
    ),
    Column("envelope", "map", meaning="what was hashed, exactly as received"),
    Column("unreadable", "any", meaning="values that fit no column, exactly as received"),
)
HIDDEN = ("root", "unpublished_root")
_EVIDENCE: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("hash", read_text),
    ("membership_proof", read_text),
    ("published", read_flag),
    ("leaf_index", read_count),
    ("tree_size", read_count),
)
_ROOT_EVIDENCE: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("tree_name", read_text),
    ("size", read_count),
    ("root_hash", read_text),
)
ROOT_COLUMNS = (
    Column("tree_name", "text", meaning="name of the tree"),
    Column("size", "integer", meaning="number of batches under the root"),
    Column("root_hash", "text", meaning="hash of the root"),
    Column("url", "text", meaning="where the root is published"),
    Column("published_at", "time", meaning="when the root was published"),
    Column("consistency_proof", "list", meaning="proof that the root extends the one before it"),
)
SOURCED_ROOT_COLUMNS = (
    *ROOT_COLUMNS,
    Column("source", "word", meaning="who was asked: arweave or pangea"),
)
SCHEMA_COLUMNS = (
    Column("id", "text", meaning="the field's id in events and queries"),
    Column("name", "text", meaning="display name"),
    Column("type", "text", meaning="boolean, datetime, integer, string, string-unindexed, text"),
    Column("description", "text", meaning="description"),
    Column("required", "boolean", meaning="whether every event must have the field"),
    Column("size", "integer", meaning="maximum length"),
    Column("redact", "boolean", meaning="whether values are redacted before they are stored"),
    Column("partitioned", "boolean", meaning="whether searches can be restricted to its values"),
    Column("ui_default_visible", "boolean", meaning="whether the console shows it by default"),
)
_KINDS: dict[str, Kind] = {"boolean": "boolean", "datetime": "time", "integer": "integer"}


def custom_fields(events: Sequence[Row]) -> list[str]:
    """Return the event fields outside the standard schema, in order of appearance."""
    standard = {name for name, _, _ in _STANDARD_FIELDS}
    names = dict.fromkeys(name for row in events for name in _event(row))
    return [name for name in names if name not in standard]


def kinds_by_field(fields: Sequence[Row]) -> dict[str, Kind]:
    """Return the column kind of each field of a schema; unknown types are text."""
    return {str(each.get("id")): _KINDS.get(str(each.get("type")), "text") for each in fields}


def events_frame(rows: Sequence[Row], kinds: Mapping[str, Kind]) -> pd.DataFrame:
    """Return events as a frame.

    Parameters
    ----------
    rows
        Events as received, each with the `root` that its proof leads to. They are modified:
        members that only the columns need are added.
    kinds
        The column kinds of the fields of a custom schema.
    """
    names = custom_fields(rows)
    columns = [*EVENT_COLUMNS, *(_custom_column(name, kinds) for name in names)]
    for row in rows:
        _add_members(row, names)
    frame = build_frame(rows, columns, ignore=HIDDEN)
    return add_facts(frame, roots=_roots(rows))


def sorted_by(frame: pd.DataFrame, field: str, order: str) -> pd.DataFrame:
    """Return events in the order of a field, equal ones in their order so far."""
    own = f"event_{field}"  # the column of a custom field with a name that was taken
    column = own if own in frame and field not in STANDARD_FIELDS else field
    if column not in frame:  # no event has the field
        return frame
    rows = frame.sort_values(
        column,
        ascending=order == "asc",
        kind="stable",
        na_position="last",
        ignore_index=True,
        key=lambda cells: cells.map(str, na_action="ignore") if cells.dtype == object else cells,
    )
    rows.attrs = frame.attrs
    return rows


def _custom_column(name: str, kinds: Mapping[str, Kind]) -> Column:
    taken = {column.name for column in EVENT_COLUMNS}
    return Column(
        f"event_{name}" if name in taken else name, kinds.get(name, "any"), (_path(name),)
    )


def _path(name: str) -> str:
    return _CUSTOM + name.replace(".", "\0")  # a dot in a path would descend into an object


def _add_members(row: Row, names: Sequence[str]) -> None:
    event, envelope = _event(row), row.get("envelope")
    row["signed"] = isinstance(envelope, dict) and envelope.get("signature") is not None
    row["unreadable"] = _unreadable(row) or None
    for name in names:
        if name in event:
            row[_path(name)] = event[name]


def _unreadable(row: Row) -> Row:
    """Return the members that no column can hold, because what was received must be verified."""
    found = {name: row[name] for name, read in _EVIDENCE if read(row.get(name)) is UNREADABLE}
    root = row.get("root")
    if root is not None and (not isinstance(root, dict) or _is_unreadable(root)):
        found["root"] = root
    return found


def _is_unreadable(root: Row) -> bool:
    return any(read(root.get(name)) is UNREADABLE for name, read in _ROOT_EVIDENCE)


def _event(row: Row) -> Row:
    envelope = row.get("envelope")
    event = envelope.get("event") if isinstance(envelope, dict) else None
    return event if isinstance(event, dict) else {}


def _roots(rows: Sequence[Row]) -> list[Row]:
    """Return the roots that the proofs lead to, each once."""
    found = {id(row["root"]): row["root"] for row in rows if isinstance(row.get("root"), dict)}
    return list({repr(root): root for root in found.values()}.values())
