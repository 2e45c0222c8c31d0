"""The smallest window that keeps some alerts together."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.consolidation import consolidate
from pandakit.consolidation.openings import EventHistory
from pandakit.lab._arguments import moved_pattern
from pandakit.lab._links import linked_by_values
from pandakit.spans import microseconds, read_span, span_text

if TYPE_CHECKING:
    from pandakit.consolidation import Pattern, Policy
    from pandakit.consolidation.openings import Openings
    from pandakit.consolidation.policy import TimeUnit

__all__ = ["SmallestWindow", "smallest_window"]

_LEAST = 2  # how many alerts can be together


@dataclass(frozen=True)
class SmallestWindow:
    """The result of `smallest_window`.

    Attributes
    ----------
    window : pandas.Timedelta or None
        The smallest window under which all the alerts share an incident; None if there is none
        up to the limit.
    ranges : pandas.DataFrame
        One row per range of windows with the same answer, smallest first: ``from`` and ``to``
        (both included, in steps), ``together``, ``incidents`` (of the alerts that are linked to
        them). A wider window may separate alerts again, so there may be several ranges.
    text : str
        The answer as a sentence, or why there is none.
    """

    window: pd.Timedelta | None
    text: str
    ranges: pd.DataFrame = field(repr=False)


def smallest_window(
    events: Any,
    policy: Policy,
    together: Iterable[int],
    *,
    pattern: str | None = None,
    step: str | timedelta = "1min",
    limit: str | timedelta = "72h",
    unit: TimeUnit = "s",
) -> SmallestWindow:
    """Return the smallest window of a pattern that puts some alerts into one incident.

    A wider window does not always help: an older incident may then take one of the alerts. So
    every window at which the result can change is tried, on the alerts that a chain of shared
    values links to `together`; no other alerts can share an incident with them.

    Parameters
    ----------
    events, unit
        As in `consolidate`.
    policy
        All other settings.
    together
        Ids of alerts, as in `Consolidation.alerts` under this policy; at least two.
    pattern
        The name of the pattern whose window moves; default: the policy's first.
    step
        The windows are multiples of it: text such as ``"1min"`` or a timedelta.
    limit
        The greatest window to try.

    Returns
    -------
    SmallestWindow
        With ``window``, ``ranges`` and ``text``.

    Raises
    ------
    EventError
        As in `consolidate`.
    ValueError
        There are no such alerts, fewer than two, or no such pattern; or `step` and `limit` leave
        no window to try.

    Examples
    --------
    >>> import pandas as pd
    >>> from pandakit.consolidation import CURRENT
    >>> events = pd.DataFrame(
    ...     {"timestamp": [0, 600, 4500], "status": "critical", "host": "db-1",
    ...      "check": ["ping", "disk", "cpu"]}
    ... )
    >>> found = smallest_window(events, CURRENT, [0, 2])
    >>> found.window
    Timedelta('0 days 01:15:00')
    >>> print(found.text)
    Alerts 0 and 2 share an incident from a window of 1 h 15 min of pattern 'host' on.
    """
    moved = moved_pattern(policy, pattern)
    every = _every(step, limit)
    openings = EventHistory(events, policy, unit).openings(policy)
    ids = _ids(together, len(openings))
    linked = linked_by_values(openings.pattern_values)
    if len(np.unique(linked[ids])) > 1:
        text = f"{_named(ids)} share no value of any pattern, not even by way of other alerts."
        return SmallestWindow(None, text, _ranges([]))
    alerts = np.flatnonzero(linked == linked[ids[0]])
    part, places = openings.only(alerts), np.searchsorted(alerts, ids)
    windows = _windows_to_try(part, policy, moved, *every)
    tried = [(window, *_tried(part, _moved(policy, moved, window), places)) for window in windows]
    ranges = _ranges(_merged(tried, *every))
    found = ranges.loc[ranges["together"], "from"]
    if len(found):
        return SmallestWindow(found.iloc[0], _found(ids, moved, ranges), ranges)
    text = _why_not(events, _moved(policy, moved, every[1]), moved, ids, unit)
    return SmallestWindow(None, text, ranges)


def _every(step: Any, limit: Any) -> tuple[int, int]:
    """Return the step and the greatest multiple of it up to the limit, in microseconds."""
    one, most = microseconds(read_span(step, "step")), microseconds(read_span(limit, "limit"))
    if one <= 0:
        raise ValueError(f"step: {step!r} is not above zero")
    if most < one:
        raise ValueError(f"limit: {limit!r} is below the step, {step!r}: no window is left to try")
    return one, most - most % one


def _ids(together: Iterable[int], n_alerts: int) -> np.ndarray:
    if not isinstance(together, Iterable):
        raise TypeError(f"together: pass the ids of alerts, such as [0, 2], not {together!r}")
    given = list(together)
    unknown = [one for one in given if isinstance(one, bool) or one not in range(n_alerts)]
    if unknown:
        raise ValueError(
            f"together: there is no alert {', '.join(map(repr, unknown[:5]))}; the ids are 0 to "
            f"{n_alerts - 1:,}, as in the index of .alerts under this policy"
        )
    if len(set(given)) < _LEAST:
        raise ValueError(f"together: name at least two alerts, not {given}")
    return np.unique(np.array(given, dtype=np.int64))


def _windows_to_try(
    part: Openings, policy: Policy, moved: Pattern, step: int, limit: int
) -> Iterable[int]:
    """Return each window, in steps, at which the incidents may change.

    They can change at the distance of two alerts that share the moved pattern's value, at another
    pattern's window and one step above it (the patterns are then tried in another order), and,
    for calendar slots, at every step.
    """
    if policy.anchor == "bucket":
        return range(step, limit + 1, step)
    steps = {1}
    for window in (microseconds(other.window) for other in policy.patterns if other is not moved):
        steps |= {-(-window // step), window // step + 1}
    steps |= set(_gaps(part, moved, step, limit).tolist())
    return (number * step for number in sorted(steps) if 0 < number * step <= limit)


def _gaps(part: Openings, moved: Pattern, step: int, limit: int) -> np.ndarray:
    """Return the distances of alerts that share the moved pattern's value, in steps."""
    values = part.pattern_values[:, part.column_of(moved)]
    found = [np.zeros(0, dtype=np.int64)]
    for value in np.unique(values[values >= 0]):
        starts = part.start[values == value]
        for ahead in range(1, len(starts)):
            gaps = starts[ahead:] - starts[:-ahead]
            gaps = gaps[gaps <= limit]
            if not len(gaps):
                break
            found.append(np.unique(-(-gaps // step)))
    return np.unique(np.concatenate(found))


def _moved(policy: Policy, moved: Pattern, window: int) -> Policy:
    span = timedelta(microseconds=window)
    return policy.replace(
        patterns=[
            dataclasses.replace(one, window=span) if one is moved else one
            for one in policy.patterns
        ]
    )


def _tried(part: Openings, policy: Policy, places: np.ndarray) -> tuple[bool, int]:
    incidents = part.group(policy)
    return bool((incidents[places] == incidents[places[0]]).all()), int(incidents.max()) + 1


def _merged(
    tried: list[tuple[int, bool, int]], step: int, limit: int
) -> list[tuple[int, int, bool, int]]:
    """Return ranges of windows with the same answer, which holds until the next window tried."""
    ranges: list[tuple[int, int, bool, int]] = []
    ends = [window - step for window, *_ in tried[1:]] + [limit]
    for (window, together, incidents), end in zip(tried, ends, strict=True):
        if ranges and ranges[-1][2:] == (together, incidents):
            ranges[-1] = (ranges[-1][0], end, together, incidents)
        else:
            ranges.append((window, end, together, incidents))
    return ranges


def _ranges(rows: list[tuple[int, int, bool, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["from", "to", "together", "incidents"])
    for name in ("from", "to"):
        frame[name] = (
            frame[name].astype("int64").astype("timedelta64[us]").astype("timedelta64[ns]")
        )
    return frame.astype({"together": bool, "incidents": "int64"})


def _found(ids: np.ndarray, moved: Pattern, ranges: pd.DataFrame) -> str:
    first = int(np.argmax(ranges["together"]))
    window = span_text(ranges["from"].iloc[first].to_pytimedelta())
    text = f"{_named(ids)} share an incident from a window of {window} of pattern {moved.name!r} on"
    wider = ranges.iloc[first:]
    if wider["together"].all():
        return f"{text}."
    apart = span_text(wider.loc[~wider["together"], "from"].iloc[0].to_pytimedelta())
    return f"{text}, but not at every wider one: at {apart} they are apart again (see .ranges)."


def _why_not(events: Any, policy: Policy, moved: Pattern, ids: np.ndarray, unit: TimeUnit) -> str:
    result = consolidate(events, policy, unit=unit)
    incidents = result.alerts["incident_id"].to_numpy()[ids]
    apart = ids[np.flatnonzero(incidents != incidents[0])[0]]
    window = next(one.window for one in policy.patterns if one.name == moved.name)
    return (
        f"No window of pattern {moved.name!r} up to {span_text(window)} puts {_named(ids).lower()} "
        f"into one incident. At {span_text(window)}: {result.explain(int(apart)).text}"
    )


def _named(ids: np.ndarray) -> str:
    *most, last = map(str, ids)
    return f"Alerts {', '.join(most)} and {last}"
