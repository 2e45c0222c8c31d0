"""How the raw columns of one table become events: by the arguments, a profile, or a guess."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from pandakit.errors import EventError
from pandakit.events._files.dictionaries import without_dictionaries
from pandakit.events._mapping.fields import ALIASES, PRIMARIES, normalized
from pandakit.events._mapping.times import TimeRules, time_zone
from pandakit.events._profiles.table import PROFILES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandakit.events._files.raw import Raw
    from pandakit.events._mapping.request import Request
    from pandakit.events._profiles.profile import Profile

__all__ = ["Plan", "plan_for"]

_HALF = 0.5
_MANY_ROWS = 50  # a column with this many rows, all different, is an id


@dataclass(frozen=True)
class Plan:
    """Where each column of the events comes from.

    Parameters
    ----------
    profile
        The profile and its form, or ``None``.
    fields
        Column of the events -> raw columns, of which the first with a value counts.
    constants
        Column of the events -> its value where `fields` has none.
    time, start, end
        Raw columns of the times; `start` instead of `time` for alarms.
    rules
        How times are read.
    status, statuses, otherwise
        Raw columns, what their values mean, and what all other values mean.
    of_profile
        The profile's rules about rows and tags.
    derived
        Columns that the profile added, which are not tags.
    how
        Column of the events -> how its source was chosen: ``by name``, ``guessed`` …
    """

    fields: dict[str, tuple[str, ...]] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    time: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    rules: TimeRules = field(default_factory=TimeRules)
    status: tuple[str, ...] = ()
    statuses: dict[str, str] = field(default_factory=dict)
    otherwise: str | None = None
    of_profile: Profile | None = None
    derived: frozenset[str] = frozenset()
    how: dict[str, str] = field(default_factory=dict)

    @property
    def is_guess(self) -> bool:
        """Return whether anything was guessed."""
        return "guessed" in self.how.values()


def plan_for(raw: Raw, request: Request) -> tuple[Plan, Raw]:
    """Return the plan for a table, and the table with the columns that its profile derives.

    Raises
    ------
    EventError
        A column is missing, or the meaning of the columns is unknown or ambiguous.
    """
    profile, how = _profile(raw, request)
    if profile is not None:
        raw = _as_the_profile_has_them(raw, profile)
        raw = replace(raw, table=without_dictionaries(raw.table))
    original = set(raw.table.column_names)
    if profile is not None and profile.derive is not None:
        raw = replace(raw, table=profile.derive(raw.table))
    _require(raw, request)
    plan = _of_profile(profile, raw, request, how) if profile else Plan()
    plan = _as_asked(plan, request)
    if profile is None:
        plan = _by_name(plan, raw)
    _check_complete(plan, raw)
    return replace(plan, derived=frozenset(raw.table.column_names) - original), raw


def _require(raw: Raw, request: Request) -> None:
    for name, column in request.sources.items():
        if column not in raw.table.column_names:
            given = f"{name}={column!r}" if name in {"time", "start", "end"} else ""
            given = given or f"columns={{{name!r}: {column!r}}}"
            raise EventError(f"{given}: {raw.name} has no such column ({_nearest(raw, column)})")


def _nearest(raw: Raw, column: str) -> str:
    known = raw.table.column_names
    near = get_close_matches(column, known, 3, 0.5)
    return f"nearest: {', '.join(near)}" if near else f"there is: {', '.join(known)}"


def _profile(raw: Raw, request: Request) -> tuple[Profile | None, str]:
    columns = set(raw.table.column_names)
    if request.profile is not None:
        return _asked_profile(raw, request.profile), f"profile {request.profile}"
    if request.time or request.start or _is_plain(columns):
        return None, ""
    fitting = [profile for profile in PROFILES if profile.fits(_known(columns, profile))]
    if len(fitting) > 1:
        labels, first = ", ".join(profile.label for profile in fitting), fitting[0].names[0]
        raise EventError(f"{raw.name} fits several profiles: {labels}; pass profile={first!r}")
    return (fitting[0] if fitting else None), "guessed"


def _asked_profile(raw: Raw, name: str) -> Profile:
    """Return the tool's form that fits best; it must have half of its marks, time and status."""
    forms = [profile for profile in PROFILES if name in profile.names]
    columns = set(raw.table.column_names)

    def closeness(profile: Profile) -> tuple[bool, float]:
        known = _known(columns, profile)
        return profile.fits(known), profile.n_marks(known) / len(profile.marks)

    best = max(forms, key=closeness)
    with_derived = _as_the_profile_has_them(raw, best).table
    derived = best.derive(with_derived) if best.derive else with_derived
    if closeness(best)[1] < _HALF or not best.can_read(derived.column_names):
        raise EventError(_unfit(raw, name, forms))
    return best


