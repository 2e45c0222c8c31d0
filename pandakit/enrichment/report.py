"""The result of a validation: as text, as a frame, as HTML, and as repairs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.enrichment._output.html import report_html
from pandakit.enrichment._output.text import ReportContent, report_text
from pandakit.enrichment._source.source import rows_at
from pandakit.enrichment.fix import fix_table

if TYPE_CHECKING:
    from pathlib import Path

    from pandakit.enrichment._checks.findings import Finding, Findings
    from pandakit.enrichment._source.source import Source
    from pandakit.enrichment.schema import EnrichmentSchema

__all__ = ["ValidationReport", "excerpt"]

_COLUMNS = ("rule", "severity", "column", "row", "value", "message")
_EXCERPT_ROWS = 8
_TEXT = pd.StringDtype(na_value=np.nan)  # the `str` of pandas 3
_LINES = {"blank_line", "cell_count", "quotes"}  # about lines that are not rows


class ValidationReport:
    """What `validate_enrichment` found.

    Attributes
    ----------
    ok : bool
        Whether the table may be sent: there is no error.
    errors, warnings : tuple of Finding
        ``rule, severity, column, row, value, message``: the first `max_findings` of each rule and
        column, then one without a row that says how many more there are.
    counts : pandas.DataFrame
        ``rule, severity, column, count``: all findings, including those beyond `max_findings`.
    n_errors, n_warnings : int
        The sums of these counts.
    rows : int
        How many rows of values there are.
    bytes : int or None
        The size of the file, or for a frame its size once written; `None` if columns are missing.
    strict : bool
        Whether doubtful limits were refused.
    max_findings : int
        How many findings of each rule and column are listed.
    notes : tuple of str
        What could not be checked, and how to check it.

    Notes
    -----
    Rows are counted from 0 without the header row, as in ``frame.iloc[row]``.
    """

    def __init__(
        self,
        schema: EnrichmentSchema,
        table: pd.DataFrame | Path,
        findings: Findings,
        *,
        rows: int,
        bytes: int | None,  # noqa: A002 - as in CsvFile
        strict: bool,
        excerpt: pd.DataFrame | None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.schema, self.strict, self.notes = schema, strict, notes
        self.rows, self.bytes = rows, bytes
        self.errors, self.warnings = findings.errors, findings.warnings
        self.n_errors, self.n_warnings = findings.n_errors, findings.n_warnings
        self.max_findings = findings.max_findings
        self._findings, self._table, self._excerpt = findings, table, excerpt

    @property
    def ok(self) -> bool:
        """Whether the table may be sent."""
        return not self.errors

    @property
    def counts(self) -> pd.DataFrame:
        """How many findings there are of each rule and column."""
        kinds = dict.fromkeys(
            (found.rule, found.severity, found.column or "")
            for found in (*self.errors, *self.warnings)
        )
        counts = self._findings.counts
        rows = [(*kind, counts[kind[0], kind[2]]) for kind in kinds]
        frame = pd.DataFrame(rows, columns=["rule", "severity", "column", "count"])
        return frame.astype({"rule": _TEXT, "severity": _TEXT, "column": _TEXT, "count": "int64"})

    def to_frame(self) -> pd.DataFrame:
        """Return the findings as a frame, errors first.

        Returns
        -------
        pandas.DataFrame
            ``rule, severity, column, row, value, message``; `column`, `row` and `value` are
            missing if a finding is not about one.

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
        findings = [*self.errors, *self.warnings]
        columns: dict[str, list[Any]] = {
            name: [getattr(found, name) for found in findings] for name in _COLUMNS
        }
        return pd.DataFrame(
            {
                name: pd.Series(cells, dtype="Int64" if name == "row" else _TEXT)
                for name, cells in columns.items()
            }
        )

    def to_text(self) -> str:
        """Return the verdict, and the first findings line by line.

        Examples
        --------
        >>> import pandas as pd
        >>> from pandakit.enrichment import EnrichmentSchema, validate_enrichment
        >>> table = pd.DataFrame({"host": ["db1"]})
        >>> print(validate_enrichment(table, EnrichmentSchema("host", "owner")).to_text())
        would be refused: 1 row of 2 columns; 1 error, 0 warnings
        <BLANKLINE>
        errors (1)
          missing_column  owner  the table lacks this column of the schema
        <BLANKLINE>
        note: checked for this schema alone: 1,000 alert tags, ...; pass current_usage for the rest
        """
        return report_text(self._facts())

    def fix(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the table with the repairs that cannot change what it means.

        Columns whose names differ from the schema's only by case or whitespace are renamed,
        leading and trailing whitespace is cut from texts, and rows are dropped whose text equals
        that of an earlier row. The validated table is not changed. A file is read as text; its
        byte order mark and line ends are corrected when the frame is written.

        Whitespace stays where removing it would empty a key, give two keys with different results
        the same text, or turn a value into a quoted one. Fixing the result again changes nothing.

        Returns
        -------
        frame : pandas.DataFrame
            The repaired table. A column with a changed cell keeps its dtype if it can hold the new
            text, else it becomes a column of objects.
        changes : pandas.DataFrame
            ``change`` (``"renamed"``, ``"trimmed"``, ``"dropped"``), ``column, row, before,
            after``; rows as in the table that was validated.

        Warns
        -----
        PartialWarning
            Whitespace was left for one of these reasons; the message names the first rows.

        Examples
        --------
        >>> import pandas as pd
        >>> from pandakit.enrichment import EnrichmentSchema, validate_enrichment
        >>> table = pd.DataFrame({"Host": ["db1 ", "db1"], "owner": ["ann", "ann"]})
        >>> frame, changes = validate_enrichment(table, EnrichmentSchema("host", "owner")).fix()
        >>> frame.to_dict("list"), list(changes["change"])
        ({'host': ['db1'], 'owner': ['ann']}, ['renamed', 'trimmed', 'dropped'])
        """
        return fix_table(self._table, self.schema)

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return report_html(self._facts(), self._excerpt)

    def _facts(self) -> ReportContent:
        return ReportContent(
            self.schema.name,
            self.rows,
            len(self.schema.columns),
            self.bytes,
            self.strict,
            self._findings,
            self.notes,
        )


def excerpt(source: Source | None, findings: Findings) -> pd.DataFrame | None:
    """Return the text of the first rows with findings, by row number."""
    rows = list(dict.fromkeys(_notable_rows((*findings.errors, *findings.warnings))))
    if source is None or not source.titles or not rows:
        return None
    numbers, text = rows_at(source, np.sort(rows[:_EXCERPT_ROWS]))
    return text.to_pandas().set_axis(numbers, axis=0) if len(numbers) else None


def _notable_rows(findings: tuple[Finding, ...]) -> list[int]:
    """Return the rows of the findings, the first of each kind before the second of any."""
    seen: Counter[tuple[str, str | None]] = Counter()
    ranked = []
    for found in findings:
        if found.row is not None and found.rule not in _LINES:
            ranked.append((seen[found.rule, found.column], found.row))
            seen[found.rule, found.column] += 1
    return [row for _, row in sorted(ranked, key=lambda rank: rank[0])]
