"""What a notebook shows of a consolidation.

Colours are those of the page, or such as can be read on light and on dark; every text from
the data is escaped.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.consolidation._output.readable import readable_span
from pandakit.consolidation._read.events import REASONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandakit.consolidation._output.arrays import EventArrays
    from pandakit.consolidation.policy import Policy

__all__ = [
    "BLUE",
    "CELL",
    "FRAME",
    "NUMBER",
    "SENTENCE",
    "SMALL",
    "TITLE",
    "bar",
    "block",
    "cell",
    "consolidation_html",
    "table",
]

_MOST_INCIDENTS = 5
_LONGEST_TEXT = 40
_STAGES = {
    "received": None,
    "rejected": "received",
    "duplicates": "received",
    "events": "received",
    "alerts": "events",
    "incidents": "alerts",
}
_MUTED_STAGES = ("rejected", "duplicates")
BLUE, _GREY = "#3d86d0", "#8a94a0"
_SEVERITY = {
    "critical": "#cf4a45",
    "warning": "#d9822b",
    "unknown": "#9a62b5",
    "acknowledged": BLUE,
    "ok": "#3a9d7a",
}
FRAME = "font-size:13px;line-height:1.5;max-width:62em;overflow-wrap:anywhere"
HEAD = "font-size:15px;font-weight:600;margin:2px 0 4px"
SENTENCE = "font-size:14px;margin:2px 0 8px"
TITLE = "font-weight:600;margin:12px 0 2px"
SMALL = "opacity:.75;margin:6px 0"
_TABLE = "border-collapse:collapse;margin:0;border:0;color:inherit;font-size:inherit"
CELL = "padding:2px 14px 2px 0;border:0;text-align:left;vertical-align:top;white-space:nowrap"
NUMBER = f"{CELL};text-align:right;font-variant-numeric:tabular-nums"
_ROW = "background:none"
_TRACK = "width:16em;background:rgba(128,128,128,.18);border-radius:3px;height:11px;margin-top:4px"


def consolidation_html(
    counts: dict[str, int],
    policy: Policy,
    notes: Sequence[str],
    events: EventArrays | None,
    incidents: pd.DataFrame,
) -> str:
    """Show the funnel, the policy, what was rejected, the notes and the largest incidents."""
    parts = [
        block(_headline(counts), HEAD),
        block(f"<code style='{_ROW}'>{escape(repr(policy))}</code>", SMALL),
        table([], [_stage(name, counts) for name in _STAGES]),
        _rejected(counts["rejected"], events),
        *(block(f"Note: {escape(note)}.", SMALL) for note in notes),
        _largest(incidents),
    ]
    return block("".join(parts), FRAME)


def _headline(counts: dict[str, int]) -> str:
    return " &rarr; ".join(
        f"{counts[name]:,} {name if counts[name] != 1 else name[:-1]}"
        for name in ("events", "alerts", "incidents")
    )


def _stage(name: str, counts: dict[str, int]) -> list[str]:
    count, of = counts[name], _STAGES[name]
    whole = counts["received"]
    colour = _GREY if name in _MUTED_STAGES else BLUE
    share = f"{count / counts[of]:.1%} of {of}" if of and count else ""
    return [
        cell(name),
        cell(bar(count / whole if whole else 0, colour)),
        cell(f"{count:,}", NUMBER),
        cell(f"<span style='opacity:.75'>{share}</span>"),
    ]


def bar(share: float, colour: str) -> str:
    """Return a bar of a share of the whole."""
    # Something that is there is seen, however small its share.
    width = f"max({share * 100:.2f}%, 2px)" if share else "0"
    filled = f"width:{width};background:{colour};border-radius:3px;height:11px"
    return f"<div style='{_TRACK}'><div style='{filled}'></div></div>"


def _rejected(count: int, events: EventArrays | None) -> str:
    if not count:
        return ""
    if events is None:
        return block(f"{count:,} rejected; the reasons stand in each chunk's frame.", SMALL)
    tally = np.bincount(events.reason[events.reason >= 0], minlength=len(REASONS))
    reasons = [f"{reason} {n:,}" for reason, n in zip(REASONS, tally, strict=True) if n]
    return block(f"{count:,} rejected: {', '.join(reasons)}.", SMALL)


def _largest(incidents: pd.DataFrame) -> str:
    shown = incidents.sort_values("n_alerts", ascending=False, kind="stable").head(_MOST_INCIDENTS)
    if shown.empty:
        return ""
    rows = [_incident(*row) for row in shown[list(_INCIDENT_COLUMNS)].itertuples()]
    heads = ("incident", "title", "alerts", "open", "events", "severity", "started", "lasted")
    every = f"All incidents: {len(shown)}"
    some = f"The {len(shown)} largest of {len(incidents):,} incidents"
    title = block(some if len(shown) < len(incidents) else every, TITLE)
    return title + table(heads, rows)


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


def _incident(number: int, title: Any, subtitle: Any, *others: Any) -> list[str]:
    n_alerts, n_open, n_events, severity, start, end = others
    name = title if pd.isna(subtitle) else f"{title}, {subtitle}"
    dot = f"<span style='color:{_SEVERITY[severity]}'>&#9679;</span> {severity}"
    lasted = "still active" if pd.isna(end) else _rough(end.as_unit("us") - start.as_unit("us"))
    return [
        cell(str(number), NUMBER),
        cell(_shortened(name)),
        *(cell(f"{count:,}", NUMBER) for count in (n_alerts, n_open, n_events)),
        cell(dot),
        cell(f"{start:%Y-%m-%d %H:%M} UTC"),
        cell(lasted, NUMBER),
    ]


def _rough(span: pd.Timedelta) -> str:
    """Return the two largest units of a span."""
    return " ".join(readable_span(span).split(" ")[:4])


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return escape(text)
    return f"<span title='{escape(text)}'>{escape(text[: _LONGEST_TEXT - 1])}&hellip;</span>"


def block(content: str, style: str) -> str:
    """Return a paragraph."""
    return f"<div style='{style}'>{content}</div>"


def cell(content: str, style: str = CELL) -> str:
    """Return a cell of a table."""
    return f"<td style='{style}'>{content}</td>"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows; a head stands over its column as the cells below it do."""
    body = "".join(f"<tr style='{_ROW}'>{''.join(cells)}</tr>" for cells in rows)
    if heads:
        line = "font-weight:400;opacity:.75;border-bottom:1px solid rgba(128,128,128,.4)"
        styles = [NUMBER if NUMBER in cell else CELL for cell in rows[0]]
        cells = [
            f"<th style='{style};{line}'>{head}</th>"
            for head, style in zip(heads, styles, strict=True)
        ]
        body = f"<tr style='{_ROW}'>{''.join(cells)}</tr>{body}"
    return f"<table style='{_TABLE}'>{body}</table>"
