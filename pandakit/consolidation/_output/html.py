"""What a notebook shows of a consolidation and of an explanation.

Colours are those of the page, or such as can be read on light and on dark; every text from
the data is escaped.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.consolidation._explain.sentence import (
    readable_refusal,
    readable_values,
    sentence,
)
from pandakit.consolidation._read.events import REASONS
from pandakit.spans import span_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandakit.consolidation.result import Consolidation, EventFacts

__all__ = ["consolidation_html", "explanation_html"]

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
_BLUE, _GREY = "#3d86d0", "#8a94a0"
_SEVERITY = {
    "critical": "#cf4a45",
    "warning": "#d9822b",
    "unknown": "#9a62b5",
    "acknowledged": _BLUE,
    "ok": "#3a9d7a",
}
_FRAME = "font-size:13px;line-height:1.5;max-width:62em;overflow-wrap:anywhere"
_HEAD = "font-size:15px;font-weight:600;margin:2px 0 4px"
_SENTENCE = "font-size:14px;margin:2px 0 8px"
_TITLE = "font-weight:600;margin:12px 0 2px"
_SMALL = "opacity:.75;margin:6px 0"
_TABLE = "border-collapse:collapse;margin:0;border:0;color:inherit;font-size:inherit"
_CELL = "padding:2px 14px 2px 0;border:0;text-align:left;vertical-align:top;white-space:nowrap"
_NUMBER = f"{_CELL};text-align:right;font-variant-numeric:tabular-nums"
_ROW = "background:none"
_TRACK = "width:16em;background:rgba(128,128,128,.18);border-radius:3px;height:11px;margin-top:4px"


def consolidation_html(consolidation: Consolidation, events: EventFacts | None) -> str:
    """Show the funnel, the policy, what was rejected, the notes and the largest incidents."""
    values = consolidation.funnel["value"]
    counts = {name: int(values[name]) for name in _STAGES}
    parts = [
        _block(_headline(counts), _HEAD),
        _block(f"<code style='{_ROW}'>{escape(repr(consolidation.policy))}</code>", _SMALL),
        _table([], [_stage(name, counts) for name in _STAGES]),
        _rejected(counts["rejected"], events),
        *(_block(f"Note: {escape(note)}.", _SMALL) for note in consolidation.notes),
        _largest(consolidation),
    ]
    return _block("".join(parts), _FRAME)


def explanation_html(text: str, facts: dict[str, Any]) -> str:
    """Show the sentence; below it how much of the window was used, or every candidate."""
    if not facts.get("candidates"):
        window = _used_window(facts) if facts.get("margin") is not None else ""
        return _block(_block(escape(text), _SENTENCE) + window, _FRAME)
    parts = [_block(escape(sentence(facts, listed=False)), _SENTENCE)]
    heads = ("incident", "anchor alert", "started", "not taken because")
    for name, values in facts["matched"].items():
        rows = [_candidate(one) for one in facts["candidates"] if one["pattern"] == name]
        if not rows:
            continue
        parts.append(_block(escape(readable_values(name, values)), _TITLE))
        parts.append(_table(heads, rows))
        if name in facts["older_not_listed"]:
            parts.append(_block("Older ones are not listed.", _SMALL))
    return _block("".join(parts), _FRAME)


def _headline(counts: dict[str, int]) -> str:
    return " &rarr; ".join(
        f"{counts[name]:,} {name if counts[name] != 1 else name[:-1]}"
        for name in ("events", "alerts", "incidents")
    )


def _stage(name: str, counts: dict[str, int]) -> list[str]:
    count, of = counts[name], _STAGES[name]
    whole = counts["received"]
    colour = _GREY if name in _MUTED_STAGES else _BLUE
    share = f"{count / counts[of]:.1%} of {of}" if of and count else ""
    return [
        _cell(name),
        _cell(_bar(count / whole if whole else 0, colour)),
        _cell(f"{count:,}", _NUMBER),
        _cell(f"<span style='opacity:.75'>{share}</span>"),
    ]


def _bar(share: float, colour: str) -> str:
    # Something that is there is seen, however small its share.
    width = f"max({share * 100:.2f}%, 2px)" if share else "0"
    filled = f"width:{width};background:{colour};border-radius:3px;height:11px"
    return f"<div style='{_TRACK}'><div style='{filled}'></div></div>"


def _rejected(count: int, events: EventFacts | None) -> str:
    if not count:
        return ""
    if events is None:
        return _block(f"{count:,} rejected; the reasons stand in each chunk's frame.", _SMALL)
    tally = np.bincount(events.reason[events.reason >= 0], minlength=len(REASONS))
    reasons = [f"{reason} {n:,}" for reason, n in zip(REASONS, tally, strict=True) if n]
    return _block(f"{count:,} rejected: {', '.join(reasons)}.", _SMALL)


def _largest(consolidation: Consolidation) -> str:
    incidents = consolidation.incidents
    shown = incidents.sort_values("n_alerts", ascending=False, kind="stable").head(_MOST_INCIDENTS)
    if shown.empty:
        return ""
    rows = [_incident(*row) for row in shown[list(_INCIDENT_COLUMNS)].itertuples()]
    heads = ("incident", "title", "alerts", "open", "events", "severity", "started", "lasted")
    every = f"All incidents: {len(shown)}"
    some = f"The {len(shown)} largest of {len(incidents):,} incidents"
    title = _block(some if len(shown) < len(incidents) else every, _TITLE)
    return title + _table(heads, rows)


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


def _incident(number: int, title: Any, subtitle: Any, *facts: Any) -> list[str]:
    n_alerts, n_open, n_events, severity, start, end = facts
    name = title if pd.isna(subtitle) else f"{title}, {subtitle}"
    dot = f"<span style='color:{_SEVERITY[severity]}'>&#9679;</span> {severity}"
    lasted = "still active" if pd.isna(end) else _rough(end.as_unit("us") - start.as_unit("us"))
    return [
        _cell(str(number), _NUMBER),
        _cell(_shortened(name)),
        *(_cell(f"{count:,}", _NUMBER) for count in (n_alerts, n_open, n_events)),
        _cell(dot),
        _cell(f"{start:%Y-%m-%d %H:%M} UTC"),
        _cell(lasted, _NUMBER),
    ]


def _rough(span: pd.Timedelta) -> str:
    """Give the two largest units of a span."""
    return span_text(span, max_parts=2)


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return escape(text)
    return f"<span title='{escape(text)}'>{escape(text[: _LONGEST_TEXT - 1])}&hellip;</span>"


def _used_window(facts: dict[str, Any]) -> str:
    used = _bar(facts["gap"] / facts["limit"], _BLUE)
    labels = (facts["gap"], facts["limit"], facts["margin"])
    gap, limit, margin = (span_text(span) for span in labels)
    return _table([], [[_cell(used), _cell(f"{gap} of {limit} used, {margin} left")]])


def _candidate(candidate: dict[str, Any]) -> list[str]:
    return [
        _cell(str(candidate["incident_id"]), _NUMBER),
        _cell(str(candidate["anchor_alert_id"]), _NUMBER),
        _cell(f"{span_text(candidate['gap'])} earlier"),
        _cell(escape(readable_refusal(candidate))),
    ]


def _block(content: str, style: str) -> str:
    return f"<div style='{style}'>{content}</div>"


def _cell(content: str, style: str = _CELL) -> str:
    return f"<td style='{style}'>{content}</td>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows; a head stands over its column as the cells below it do."""
    body = "".join(f"<tr style='{_ROW}'>{''.join(cells)}</tr>" for cells in rows)
    if heads:
        line = "font-weight:400;opacity:.75;border-bottom:1px solid rgba(128,128,128,.4)"
        styles = [_NUMBER if _NUMBER in cell else _CELL for cell in rows[0]]
        cells = [
            f"<th style='{style};{line}'>{head}</th>"
            for head, style in zip(heads, styles, strict=True)
        ]
        body = f"<tr style='{_ROW}'>{''.join(cells)}</tr>{body}"
    return f"<table style='{_TABLE}'>{body}</table>"
