"""Audit events as frames: fields of the event as columns, the envelope exactly as it came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.frames import Column, Kind, add_facts, build_frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = ["EVENT", "ROOT", "SCHEMA_FIELD", "events_frame", "own_fields", "schema_kinds"]

Row = dict[str, Any]

_OWN = "event\0"
_STANDARD: tuple[tuple[str, Kind, str], ...] = (
    ("timestamp", "time", "when it happened, as the client said"),
    ("actor", "text", "who"),
    ("action", "text", "did what"),
    ("status", "text", "with which outcome"),
    ("target", "text", "to what"),
    ("source", "text", "from where"),
    ("message", "text", "in words; JSON stays the text that it came as"),
    ("old", "text", "value before"),
    ("new", "text", "value after"),
    ("tenant_id", "text", "tenant"),
)
EVENT = (
    Column(
        "received_at", "time", ("envelope.received_at", "received_at"), "when the service got it"
    ),
    *(Column(name, kind, (f"envelope.event.{name}",), text) for name, kind, text in _STANDARD),
    Column("hash", "text", meaning="hash of the envelope, as the service says it"),
    Column("leaf_index", "integer", meaning="number of its batch in the tree; many share it"),
    Column("published", "boolean", meaning="its batch is under a published root"),
    Column("imported", "boolean", meaning="loaded by hand"),
    Column("signed", "boolean", meaning="the client signed it"),
    Column("valid_signature", "boolean", meaning="what the service says of the signature"),
    Column("membership_proof", "text", meaning="path to the root"),
    Column("root_size", "integer", ("root.size",), "size of the root that the path leads to"),
    Column("root_hash", "text", ("root.root_hash",), "hash of that root"),
    Column("err", "any", ("envelope.err", "err"), "what was wrong with it, where it was kept"),
    Column("envelope", "map", meaning="what was hashed, exactly as it came"),
)
_HIDDEN = ("root",)
ROOT = (
    Column("tree_name", "text", meaning="name of the tree"),
    Column("size", "integer", meaning="number of batches under it"),
    Column("root_hash", "text", meaning="hash"),
    Column("url", "text", meaning="where it is published"),
    Column("published_at", "time", meaning="when it was published"),
    Column("consistency_proof", "list", meaning="proof that it extends the root before"),
)
SCHEMA_FIELD = (
    Column("id", "text", meaning="the field, as events and queries call it"),
    Column("name", "text", meaning="name for people"),
    Column("type", "text", meaning="boolean, datetime, integer, string, string-unindexed, text"),
    Column("description", "text", meaning="what it is for"),
    Column("required", "boolean", meaning="events must have it"),
    Column("size", "integer", meaning="longest value"),
    Column("redact", "boolean", meaning="redacted before it is stored"),
    Column("partitioned", "boolean", meaning="searches can be restricted to its values"),
    Column("ui_default_visible", "boolean", meaning="shown in the console"),
)
_KINDS: dict[str, Kind] = {"boolean": "boolean", "datetime": "time", "integer": "integer"}


def own_fields(events: Sequence[Row]) -> list[str]:
    """Name the event fields that are not of the standard schema, in order of appearance."""
    standard = {name for name, _, _ in _STANDARD}
    names = dict.fromkeys(name for row in events for name in _event(row))
    return [name for name in names if name not in standard]


def schema_kinds(fields: Sequence[Row]) -> dict[str, Kind]:
    """Give the kind of each field of a schema: text where it is nothing else."""
    return {str(each.get("id")): _KINDS.get(str(each.get("type")), "text") for each in fields}


def events_frame(rows: Sequence[Row], kinds: Mapping[str, Kind]) -> pd.DataFrame:
    """Build the frame; `kinds` are those of the organisation's own fields."""
    names = own_fields(rows)
    columns = [*EVENT, *(_own_column(name, kinds) for name in names)]
    frame = build_frame([_record(row, names) for row in rows], columns, ignore=_HIDDEN)
    return add_facts(frame, roots=_roots(rows))


def _own_column(name: str, kinds: Mapping[str, Kind]) -> Column:
    taken = {column.name for column in EVENT}
    return Column(f"event_{name}" if name in taken else name, kinds.get(name, "any"), (_key(name),))


def _key(name: str) -> str:
    return _OWN + name.replace(".", "\0")  # a dot in a path would lead into an object


def _record(row: Row, names: Sequence[str]) -> Row:
    event, envelope = _event(row), row.get("envelope")
    signed = isinstance(envelope, dict) and envelope.get("signature") is not None
    return {**row, "signed": signed, **{_key(name): event.get(name) for name in names}}


def _event(row: Row) -> Row:
    envelope = row.get("envelope")
    event = envelope.get("event") if isinstance(envelope, dict) else None
    return event if isinstance(event, dict) else {}


def _roots(rows: Sequence[Row]) -> list[Row]:
    """Give the roots that the rows are proved against, each once."""
    found = (row["root"] for row in rows if isinstance(row.get("root"), dict))
    return list({(root.get("tree_name"), root.get("root_hash")): root for root in found}.values())
