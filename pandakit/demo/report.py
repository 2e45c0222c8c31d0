"""What the tour found, as text and as one HTML page that needs no other file."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

import pandas as pd

from pandakit.consolidation import readable_funnel
from pandakit.spans import span_text

if TYPE_CHECKING:
    from pathlib import Path

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
    windows, varied
        The sweep over windows, and the pattern whose window it varies.
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
    varied: str
    pictures: dict[str, Path] = field(default_factory=dict)

    def to_text(self) -> str:
        """Give the report for a terminal."""
        sections = (
            ("Loaded: " + self.source, self.loaded.to_string(index=False)),
            (
                "Consolidated",
                f"{self.simulation.policy}\n\n{_text(readable_funnel(self.simulation.funnel))}",
            ),
            (f"Which window for {self.varied}?", _text(shown_windows(self.windows))),
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
            funnel=_table(readable_funnel(self.simulation.funnel)),
            notes="".join(f"<p class='note'>{escape(note)}</p>" for note in self.simulation.notes),
            pictures="".join(_picture(*each) for each in self.pictures.items()),
            varied=escape(self.varied),
            windows=_table(shown_windows(self.windows)),
            enrichment=escape(self._enrichment()),
            refused=self.refused._repr_html_(),
        )

    def _enrichment(self) -> str:
        return (
            f"{self.table.rows:,} rows, {self.table.bytes:,} bytes, "
            f"sha256 {self.table.sha256[:16]}…; upload: {self.job_status}"
        )


def shown_windows(windows: pd.DataFrame) -> pd.DataFrame:
    """Put the sweep side by side: one row per window, one column per anchor."""
    counts = windows.pivot(index="window", columns="anchor", values="incidents")
    largest = windows.pivot(index="window", columns="anchor", values="largest")
    table = pd.DataFrame({"window": [span_text(window) for window in counts.index]})
    for anchor in windows["anchor"].drop_duplicates():
        table[f"incidents, {anchor}"] = [f"{count:,}" for count in counts[anchor]]
        table[f"largest, {anchor}"] = [f"{count:,}" for count in largest[anchor]]
    return table


def _text(frame: pd.DataFrame) -> str:
    return str(frame.to_string(index=False))


def _table(frame: pd.DataFrame) -> str:
    return str(frame.to_html(index=False, border=0, na_rep="", escape=True))


def _picture(caption: str, path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return (
        f"<figure><img alt='{escape(caption)}' src='data:image/png;base64,{data}'>"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
