"""On any executor: exchange, reduce and group, each task from paths to paths."""

from __future__ import annotations

import math
from concurrent.futures import CancelledError, wait
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from pandakit.errors import PandakitError
from pandakit.scale._order.segments import is_complete
from pandakit.scale._source.inputs import open_inputs
from pandakit.scale._tasks.exchange import exchange
from pandakit.scale._tasks.gathered import Gathered
from pandakit.scale._tasks.grouping import Grouping
from pandakit.scale._tasks.partitions import distinct_values, files_that_share
from pandakit.scale._tasks.reduction import BucketTask, reduce_bucket, reduce_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    import pyarrow as pa

    from pandakit.scale._source.files import InputFiles
    from pandakit.scale._source.inputs import Inputs
    from pandakit.scale._source.pieces import Piece
    from pandakit.scale.settings import Settings

__all__ = ["ManyMachines"]

TASK_ROWS = 4_000_000
BUCKET_ROWS = 10_000_000
FEWEST_BUCKETS = 4
HELD_ROWS = 1 << 17
"""The grouping reads so many rows of all buckets together at once, in batches of each."""
FEWEST_ROWS, MOST_ROWS = 1 << 10, 1 << 15


class ManyMachines:
    """Runs the tasks of a consolidation on an executor; what is already on disk is not repeated.

    Parameters
    ----------
    executor
        Any executor whose tasks can read the files and write to the same folder.
    partitioned_by
        The column by whose values the files are split; None exchanges all rows.
    """

    def __init__(self, executor: Executor, partitioned_by: str | None) -> None:
        self._executor = executor
        self._column = partitioned_by

    def consolidate(self, source: InputFiles, settings: Settings, scratch: Path) -> Gathered:
        """Return the result of all rows of a source."""
        inputs = open_inputs(source, settings.policy, settings.unit, scratch)
        of_files = inputs.pieces_of_files()
        columns, policy = inputs.columns, settings.policy
        if self._column is None:
            schema = columns.exchanged(policy).of_openings(policy)
            counted, buckets = self._exchanged(inputs, of_files, settings, schema, scratch)
        else:
            schema = columns.of_openings(policy)
            counted = buckets = self._split(inputs, of_files, settings, schema, scratch)
        inputs.check_unchanged()
        grouping = Grouping(buckets, counted, settings, schema, scratch)
        rejected = sorted(set(counted) - set(buckets))
        return Gathered(grouping, inputs, settings, rejected, scratch)

    def _exchanged(
        self,
        inputs: Inputs,
        of_files: list[list[Piece]],
        settings: Settings,
        schema: pa.Schema,
        scratch: Path,
    ) -> tuple[list[Path], list[Path]]:
        """Return the files of the tasks that read the input, and those of the buckets."""
        n_buckets = max(FEWEST_BUCKETS, math.ceil(inputs.n_rows / BUCKET_ROWS))
        folder = scratch / f"{n_buckets}-buckets"
        folder.mkdir(exist_ok=True)
        groups = [group for pieces in of_files for group in _in_tasks(pieces)]
        readers = []
        for number, group in enumerate(groups):
            path = folder / f"part-{number:05d}.arrow"
            call = partial(exchange, group, settings.policy, settings.unit, n_buckets, path)
            readers.append(_Task(path, call, group[0].name))
        parts = self._run(readers)
        reducers = []
        for number in range(n_buckets):
            task = _bucket_task(number, n_buckets, schema, settings, folder)
            call = partial(reduce_bucket, parts, task)
            reducers.append(_Task(task.path, call, f"bucket {number} of {n_buckets}"))
        return parts, self._run(reducers)

    def _split(
        self,
        inputs: Inputs,
        of_files: list[list[Piece]],
        settings: Settings,
        schema: pa.Schema,
        scratch: Path,
    ) -> list[Path]:
        """Return the files of one bucket for each group of files that share values."""
        column, names = str(self._column), [file.file.name for file in inputs.files]
        narrow = inputs.only(column)
        calls = [partial(distinct_values, each, column) for each in narrow.pieces_of_files()]
        values = self._map(calls, names)
        folder = scratch / f"by-{column}"
        folder.mkdir(exist_ok=True)
        tasks = []
        groups = files_that_share(values, names, column)
        for number, group in enumerate(groups):
            task = _bucket_task(number, len(groups), schema, settings, folder, column)
            pieces = [piece for file in group for piece in of_files[file]]
            call = partial(reduce_files, pieces, task, inputs.columns.bytes_per_row())
            tasks.append(_Task(task.path, call, names[group[0]]))
        return self._run(tasks)

    def _run(self, tasks: Sequence[_Task]) -> list[Path]:
        """Run the tasks whose files do not exist yet; return the paths of all."""
        todo = [task for task in tasks if not is_complete(task.path)]
        self._map([task.call for task in todo], [task.name for task in todo])
        return [task.path for task in tasks]

    def _map(self, calls: Sequence[Callable[[], Any]], names: Sequence[str]) -> list[Any]:
        futures: list[Any] = []
        try:
            for call, name in zip(calls, names, strict=True):
                with _naming_lost(name):
                    futures.append(self._executor.submit(call))
            results = []
            for future, name in zip(futures, names, strict=True):
                with _naming_lost(name):
                    results.append(future.result())
            return results
        finally:
            # Tasks that still run write to the folder, which the caller may remove.
            wait([future for future in futures if not future.cancel()])


class _Task(NamedTuple):
    path: Path
    call: Callable[[], Any]
    name: str


def _bucket_task(
    number: int,
    n_buckets: int,
    schema: pa.Schema,
    settings: Settings,
    folder: Path,
    column: str | None = None,
) -> BucketTask:
    return BucketTask(
        number=number,
        policy=settings.policy,
        unit=settings.unit,
        schema=schema,
        path=folder / f"bucket-{number:05d}.arrow",
        batch_rows=min(max(HELD_ROWS // n_buckets, FEWEST_ROWS), MOST_ROWS),
        events=settings.events,
        column=column,
    )


def _in_tasks(pieces: list[Piece]) -> Iterator[list[Piece]]:
    """Yield the pieces of a file in groups of about `TASK_ROWS`."""
    group: list[Piece] = []
    for piece in pieces:
        if group and sum(each.n_rows for each in group) + piece.n_rows > TASK_ROWS:
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


@contextmanager
def _naming_lost(name: str) -> Iterator[None]:
    """Turn an executor's own errors into one that names what was lost."""
    try:
        yield
    except (PandakitError, OSError):
        raise
    except (Exception, CancelledError) as error:
        raise PandakitError(
            f"{name}: the executor lost the task, or it failed ({type(error).__name__}: {error}); "
            f"the same call with out= continues with what the other tasks have done",
            retryable=True,
        ) from error
