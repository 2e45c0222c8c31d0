"""Facts about an alert as one sentence that a person can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.spans import span_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["readable_refusal", "readable_values", "sentence"]


def readable_values(pattern: str, values: dict[str, Any]) -> str:
    """Write what alerts share: the tags with their values, and the pattern's own name.

    Examples
    --------
    >>> readable_values("primary", {"primary": ("host", "db-1")})
    'primary host=db-1'
    >>> readable_values("cluster+check", {"cluster": "db", "check": "disk"})
    'cluster=db, check=disk'
    >>> readable_values("databases", {"cluster": "db"})
    'databases (cluster=db)'
    """
    shown = ", ".join(_tag(tag, value) for tag, value in values.items())
    tags = [tag for tag in pattern.split("+") if tag in values]
    return shown if "+".join(tags) == pattern else f"{pattern} ({shown})"


def _tag(tag: str, value: Any) -> str:
    return f"{tag} {value[0]}={value[1]}" if isinstance(value, tuple) else f"{tag}={value}"


def sentence(facts: dict[str, Any], *, listed: bool = True) -> str:
    """Write the facts of an explanation, with or without a list of the candidates."""
    reason = _joined(facts) if facts["joined_by"] is not None else _opened(facts, listed=listed)
    return f"Alert {facts['alert_id']} ({_who(facts)}) {reason}."


def _who(facts: dict[str, Any]) -> str:
    parts = [
        f"{facts[f'{role}_property']} {facts[f'{role}_value']}"
        for role in ("primary", "secondary")
        if facts[f"{role}_value"] is not None
    ]
    return ", ".join(parts)


def _joined(facts: dict[str, Any]) -> str:
    values = facts["matched"][facts["joined_by"]]
    verb = "matches" if len(values) == 1 else "match"
    shared = readable_values(facts["joined_by"], values)
    limit = span_text(facts["limit"])
    if facts["slot_end"] is None:
        left = f"limit {limit}; margin {span_text(facts['margin'])}"
    else:
        left = f"in the same {limit} slot, which ends {facts['slot_end'].tz_convert(None)} UTC"
    return (
        f"joined incident {facts['incident_id']} because {shared} {verb}; anchor alert "
        f"{facts['anchor_alert_id']} started {_earlier(facts['gap'])}; {left}"
    )


def _earlier(gap: pd.Timedelta) -> str:
    return f"{span_text(gap)} earlier" if gap else "at the same time"


def _opened(facts: dict[str, Any], *, listed: bool) -> str:
    opened = f"opened incident {facts['incident_id']}"
    if not facts["matched"]:
        reasons = [_unmatched(name, why) for name, why in facts["unmatched"].items()]
        return f"{opened} because it matches no pattern: {'; '.join(reasons)}"
    clauses = [
        _not_taken(name, values, facts, listed=listed) for name, values in facts["matched"].items()
    ]
    return f"{opened} because {', and '.join(clauses)}"


def _unmatched(name: str, why: dict[str, Any]) -> str:
    if why["absent"]:
        absent = ", ".join(why["absent"])
        return f"the filter of {name} looks at {absent}, which the events do not have"
    if why["missing"]:
        return f"{name} needs a value of {', '.join(why['missing'])}"
    return f"{name} takes only what passes its filter, {why['filter']}"


def _not_taken(name: str, values: dict[str, Any], facts: dict[str, Any], *, listed: bool) -> str:
    """Return why the alert joined no incident with a pattern's value."""
    shared = readable_values(name, values)
    tried = [one for one in facts["candidates"] if one["pattern"] == name]
    if not tried:
        return f"no earlier incident had {shared}"
    if not listed:
        return f"no incident with {shared} could take it"
    older = "; older ones not listed" if name in facts["older_not_listed"] else ""
    refusals = [f"incident {one['incident_id']}: {readable_refusal(one)}" for one in tried]
    return f"no incident with {shared} could take it ({'; '.join(refusals)}{older})"


def readable_refusal(candidate: dict[str, Any]) -> str:
    """Write all reasons why a candidate did not take the alert.

    Examples
    --------
    >>> readable_refusal({"reasons": ["resolved", "full"], "n_alerts": 300})
    'resolved, full with 300 alerts'
    """
    return ", ".join(_REASONS[reason](candidate) for reason in candidate["reasons"])


def _too_late(candidate: dict[str, Any]) -> str:
    limit, by = span_text(candidate["limit"]), span_text(candidate["passed_by"])
    if candidate["slot_end"] is not None:
        return f"its {limit} slot ended {by} before"
    return f"{limit} limit from alert {candidate['anchor_alert_id']} passed by {by}"


def _full(candidate: dict[str, Any]) -> str:
    count = candidate["n_alerts"]
    return f"full with {count:,} alert{'s' if count > 1 else ''}"


_REASONS = {
    "not_shared": lambda candidate: f"not shared by its alert {candidate['removed_by_alert_id']}",
    "window": _too_late,
    "resolved": lambda _: "resolved",
    "full": _full,
}
