"""The demo's results, as text and as one self-contained HTML page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit import _html
from pandakit.consolidation import readable_funnel
from pandakit.spans import span_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pandakit.consolidation import Consolidation
    from pandakit.enrichment import CsvFile, ValidationReport

__all__ = ["Report"]

_COUNTS = ("incidents", "largest")


@dataclass(frozen=True)
class Report:
    """The results of one run of the demo.

    Parameters
    ----------
    source
        The source of the data, as the clients name it.
    loaded
        One row per list: `list`, `rows`, `pages`, `requests`.
    simulation
        The consolidation and its funnel.
    windows
        The sweep over windows.
    swept_pattern
        The pattern whose window the sweep moves.
    table
        The enrichment table that was written: path, rows, bytes, checksum.
    refused
        The validation of a table with deliberate mistakes.
    job_status
        How the upload ended.
    pictures
        The PNG files by their captions.
    """

    source: str
    loaded: pd.DataFrame
    simulation: Consolidation
    windows: pd.DataFrame
    swept_pattern: str
    table: CsvFile
    refused: ValidationReport
    job_status: str
    pictures: dict[str, Path] = field(default_factory=dict)

    def to_text(self) -> str:
        """Return the report for a terminal."""
        sections = (
            (f"Loaded: {self.source}", _as_text(self.loaded)),
            (
                "Consolidated",
                f"{self.simulation.policy}\n\n{_as_text(readable_funnel(self.simulation.funnel))}",
            ),
            (f"Which window for {self.swept_pattern}?", _as_text(side_by_side(self.windows))),
            ("Enrichment", self._upload()),
            ("A table with mistakes", str(self.refused)),
        )
        return "\n\n".join(f"{title}\n{'-' * len(title)}\n{body}" for title, body in sections)

    def to_html(self) -> str:
        """Return the report as one page, pictures included."""
        sections: dict[str, Iterable[Any]] = {
            "Loaded, every list to its end": [_all_rows(self.loaded)],
            "Events, alerts, incidents": [_html.Html(self.simulation._repr_html_())],
            "Pictures": [
                _html.picture(path.read_bytes(), caption) for caption, path in self.pictures.items()
            ],
            f"Which window for {self.swept_pattern}?": [_all_rows(side_by_side(self.windows))],
            "The enrichment table": [_html.line(self._upload())],
            "A table with mistakes": [_html.Html(self.refused._repr_html_())],
        }
        return _html.page("The demo", f"Source: {self.source}", sections)

    def _upload(self) -> str:
        return (
            f"{self.table.rows:,} rows, {self.table.bytes:,} bytes, "
            f"sha256 {self.table.sha256[:16]}…; upload: {self.job_status}"
        )


def side_by_side(windows: pd.DataFrame) -> pd.DataFrame:
    """Return a sweep with one row per window, and the counts of each anchor in columns."""
    table = windows.pivot(index="window", columns="anchor", values=["incidents", "largest"])
    anchors = windows["anchor"].drop_duplicates()
    columns = {
        f"{count}, {anchor}": table[count, anchor] for anchor in anchors for count in _COUNTS
    }
    spans = [span_text(window.to_pytimedelta()) for window in table.index]
    return pd.DataFrame({"window": spans, **{name: [*c] for name, c in columns.items()}})


def _as_text(frame: pd.DataFrame) -> str:
    formats = {
        name: "{:,}".format for name in frame if pd.api.types.is_integer_dtype(frame[name].dtype)
    }
    return str(frame.to_string(index=False, formatters=formats))


def _all_rows(frame: pd.DataFrame) -> _html.Html:
    return _html.frame_table(frame, len(frame))
