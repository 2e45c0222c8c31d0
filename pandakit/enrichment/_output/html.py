"""Reports and results as cards in a notebook, with the bad cells marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit import _html
from pandakit.enrichment._output.text import LONG, LONGEST, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from pandakit.enrichment._checks.findings import Finding
    from pandakit.enrichment._output.text import ReportContent

__all__ = ["report_html", "summary_html"]

_LINES = 12
_LOOKS = {"error": "wrong", "warning": "doubtful"}


def report_html(facts: ReportContent, excerpt: pd.DataFrame | None) -> str:
    """Return a report as a card, with some of the rows that have findings."""
    verdict = _html.badge(facts.verdict, "error" if facts.findings.errors else "good")
    return _html.card(
        _html.title(verdict, "Enrichment table"),
        _html.line(facts.summary, "muted"),
        *_findings_html(facts),
        *([] if excerpt is None else _excerpt_html(facts, excerpt)),
        *(_html.line(f"Note: {note}", "muted") for note in facts.notes),
    )


def _findings_html(facts: ReportContent) -> Iterator[str]:
    for heading, findings in facts.parts():
        yield _html.line(heading, "section")
        yield _html.table(
            ["rule", "column", "row", "value", "what is wrong"], map(_finding_cells, findings)
        )


def _finding_cells(found: Finding) -> list[Any]:
    return [
        _html.Cell(found.rule, found.severity),
        visible(found.column or "", LONG),
        _html.Cell(found.row, "number"),
        None if found.value is None else _code(found.value),
        _html.Cell(visible(found.message, LONGEST), "prose"),
    ]


def _excerpt_html(facts: ReportContent, excerpt: pd.DataFrame) -> Iterator[str]:
    marks: dict[tuple[int, str], Finding] = {}
    for found in (*facts.findings.warnings, *facts.findings.errors):  # an error replaces a warning
        if found.row is not None:
            marks[found.row, found.column or ""] = found
    rows = []
    for number, values in zip(excerpt.index, excerpt.itertuples(index=False), strict=True):
        named = zip(excerpt.columns, values, strict=True)
        cells = [_marked_cell(marks.get((number, name)), value) for name, value in named]
        rows.append([_marked_cell(marks.get((number, "")), number), *cells])
    yield _html.line("the rows, with the bad cells marked", "section")
    yield _html.table(["row", *excerpt.columns], rows)


def _marked_cell(found: Finding | None, value: Any) -> _html.Cell:
    is_number = not isinstance(value, str)
    content = value if is_number else _code(value)
    look = "number" if is_number else ""
    if found is None:
        return _html.Cell(content, look)
    if found.column and found.value is not None:
        content = _code(found.value)
    tip = f"{found.rule}: {found.message}"
    return _html.Cell(content, f"{look} {_LOOKS[found.severity]}".lstrip(), tip)


def _code(value: str) -> str:
    return _html.code(visible(value))


def summary_html(title: str, lines: list[str], tables: dict[str, pd.DataFrame]) -> str:
    """Return a card with a heading, some lines and the first rows of some tables."""
    parts = [_html.title(title), *map(_html.line, lines)]
    for name, frame in tables.items():
        if len(frame):
            parts.append(_html.line(name, "section"))
            parts.append(_html.frame_table(frame.map(_visible_cell), _LINES, {"rate": ".1%"}))
    return _html.card(*parts)


def _visible_cell(cell: Any) -> Any:
    return visible(cell, LONG) if isinstance(cell, str) else cell
