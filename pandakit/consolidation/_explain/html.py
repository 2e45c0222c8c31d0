"""What a notebook shows of an explanation."""

from __future__ import annotations

from html import escape
from typing import Any

from pandakit.consolidation._explain.sentence import readable_refusal, readable_values, sentence
from pandakit.consolidation._output.html import (
    BLUE,
    FRAME,
    NUMBER,
    SENTENCE,
    SMALL,
    TITLE,
    bar,
    block,
    cell,
    table,
)
from pandakit.consolidation._output.readable import readable_span

__all__ = ["explanation_html"]


def explanation_html(text: str, facts: dict[str, Any]) -> str:
    """Show the sentence; below it how much of the window was used, or every candidate."""
    if not facts.get("candidates"):
        window = _used_window(facts) if facts.get("margin") is not None else ""
        return block(block(escape(text), SENTENCE) + window, FRAME)
    parts = [block(escape(sentence(facts, listed=False)), SENTENCE)]
    heads = ("incident", "anchor alert", "started", "not taken because")
    for name, values in facts["matched"].items():
        rows = [_candidate(one) for one in facts["candidates"] if one["pattern"] == name]
        if not rows:
            continue
        parts.append(block(escape(readable_values(name, values)), TITLE))
        parts.append(table(heads, rows))
        if name in facts["older_not_listed"]:
            parts.append(block("Older ones are not listed.", SMALL))
    return block("".join(parts), FRAME)


def _used_window(facts: dict[str, Any]) -> str:
    used = bar(facts["gap"] / facts["limit"], BLUE)
    labels = (facts["gap"], facts["limit"], facts["margin"])
    gap, limit, margin = (readable_span(span) for span in labels)
    return table([], [[cell(used), cell(f"{gap} of {limit} used, {margin} left")]])


def _candidate(candidate: dict[str, Any]) -> list[str]:
    return [
        cell(str(candidate["incident_id"]), NUMBER),
        cell(str(candidate["anchor_alert_id"]), NUMBER),
        cell(f"{readable_span(candidate['gap'])} earlier"),
        cell(escape(readable_refusal(candidate))),
    ]
