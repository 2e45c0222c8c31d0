"""A report for reading: as text and as HTML, with the bad cells marked."""

from __future__ import annotations

import unicodedata
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pandakit import _html

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from pandakit.enrichment._checks.findings import Finding
    from pandakit.enrichment.report import ValidationReport

__all__ = ["as_html", "as_text", "summary_html"]

_EACH, _LINES = 3, 12
_WIDTH, _WIDE, _LONG = 28, 100, 1_000


def as_text(report: ValidationReport) -> str:
    """Give the report as lines of text."""
    lines = [_verdict(report) + ": " + _facts(report)]
    for title, count, findings in _parts(report):
        if findings:
            lines += ["", f"{title} ({count:,})", *map(_line, _digest(report, findings))]
    notes = [f"note: {note}" for note in report.notes]
    return "\n".join([*lines, *([""] if len(lines) > 1 and notes else []), *notes])


def _parts(report: ValidationReport) -> tuple[tuple[str, int, tuple[Finding, ...]], ...]:
    return (
        ("errors", report.n_errors, report.errors),
        ("warnings", report.n_warnings, report.warnings),
    )


def _digest(report: ValidationReport, findings: tuple[Finding, ...]) -> list[Finding]:
    """Give the first findings of each rule and column, and how many more there are."""
    totals = report.counts.set_index(["rule", "column"])["count"].to_dict()
    lines: list[Finding] = []
    for (rule, column), group in groupby(findings, lambda found: (found.rule, found.column)):
        some = list(group)
        total = totals[rule, column or ""]
        shown = min(_EACH, report.max_findings, total)
        lines += some[:shown]
        if total > shown:
            says = f"and {total - shown:,} more: {total:,} in all"
            lines.append(some[0]._replace(row=None, value=None, message=says))
    return lines


def _verdict(report: ValidationReport) -> str:
    return "can be sent" if report.ok else "would be refused"


def _facts(report: ValidationReport) -> str:
    name = f"{_visible(report.schema.name, _WIDE)}, " if report.schema.name else ""
    strict = ", strict" if report.strict else ""
    found = f"{_count(report.n_errors, 'error')}, {_count(report.n_warnings, 'warning')}"
    size = f"{_count(report.rows, 'row')} of {_count(len(report.schema.columns), 'column')}"
    written = "" if report.bytes is None else f", {_count(report.bytes, 'byte')}"
    return f"{name}{size}{written}; {found}{strict}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _line(found: Finding) -> str:
    row = None if found.row is None else f"row {found.row}"
    value = None if found.value is None else _visible(found.value)
    where = " ".join(filter(None, (_visible(found.column or "", _WIDE), row)))
    says = _visible(found.message, _LONG)
    return "  " + "  ".join(filter(None, (found.rule, where, value, says)))


def _visible(value: str, width: int = _WIDTH) -> str:
    """Show control characters, and whitespace at either end."""
    start, end = len(value) - len(value.lstrip()), len(value.rstrip())
    marks = [_mark(char, edge=not start <= at < end) for at, char in enumerate(value[:width])]
    return "".join(marks) + (f"… ({len(value):,} characters)" if len(value) > width else "")


def _mark(char: str, *, edge: bool) -> str:
    if char == " ":
        return "␣" if edge else char
    if unicodedata.category(char)[0] in "CZ":
        return char.encode("unicode_escape").decode()
    return char


def as_html(report: ValidationReport, excerpt: pd.DataFrame | None) -> str:
    """Return the report as an HTML card for a notebook."""
    verdict = _html.badge(_verdict(report), "good" if report.ok else "error")
    return _html.card(
        _html.title(verdict, "Enrichment table"),
        _html.line(_facts(report), "muted"),
        *_findings_html(report),
        *([] if excerpt is None else _excerpt_html(report, excerpt)),
        *(_html.line(f"Note: {note}", "muted") for note in report.notes),
    )


def _findings_html(report: ValidationReport) -> Iterator[str]:
    for name, count, findings in _parts(report):
        if findings:
            yield _html.line(f"{name} ({count:,})", "section")
            yield _html.table(
                ["rule", "column", "row", "value", "what is wrong"],
                [_finding_cells(found) for found in _digest(report, findings)],
            )


def _finding_cells(found: Finding) -> list[Any]:
    return [
        _html.Cell(found.rule, found.severity),
        _visible(found.column or "", _WIDE),
        _html.Cell(found.row, "number"),
        None if found.value is None else _code(found.value),
        _html.Cell(_visible(found.message, _LONG), "prose"),
    ]


def _excerpt_html(report: ValidationReport, excerpt: pd.DataFrame) -> Iterator[str]:
    marks: dict[tuple[int, str], Finding] = {}
    for found in (*report.warnings, *report.errors):  # errors come last: they win
        if found.row is not None:
            marks[found.row, found.column or ""] = found
    rows = []
    for number, values in zip(excerpt.index, excerpt.itertuples(index=False), strict=True):
        named = zip(excerpt.columns, values, strict=True)
        cells = [_marked_cell(marks.get((number, name)), value) for name, value in named]
        rows.append([_marked_cell(marks.get((number, "")), number), *cells])
    yield _html.line("the rows, with the bad cells marked", "section")
    yield _html.table(["row", *excerpt.columns], rows)


_MARKS = {"error": "wrong", "warning": "doubtful"}


def _marked_cell(found: Finding | None, value: Any) -> _html.Cell:
    is_number = not isinstance(value, str)
    content = value if is_number else _code(value)
    look = "number" if is_number else ""
    if found is None:
        return _html.Cell(content, look)
    if found.column and found.value is not None:
        content = _code(found.value)
    tip = f"{found.rule}: {found.message}"
    return _html.Cell(content, f"{look} {_MARKS[found.severity]}".lstrip(), tip)


def _code(value: str) -> str:
    return _html.code(_visible(value))


def summary_html(title: str, lines: list[str], tables: dict[str, pd.DataFrame]) -> str:
    """Return a card with a heading, some lines and the first rows of some tables."""
    parts = [_html.title(title), *map(_html.line, lines)]
    for name, frame in tables.items():
        if len(frame):
            parts.append(_html.line(name, "section"))
            parts.append(_html.frame_table(frame.map(_visible_cell), _LINES, {"rate": ".1%"}))
    return _html.card(*parts)


def _visible_cell(cell: Any) -> Any:
    return _visible(cell, _WIDE) if isinstance(cell, str) else cell
