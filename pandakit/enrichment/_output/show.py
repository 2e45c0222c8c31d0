"""A report for reading: as text and as HTML, with the bad cells marked."""

from __future__ import annotations

import html
import unicodedata
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from pandakit.enrichment._checks.findings import Finding
    from pandakit.enrichment.report import ValidationReport

__all__ = ["as_html", "as_text", "summary_html"]

_EACH, _LINES = 3, 12
_WIDTH, _WIDE, _LONG = 28, 100, 1_000

_STYLE = """
.pk-report{font:13px/1.5 system-ui,sans-serif;color:#1f2933;background:#fff;max-width:980px;
border:1px solid #d9e0e7;border-radius:8px;padding:14px 16px}
.pk-report h4{margin:0 0 4px;font-size:15px}
.pk-report h5{margin:16px 0 4px;font-size:11px;letter-spacing:.06em;text-transform:uppercase;
color:#64707d}
.pk-report .facts{color:#64707d}.pk-report .note{margin-top:12px;font-size:12px}
.pk-report .badge{display:inline-block;border-radius:10px;padding:1px 10px;margin-right:8px;
color:#fff;font-size:12px;font-weight:600;vertical-align:1px}
.pk-report .refused{background:#c62f2f}.pk-report .accepted{background:#1f7a4d}
.pk-report .scroll{overflow-x:auto}
.pk-report table{font:inherit;color:inherit;border-collapse:collapse;border:0;margin:0}
.pk-report th,.pk-report td{border:0;border-bottom:1px solid #e6ebf0;padding:4px 14px 4px 0;
text-align:left;vertical-align:baseline;white-space:nowrap;background:none;color:inherit}
.pk-report th{font-weight:600;color:#64707d}
.pk-report td.says{white-space:normal;min-width:18em}
.pk-report td.row{text-align:right;font-variant-numeric:tabular-nums}
.pk-report .cells td,.pk-report .cells th{padding:4px 12px}
.pk-report code{font:12px ui-monospace,Menlo,Consolas,monospace;background:none;color:inherit;
padding:0;white-space:pre}
.pk-report td.error{color:#a61b1b;font-weight:600}
.pk-report td.warning{color:#8a5a00;font-weight:600}
.pk-report .cells td.error,.pk-report .cells td.warning{color:inherit;font-weight:400}
.pk-report .cells td.error{background:#fde3e3;box-shadow:inset 3px 0 #c62f2f}
.pk-report .cells td.warning{background:#fff1cf;box-shadow:inset 3px 0 #d99a00}
"""


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
    """Give the report as HTML that stands by itself."""
    state = "accepted" if report.ok else "refused"
    parts = [
        f"<style>{_STYLE}</style><div class='pk-report'>",
        f"<h4><span class='badge {state}'>{_verdict(report)}</span>Enrichment table</h4>",
        f"<div class='facts'>{html.escape(_facts(report))}</div>",
        _findings_html(report),
    ]
    if excerpt is not None:
        parts.append(_excerpt_html(report, excerpt))
    parts += [f"<div class='facts note'>Note: {html.escape(note)}</div>" for note in report.notes]
    return "".join([*parts, "</div>"])


def _findings_html(report: ValidationReport) -> str:
    parts = []
    for title, count, findings in _parts(report):
        if findings:
            rows = "".join(map(_finding_html, _digest(report, findings)))
            parts.append(
                f"<h5>{title} ({count:,})</h5><div class='scroll'><table><tr><th>rule</th>"
                "<th>column</th><th>row</th><th>value</th><th>what is wrong</th></tr>"
                f"{rows}</table></div>"
            )
    return "".join(parts)


def _finding_html(found: Finding) -> str:
    value = "" if found.value is None else _code(found.value)
    row = "" if found.row is None else f"{found.row:,}"
    return (
        f"<tr><td class='{found.severity}'>{found.rule}</td>"
        f"<td>{html.escape(_visible(found.column or '', _WIDE))}</td><td class='row'>{row}</td>"
        f"<td>{value}</td><td class='says'>{html.escape(_visible(found.message, _LONG))}</td></tr>"
    )


def _excerpt_html(report: ValidationReport, excerpt: pd.DataFrame) -> str:
    marks: dict[tuple[int, str], Finding] = {}
    for found in (*report.warnings, *report.errors):  # errors come last: they win
        if found.row is not None:
            marks[found.row, found.column or ""] = found
    head = "".join(f"<th>{html.escape(str(name))}</th>" for name in excerpt.columns)
    lines = []
    for number, cells in zip(excerpt.index, excerpt.itertuples(index=False), strict=True):
        values = [("", f"{number:,}"), *zip(excerpt.columns, cells, strict=True)]
        line = "".join(_cell_html(marks.get((number, name)), value) for name, value in values)
        lines.append(f"<tr>{line}</tr>")
    return (
        "<h5>the rows, with the bad cells marked</h5><div class='scroll'>"
        f"<table class='cells'><tr><th>row</th>{head}</tr>{''.join(lines)}</table></div>"
    )


def _cell_html(found: Finding | None, value: str) -> str:
    if found is None:
        return f"<td>{_code(value)}</td>"
    shown = found.value if found.column and found.value is not None else value
    tip = html.escape(f"{found.rule}: {found.message}")
    return f"<td class='{found.severity}' title='{tip}'>{_code(shown)}</td>"


def _code(value: str) -> str:
    return f"<code>{html.escape(_visible(value))}</code>"


def summary_html(title: str, lines: list[str], tables: dict[str, pd.DataFrame]) -> str:
    """Give a heading, some lines and the first rows of some tables as HTML."""
    parts = [f"<style>{_STYLE}</style><div class='pk-report'><h4>{html.escape(title)}</h4>"]
    parts += [f"<div>{html.escape(line)}</div>" for line in lines]
    for name, frame in tables.items():
        if len(frame):
            visible = frame.head(_LINES).map(_visible_cell)
            shown = visible.to_html(index=False, border=0, na_rep="", float_format=_share)
            more = len(frame) - _LINES
            rest = f"<div class='facts'>and {more:,} more</div>" if more > 0 else ""
            parts.append(f"<h5>{html.escape(name)}</h5><div class='scroll'>{shown}</div>{rest}")
    return "".join([*parts, "</div>"])


def _share(number: float) -> str:
    return f"{number:.1%}"


def _visible_cell(cell: Any) -> Any:
    return _visible(cell, _WIDE) if isinstance(cell, str) else cell
