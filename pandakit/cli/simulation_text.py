"""A simulation as text: what was read, the policy, the funnel, notes, the largest incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.consolidation import readable_funnel
from pandakit.spans import span_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from pandakit.cli.many_files import SavedResult
    from pandakit.consolidation import Consolidation

__all__ = ["reading_notes", "simulation_text", "sweep_text"]

_LARGEST = 5
_COLUMNS = ["title", "subtitle", "severity", "n_alerts", "n_events", "start"]


def reading_notes(events: pd.DataFrame) -> list[str]:
    """Return what was skipped while reading: rows that are not events, and files."""
    facts: dict[str, Any] = events.attrs["pandakit"]
    notes = []
    if facts["skipped"]:
        reasons = ", ".join(f"{n:,} {why}" for why, n in facts["skipped_by_reason"].items())
        notes.append(f"{facts['skipped']:,} rows are left out: {reasons}")
    if facts["no_events"]:
        others = ", ".join(f"{n:,} {why}" for why, n in facts["no_events"].items())
        notes.append(f"other rows are not events: {others}")
    if facts["left_out"]:
        notes.append(f"files that were not read: {', '.join(facts['left_out'])}")
    return notes


def simulation_text(simulation: Consolidation | SavedResult, notes: Iterable[str]) -> str:
    """Return a simulation for a terminal, with notes on how it was read."""
    incidents = simulation.incidents.sort_values("n_alerts", ascending=False, kind="stable")
    largest = incidents.head(_LARGEST)[_COLUMNS]
    parts = [
        str(simulation.policy),
        readable_funnel(simulation.funnel).to_string(index=False),
        *(f"Note: {note}" for note in (*notes, *simulation.notes)),
        f"The {len(largest)} largest of {len(incidents):,} incidents:",
        largest.to_string(na_rep="-"),
    ]
    return "\n\n".join(parts)


def sweep_text(windows: pd.DataFrame) -> str:
    """Return a sweep for a terminal."""
    shown = windows.drop(columns=["numerator", "denominator"], errors="ignore")
    if shown["window"].notna().all():
        shown = shown.assign(window=[span_text(span) for span in shown["window"]])
    else:
        shown = shown.drop(columns="window")
    formats = {
        name: "{:,}".format for name in shown if str(shown[name].dtype).lower().startswith("int")
    }
    formats["compression"] = "{:.1%}".format
    return str(shown.to_string(index=False, formatters=formats))