def _known(columns: set[str], profile: Profile) -> set[str]:
    """Return the columns under the profile's names, in any case and with any separators."""
    written = {normalized(column) for column in columns}
    return columns | {name for name in profile.names_used() if normalized(name) in written}


def _as_the_profile_has_them(raw: Raw, profile: Profile) -> Raw:
    """Return the table with its columns renamed to the profile's names."""
    names = raw.table.column_names
    wanted = {normalized(name): name for name in profile.names_used() if name not in names}
    renamed = [
        name if name in profile.names_used() else wanted.pop(normalized(name), name)
        for name in names
    ]
    return raw.renamed(renamed)


def _is_plain(columns: set[str]) -> bool:
    """Return whether the columns are those of events already."""
    named = columns & {*PRIMARIES, "primary_property"}
    return {"timestamp", "status"} <= columns and bool(named)


def _unfit(raw: Raw, name: str, forms: Sequence[Profile]) -> str:
    expected = "; or ".join(
        f"{profile.form}: "
        + ", ".join(mark if isinstance(mark, str) else " or ".join(mark) for mark in profile.marks)
        for profile in forms
    )
    return (
        f"{raw.name} is not in a form of profile={name!r}. It has the columns "
        f"{', '.join(raw.table.column_names)}; the profile needs {expected}"
    )


def _shown(profile: Profile) -> list[str]:
    return [mark if isinstance(mark, str) else " or ".join(mark) for mark in profile.marks]


def _of_profile(profile: Profile, raw: Raw, request: Request, how: str) -> Plan:
    columns = raw.table.column_names

    def present(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name in columns)

    fields = {target: present(names) for target, names in profile.fields.items()}
    fields = {target: names for target, names in fields.items() if names}
    rules = TimeRules(
        request.rules.unit or profile.unit,
        request.rules.tz or time_zone(profile.tz),
        request.rules.time_format,
    )
    constants = dict(profile.constants)
    if "app_key" in constants and len(profile.names) > 1:
        constants["app_key"] = request.profile or _tool(profile, raw)
    said = {"profile": how, **dict.fromkeys((*fields, *constants), how)}
    return Plan(
        fields=fields,
        constants=constants,
        time=present(profile.time),
        start=present(profile.start),
        end=present(profile.end),
        rules=rules,
        status=present(profile.status),
        statuses=dict(profile.statuses),
        otherwise=profile.otherwise,
        of_profile=profile,
        how={**said, **dict.fromkeys(("timestamp", "status"), how)},
    )


def _tool(profile: Profile, raw: Raw) -> str:
    """Return which of the tools with one form wrote a log: it names itself in other lines."""
    if "line" not in raw.table.column_names:
        return profile.names[0]
    lines = pc.utf8_lower(raw.table.column("line"))
    named = [name for name in profile.names if pc.any(pc.match_substring(lines, name)).as_py()]
    return named[-1] if named else profile.names[0]


def _as_asked(plan: Plan, request: Request) -> Plan:
    """Return the plan with the caller's choices, which override everything else."""
    changes: dict[str, Any] = {"rules": plan.rules if plan.of_profile else request.rules}
    how = {**plan.how}
    columns = {name: (column,) for name, column in request.columns.items()}
    status = columns.pop("status", None)
    if request.time:
        changes |= {"time": (request.time,), "start": (), "end": ()}
        how["timestamp"] = "given"
    if request.start:
        ends = (request.end,) if request.end else ()
        changes |= {"time": (), "start": (request.start,), "end": ends}
        how |= {"timestamp": "given"}
    if status:
        changes["status"] = status
        how["status"] = "given"
    constants = {**plan.constants, **request.constants}
    fields = {name: names for name, names in plan.fields.items() if name not in request.constants}
    if "status" in request.constants:
        changes["status"] = ()
    how |= dict.fromkeys((*columns, *request.constants), "given")
    return replace(
        plan,
        fields={**fields, **columns},
        constants=constants,
        statuses={**plan.statuses, **request.statuses},
        how=how,
        **changes,
    )


