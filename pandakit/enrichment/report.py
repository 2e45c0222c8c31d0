"""The result of a validation: as text, as a frame, as HTML, and as repairs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.enrichment._checks.rules import ERROR
from pandakit.enrichment._output.show import as_html, as_text
from pandakit.enrichment.fix import fixed

if TYPE_CHECKING:
    from pandakit.enrichment._checks.findings import Finding
    from pandakit.enrichment._source.source import Source
    from pandakit.enrichment.schema import EnrichmentSchema

__all__ = ["ValidationReport", "excerpt"]

_COLUMNS = ("rule", "severity", "column", "row", "value", "message")
_EXCERPT_ROWS = 8
_TEXT = pd.StringDtype(na_value=np.nan)  # the `str` of pandas 3
_LINES = {"blank_line", "cell_count", "quotes"}  # about lines that are no rows


class ValidationReport:
    """What `validate_enrichment` found.

    Attributes
    ----------
    ok : bool
        The table may be sent: there is no error.
    errors, warnings : tuple of Finding
        `rule, severity, column, row, value, message`; of each rule and column the first
        `max_findings`, then one without row that says how many more there are.
    counts : pandas.DataFrame
        ``rule, severity, column, count``: all that was found, also beyond `max_findings`.
    n_errors, n_warnings : int
        The sums of these counts.
    rows : int
        Rows of values.
    bytes : int or None
        The size of the file; of a frame the size once written, `None` where columns are missing.
    strict : bool
        Whether doubtful limits were refused.
    max_findings : int
        How many findings of each rule and column are listed.
    notes : tuple of str
        What could not be judged, and how it can be.

    Notes
    -----
    Rows are counted from 0 without the header row: ``frame.iloc[row]``.
    """

    def __init__(
        self,
        schema: EnrichmentSchema,
        *,
        findings: tuple[Finding, ...],
        counts: Counter[tuple[str, str]],
        rows: int,
        bytes: int | None,  # noqa: A002 - as in CsvFile
        strict: bool,
        max_findings: int,
        subject: Any,
        excerpt: pd.DataFrame | None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.schema, self.strict, self.max_findings, self.notes = (
            schema,
            strict,
            max_findings,
            notes,
        )
        self.rows, self.bytes = rows, bytes
        self.errors = tuple(found for found in findings if found.severity == ERROR)
        self.warnings = tuple(found for found in findings if found.severity != ERROR)
        self.counts = _counts(findings, counts)
        is_error = self.counts["severity"] == ERROR
        self.n_errors = int(self.counts.loc[is_error, "count"].sum())
        self.n_warnings = int(self.counts.loc[~is_error, "count"].sum())
        self._subject, self._excerpt = subject, excerpt

    @property
    def ok(self) -> bool:
        """Whether the table may be sent."""
        return not self.errors

    def to_frame(self) -> pd.DataFrame:
        """Give the findings as a frame, errors first.

        Returns
        -------
        pandas.DataFrame
            ``rule, severity, column, row, value, message``; `column`, `row` and `value` are
            missing where a finding is not about one.

        Examples
        --------
        >>> import pandas as pd
        >>> from pandakit.enrichment import EnrichmentSchema, validate_enrichment
        >>> table = pd.DataFrame({"host": [" db1"], "owner": ["ann"]})
        >>> report = validate_enrichment(table, EnrichmentSchema("host", "owner"))
        >>> report.to_frame()[["rule", "severity", "column", "row"]]
                             rule severity column  row
        0  surrounding_whitespace  warning   host    0
        """
        return _frame([*self.errors, *self.warnings])

    def to_text(self) -> str:
        """Give the verdict, and the first findings line by line.

        Examples
        --------
        >>> import pandas as pd
        >>> from pandakit.enrichment import EnrichmentSchema, validate_enrichment
        >>> table = pd.DataFrame({"host": ["db1"]})
        >>> print(validate_enrichment(table, EnrichmentSchema("host", "owner")).to_text())
        would be refused: 1 row of 2 columns; 1 error, 0 warnings
        <BLANKLINE>
        errors (1)
          missing_column  owner  the schema has this column, the table has not
        <BLANKLINE>
        note: ...in use: 1,000 alert tags, 20,000 enrichment items, ... (see current_usage)
        """
        return as_text(self)

    def fix(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Make the repairs that cannot change what is meant.

        Columns whose name differs from the schema's by case or whitespace are renamed, whitespace
        around values are cut off, and rows are dropped whose text is that of an earlier
        row. The caller's frame stays as it is. A file is read as text; its byte order mark
        and line ends are put right when the frame is written.

        Returns
        -------
        frame : pandas.DataFrame
            The repaired table.
        changes : pandas.DataFrame
            ``change, column, row, before, after``; rows as in the table that was judged.

        Examples
        --------
        >>> import pandas as pd
        >>> from pandakit.enrichment import EnrichmentSchema, validate_enrichment
        >>> table = pd.DataFrame({"Host": ["db1 ", "db1"], "owner": ["ann", "ann"]})
        >>> frame, changes = validate_enrichment(table, EnrichmentSchema("host", "owner")).fix()
        >>> frame.to_dict("list"), list(changes["change"])
        ({'host': ['db1'], 'owner': ['ann']}, ['renamed', 'trimmed', 'dropped'])
        """
        return fixed(self._subject, self.schema)

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return as_html(self, self._excerpt)


def excerpt(
    source: Source | None, findings: tuple[Finding, ...], count: int
) -> pd.DataFrame | None:
    """Give the text of the first rows that something is wrong with, by row number."""
    if source is None or not source.titles:
        return None
    numbers = pd.Index(_telling(findings), dtype="int64").unique()[:_EXCERPT_ROWS].sort_values()
    positions = source.position(numbers.to_numpy())
    is_row = (positions < count) & (source.number(positions) == numbers)  # else a bad line
    numbers, positions = numbers[is_row], positions[is_row]
    if not len(numbers):
        return None
    return source.take(positions).to_pandas().set_axis(numbers, axis=0)


def _telling(findings: tuple[Finding, ...]) -> list[int]:
    """Give the rows of the findings, the first of each kind before the second of any."""
    seen: Counter[tuple[str, str | None]] = Counter()
    ranked = []
    for found in findings:
        if found.row is not None and found.rule not in _LINES:
            ranked.append((seen[found.rule, found.column], found.row))
            seen[found.rule, found.column] += 1
    return [row for _, row in sorted(ranked, key=lambda rank: rank[0])]


def _frame(findings: list[Finding]) -> pd.DataFrame:
    columns: dict[str, list[Any]] = {
        name: [getattr(found, name) for found in findings] for name in _COLUMNS
    }
    rows = columns.pop("row")
    frame = pd.DataFrame({name: pd.Series(cells, dtype=_TEXT) for name, cells in columns.items()})
    frame.insert(3, "row", pd.Series(rows, dtype="Int64"))
    return frame


def _counts(findings: tuple[Finding, ...], counts: Counter[tuple[str, str]]) -> pd.DataFrame:
    severities = {found.rule: found.severity for found in findings}
    kinds = dict.fromkeys((found.rule, found.column or "") for found in findings)
    rows = [(rule, severities[rule], column, counts[rule, column]) for rule, column in kinds]
    frame = pd.DataFrame(rows, columns=["rule", "severity", "column", "count"])
    return frame.astype({"rule": _TEXT, "severity": _TEXT, "column": _TEXT, "count": "int64"})
