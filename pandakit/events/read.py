"""`read_events`: find, parse, plan, assemble; one table of events at the end."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.errors import EventError, RejectedEventsWarning
from pandakit.events._files.find import find
from pandakit.events._files.load import from_frame, from_member
from pandakit.events._mapping.assemble import Assembled, assemble
from pandakit.events._mapping.plan import Plan, plan_for
from pandakit.events._mapping.request import Request
from pandakit.interchange import is_table
from pandakit.redaction import shown
from pandakit.text import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo

    from pandakit.events._files.raw import Raw
    from pandakit.interchange import TableLike

__all__ = ["read_events"]

_LOUD = 0.01  # the share of rejected rows above which a warning is due


class _Part(NamedTuple):
    raw: Raw
    plan: Plan
    found: Assembled


def read_events(  # noqa: PLR0913 - all by name
    source: str | Path | Sequence[str | Path] | TableLike,
    *,
    profile: str | None = None,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, Any] | None = None,
    status: Mapping[Any, str] | None = None,
    time: str | None = None,
    tz: str | tzinfo | None = None,
    time_format: str | None = None,
    unit: str | None = None,
    start: str | None = None,
    end: str | None = None,
    skip_bad: bool = False,
) -> pd.DataFrame:
    """Return events from a file, folder or frame of any tool, as `consolidate` takes them.

    With only a source, the profile and the columns are guessed. The guess is printed as a table
    on standard error; if two guesses fit equally well, an error is raised.

    Parameters
    ----------
    source
        The path of a file, a folder or a pattern such as ``"logs/*.json.gz"``, or a list of
        them; or a DataFrame, an Arrow table or reader, a polars frame, a DuckDB relation: anything
        with ``__arrow_c_stream__``. Files are CSV with any separator, JSON, JSON Lines, Parquet,
        Feather, Excel (extra ``excel``) or logs of Nagios, in UTF-8, UTF-16 or cp1252, plain or
        in gzip, zstd or zip. Files are recognised by their content, not by their names.
    profile
        The tool that wrote it: ``"alertmanager"``, ``"grafana"``, ``"nagios"`` … (all of them
        are in `pandakit.events.PROFILE_NAMES`). The arguments below override the profile.
    columns
        Column of the events -> column of the source, as in ``{"host": "hostname"}``; any other
        name makes a tag.
    constants
        Column of the events -> its value in every row, as in ``{"status": "critical"}``.
    status
        What the values of the status column mean, as in ``{"firing": "critical",
        "resolved": "ok", 2: "critical"}``, in any case. The five statuses need no entry.
    time
        The column with the time of the event.
    tz
        The zone of times without one, such as ``"Europe/Berlin"``.
    time_format
        The `strptime` format of times that are neither numbers nor ISO 8601.
    unit
        The unit of numeric times: ``"s"``, ``"ms"``, ``"us"`` or ``"ns"``. Default: the one that
        puts them between 1990 and 2100, else seconds.
    start, end
        For alarms, the columns of their start and end in place of `time`. Each row becomes an event
        with the alarm's status (``critical`` without a status column) and an ``ok`` at its end;
        without an end, or with an end in the future, only the first.
    skip_bad
        Leave out rows that are not events instead of raising. They are counted and listed in
        ``attrs["pandakit"]``; a warning says so when they are more than 1 %.

    Returns
    -------
    pandas.DataFrame
        ``timestamp`` (``datetime64[ns, UTC]``) and ``status``, then the columns of events that
        the source has (``app_key``, ``host``, ``check`` …), then its other columns as tags. Text
        is ``string[pyarrow]``, or ``category`` where the source is so: a categorical column, or
        text that a Parquet file stores as a dictionary of values that repeat (twice on average).
        Rows are in the order of the source, events of alarms in time order. A list of values keeps
        its items; a row with a list within a list in any of these columns is not an event.
        ``attrs["pandakit"]`` has ``source``, ``profile``, ``mapping`` (one entry per column:
        ``field``, ``column``, ``how``), ``rows``, ``skipped``, ``skipped_by_reason``,
        ``skipped_rows``, ``no_events`` (what else the source has), ``files``, ``left_out``.

    Raises
    ------
    EventError
        A file cannot be read, a column is missing, the meaning of columns is ambiguous, or rows
        are not events: the message has the counts by reason, three examples each, and the fix.
    ValueError
        An argument is invalid.

    Warns
    -----
    RejectedEventsWarning
        More than 1 % of the rows were left out.

    See Also
    --------
    pandakit.events_from_alarms : The same for alarms in a frame, without reading their times.

    Examples
    --------
    >>> alarms = pd.DataFrame({"device": ["a", "b"], "from": [10, 20], "to": [30, None]})
    >>> read_events(alarms, start="from", end="to")[["timestamp", "status", "device"]]
                      timestamp    status device
    0 1970-01-01 00:00:10+00:00  critical      a
    1 1970-01-01 00:00:20+00:00  critical      b
    2 1970-01-01 00:00:30+00:00        ok      a
    """
    request = Request.checked(
        profile=profile,
        columns=columns,
        constants=constants,
        status=status,
        time=time,
        tz=tz,
        time_format=time_format,
        unit=unit,
        start=start,
        end=end,
        skip_bad=skip_bad,
    )
    raws, left_out = _raws(source)
    parts = [_part(raw, request) for raw in raws]
    _check_read(parts, skip_bad=request.skip_bad)
    events = _frame(parts)
    events.attrs["pandakit"] = _facts(source, parts, events, left_out)
    if any(part.plan.is_guess for part in parts):
        _say(parts)
    return events


def _raws(source: Any) -> tuple[list[Raw], list[str]]:
    if is_table(source):
        return [from_frame(source)], []
    paths = _paths(source)
    if not paths:
        raise EventError(
            f"source: a {type(source).__name__} is neither a path nor a table; pass the path of "
            f"a file or folder, a list of these, a DataFrame, an Arrow table, or an object with "
            f"__arrow_c_stream__"
        )
    found = [find(path) for path in paths]
    raws = [from_member(member) for members, _ in found for member in members]
    return raws, [name for _, left_out in found for name in left_out]


def _paths(source: Any) -> list[str | Path]:
    """Return the paths of a source, none if it is something else."""
    paths = list(source) if isinstance(source, (list, tuple)) else [source]
    return paths if all(isinstance(path, (str, Path)) for path in paths) else []


def _part(raw: Raw, request: Request) -> _Part:
    try:
        plan, raw = plan_for(raw, request)
        return _Part(raw, plan, assemble(raw, plan))
    except EventError as error:
        if raw.name in str(error):
            raise
        raise EventError(f"{raw.name}: {error}") from error


def _check_read(parts: list[_Part], *, skip_bad: bool) -> None:
    """Raise for rows that are not events, or warn if too many of them were left out."""
    rejected = sum(count for part in parts for count in part.found.rejects.counts.values())
    kept = sum(part.found.events.num_rows for part in parts)
    received = rejected + sum(int(part.found.rejects.kept.sum()) for part in parts)
    if rejected and (not skip_bad or not kept):
        lines = [line for part in parts for line in _lines(part, len(parts) > 1)]
        offer = (
            "" if skip_bad or not kept else "\nskip_bad=True leaves these rows out, and counts them"
        )
        raise EventError(
            f"{rejected:,} of {received:,} rows are not events:\n  " + "\n  ".join(lines) + offer
        )
    if not kept:
        others = [f"{n:,} {why}" for part in parts for why, n in part.found.no_events.items()]
        raise EventError(f"{parts[0].raw.name} has no events: {', '.join(others) or 'no rows'}")
    if rejected > _LOUD * received:
        lines = [line for part in parts for line in _lines(part, len(parts) > 1)]
        warnings.warn(
            f"{rejected:,} of {received:,} rows were left out:\n  " + "\n  ".join(lines),
            RejectedEventsWarning,
            stacklevel=3,
        )


def _lines(part: _Part, named: bool) -> Iterable[str]:  # noqa: FBT001 - private
    prefix = f"{part.raw.name}: " if named else ""
    return (prefix + line for line in part.found.rejects.lines())


def _frame(parts: list[_Part]) -> pd.DataFrame:
    tables = [part.found.events for part in parts]
    return _joined(tables).to_pandas(types_mapper=_TYPES.get)


def _joined(tables: list[pa.Table]) -> pa.Table:
    """Return the tables as one; a column of different types becomes text."""
    if len(tables) == 1:
        return tables[0]
    types: dict[str, set[pa.DataType]] = {}
    for table in tables:
        for field in table.schema:
            types.setdefault(field.name, set()).add(field.type)
    mixed = [name for name, kinds in types.items() if len(kinds - {pa.null()}) > 1]
    return pa.concat_tables([_as_text(table, mixed) for table in tables], promote_options="default")


def _as_text(table: pa.Table, names: list[str]) -> pa.Table:
    for name in names:
        if name in table.column_names:
            text = to_text(table.column(name), column=name).cast(pa.large_string())
            table = table.set_column(table.column_names.index(name), name, text)
    return table


# Integers with missing values stay integers, and text stays in Arrow's memory.
_TYPES = {
    pa.large_string(): pd.StringDtype("pyarrow"),
    pa.int64(): pd.Int64Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


def _facts(
    source: Any, parts: list[_Part], events: pd.DataFrame, left_out: list[str]
) -> dict[str, Any]:
    by_reason: dict[str, int] = {}
    no_events: dict[str, int] = {}
    for part in parts:
        for reason, count in part.found.rejects.counts.items():
            by_reason[reason] = by_reason.get(reason, 0) + count
        for reason, count in part.found.no_events.items():
            no_events[reason] = no_events.get(reason, 0) + count
    return {
        "source": ", ".join(map(str, _paths(source))) or parts[0].raw.name,
        "profile": _profiles(parts),
        "mapping": [row for part in parts[:1] for row in _mapping(part)],
        "rows": len(events),
        "skipped": sum(by_reason.values()),
        "skipped_by_reason": by_reason,
        "skipped_rows": [row for part in parts for row in part.found.rejects.rows()],
        "no_events": no_events,
        "files": [f"{part.raw.name} ({part.raw.form})" for part in parts],
        "left_out": left_out,
    }


def _profiles(parts: list[_Part]) -> str | None:
    labels = dict.fromkeys(
        part.plan.of_profile.label for part in parts if part.plan.of_profile is not None
    )
    return "; ".join(labels) or None


def _mapping(part: _Part) -> list[dict[str, str]]:
    plan = part.plan
    columns: dict[str, str] = {}
    if plan.start:
        columns["timestamp"] = " and ".join(
            "/".join(names) for names in (plan.start, plan.end) if names
        )
    else:
        columns["timestamp"] = "/".join(plan.time)
    columns["status"] = (
        "/".join(plan.status) or f"always {plan.constants.get('status', 'critical')}"
    )
    columns |= {name: "/".join(names) for name, names in plan.fields.items()}
    for name, value in plan.constants.items():
        columns.setdefault(name, f"always {value}")
    rows = [
        {"field": name, "column": column, "how": plan.how.get(name, "by name")}
        for name, column in columns.items()
    ]
    if plan.of_profile is not None:
        label = {"field": "profile", "column": plan.of_profile.label, "how": plan.how["profile"]}
        rows.insert(0, label)
    if part.found.unit:
        how = "given" if plan.rules.unit else "by their size"
        rows.append({"field": "unit of times", "column": part.found.unit, "how": how})
    low, high = pc.min_max(part.found.events.column("timestamp")).as_py().values()
    rows.append({"field": "times", "column": f"{low:%Y-%m-%d} to {high:%Y-%m-%d}", "how": ""})
    return rows


def _say(parts: list[_Part]) -> None:
    """Print what was guessed, as one table, once for each choice of mapping."""
    for part in {str(_mapping(part)): part for part in parts}.values():
        table = pd.DataFrame(_mapping(part)).to_string(index=False)
        text = f"read_events: {part.raw.name} ({part.raw.form}) was read as\n{table}"
        sys.stderr.write(shown(text) + "\n")
