"""A report as lines of text that are safe for a terminal."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from pandakit.text import counted

if TYPE_CHECKING:
    from pandakit.enrichment._checks.findings import Finding, Findings

__all__ = ["LONG", "LONGEST", "ReportContent", "report_text", "visible"]

SHORT, LONG, LONGEST = 28, 100, 1_000  # characters shown of a value, a name, a message
_EACH = 3  # findings shown of each rule and column


@dataclass(frozen=True, slots=True)
class ReportContent:
    """What a report shows.

    Parameters
    ----------
    name
        The name of the enrichment, if it has one.
    rows, columns, bytes
        The size of the table; its bytes if they are known.
    strict
        Whether doubtful limits were refused.
    findings
        What was found.
    notes
        What could not be checked.
    """

    name: str | None
    rows: int
    columns: int
    bytes: int | None
    strict: bool
    findings: Findings
    notes: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """Whether the table may be sent."""
        return "would be refused" if self.findings.errors else "can be sent"

    @property
    def summary(self) -> str:
        """The size of the table, and the number of findings."""
        name = f"{visible(self.name, LONG)}, " if self.name else ""
        size = f"{counted(self.rows, 'row')} of {counted(self.columns, 'column')}"
        written = "" if self.bytes is None else f", {counted(self.bytes, 'byte')}"
        errors = counted(self.findings.n_errors, "error")
        warnings = counted(self.findings.n_warnings, "warning")
        return f"{name}{size}{written}; {errors}, {warnings}{', strict' if self.strict else ''}"

    def parts(self) -> list[tuple[str, list[Finding]]]:
        """Return a heading and the findings to show for errors and for warnings."""
        found = self.findings
        kinds = [
            ("errors", found.n_errors, found.errors),
            ("warnings", found.n_warnings, found.warnings),
        ]
        return [
            (f"{name} ({count:,})", _digest(found, some)) for name, count, some in kinds if some
        ]


def _digest(findings: Findings, some: tuple[Finding, ...]) -> list[Finding]:
    """Return the first findings of each rule and column, and how many more there are."""
    lines: list[Finding] = []
    for (rule, column), group in groupby(some, lambda found: (found.rule, found.column)):
        same, total = list(group), findings.counts[rule, column or ""]
        shown = min(_EACH, findings.max_findings, total)
        lines += same[:shown]
        if total > shown:
            text = f"and {total - shown:,} more: {total:,} in all"
            lines.append(same[0]._replace(row=None, value=None, message=text))
    return lines


def report_text(content: ReportContent) -> str:
    """Return a report as lines of text."""
    lines = [f"{content.verdict}: {content.summary}"]
    for heading, findings in content.parts():
        lines += ["", heading, *map(_line, findings)]
    notes = [f"note: {note}" for note in content.notes]
    return "\n".join([*lines, *([""] if len(lines) > 1 and notes else []), *notes])


def _line(found: Finding) -> str:
    row = None if found.row is None else f"row {found.row}"
    value = None if found.value is None else visible(found.value)
    where = " ".join(filter(None, (visible(found.column or "", LONG), row)))
    message = visible(found.message, LONGEST)
    return "  " + "  ".join(filter(None, (found.rule, where, value, message)))


def visible(text: str, width: int = SHORT) -> str:
    """Return text with its control characters and surrounding whitespace made visible."""
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    shown = [
        _visible_char(char, is_inside=start <= at < end) for at, char in enumerate(text[:width])
    ]
    return "".join(shown) + (f"… ({len(text):,} characters)" if len(text) > width else "")


def _visible_char(char: str, *, is_inside: bool) -> str:
    if char == " ":
        return char if is_inside else "␣"
    if unicodedata.category(char)[0] in "CZ":
        return char.encode("unicode_escape").decode()
    return char
