"""Findings as they are collected: the first of each kind in full, all of them counted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from pandakit.enrichment._checks.rules import DOUBTFUL, ERROR, RULES, WARNING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Finding", "Tally"]

_RANK = {name: rank for rank, name in enumerate(RULES)}


class Finding(NamedTuple):
    """One thing that is wrong, or doubtful, with a table.

    Attributes
    ----------
    rule
        The rule's name.
    severity
        ``"error"`` (the table is refused) or ``"warning"``.
    column
        The column, when it is about one.
    row
        The row, counted from 0 without the header row, when it is about one.
    value
        The text that would be sent.
    message
        What is wrong.
    """

    rule: str
    severity: str
    column: str | None
    row: int | None
    value: str | None
    message: str


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
        self.counts: Counter[tuple[str, str]] = Counter()

    def severity(self, rule: str) -> str:
        """Say how a rule's findings weigh here."""
        severity = RULES[rule].severity
        return (ERROR if self.strict else WARNING) if severity == DOUBTFUL else severity

    def room(self, rule: str, column: str = "") -> int:
        """Say how many more findings would be kept."""
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
        """Add findings of one kind, of which there are `count` in all."""
        self.counts[rule, column] += len(facts) if count is None else count
        kept = self._kept.setdefault((rule, column), [])
        severity, message = self.severity(rule), RULES[rule].message
        for row, fact in zip(rows, facts, strict=False):
            if len(kept) < self.max_findings:
                says, value = message.format_map(fact), fact.get("value")
                at = None if row is None else int(row)
                kept.append(Finding(rule, severity, column or None, at, value, says))

    def findings(self) -> tuple[Finding, ...]:
        """Give what was kept, errors first, and a line for the rest of each kind."""

        def rank(kind: tuple[str, str]) -> tuple[str, int, int]:
            rows = [-1 if found.row is None else found.row for found in self._kept[kind]]
            return self.severity(kind[0]), _RANK[kind[0]], min(rows, default=-1)

        kinds = sorted(self._kept, key=rank)
        return tuple(finding for kind in kinds for finding in self._with_rest(kind))

    def _with_rest(self, kind: tuple[str, str]) -> list[Finding]:
        kept = sorted(self._kept[kind], key=lambda found: (found.row is not None, found.row or 0))
        if rest := self.counts[kind] - len(kept):
            rule, column = kind
            says = f"and {rest:,} more: {self.counts[kind]:,} in all"
            kept.append(Finding(rule, self.severity(rule), column or None, None, None, says))
        return kept
