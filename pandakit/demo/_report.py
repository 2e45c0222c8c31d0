"""What the tour found, as text and as one HTML page that needs no other file."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from pandakit.consolidation import Consolidation
    from pandakit.enrichment import CsvFile, ValidationReport

__all__ = ["Report"]


@dataclass(frozen=True)
class Report:
    """The results of one tour.

    Parameters
    ----------
    source
        Where the data came from, as the clients say it.
    loaded
        One row per list: `list`, `rows`, `pages`, `requests`.
    simulation
        The consolidation and its funnel.
    windows
        The sweep over windows.
    table
        The enrichment table as it was written: path, rows, bytes, checksum.
    refused
        What the validation said of the bad table.
    job_status
        How the upload ended.
    pictures
        The PNG files, by the sentence that stands above each.
    """

    source: str
    loaded: pd.DataFrame
    simulation: Consolidation
    windows: pd.DataFrame
    table: CsvFile
    refused: ValidationReport
    job_status: str
    pictures: dict[str, Path] = field(default_factory=dict)

    def to_text(self) -> str:
        """Give the report for a terminal."""
        sections = (
            ("Loaded from the " + self.source, self.loaded.to_string(index=False)),
            ("Consolidated", f"{self.simulation.policy}\n{_funnel(self.simulation)}"),
            ("Enrichment", self._enrichment()),
            ("A bad table is told", str(self.refused)),
        )
        return "\n\n".join(f"{title}\n{'-' * len(title)}\n{body}" for title, body in sections)

    def to_html(self) -> str:
        """Give the report as one page; pictures are inside it."""
        page = Template(files("pandakit.demo").joinpath("report.html").read_text("utf-8"))
        return page.substitute(
            source=escape(self.source),
            loaded=_table(self.loaded),
            policy=escape(str(self.simulation.policy)),
            funnel=_table(_shown_funnel(self.simulation).reset_index()),
            notes="".join(f"<p class='note'>{escape(note)}</p>" for note in self.simulation.notes),
            pictures="".join(_picture(*each) for each in self.pictures.items()),
            windows=_table(self.windows),
            enrichment=escape(self._enrichment()),
            refused=self.refused._repr_html_(),
        )

    def _enrichment(self) -> str:
        return (
            f"{self.table.rows:,} rows, {self.table.bytes:,} bytes, "
            f"sha256 {self.table.sha256[:16]}…; upload: {self.job_status}"
        )


def _shown_funnel(simulation: Consolidation) -> pd.DataFrame:
    """Write counts as counts and compressions as shares."""
    funnel = simulation.funnel.copy()
    is_share = funnel["denominator"].notna()
    funnel["value"] = [
        f"{value:.1%}" if share and value == value else f"{value:,.0f}" if not share else "-"  # noqa: PLR0124 - NaN
        for value, share in zip(funnel["value"].astype("float64"), is_share, strict=True)
    ]
    return funnel


def _funnel(simulation: Consolidation) -> str:
    return _shown_funnel(simulation).to_string(na_rep="")


def _table(frame: pd.DataFrame) -> str:
    html: str = frame.to_html(index=False, border=0, na_rep="", escape=True)
    return html


def _picture(caption: str, path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return (
        f"<figure><img alt='{escape(caption)}' src='data:image/png;base64,{data}'>"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
