"""The input as a whole: files opened, columns agreed on, pieces with their times."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pandakit.consolidation._read.ticks import moment
from pandakit.errors import EventError
from pandakit.scale._source.columns import (
    FileColumns,
    InputColumns,
    looks_at,
    plan_columns,
)
from pandakit.scale._source.files import PARQUET
from pandakit.scale._source.pieces import NO_TIME, ParquetFile, Piece
from pandakit.scale._source.staging import stage, text_schema

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from pandakit.consolidation.policy import Policy
    from pandakit.scale._source.files import InputFile, InputFiles

__all__ = ["Inputs", "check_columns_of", "open_inputs"]

_NUMBERS_BEFORE = datetime(1990, 1, 1, tzinfo=UTC).timestamp() * 1e6


@dataclass(frozen=True)
class Inputs:
    """Files whose rows can be read in parts."""

    files: list[ParquetFile]
    columns: InputColumns
    unit: str

    @property
    def n_rows(self) -> int:
        """How many rows there are in all files."""
        return sum(file.n_rows for file in self.files)

    def place(self, row: int) -> str:
        """Return the file of a row of the whole input, and its number in that file."""
        starts = [file.first_row for file in self.files]
        file = self.files[bisect_right(starts, row) - 1]
        return f"{file.file.name}, row {row - file.first_row}"

    def only(self, column: str) -> Inputs:
        """Return the same files with only one column and the times."""
        if column not in self.columns.names:
            raise EventError(f"the events have no column {column!r}")
        return replace(self, columns=self.columns.only("timestamp", column))

    def pieces(self) -> list[Piece]:
        """Return the pieces of all files, in the order of the files."""
        return [piece for pieces in self.pieces_of_files() for piece in pieces]

    def pieces_of_files(self) -> list[list[Piece]]:
        """Return the pieces of each file.

        Raises
        ------
        EventError
            Times cannot be read, or the numbers of two files cannot have the same unit.
        """
        of_files = [file.pieces(self.columns, self.unit) for file in self.files]
        self._check_units(of_files)
        return of_files

    def _check_units(self, of_files: list[list[Piece]]) -> None:
        """Refuse files whose numbers are in 1970, or no times, beside files with recent times."""
        latest = [max((piece.latest for piece in pieces), default=0) for pieces in of_files]
        today = next((at for at, time in enumerate(latest) if time > _NUMBERS_BEFORE), None)
        if today is None:
            return
        for file, time, pieces in zip(self.files, latest, of_files, strict=True):
            is_odd = pieces and not file.has_datetimes and time < _NUMBERS_BEFORE
            if is_odd and (time == NO_TIME or time > 0):
                read = (
                    "no time at all" if time == NO_TIME else f"times until {moment(time):%Y-%m-%d}"
                )
                other = f"{self.files[today].file.name}, until {moment(latest[today]):%Y-%m-%d}"
                raise EventError(
                    f"{file.file.name} has {read} when its numbers are read with "
                    f"unit={self.unit!r} ({other}); write all files with one unit"
                )

    def check_unchanged(self) -> None:
        """Raise if a file is not the one that was listed."""
        for file in self.files:
            file.file.check_unchanged()


def check_columns_of(source: InputFiles, policy: Policy) -> None:
    """Raise unless the beginnings of the files have columns that `open_inputs` takes.

    Raises
    ------
    EventError
        A file cannot be read, or does not fit the others or the policy.
    """
    found = []
    for file in source.files:
        is_typed = file.format == PARQUET
        schema = ParquetFile(file, 0).schema if is_typed else text_schema(file)
        found.append(FileColumns(file.name, schema, file.may_lack, is_typed))
    plan_columns(found, policy)


def open_inputs(source: InputFiles, policy: Policy, unit: str, folder: Path) -> Inputs:
    """Open the files of a source; text files are first rewritten below `folder`.

    Raises
    ------
    EventError
        A file cannot be read, or does not fit the others.
    """
    files, first_row = [], 0
    for number, file in enumerate(source.files):
        opened = _opened(file, first_row, folder / f"file-{number:05d}.parquet", policy, unit)
        files.append(opened)
        first_row += opened.n_rows
    columns = plan_columns([_columns_of(file, source.schema) for file in files], policy)
    return Inputs(files, columns, unit)


def _opened(
    file: InputFile, first_row: int, staged: Path, policy: Policy, unit: str
) -> ParquetFile:
    if file.format == PARQUET:
        return ParquetFile(file, first_row)
    staged.parent.mkdir(parents=True, exist_ok=True)
    stage(file, staged, unit, timestamp_as_text=looks_at("timestamp", policy))
    return ParquetFile(file, first_row, staged=staged)


def _columns_of(file: ParquetFile, schema: pa.Schema | None) -> FileColumns:
    is_typed = file.file.format == PARQUET
    if schema is None:
        return FileColumns(file.file.name, file.schema, file.file.may_lack, is_typed)
    return FileColumns(file.file.name, schema, may_lack=False, is_typed=is_typed)
