"""What a notebook shows of a consolidation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit import _html
from pandakit.spans import span_text
from pandakit.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandakit.consolidation._output.arrays import ResultArrays
    from pandakit.consolidation.policy import Policy

__all__ = ["consolidation_html"]

_MOST_INCIDENTS = 5
_LONGEST_TITLE = 40
# Each stage with the one that its share is taken of.
_STAGES = {
    "received": None,
    "rejected": "received",
    "duplicates": "received",
    "events": "received",
    "alerts": "events",
    "incidents": "alerts",
}
_MUTED_STAGES = ("rejected", "duplicates")
_INCIDENT_COLUMNS = (
    "title",
    "subtitle",
    "n_alerts",
    "n_open_alerts",
    "n_events",
    "severity",
    "start",
    "end",
)
_INCIDENT_HEADS = (
    "incident",
    "title",
    "alerts",
    "open",
    "events",
    "severity",
    "started",
    "lasted",
)


def consolidation_html(
    arrays: ResultArrays, policy: Policy, notes: Sequence[str], incidents: pd.DataFrame
) -> str:
    """Return the funnel, the policy, what was rejected, the notes and the largest incidents."""
    counts = arrays.counts
    heading = (counted(counts[f"{noun}s"], noun) for noun in ("event", "alert", "incident"))
    return _html.card(
        _html.title(" → ".join(heading)),
        _html.line(_html.code(repr(policy)), "muted"),
        _html.table([], [_stage(name, counts) for name in _STAGES]),
        _rejected(counts["rejected"], arrays.rejected),
        *(_html.line(f"Note: {note}.", "muted") for note in notes),
        _largest(incidents),
    )


def _stage(name: str, counts: dict[str, int]) -> list[Any]:
    count, whole, of = counts[name], counts["received"], _STAGES[name]
    tone = "muted" if name in _MUTED_STAGES else "accent"
    share = f"{count / counts[of]:.1%} of {of}" if of and count else ""
    bar = _html.bar(count / whole if whole else 0, tone)
    return [name, bar, count, _html.Cell(share, "muted")]


def _rejected(count: int, by_reason: dict[str, int]) -> Any:
    if not count:
        return ""
    reasons = ", ".join(f"{reason} {n:,}" for reason, n in by_reason.items() if n)
    return _html.line(f"{count:,} rejected: {reasons}.", "error")


def _largest(incidents: pd.DataFrame) -> Any:
    shown = incidents.sort_values("n_alerts", ascending=False, kind="stable").head(_MOST_INCIDENTS)
    if shown.empty:
        return ""
    rows = [_incident(*row) for row in shown[list(_INCIDENT_COLUMNS)].itertuples()]
    every = f"All incidents: {len(shown)}"
    some = f"The {len(shown)} largest of {len(incidents):,} incidents"
    heading = _html.line(some if len(shown) < len(incidents) else every, "section")
    return _html.join([heading, _html.table(_INCIDENT_HEADS, rows)])


def _incident(number: int, title: Any, subtitle: Any, *others: Any) -> list[Any]:
    n_alerts, n_open, n_events, severity, start, end = others
    lasted = "still active"
    if not pd.isna(end):
        lasted = span_text(end.as_unit("us") - start.as_unit("us"), max_parts=2)
    return [
        number,
        _shortened(title if pd.isna(subtitle) else f"{title}, {subtitle}"),
        n_alerts,
        n_open,
        n_events,
        _html.severity(severity),
        f"{start:%Y-%m-%d %H:%M} UTC",
        _html.Cell(lasted, "number"),
    ]


def _shortened(text: str) -> Any:
    if len(text) <= _LONGEST_TITLE:
        return text
    return _html.Cell(f"{text[: _LONGEST_TITLE - 1]}…", tip=text)
