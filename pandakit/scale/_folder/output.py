"""The files of a result."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pandakit.consolidation._output.frames import RowOutcomes, events_frame
from pandakit.scale._folder.manifest import update_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np

    from pandakit.consolidation.result import Consolidation
    from pandakit.scale._folder.records import OutcomeRecords
    from pandakit.scale._source.pieces import ParquetFile

__all__ = ["Consolidated", "write_result"]

_ROWS = 1 << 20


class Consolidated(NamedTuple):
    """A result, and everything else that its folder contains."""

    result: Consolidation
    files: list[ParquetFile]
    outcomes: OutcomeRecords | None


def write_result(folder: Path, found: Consolidated) -> None:
    """Write all files of a result."""
    result, files, outcomes = found
    arrays = result._arrays  # noqa: SLF001 - frames of events are built from them
    write_frames(folder, result)
    _write_funnel(folder, result.funnel)
    if outcomes is not None:
        _write_events(folder, files, outcomes, arrays.assignment)
    update_manifest(
        folder,
        notes=result.notes,
        rejected=arrays.rejected,
        n_conflicting_duplicates=result.n_conflicting_duplicates,
    )


def write_frames(folder: Path, result: Consolidation) -> None:
    """Write alerts and incidents as Parquet."""
    for name in ("alerts", "incidents"):
        _write_frame(folder / f"{name}.parquet", getattr(result, name))


def _write_frame(path: Path, frame: pd.DataFrame) -> None:
    table = pa.Table.from_pandas(frame)
    if "patterns" in table.column_names:
        place = table.column_names.index("patterns")
        cells = table.column(place).cast(pa.list_(pa.string()))  # tuples may all be empty
        table = table.set_column(place, "patterns", cells)
    pq.write_table(table, path)


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
