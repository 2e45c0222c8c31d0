"""One process: all rows through the stages of a consolidation, in the order of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pandakit.consolidation._read.events import Reader
from pandakit.consolidation.consolidator import Stages
from pandakit.consolidation.result import Consolidation
from pandakit.errors import EventError
from pandakit.scale._folder.manifest import add_facts
from pandakit.scale._folder.output import write_events, write_frames, write_funnel
from pandakit.scale._folder.records import OutcomeRecords
from pandakit.scale._folder.unfinished import scratch_of
from pandakit.scale._order.checkpoint import Checkpoint
from pandakit.scale._order.runs import sorted_runs, too_many_at_once
from pandakit.scale._order.watermark import in_time_order
from pandakit.scale._source.files import naming
from pandakit.scale._source.inputs import open_inputs

if TYPE_CHECKING:
    from pathlib import Path

    from pandakit.consolidation.policy import Policy
    from pandakit.scale._order.watermark import Chunk
    from pandakit.scale._source.files import Source
    from pandakit.scale._source.inputs import Inputs
    from pandakit.scale._source.pieces import Piece
    from pandakit.scale.settings import Settings

__all__ = ["consolidated", "write_result"]

_SORTED = (
    "the row groups overlap in time too much to be merged in memory: all {:,} events were sorted "
    "once, into runs on disk"
)


class _Kept(NamedTuple):
    """What is kept on disk while the rows go through."""

    checkpoint: Checkpoint | None = None
    outcomes: OutcomeRecords | None = None


def consolidated(source: Source, settings: Settings, scratch: Path) -> Consolidation:
    """Return the consolidation of all rows of a source."""
    inputs = open_inputs(source, settings.policy, settings.unit, scratch)
    return _consolidate(inputs, settings, scratch, _Kept())


def write_result(source: Source, settings: Settings, folder: Path) -> None:
    """Write the consolidation of all rows of a source, going on with what is there."""
    scratch = scratch_of(folder)
    inputs = open_inputs(source, settings.policy, settings.unit, scratch)
    outcomes = OutcomeRecords(scratch / "outcomes", inputs.n_rows) if settings.events else None
    checkpoint = Checkpoint(scratch / "checkpoint")
    result = _consolidate(inputs, settings, scratch, _Kept(checkpoint, outcomes))
    write_frames(folder, result)
    write_funnel(folder, result.funnel)
    if outcomes is not None:
        write_events(folder, inputs.files, outcomes, result._arrays.membership)  # noqa: SLF001 - the same package
    add_facts(
        folder,
        notes=result.notes,
        rejected=result._arrays.rejected,  # noqa: SLF001 - the same package
        n_conflicting_duplicates=result.n_conflicting_duplicates,
    )


def _consolidate(inputs: Inputs, settings: Settings, scratch: Path, kept: _Kept) -> Consolidation:
    policy, unit, as_of, _ = settings
    pieces = ordered = inputs.pieces()
    bytes_per_row, notes = inputs.columns.bytes_per_row(), []
    if too_many_at_once(pieces, bytes_per_row):
        ordered = sorted_runs(pieces, scratch / "runs", bytes_per_row)
        notes = [_SORTED.format(inputs.n_rows)]
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
        kept.outcomes.put(chunk.rows, found)
    if kept.checkpoint is not None:
        kept.checkpoint.offer(stages, chunk)


def _refuse_file(chunk: Chunk, inputs: Inputs, pieces: list[Piece], policy: Policy) -> None:
    """Raise the error of the first piece in the chunk that cannot be read alone."""
    starts = np.array([piece.first_row for piece in pieces])
    for place in np.unique(np.searchsorted(starts, chunk.rows, "right") - 1).tolist():
        piece = pieces[place]
        with naming(f"{inputs.place(piece.first_row)} and later"):
            Reader(policy, inputs.unit).read(piece.load().table)
