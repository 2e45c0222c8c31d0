"""Why an alert is in its incident: as facts, as one sentence, and as a card."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit import _html
from pandakit.consolidation._explain.sentence import readable_refusal, readable_values, sentence
from pandakit.consolidation._group.layout import ITS_INCIDENT
from pandakit.consolidation._read.ticks import moment
from pandakit.spans import microseconds, span_text

if TYPE_CHECKING:
    from pandakit.consolidation._explain.replay import Entry, Replay, Standing
    from pandakit.consolidation._output.arrays import ResultArrays
    from pandakit.consolidation.pattern import Pattern

__all__ = ["Explanation", "checked_alert", "explain"]

_MOST_CANDIDATES = 5
_WHO = (
    "app_key",
    "primary_property",
    "primary_value",
    "secondary_property",
    "secondary_value",
    "incident_identifier",
)
_WHY = ("anchor_alert_id", "anchor_start", "gap", "limit", "margin", "slot_end")
_HEADS = ("incident", "anchor alert", "started", "not taken because")


@dataclass(frozen=True)
class Explanation:
    """Why an alert is in its incident. Made by `Consolidation.explain`.

    Parameters
    ----------
    text
        One sentence.
    facts
        The same as values; see `Consolidation.explain` for the keys.

    Examples
    --------
    >>> print(Explanation("Alert 0 opened incident 0."))
    Alert 0 opened incident 0.
    """

    text: str
    facts: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Explanation: {self.text}>"

    def _repr_html_(self) -> str:
        return _card(self.text, self.facts)


def _card(text: str, facts: dict[str, Any]) -> str:
    """Return the sentence, with how much of the window was used, or with every candidate."""
    if not facts.get("candidates"):
        window = _used_window(facts) if facts.get("margin") is not None else ""
        return _html.card(_html.line(text), window)
    parts: list[Any] = [_html.line(sentence(facts, listed=False))]
    for name, values in facts["matched"].items():
        rows = [_candidate_row(one) for one in facts["candidates"] if one["pattern"] == name]
        if not rows:
            continue
        parts += [
            _html.line(readable_values(name, values), "section"),
            _html.table(_HEADS, rows),
        ]
        if name in facts["older_not_listed"]:
            parts.append(_html.line("Older ones are not listed.", "muted"))
    return _html.card(*parts)


def _used_window(facts: dict[str, Any]) -> Any:
    gap, limit, margin = (span_text(facts[name]) for name in ("gap", "limit", "margin"))
    used = _html.bar(facts["gap"] / facts["limit"])
    return _html.table([], [[used, f"{gap} of {limit} used, {margin} left"]])


def _candidate_row(candidate: dict[str, Any]) -> list[Any]:
    return [
        candidate["incident_id"],
        candidate["anchor_alert_id"],
        f"{span_text(candidate['gap'])} earlier",
        _html.Cell(readable_refusal(candidate), "prose"),
    ]


def checked_alert(alert_id: Any, n_alerts: int) -> int:
    """Return the alert's number, or raise `KeyError`."""
    is_whole = isinstance(alert_id, (int, np.integer)) and not isinstance(alert_id, bool)
    if not is_whole or not 0 <= alert_id < n_alerts:
        known = f"alert ids run from 0 to {n_alerts - 1}" if n_alerts else "there are no alerts"
        raise KeyError(f"alert_id: there is no alert {alert_id!r}; {known}")
    return int(alert_id)


def explain(replay: Replay, arrays: ResultArrays) -> Explanation:
    """Explain the alert that was replayed."""
    alert = replay.alert
    incidents = arrays.assignment[:, ITS_INCIDENT]
    found = _facts_of_alert(replay, arrays, alert)
    if incidents[:alert].max(initial=-1) < incidents[alert]:
        found |= _why_opened(replay, incidents)
    else:
        found |= _why_joined(replay, incidents)
    return Explanation(sentence(found), found)