def _by_name(plan: Plan, raw: Raw) -> Plan:
    """Return the plan with columns whose names say what they hold, or nearly so."""
    guess = _Guess(raw, {name for names in plan.fields.values() for name in names})
    changes: dict[str, Any] = {}
    how = dict(plan.how)
    if not (plan.time or plan.start):
        changes, how["timestamp"] = _guessed_times(guess, raw)
    if not plan.status and "status" not in plan.constants:
        status = guess.column("status")
        changes["status"] = (status,) if status else ()
        how["status"] = guess.how({"status": status}) if status else "default"
    fields = dict(plan.fields)
    for name in ("host", "check", "cluster", "description", "app_key"):
        if name in fields or name in plan.constants or _is_named(name, raw, plan):
            continue
        if column := guess.column(name):
            fields[name] = (column,)
            how[name] = guess.how({name: column})
    return replace(plan, fields=fields, how=how, **changes)


def _guessed_times(guess: _Guess, raw: Raw) -> tuple[dict[str, Any], str]:
    if "timestamp" in raw.table.column_names:
        return {"time": ("timestamp",)}, "by name"
    time, start, end = (guess.column(name) for name in ("timestamp", "start", "end"))
    if time and start and end:
        raise EventError(
            f"{raw.name}: rows may be events ({time!r}) or alarms ({start!r} to {end!r}); "
            f"pass time={time!r}, or start={start!r}, end={end!r}"
        )
    if start and end:
        return {"start": (start,), "end": (end,)}, "guessed"
    return ({"time": (time,)} if time else {}), "guessed"


def _is_named(name: str, raw: Raw, plan: Plan) -> bool:
    """Return whether there is a primary already, so that none is guessed."""
    if name != "host":
        return False
    named = {*plan.fields, *plan.constants, *raw.table.column_names}
    return bool(named & {*PRIMARIES, "primary_property"})


_ARGUMENTS = {"timestamp": "time=…", "start": "start=…", "end": "end=…"}


class _Guess:
    def __init__(self, raw: Raw, used: set[str]) -> None:
        self._raw = raw
        self._used = used

    def column(self, name: str) -> str | None:
        """Return the column of that name, or the only one that may be meant."""
        columns = [column for column in self._raw.table.column_names if column not in self._used]
        if name in columns:
            return name
        found = [column for column in columns if normalized(column) in ALIASES[name]]
        same = [column for column in found if normalized(column) == name]
        found = same or found
        if name in {"host", "check"}:
            found = [column for column in found if not self._numbers_rows(column)]
        if len(found) > 1:
            said = _ARGUMENTS.get(name, f"columns={{{name!r}: …}}").replace("…", repr(found[0]))
            both = " or ".join(map(repr, found))
            raise EventError(f"{self._raw.name}: {name} may be {both}; pass {said}")
        return found[0] if found else None

    def _numbers_rows(self, column: str) -> bool:
        cells = self._raw.table.column(column)
        if len(cells) < _MANY_ROWS or pa.types.is_nested(cells.type):
            return False
        return len(pc.unique(cells)) == len(cells)

    def how(self, found: dict[str, str | None]) -> str:
        return "by name" if all(name == column for name, column in found.items()) else "guessed"


def _check_complete(plan: Plan, raw: Raw) -> None:
    columns = f"it has the columns {', '.join(raw.table.column_names)}"
    if not (plan.time or plan.start):
        raise EventError(
            f"{raw.name}: no column is known to be the time; {columns}. Pass time='…', or "
            f"start='…', end='…' for alarms"
        )
    if not (plan.status or "status" in plan.constants or plan.start):
        raise EventError(
            f"{raw.name}: no column is known to be the status; {columns}. Pass "
            f"columns={{'status': '…'}}, or constants={{'status': 'critical'}}"
        )
    named = {*plan.fields, *plan.constants, *raw.table.column_names}
    if not named & {*PRIMARIES, "primary_property"}:
        raise EventError(
            f"{raw.name}: no column is known to be the host; {columns}. "
            f"Pass columns={{'host': '…'}}"
        )
