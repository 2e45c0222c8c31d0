"""`consolidate_dataset`: the result of `consolidate` for more events than memory holds."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pandakit.consolidation._read.ticks import check_unit, read_time
from pandakit.consolidation.policy import CLASSIC, check_policy
from pandakit.scale._folder.manifest import check_manifest, manifest_of
from pandakit.scale._folder.output import write_result
from pandakit.scale._folder.unfinished import scratch_of, unfinished
from pandakit.scale._source.files import find_files
from pandakit.scale._source.inputs import check_columns_of
from pandakit.scale.many_machines import ManyMachines
from pandakit.scale.one_machine import OneMachine
from pandakit.scale.settings import Settings

if TYPE_CHECKING:
    import os
    from concurrent.futures import Executor

    from pandakit.consolidation.policy import Policy, TimeUnit
    from pandakit.consolidation.result import Consolidation

__all__ = ["check_dataset", "consolidate_dataset"]


def consolidate_dataset(
    source: Any,
    policy: Policy = CLASSIC,
    *,
    out: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    partitioned_by: str | None = None,
    events: bool = False,
    as_of: Any = None,
    unit: TimeUnit = "s",
) -> Consolidation | Path:
    """Return the result of `consolidate` for files with more events than memory holds.

    The files are merged in time order, a part at a time. Alerts, incidents and the funnel equal
    those of `consolidate` on the concatenated files. Memory grows with identities and alerts,
    not with events.

    Parameters
    ----------
    source
        A folder, a glob such as ``"events/*.parquet"``, a list of files, or a
        `pyarrow.dataset.Dataset` of Parquet files; on this machine or, with fsspec, at an address
        such as ``"s3://bucket/events"``. Files are Parquet, CSV (every cell is text) or JSON
        Lines, with the columns that `consolidate` accepts; all files have the same columns. In a
        folder, files whose names start with ``.`` or ``_`` are left out. Events with equal times
        are taken in the order of the list, else of the sorted paths.
    policy
        The settings; `CLASSIC` and `CURRENT` are presets.
    out
        A folder for the result, which appears when it is complete: ``alerts.parquet``,
        ``incidents.parquet``, ``funnel.json``, ``manifest.json``. Until then a run keeps its
        state beside it; after an interruption the same call continues from there. If the result
        is complete, the call returns at once.
    executor
        Where the work is done: any `concurrent.futures.Executor` (processes, threads, Dask's
        ``client.get_executor()``). Its workers read the source and share the folder of `out`,
        without `out` this machine's temporary folder. Default: this process.
    partitioned_by
        With an executor: the column by whose values the files are already split, such as
        ``"app_key"`` or ``"host"``. It must be a part of the identity of every event, which is
        checked. Events are then not moved between files.
    events
        Whether `out` also has ``events/``: for each input, a Parquet file with the outcome of each
        of its rows in row order, as in `Consolidation.events`.
    as_of
        When the clock stops, a time with a zone; default: the time of the last event.
    unit
        The unit of numeric timestamps: ``"s"``, ``"ms"``, ``"us"`` or ``"ns"``.

    Returns
    -------
    Consolidation or pathlib.Path
        Without `out`, the result, whose `events` raises an error; with `out`, the folder.

    Raises
    ------
    EventError
        The events cannot be read, or files do not fit together: the message names the file
        and the fix. Or `out` has a result of other inputs or settings.
    ValueError
        A setting is invalid.

    Warns
    -----
    RejectedEventsWarning
        More than 1 % of the rows were rejected.

    See Also
    --------
    pandakit.Consolidator : The same for chunks that the caller makes.

    Examples
    --------
    >>> import pandas as pd
    >>> folder = Path(tempfile.mkdtemp())
    >>> for number in range(2):
    ...     times = [number, 60 + number]
    ...     frame = pd.DataFrame({"timestamp": times, "status": "critical", "host": ["a", "b"]})
    ...     frame.to_parquet(folder / f"{number}.parquet")
    >>> consolidate_dataset(folder)
    <Consolidation: 4 events -> 2 alerts -> 2 incidents>
    """
    check_policy(policy)
    check_unit(unit)
    if as_of is not None:
        read_time(as_of, "as_of")
    if events and out is None:
        raise ValueError("events: the outcome of each event goes to files; pass out= too")
    if partitioned_by is not None and executor is None:
        raise ValueError("partitioned_by: one process exchanges nothing; pass executor= too")
    found = find_files(source)
    settings = Settings(policy, unit, as_of, events=events)
    way: OneMachine | ManyMachines = OneMachine(resumable=out is not None)
    if executor is not None:
        way = ManyMachines(executor, partitioned_by)
    if out is None:
        with tempfile.TemporaryDirectory(prefix="pandakit-") as scratch:
            return way.consolidate(found, settings, Path(scratch)).in_memory()
    target = Path(out).absolute()
    manifest = manifest_of(found, settings)
    if target.exists():
        check_manifest(target, manifest)
    else:
        with unfinished(target, manifest) as folder:
            write_result(folder, way.consolidate(found, settings, scratch_of(folder)))
    return target


def check_dataset(source: Any, policy: Policy = CLASSIC) -> int:
    """Return how many files `consolidate_dataset` would take, after a look at their columns.

    Raises
    ------
    EventError
        It would refuse one by its format or its columns.
    """
    found = find_files(source)
    check_columns_of(found, policy)
    return len(found.files)
