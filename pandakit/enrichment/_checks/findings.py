"""Findings as they are collected: the first of each kind in full, all of them counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pandakit.enrichment._checks.rules import DOUBTFUL, ERROR, RULES, WARNING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Finding", "FindingSeverity", "Findings", "Tally"]

FindingSeverity = Literal["error", "warning"]

_RANK = {name: rank for rank, name in enumerate(RULES)}


class Finding(NamedTuple):
    """One error or doubt about a table.

    Attributes
    ----------
    rule
        The rule's name.
    severity
        ``"error"`` (the table is refused) or ``"warning"``.
    column
        The column, if it is about one.
    row
        The row, counted from 0 without the header row, if it is about one.
    value
        The text that would be sent.
    message
        What is wrong.
    """

    rule: str
    severity: FindingSeverity
    column: str | None
    row: int | None
    value: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Findings:
    """All findings about a table.

    Parameters
    ----------
    errors, warnings
        The first `max_findings` of each rule and column, then one without a row that says how
        many more there are.
    counts
        The number of findings of each rule and column.
    max_findings
        How many of each rule and column are kept.
    """

    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    counts: Mapping[tuple[str, str], int]
    max_findings: int

    @property
    def n_errors(self) -> int:
        """How many errors there are, including those beyond `max_findings`."""
        return self._count(self.errors)

    @property
    def n_warnings(self) -> int:
        """How many warnings there are, including those beyond `max_findings`."""
        return self._count(self.warnings)

    def _count(self, findings: tuple[Finding, ...]) -> int:
        kinds = {(found.rule, found.column or "") for found in findings}
        return sum(self.counts[kind] for kind in kinds)


class Tally:
    """Counts every finding, and keeps the first `max_findings` of each rule and column.

    Parameters
    ----------
    strict
        Doubtful limits are errors.
    max_findings
        How many findings of a rule and column are kept.
    """

    def __init__(self, *, strict: bool, max_findings: int) -> None:
        self.strict, self.max_findings = strict, max_findings
        self._kept: dict[tuple[str, str], list[Finding]] = {}
        self._counts: Counter[tuple[str, str]] = Counter()

    def room(self, rule: str, column: str = "") -> int:
        """Return how many more findings would be kept."""
        return self.max_findings - len(self._kept.get((rule, column), ()))

    def add(self, rule: str, column: str = "", row: int | None = None, **facts: Any) -> None:
        """Add one finding; `facts` fill the rule's message, `value` the finding."""
        self.add_many(rule, column, [row], [facts])

    def add_many(
        self,
        rule: str,
        column: str,
        rows: Iterable[int | None],
        facts: Sequence[Mapping[str, Any]],
        count: int | None = None,
    ) -> None:
        """Add findings of one kind, of which there are `count` in total."""
        self._counts[rule, column] += len(facts) if count is None else count
        kept = self._kept.setdefault((rule, column), [])
        severity, message = self._severity(rule), RULES[rule].message
        for row, fact in zip(rows, facts, strict=False):
            if len(kept) < self.max_findings:
                text, value = message.format_map(fact), fact.get("value")
                number = None if row is None else int(row)
                kept.append(Finding(rule, severity, column or None, number, value, text))

    def findings(self) -> Findings:
        """Return what was found, in the order of the rules."""

        def rank(kind: tuple[str, str]) -> tuple[int, int]:
            rows = [-1 if found.row is None else found.row for found in self._kept[kind]]
            return _RANK[kind[0]], min(rows, default=-1)

        kinds = sorted(self._kept, key=rank)
        found = [finding for kind in kinds for finding in self._with_rest(kind)]
        errors = tuple(each for each in found if each.severity == ERROR)
        warnings = tuple(each for each in found if each.severity != ERROR)
        return Findings(errors, warnings, dict(self._counts), self.max_findings)

    def _severity(self, rule: str) -> FindingSeverity:
        severity = RULES[rule].severity
        if severity == DOUBTFUL:
            return ERROR if self.strict else WARNING
        return severity

    def _with_rest(self, kind: tuple[str, str]) -> list[Finding]:
        kept = sorted(self._kept[kind], key=lambda found: (found.row is not None, found.row or 0))
        if rest := self._counts[kind] - len(kept):
            rule, column = kind
            text = f"and {rest:,} more: {self._counts[kind]:,} in all"
            kept.append(Finding(rule, self._severity(rule), column or None, None, None, text))
        return kept
