"""What a notebook shows of an explanation."""

from __future__ import annotations

from typing import Any

from pandakit import _html
from pandakit.consolidation._explain.sentence import readable_refusal, readable_values, sentence
from pandakit.spans import span_text

__all__ = ["explanation_html"]

_HEADS = ("incident", "anchor alert", "started", "not taken because")


def explanation_html(text: str, facts: dict[str, Any]) -> str:
    """Return the sentence, with how much of the window was used, or with every candidate."""
    if not facts.get("candidates"):
        window = _used_window(facts) if facts.get("margin") is not None else ""
        return _html.card(_html.line(text), window)
    parts: list[Any] = [_html.line(sentence(facts, listed=False))]
    for name, values in facts["matched"].items():
        rows = [_candidate(one) for one in facts["candidates"] if one["pattern"] == name]
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


def _candidate(candidate: dict[str, Any]) -> list[Any]:
    return [
        candidate["incident_id"],
        candidate["anchor_alert_id"],
        f"{span_text(candidate['gap'])} earlier",
        _html.Cell(readable_refusal(candidate), "prose"),
    ]
