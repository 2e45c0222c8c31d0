"""The files of a result, written as its parts become known."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pandakit.consolidation._output.arrays import RowOutcomes
from pandakit.consolidation._output.frames import alerts_frame, events_frame, incidents_frame
from pandakit.consolidation._output.funnel import funnel_frame
from pandakit.scale._folder.frame_file import write_frame
from pandakit.scale._folder.manifest import update_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np

    from pandakit.consolidation._output.arrays import AlertArrays, IncidentArrays
    from pandakit.consolidation.policy import Policy
    from pandakit.consolidation.result import Consolidation
    from pandakit.scale._folder.records import OutcomeRecords
    from pandakit.scale._source.pieces import ParquetFile

__all__ = ["Consolidated", "write_result"]

_ROWS = 1 << 20


class Consolidated(Protocol):
    """A result in parts; alerts are taken to the end first, then incidents, then all else."""

    policy: Policy
    files: list[ParquetFile]

    def alerts(self) -> Iterator[AlertArrays]:
        """Yield all alerts in the order of their ids."""

    def incidents(self) -> Iterator[IncidentArrays]:
        """Yield all incidents in the order of their ids."""

    def outcomes(self) -> OutcomeRecords | None:
        """Return what became of each row of the input, if that was asked for."""

    @property
    def assignment(self) -> np.ndarray:
        """The incident of each alert."""

    @property
    def counts(self) -> dict[str, int]:
        """The measures of the funnel."""

    @property
    def rejected(self) -> dict[str, int]:
        """How many rows were rejected for each reason."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes that qualify the numbers."""

    def in_memory(self) -> Consolidation:
        """Return the whole result."""


def write_result(folder: Path, found: Consolidated) -> None:
    """Write all files of a result."""
    write_frames(folder, found)
    _write_funnel(folder, funnel_frame(found.counts))
    outcomes = found.outcomes()
    if outcomes is not None:
        _write_events(folder, found.files, outcomes, found.assignment)
    update_manifest(
        folder,
        notes=found.notes,
        rejected=found.rejected,
        n_conflicting_duplicates=found.counts["conflicting"],
    )


def write_frames(folder: Path, found: Consolidated) -> None:
    """Write alerts and incidents as Parquet."""
    policy = found.policy
    alerts = (alerts_frame(part, policy) for part in found.alerts())
    write_frame(folder / "alerts.parquet", alerts, found.counts["alerts"])
    incidents = (incidents_frame(part, policy) for part in found.incidents())
    write_frame(folder / "incidents.parquet", incidents, found.counts["incidents"])


def _write_funnel(folder: Path, funnel: pd.DataFrame) -> None:
    """Write the funnel: by measure its value, numerator and denominator."""
    rows = {
        measure: {name: None if pd.isna(cell) else cell for name, cell in row.items()}
        for measure, row in funnel.to_dict("index").items()
    }
    text = json.dumps(rows, indent=1, default=lambda number: number.item())
    (folder / "funnel.json").write_text(text + "\n", encoding="utf-8")


def _write_events(
    folder: Path, files: list[ParquetFile], outcomes: OutcomeRecords, assignment: np.ndarray
) -> None:
    """Write for each input a file with the outcome of each of its rows, in its order."""
    target = folder / "events"
    target.mkdir(exist_ok=True)
    for number, file in enumerate(files):
        name = f"{number:05d}-{PurePosixPath(file.file.path).name.split('.')[0]}.parquet"
        tables = _tables_of_events(file, outcomes, assignment)
        first = next(tables)
        with pq.ParquetWriter(target / name, first.schema) as writer:
            writer.write_table(first)
            for table in tables:
                writer.write_table(table)


def _tables_of_events(
    file: ParquetFile, outcomes: OutcomeRecords, assignment: np.ndarray
) -> Iterator[pa.Table]:
    for begin in range(0, max(file.n_rows, 1), _ROWS):
        stop = min(begin + _ROWS, file.n_rows)
        part = outcomes.part(file.first_row + begin, file.first_row + stop)
        arrays = RowOutcomes(
            pd.RangeIndex(begin, stop), part["outcome"], part["reason"], part["alert"]
        )
        yield pa.Table.from_pandas(events_frame(arrays, assignment), preserve_index=False)
