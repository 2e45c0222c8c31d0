"""The caller's arguments, checked before a file is opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pandakit.events._mapping.fields import FIELDS
from pandakit.events._mapping.statuses import STATUSES, checked_statuses
from pandakit.events._mapping.times import UNITS, TimeRules, time_zone
from pandakit.events._profiles.table import PROFILE_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

__all__ = ["Request"]


@dataclass(frozen=True)
class Request:
    """The arguments of `read_events`, without the source."""

    profile: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    time: str | None = None
    start: str | None = None
    end: str | None = None
    rules: TimeRules = field(default_factory=TimeRules)
    skip_bad: bool = False

    @classmethod
    def checked(  # noqa: PLR0913 - the arguments of `read_events`
        cls,
        *,
        profile: str | None,
        columns: Mapping[str, str] | None,
        constants: Mapping[str, Any] | None,
        status: Mapping[Any, str] | None,
        time: str | None,
        tz: str | tzinfo | None,
        time_format: str | None,
        unit: str | None,
        start: str | None,
        end: str | None,
        skip_bad: bool,
    ) -> Request:
        """Return the request.

        Raises
        ------
        ValueError
            An argument has no meaning, or two contradict each other; the message names them.
        """
        if profile is not None and profile not in PROFILE_NAMES:
            raise ValueError(f"profile={profile!r} is none of {', '.join(PROFILE_NAMES)}")
        if unit is not None and unit not in UNITS:
            raise ValueError(f"unit={unit!r} is none of {', '.join(UNITS)}")
        sources = _texts("columns", columns)
        fixed = dict(constants or {})
        time = _merged("time", time, sources.pop("timestamp", None))
        _refuse_both(sources, fixed, time, start, end)
        if "status" in fixed and str(fixed["status"]).lower() not in STATUSES:
            raise ValueError(
                f"constants={{'status': {fixed['status']!r}}}: a status is one of "
                f"{', '.join(STATUSES)}"
            )
        return cls(
            profile=profile,
            columns=sources,
            constants=fixed,
            statuses=checked_statuses(status),
            time=time,
            start=start,
            end=end,
            rules=TimeRules(unit, time_zone(tz), time_format),
            skip_bad=bool(skip_bad),
        )

    @property
    def sources(self) -> dict[str, str]:
        """Return every raw column that the caller named, by its argument or field."""
        times = {"time": self.time, "start": self.start, "end": self.end}
        return {**{k: v for k, v in times.items() if v is not None}, **self.columns}


def _texts(name: str, mapping: Mapping[str, str] | None) -> dict[str, str]:
    found = dict(mapping or {})
    for target, source in found.items():
        if not isinstance(target, str) or not isinstance(source, str) or not target:
            raise ValueError(
                f"{name}: {target!r}: {source!r} is not the name of a column for a column of the "
                f"events ({', '.join(FIELDS)}, or a tag)"
            )
    return found


def _merged(name: str, one: str | None, other: str | None) -> str | None:
    if one is not None and other is not None and one != other:
        raise ValueError(f"{name}={one!r} and columns={{'timestamp': {other!r}}} disagree")
    return one if one is not None else other


def _refuse_both(
    columns: Mapping[str, str],
    constants: Mapping[str, Any],
    time: str | None,
    start: str | None,
    end: str | None,
) -> None:
    for both in columns.keys() & constants.keys():
        raise ValueError(f"{both!r} is given by columns= and by constants=; keep one of them")
    if "timestamp" in constants:
        raise ValueError("constants: each event has a time of its own; name its column with time=")
    if start is not None and time is not None:
        raise ValueError(f"time={time!r} is for events, start={start!r} for alarms; keep one")
    if end is not None and start is None:
        raise ValueError(f"end={end!r} needs start=, the column with the start of the alarm")