def _facts_of_alert(replay: Replay, arrays: ResultArrays, alert: int) -> dict[str, Any]:
    who = {name: _label(*arrays.identity[name], alert) for name in _WHO}
    incident = int(arrays.assignment[alert, ITS_INCIDENT])
    matched: dict[str, Any] = {}
    unmatched: dict[str, Any] = {}
    for pattern in replay.policy.in_run_order():
        values = {tag: _value(tag, who, replay) for tag in pattern.tags}
        # A frame without the column has one integration, without a name.
        if not pattern.cross_source and who["app_key"]:
            values["app_key"] = who["app_key"]
        if replay.matches(pattern):
            matched[pattern.name] = values
        else:
            unmatched[pattern.name] = {
                "absent": replay.absent(pattern),
                "missing": [tag for tag, value in values.items() if value is None],
                "filter": pattern.filter,
            }
    return {
        "alert_id": alert,
        "incident_id": incident,
        "start": moment(int(arrays.alerts.start[alert])),
        **who,
        "anchor": replay.policy.anchor,
        "matched": matched,
        "unmatched": unmatched,
    }


def _label(labels: Any, codes: np.ndarray, alert: int) -> str | None:
    code = int(codes[alert])
    return None if code < 0 else str(labels[code])


def _value(tag: str, who: dict[str, str | None], replay: Replay) -> Any:
    """Return the text of a tag; the reserved ones are pairs of name and text."""
    if tag not in {"primary", "secondary"}:
        return replay.tag(tag)
    pair = who[f"{tag}_property"], who[f"{tag}_value"]
    return None if None in pair else pair


def _why_joined(replay: Replay, incidents: np.ndarray) -> dict[str, Any]:
    """Return the entry that won: the first one of its incident that takes the alert."""
    incident = int(incidents[replay.alert])
    standing = replay.standings([incident], incidents)[incident]
    for pattern in replay.policy.in_run_order():
        if not replay.matches(pattern):
            continue
        for entry in replay.entries(pattern, incidents, only=incident):
            winner = _candidate(replay, pattern, entry, standing)
            if not winner["reasons"]:
                why = {name: winner[name] for name in _WHY}
                return {"joined_by": pattern.name, **why, "candidates": [], "older_not_listed": []}
    raise AssertionError(f"no entry of incident {incident} takes alert {replay.alert}")


def _why_opened(replay: Replay, incidents: np.ndarray) -> dict[str, Any]:
    """Return, for the newest entries of each value, why they did not take the alert."""
    tried: list[tuple[Pattern, Entry]] = []
    cut = []
    for pattern in replay.policy.in_run_order():
        if not replay.matches(pattern):
            continue
        newest = list(islice(replay.entries(pattern, incidents), _MOST_CANDIDATES + 1))
        tried += [(pattern, entry) for entry in newest[:_MOST_CANDIDATES]]
        cut += [pattern.name] if len(newest) > _MOST_CANDIDATES else []
    standings = replay.standings([entry.incident for _, entry in tried], incidents)
    candidates = [
        _candidate(replay, pattern, entry, standings[entry.incident]) for pattern, entry in tried
    ]
    nothing = dict.fromkeys(("joined_by", *_WHY))
    return {**nothing, "candidates": candidates, "older_not_listed": cut}


def _candidate(
    replay: Replay, pattern: Pattern, entry: Entry, standing: Standing
) -> dict[str, Any]:
    """Return the facts of an entry, and all reasons why it does not take the alert."""
    anchor = replay.counted_from(entry)
    since, now = replay.start(anchor), replay.start(replay.alert)
    overdue = replay.overdue(pattern, entry, replay.alert)
    policy = replay.policy
    in_slots = policy.anchor == "bucket"
    reasons = {
        "not_shared": entry.removed_by is not None,
        "window": replay.is_past(pattern, entry, replay.alert),
        "resolved": not policy.join_resolved and not standing.n_open,
        "full": policy.max_alerts is not None and standing.n_alerts >= policy.max_alerts,
    }
    return {
        "pattern": pattern.name,
        "incident_id": entry.incident,
        "anchor_alert_id": anchor,
        "anchor_start": moment(since),
        "gap": _span(now - since),
        "limit": _span(microseconds(pattern.window)),
        "margin": None if in_slots else _span(-overdue),
        "slot_end": moment(now - overdue) if in_slots else None,
        "passed_by": _span(overdue) if reasons["window"] else None,
        "removed_by_alert_id": entry.removed_by,
        "n_alerts": standing.n_alerts,
        "n_open_alerts": standing.n_open,
        "reasons": [reason for reason, holds in reasons.items() if holds],
    }


def _span(span: int) -> pd.Timedelta:
    """Return microseconds as a span; two alerts may be further apart than nanoseconds reach."""
    exact = pd.Timedelta(np.timedelta64(span, "us"))
    try:
        return exact.as_unit("ns")
    except pd.errors.OutOfBoundsTimedelta:
        return exact
