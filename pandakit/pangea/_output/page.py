"""A verification as a card for notebooks and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit import _html as html
from pandakit.pangea._output.outcomes import CHECKS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MEANINGS", "verification_card"]

MEANINGS = {
    "failed": "Something contradicts or cannot be read, so the file is not what was logged.",
    "unproved": "Nothing wrong was found, and something is missing that would prove it.",
    "intact": "The file agrees with itself. Who forges a file forges its roots too: compare "
    "with roots from elsewhere to prove it.",
    "proved": "Every event is under a root that was obtained elsewhere.",
}
_TONES = {"failed": "error", "proved": "good"}
_STATUSES = ("pass", "fail", "none")
_MOST = 10  # rows of each table


def verification_card(
    verdict: str, events: pd.DataFrame, batches: pd.DataFrame, failures: pd.DataFrame
) -> str:
    """Return the card: the verdict, what each check found, and where to look."""
    heading = [f"{len(events):,} audit events: {verdict}"]
    if verdict in _TONES:
        heading = [html.badge(verdict, _TONES[verdict]), f"{len(events):,} audit events"]
    parts = [html.title(*heading), html.line(MEANINGS[verdict]), _checks_table(events)]
    lacking = batches[batches["verdict"] != "complete"].drop(columns="tree_name")
    if len(lacking):
        parts += [html.line("Batches that are not complete", "section"),
                  html.frame_table(lacking, _MOST)]  # fmt: skip
    if len(failures):
        parts += [html.line("Failures", "section"), _failures_table(failures)]
    return html.card(*parts)


def _checks_table(events: pd.DataFrame) -> html.Html:
    rows = []
    for check in CHECKS:
        found = events[f"{check}_verification"].value_counts()
        counts = [int(found.get(status, 0)) for status in _STATUSES]
        wrong = html.Cell(counts[1], "number wrong") if counts[1] else counts[1]
        rows.append([check, counts[0], wrong, counts[2]])
    return html.table(["check", *_STATUSES], rows)


def _failures_table(failures: pd.DataFrame) -> html.Html:
    rows = [
        [str(label), row["received_at"], html.Cell(row["reason"], "prose")]
        for label, row in failures.head(_MOST).iterrows()
    ]
    more = len(failures) - _MOST
    rest = [html.line(f"and {more:,} more", "muted")] if more > 0 else []
    return html.join([html.table(["row", "received_at", "reason"], rows), *rest])
