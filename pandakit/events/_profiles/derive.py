"""Columns that a format hides inside other columns."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from pandakit.text import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "alarm_state",
    "detector_of_name",
    "icinga_state",
    "last_timestamp",
    "servicenow",
    "tags_and_monitor",
    "zabbix",
]

_NEW_STATE = re.compile(r" to ([A-Z_]+)")
_COUNT = re.compile(r"[0-9]{1,10}")  # seconds, or nanoseconds of one
_BRACKETED = r"^\s*\[[^\]]*\]\s*"


def _with(table: pa.Table, name: str, cells: Any) -> pa.Table:
    """Return the table with a column added, or in place of one with the same name."""
    if name in table.column_names:
        return table.set_column(table.column_names.index(name), name, cells)
    return table.append_column(name, cells)


def _text(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in table.column_names:
        return pa.chunked_array([pa.nulls(table.num_rows, pa.large_string())])
    return to_text(table.column(name), column=name).cast(pa.large_string())


def _each(cells: Any, function: Callable[[Any], str | None]) -> pa.Array:
    return pa.array([function(cell) for cell in cells.to_pylist()], pa.large_string())


def alarm_state(table: pa.Table) -> pa.Table:
    """Return the table with the state that each alarm changed to (CloudWatch)."""
    data, summary = _text(table, "HistoryData"), _text(table, "HistorySummary")
    states = [_new_state(*both) for both in zip(data.to_pylist(), summary.to_pylist(), strict=True)]
    return _with(table, "new_state", pa.array(states, pa.large_string()))


def _new_state(data: str | None, summary: str | None) -> str | None:
    try:
        state = json.loads(data or "")["newState"]["stateValue"]
    except (ValueError, KeyError, TypeError):
        found = _NEW_STATE.search(summary or "")
        return found[1] if found else None
    return str(state)


def detector_of_name(table: pa.Table) -> pa.Table:
    """Return the table with the detector, which precedes the colon of a name (AIT data set)."""
    before = pc.extract_regex(_text(table, "name"), r"^(?P<detector>[^:]+):")
    return _with(table, "detector", pc.struct_field(before, "detector"))


def icinga_state(table: pa.Table) -> pa.Table:
    """Return the table with named states; numbers mean something else for hosts (Icinga)."""
    of_service = dict(zip("0123", ("ok", "warning", "critical", "unknown"), strict=True))
    of_host = {"0": "up"}
    states = [
        of_service.get(state or "") if service else of_host.get(state or "", "down")
        for state, service in zip(
            _text(table, "state").to_pylist(), _text(table, "service").to_pylist(), strict=True
        )
    ]
    return _with(table, "icinga_state", pa.array(states, pa.large_string()))


def servicenow(table: pa.Table) -> pa.Table:
    """Return the table with the severity, or `ok` where an event closes its alert (ServiceNow)."""
    columns = table.column_names
    severity = pa.chunked_array([pa.nulls(table.num_rows, pa.large_string())])
    for name in ("severity.value", "severity", "Severity"):
        if name in columns:
            severity = pc.coalesce(severity, _text(table, name))
    severity = pc.replace_substring_regex(severity, r"^\s*([0-9])\s*-.*$", r"\1")
    for name in ("resolution_state", "resolution_state.value", "Resolution state"):
        if name in columns:
            state = pc.utf8_lower(_text(table, name))
            closing = pc.is_in(state, pa.array(["closing", "closed", "resolved"], state.type))
            severity = pc.if_else(closing, "ok", severity)
    return _with(table, "servicenow_state", severity)


_OF_PROBLEM = ("first_host", "name", "severity", "groups", "tags")


def zabbix(table: pa.Table) -> pa.Table:
    """Return the table with host, severity or `ok`, and time with nanoseconds (Zabbix).

    In an export, a recovery has only the id of its problem, whose host, name and tags it gets.
    """
    table = _first_host(table)
    if {"p_eventid", "eventid"} <= set(table.column_names):
        problem = pc.index_in(_text(table, "p_eventid"), _text(table, "eventid").combine_chunks())
        for name in (name for name in _OF_PROBLEM if name in table.column_names):
            own = table.column(name)
            table = _with(table, name, pc.coalesce(own, own.combine_chunks().take(problem)))
    value = pc.utf8_lower(_text(table, "value"))
    recovered = pc.is_in(value, pa.array(["0", "ok", "resolved"], value.type))
    table = _with(table, "zabbix_state", pc.if_else(recovered, "ok", _text(table, "severity")))
    both = zip(_text(table, "clock").to_pylist(), _text(table, "ns").to_pylist(), strict=True)
    instants = [_nanoseconds(clock, ns) for clock, ns in both]
    table = _with(table, "instant", pa.array(instants, pa.int64()))
    return _with_tags(table, table.column("tags")) if "tags" in table.column_names else table


def _nanoseconds(clock: str | None, ns: str | None) -> int | None:
    """Return seconds and nanoseconds as one number; `None` where they are no such counts."""
    if not _COUNT.fullmatch(clock or ""):
        return None
    return int(clock or 0) * 1_000_000_000 + (int(ns or 0) if _COUNT.fullmatch(ns or "") else 0)


def _first_host(table: pa.Table) -> pa.Table:
    """Return the table with the first host of each problem; hosts are objects or names."""
    if "hosts" not in table.column_names:
        return table
    names = _text(table, "no such column")
    cells = table.column("hosts")
    if pa.types.is_list(cells.type) or pa.types.is_large_list(cells.type):
        names = _each(cells, lambda cell: str(cell[0]) if cell else None)
    elif "hosts.0.host" not in table.column_names:
        names = _text(table, "hosts")
    for column in ("hosts.0.host", "hosts.0.name"):
        if column in table.column_names:
            names = pc.coalesce(names, _text(table, column))
    return _with(table, "first_host", names)


def last_timestamp(table: pa.Table) -> pa.Table:
    """Return the table with the time of the newest log line behind each alert (AMiner)."""
    name = "LogData.Timestamps"
    if name not in table.column_names:
        return table
    cells = table.column(name)
    if pa.types.is_list(cells.type) or pa.types.is_large_list(cells.type):
        newest = [max(cell) if cell else None for cell in cells.to_pylist()]
        return _with(table, name, pa.array(newest, pa.float64()))
    return table


def tags_and_monitor(table: pa.Table) -> pa.Table:
    """Return the table with tags as columns, and titles without ``"[Triggered]"`` (Datadog)."""
    for name in ("tags", "attributes.tags", "attributes.attributes.tags"):
        if name in table.column_names:
            table = _with_tags(table, table.column(name))
    for name in ("title", "attributes.attributes.title"):
        if name in table.column_names:
            plain = pc.replace_substring_regex(_text(table, name), _BRACKETED, "")
            table = _with(table, f"{name}.plain", plain)
    return table


def _pairs(cell: Any) -> Iterator[tuple[str, str]]:
    """Yield the tags of a cell: a list or text of ``name:value``, or JSON of tag and value."""
    text = str(cell or "")
    if text.startswith("[{"):
        for tag in json.loads(text):
            yield str(tag.get("tag") or ""), str(tag.get("value") or "")
        return
    for tag in cell if isinstance(cell, list) else text.split(","):
        name, _, value = str(tag).strip().partition(":")
        yield name, value


def _with_tags(table: pa.Table, cells: Any) -> pa.Table:
    found: dict[str, list[Any]] = {}
    for row, cell in enumerate(cells.to_pylist()):
        for name, value in _pairs(cell):
            if name and value:
                column = found.setdefault(f"tag.{name}", [None] * table.num_rows)
                column[row] = value if column[row] is None else column[row]
    for name, values in found.items():
        if name not in table.column_names:
            table = table.append_column(name, pa.array(values, pa.large_string()))
    return table
