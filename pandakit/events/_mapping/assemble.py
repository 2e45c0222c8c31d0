"""The rows of one table, as events: kept, rejected with a reason, or not events at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.events._mapping.fields import FIELDS, PRIMARIES
from pandakit.events._mapping.nested import reject_nested
from pandakit.events._mapping.rejects import Rejects
from pandakit.events._mapping.statuses import STATUSES, read_statuses
from pandakit.events._mapping.times import Times, read_times
from pandakit.text import to_text

if TYPE_CHECKING:
    from pandakit.events._files.raw import Raw
    from pandakit.events._mapping.plan import Plan

__all__ = ["Assembled", "assemble"]

_NO_TIME = np.iinfo(np.int64).min
_TIME_REMEDY = "numbers, ISO 8601, or text in time_format='…'"


@dataclass(frozen=True)
class Assembled:
    """The events of one table.

    Parameters
    ----------
    events
        Columns of events first, then the other columns as tags.
    rejects
        Rows that should be events but cannot be read as such.
    no_events
        Reason -> number of rows that are something else.
    unit
        The unit that numeric times were read in.
    """

    events: pa.Table
    rejects: Rejects
    no_events: dict[str, int] = field(default_factory=dict)
    unit: str | None = None


def assemble(raw: Raw, plan: Plan) -> Assembled:
    """Return the events of a table.

    Raises
    ------
    EventError
        Times have no zone, or a cell has no text form.
    """
    raw, no_events = _only_events(raw, plan)
    rejects = Rejects(raw)
    columns = {name: _without_empty(_field(raw, names)) for name, names in plan.fields.items()}
    columns = {**columns, **_with_constants(columns, plan, raw.table.num_rows)}
    columns = _with_last_resort(raw, plan, columns)
    tags = _tags(raw, plan, columns)
    reject_nested(raw, plan, tags, rejects)
    others = {**columns, **{tag: raw.table.column(name) for tag, name in tags.items()}}
    if plan.start:
        events, unit = _alarms(raw, plan, others, rejects)
    else:
        events, unit = _events(raw, plan, others, rejects)
    return Assembled(events, rejects, no_events, unit)


def _only_events(raw: Raw, plan: Plan) -> tuple[Raw, dict[str, int]]:
    """Return the rows that the profile takes for events, and the counts of the others."""
    counts: dict[str, int] = {}
    profile = plan.of_profile
    if profile is None:
        return raw, counts
    for column, values in profile.only.items():
        if column in raw.table.column_names:
            text = pc.utf8_lower(to_text(raw.table.column(column), column=column))
            is_event = _true(pc.is_in(text, pa.array(values, text.type)))
            for value, count in _counted(text, ~is_event).items():
                counts[f"{column}={value}"] = count
            raw = raw.only(is_event)
    if profile.once:
        newest = _newest(raw.table, plan)
        if repeated := int((~newest).sum()):
            counts["repeated notification"] = repeated
            raw = raw.only(newest)
    return raw, counts


def _counted(text: Any, rows: np.ndarray) -> dict[str, int]:
    found = pc.value_counts(text.filter(pa.array(rows)).combine_chunks()).to_pylist()
    return {str(each["values"] or "missing"): int(each["counts"]) for each in found}


def _true(condition: Any) -> np.ndarray:
    return np.asarray(pc.fill_null(condition, fill_value=False).to_numpy(), dtype=bool)


def _newest(table: pa.Table, plan: Plan) -> np.ndarray:
    """Return the newest notification of each alarm: the last one, or the one that ends it."""
    keys = pd.DataFrame(
        {name: to_text(table.column(name), column=name).to_pandas() for name in _keys(table, plan)}
    )
    order = np.argsort(_ended(table, plan), kind="stable")
    newest = np.zeros(len(keys), bool)
    newest[order] = ~keys.iloc[order].duplicated(keep="last").to_numpy()
    return newest


def _keys(table: pa.Table, plan: Plan) -> list[str]:
    """Return the columns that identify an alarm; all labels if one of the profile's is absent."""
    profile, names = plan.of_profile, table.column_names
    once = profile.once if profile else ()
    if set(once) <= set(names):
        return list(once)
    prefixes = profile.plain if profile else ()
    return [name for name in names if name in once or name.startswith(prefixes)]


def _ended(table: pa.Table, plan: Plan) -> np.ndarray:
    """Return which alarms have ended according to columns other than the end."""
    ended = np.ones(table.num_rows, bool)
    if plan.of_profile is None:
        return ended
    for column, values in plan.of_profile.ended.items():
        if column in table.column_names:
            text = pc.utf8_lower(to_text(table.column(column), column=column))
            ended &= _true(pc.is_in(text, pa.array(values, text.type)))
    return ended


def _field(raw: Raw, names: tuple[str, ...]) -> Any:
    """Return the first raw column with a value, as it is when there is only one."""
    if len(names) == 1:
        return raw.table.column(names[0])
    texts = [to_text(raw.table.column(name), column=name).cast(pa.large_string()) for name in names]
    return pc.coalesce(*texts)


