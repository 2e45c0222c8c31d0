"""In one process: all rows go through the stages of a consolidation, in time order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pandakit.consolidation._read.events import Reader
from pandakit.consolidation.consolidator import Stages
from pandakit.consolidation.result import Consolidation
from pandakit.errors import EventError
from pandakit.scale._folder.in_memory import InMemory
from pandakit.scale._folder.records import OutcomeRecords, numbered_records
from pandakit.scale._order.checkpoint import Checkpoint
from pandakit.scale._order.runs import sorted_pieces
from pandakit.scale._order.watermark import in_time_order
from pandakit.scale._source.files import naming
from pandakit.scale._source.inputs import open_inputs

if TYPE_CHECKING:
    from pathlib import Path

    from pandakit.consolidation.policy import Policy
    from pandakit.scale._order.watermark import Chunk
    from pandakit.scale._source.files import InputFiles
    from pandakit.scale._source.inputs import Inputs
    from pandakit.scale._source.pieces import Piece
    from pandakit.scale.settings import Settings

__all__ = ["OneMachine"]

_SORTED = (
    "the row groups overlap in time too much to be merged in memory: all {:,} events were sorted "
    "once, into runs on disk"
)


class _Kept(NamedTuple):
    """What is kept on disk while rows are consolidated."""

    checkpoint: Checkpoint | None
    outcomes: OutcomeRecords | None


class OneMachine:
    """Runs a consolidation in this process.

    Parameters
    ----------
    resumable
        Whether to save the state to disk from time to time, and to continue from it.
    """

    def __init__(self, *, resumable: bool) -> None:
        self._resumable = resumable

    def consolidate(self, source: InputFiles, settings: Settings, scratch: Path) -> InMemory:
        """Return the result of all rows of a source."""
        inputs = open_inputs(source, settings.policy, settings.unit, scratch)
        kept = _Kept(
            Checkpoint(scratch / "checkpoint") if self._resumable else None,
            OutcomeRecords(scratch / "outcomes", inputs.n_rows) if settings.events else None,
        )
        result = _consolidate(inputs, settings, scratch, kept)
        return InMemory(result, inputs.files, kept.outcomes)


def _consolidate(inputs: Inputs, settings: Settings, scratch: Path, kept: _Kept) -> Consolidation:
    policy, unit, as_of, _ = settings
    pieces = inputs.pieces()
    ordered = sorted_pieces(pieces, inputs.columns.bytes_per_row(), scratch / "runs")
    notes = () if ordered is pieces else (_SORTED.format(inputs.n_rows),)
    before = None if kept.checkpoint is None else kept.checkpoint.read()
    stages, since = before or (Stages(policy, unit), None)
    for chunk in in_time_order(ordered, since):
        _run(stages, chunk, inputs, pieces, policy, kept)
    inputs.check_unchanged()
    arrays = stages.result(as_of, final=True)
    return Consolidation(arrays, policy, (*stages.notes(), *notes), unit=unit)


def _run(
    stages: Stages,
    chunk: Chunk,
    inputs: Inputs,
    pieces: list[Piece],
    policy: Policy,
    kept: _Kept,
) -> None:
    try:
        found = stages.run(chunk.table, lambda row: inputs.place(int(chunk.rows[row])))
    except EventError:
        _refuse_file(chunk, inputs, pieces, policy)
        raise
    if kept.outcomes is not None:
        kept.outcomes.put(numbered_records(chunk.rows, found.alert, found.outcome, found.reason))
    if kept.checkpoint is not None:
        kept.checkpoint.offer(stages, chunk)


def _refuse_file(chunk: Chunk, inputs: Inputs, pieces: list[Piece], policy: Policy) -> None:
    """Raise the error of the first piece of the chunk that fails when read alone."""
    starts = np.array([piece.first_row for piece in pieces])
    for place in np.unique(np.searchsorted(starts, chunk.rows, "right") - 1).tolist():
        piece = pieces[place]
        with naming(f"{inputs.place(piece.first_row)} and later"):
            Reader(policy, inputs.unit).read(piece.load().table)