def _without_empty(cells: Any) -> Any:
    if pa.types.is_dictionary(cells.type):
        return _without_empty_label(cells)
    if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
        return cells
    lengths = pc.binary_length(cells)
    if pc.min(lengths).as_py() != 0:
        return cells
    return pc.if_else(pc.equal(lengths, 0), pa.scalar(None, cells.type), cells)


def _without_empty_label(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    chunks = []
    for chunk in cells.chunks:
        empty = pc.index(chunk.dictionary.cast(pa.large_string()), "").as_py()
        indices = chunk.indices
        if empty >= 0:
            is_empty = pc.equal(indices, pa.scalar(empty, indices.type))
            indices = pc.if_else(is_empty, pa.scalar(None, indices.type), indices)
        chunks.append(pa.DictionaryArray.from_arrays(indices, chunk.dictionary))
    return pa.chunked_array(chunks, cells.type)


def _with_last_resort(raw: Raw, plan: Plan, columns: dict[str, Any]) -> dict[str, Any]:
    """Return the columns with a service in the rows that have no other primary."""
    names = plan.of_profile.last_resort if plan.of_profile else ()
    names = tuple(name for name in names if name in raw.table.column_names)
    missing = _without_primary(raw, columns)
    if not names or not missing.any():
        return columns
    nothing = pa.scalar(None, pa.large_string())
    last = pc.if_else(pa.array(missing), _field(raw, names), nothing)
    service = columns.get("service", last)
    return {**columns, "service": pc.coalesce(service.cast(pa.large_string()), last)}


def _with_constants(columns: dict[str, Any], plan: Plan, n_rows: int) -> dict[str, Any]:
    found = {}
    for name, value in plan.constants.items():
        if name == "status":
            continue
        constant = pa.chunked_array([pa.repeat(pa.scalar(value), n_rows)])
        if name in columns:
            text = to_text(columns[name], column=name).cast(pa.large_string())
            constant = pc.coalesce(text, to_text(constant, column=name).cast(pa.large_string()))
        found[name] = constant
    return found


def _events(
    raw: Raw, plan: Plan, columns: dict[str, Any], rejects: Rejects
) -> tuple[pa.Table, str | None]:
    times = _times(raw, plan, plan.time, rejects, required=True)
    status = _status(raw, plan, rejects)
    _reject_without_primary(raw, columns, rejects)
    table = pa.table(_ordered({"timestamp": times.instants, "status": status, **columns}))
    kept = rejects.kept
    return (table if kept.all() else table.filter(pa.array(kept))), times.unit


def _alarms(
    raw: Raw, plan: Plan, columns: dict[str, Any], rejects: Rejects
) -> tuple[pa.Table, str | None]:
    """Return two events for each alarm, or one if it has no end, in time order."""
    begins = _times(raw, plan, plan.start, rejects, required=True)
    ends, closed = _ends(raw, plan, rejects)
    start, end = _ticks(begins.instants), _ticks(ends.instants)
    reversed_ = closed & (start != _NO_TIME) & (end < start)
    both = "/".join(plan.start), "/".join(plan.end)
    if reversed_.any():
        pairs = _pairs(_field(raw, plan.start), _field(raw, plan.end))
        rejects.add("end_before_start", reversed_, pairs, "correct {!r} or {!r}".format(*both))
    status = _status(raw, plan, rejects).cast(pa.large_string())
    _reject_without_primary(raw, columns, rejects)
    kept = np.flatnonzero(rejects.kept)
    closing = kept[closed[kept]]
    rows = np.concatenate([kept, closing])
    is_end = np.arange(len(rows)) >= len(kept)
    ticks = np.concatenate([start[kept], end[closing]])
    order = np.lexsort((is_end, rows, ticks))
    rows, is_end, ticks = rows[order], is_end[order], ticks[order]
    taken = {name: cells.take(pa.array(rows)) for name, cells in _ordered(columns).items()}
    events = {
        "timestamp": pa.array(ticks.view("M8[ns]")).cast(pa.timestamp("ns", "UTC")),
        "status": pc.if_else(pa.array(is_end), "ok", status.take(pa.array(rows))),
    }
    return pa.table({**events, **taken}), begins.unit or ends.unit


def _ticks(instants: Any) -> np.ndarray:
    return np.array(pc.fill_null(instants.cast(pa.int64()), _NO_TIME).to_numpy())


def _pairs(begins: Any, ends: Any) -> Any:
    texts = [to_text(cells).cast(pa.large_string()) for cells in (begins, ends)]
    return pc.binary_join_element_wise(*texts, pa.scalar(" to ", pa.large_string()))


def _ends(raw: Raw, plan: Plan, rejects: Rejects) -> tuple[Times, np.ndarray]:
    """Return the ends, and which alarms have one; an end in the future does not count."""
    nothing = pa.chunked_array([pa.nulls(raw.table.num_rows, pa.timestamp("ns", "UTC"))])
    ends = Times(nothing, {}, None)
    if plan.end:
        ends = _times(raw, plan, plan.end, rejects, required=False, only=_ended(raw.table, plan))
    ticks = _ticks(ends.instants)
    now = int(datetime.now(UTC).timestamp()) * 1_000_000_000
    return ends, (ticks != _NO_TIME) & (ticks <= now) & _ended(raw.table, plan)


def _times(
    raw: Raw,
    plan: Plan,
    names: tuple[str, ...],
    rejects: Rejects,
    *,
    required: bool,
    only: np.ndarray | None = None,
) -> Times:
    """Return times from the first raw column that has one, and which rows have a bad one."""
    read = [read_times(raw.table.column(name), plan.rules, name) for name in names]
    instants = read[0].instants if len(read) == 1 else pc.coalesce(*(t.instants for t in read))
    missing = _without_value(instants)
    cells = raw.table.column(names[0]) if len(names) == 1 else _field(raw, names)
    for times in read:
        for reason, rows in times.bad.items():
            bad = rows & missing & (True if only is None else only)
            rejects.add(reason, bad, cells, _REMEDIES.get(reason, _TIME_REMEDY))
            missing = missing & ~bad
    if required:
        rejects.add("bad_timestamp", missing, cells, _TIME_REMEDY)
    return Times(instants, {}, next((times.unit for times in read if times.unit), None))


_REMEDIES = {
    "repeated_hour": "the clock showed this time twice; write it with its offset from UTC",
    "skipped_hour": "the clock never showed this time; correct the time or tz='…'",
}


def _without_value(cells: Any) -> np.ndarray:
    if not cells.null_count:
        return np.zeros(len(cells), bool)
    return np.asarray(cells.is_null().to_numpy(), dtype=bool)


def _status(raw: Raw, plan: Plan, rejects: Rejects) -> Any:
    n_rows = raw.table.num_rows
    constant = plan.constants.get("status")
    if not plan.status:
        status = str(constant or "critical").lower()
        return pa.chunked_array([pa.repeat(pa.scalar(status, pa.large_string()), n_rows)])
    cells = _field(raw, plan.status)
    name = plan.status[0]
    status, bad = read_statuses(cells, plan.statuses, plan.otherwise, name)
    if bad.any():
        seen = pc.unique(cells.filter(pa.array(bad))).to_pylist()
        example = next((value for value in seen if value is not None), "…")
        remedy = f"one of {', '.join(STATUSES)}, or pass status={{{str(example)!r}: 'critical'}}"
        rejects.add("bad_status", bad, cells, remedy)
    return status


def _reject_without_primary(raw: Raw, columns: dict[str, Any], rejects: Rejects) -> None:
    if "app_key" in columns:
        rejects.add("no_app_key", _empty(columns["app_key"]), None, "a value in each row")
    missing = _without_primary(raw, columns)
    if missing.any():
        names = ", ".join(PRIMARIES)
        rejects.add("no_primary", missing, None, f"a value in one of {names}")


def _without_primary(raw: Raw, columns: dict[str, Any]) -> np.ndarray:
    plain = set(raw.table.column_names)
    missing = np.ones(raw.table.num_rows, bool)
    if "primary_property" in plain or "primary_property" in columns:
        return ~missing  # it names the column in each row
    for name in PRIMARIES:
        if missing.any() and (name in columns or name in plain):
            missing &= _empty(columns[name] if name in columns else raw.table.column(name))
    return missing


def _empty(cells: Any) -> np.ndarray:
    return _without_value(_without_empty(cells))


def _ordered(columns: dict[str, Any]) -> dict[str, Any]:
    first = [name for name in FIELDS if name in columns]
    return {name: columns[name] for name in (*first, *(n for n in columns if n not in first))}


def _tags(raw: Raw, plan: Plan, columns: dict[str, Any]) -> dict[str, str]:
    """Return the remaining raw columns, under names that are not taken.

    A column that was asked for or guessed is renamed; what a profile reads stays a tag as well.
    """
    sources = {name for names in plan.fields.values() for name in names}
    times = {*plan.time, *plan.start, *plan.end}
    moved = times if plan.of_profile else times | sources | {*plan.status}
    prefixes = plan.of_profile.plain if plan.of_profile else ()
    taken, tags = {*columns, "timestamp", "status"}, dict[str, str]()
    for name in raw.table.column_names:
        prefix = next((prefix for prefix in prefixes if name.startswith(prefix)), "")
        if name in moved or (name in plan.derived and not prefix) or _is_item(name, raw):
            continue
        tag = name.removeprefix(prefix)
        if tag in taken and (name in sources or name in plan.status):
            continue
        if tag in taken or tag in tags or (prefix and tag in raw.table.column_names):
            tag = f"source.{name}" if name in taken else name
        tags[tag] = name
    return tags


def _is_item(name: str, raw: Raw) -> bool:
    """Return whether a column is from the first item of a list that is itself a column."""
    whole, found, _ = name.partition(".0.")
    return bool(found) and whole in raw.table.column_names
