"""What folders cost: overlapping files over one sorted file, many processes over one."""

from __future__ import annotations

import hashlib
import math
import os
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks._events import part
from benchmarks._measure import in_process, in_script

if TYPE_CHECKING:
    from pandakit import Consolidation

EVENTS = int(os.environ.get("PANDAKIT_BENCH_SCALE", "100_000_000"))
PARTS = 20  # of the time, and as many overlapping files
HOSTS = EVENTS // 200
ROUNDS = 3


def _print(figure: str, value: float, most: float = math.inf) -> None:
    goal = f", goal: at most {most:g}" if most < math.inf else ""
    missed = ", MISSED" if value > most else ""
    print(f"scale: {figure}: {value:.2f}{goal}{missed}", flush=True)


def digest(result: Consolidation) -> int:
    """Give a number that two results share only if their frames are equal."""
    found = hashlib.sha256()
    for frame in (result.alerts, result.incidents):
        plain = frame.assign(patterns=frame["patterns"].map(str)) if "patterns" in frame else frame
        found.update(pd.util.hash_pandas_object(plain).to_numpy())
    return int.from_bytes(found.digest()[:6], "big")


def write_files(folder: Path) -> None:
    """Write the same events twice: in one sorted file, and in files by source that overlap."""
    (folder / "sorted").mkdir()
    (folder / "overlapping").mkdir()
    rng = np.random.default_rng(0)
    rows = EVENTS // PARTS
    schema = part(10, 0, PARTS, HOSTS).schema
    paths = [folder / "overlapping" / f"{number:02d}.parquet" for number in range(PARTS)]
    writers = [pq.ParquetWriter(path, schema) for path in paths]
    with pq.ParquetWriter(folder / "sorted" / "all.parquet", schema) as all_events:
        for number in range(PARTS):
            table = part(rows, number, PARTS, HOSTS)
            all_events.write_table(table)
            source = rng.integers(0, PARTS, rows)
            for place, writer in enumerate(writers):
                writer.write_table(table.take(pa.array(np.flatnonzero(source == place))))
    for writer in writers:
        writer.close()


_RUN = """
import sys, time, pandakit
from benchmarks._measure import resident
from benchmarks.scale import digest
begin = time.process_time()
result = pandakit.consolidate_dataset(sys.argv[1])
alerts, incidents = result.alerts, result.incidents
spent = time.process_time() - begin
peak = resident("VmHWM")
print(spent, peak, digest(result), len(alerts))
"""
_IN_CHUNKS = """
import sys, pyarrow.parquet as pq, pandakit
from benchmarks.scale import digest
chunks = pandakit.Consolidator()
for batch in pq.ParquetFile(sys.argv[1] + "/all.parquet").iter_batches(2_000_000):
    chunks.feed(batch)
print(digest(chunks.result()))
"""


def one_machine(folder: Path) -> None:
    """Compare overlapping files with one sorted file, and both with a `Consolidator`."""
    ways: dict[str, list[list[float]]] = {"sorted": [], "overlapping": []}
    for turn in range(ROUNDS):
        for name in list(ways)[:: -1 if turn % 2 else 1]:
            ways[name].append(in_process(_RUN, folder / name))
    ratios = [
        over[0] / plain[0] for over, plain in zip(ways["overlapping"], ways["sorted"], strict=True)
    ]
    _print(
        f"{EVENTS:,} events in one sorted file, s", statistics.median(r[0] for r in ways["sorted"])
    )
    _print(f"{PARTS} overlapping files over one sorted file", statistics.median(ratios), 1.5)
    for name, runs in ways.items():
        _print(f"peak memory of the {name} files, GB", max(run[1] for run in runs) / 1e9, 2.5)
        _print(f"alerts of the {name} files, millions", runs[0][3] / 1e6)
    digests = {run[2] for runs in ways.values() for run in runs}
    assert digests == set(in_process(_IN_CHUNKS, folder / "sorted"))


_MANY = """
import resource, sys, tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
import distributed, pandakit
from benchmarks._measure import resident
from benchmarks.scale import digest

def spent():
    return sum(sum(resource.getrusage(who)[:2]) for who in
               (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))

def main():
    column = sys.argv[2] or None
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as on:
        with distributed.Client(on) as client:
            result = pandakit.consolidate_dataset(
                sys.argv[1], executor=client.get_executor(), partitioned_by=column
            )
            alerts, incidents = result.alerts, result.incidents
            peak, before = resident("VmHWM"), 0
            number = digest(result)
    print(spent(), peak, number, len(alerts))

if __name__ == "__main__":
    main()
"""
_ONE = """
import resource, sys, pandakit
from benchmarks._measure import resident
from benchmarks.scale import digest
result = pandakit.consolidate_dataset(sys.argv[1])
alerts, incidents = result.alerts, result.incidents
peak = resident("VmHWM")
number = digest(result)
print(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]), peak, number, len(alerts))
"""


def split_by_app(folder: Path) -> None:
    """Write the overlapping files again, each with integrations of its own."""
    (folder / "split").mkdir()
    paths = sorted((folder / "overlapping").iterdir())
    for number in range(4):
        apps = [f"app-{app:02d}" for app in range(20) if app % 4 == number]
        with pq.ParquetWriter(
            folder / "split" / f"{number}.parquet", pq.read_schema(paths[0])
        ) as writer:
            table = pq.read_table(paths, filters=[("app_key", "in", apps)])
            for at in range(0, len(table), 250_000):
                writer.write_table(table.sort_by("timestamp")[at : at + 250_000])


def many_machines(folder: Path) -> None:
    """Compare Dask's two workers with one process, with the exchange and without."""
    split_by_app(folder)
    for name, column, most in (("overlapping", "", 2.2), ("split", "app_key", 1.3)):
        rounds = [
            (in_script(_ONE, folder / name), in_script(_MANY, folder / name, column))
            for _ in range(ROUNDS)
        ]
        ratio = statistics.median(many[0] / one[0] for one, many in rounds)
        way = f"partitioned_by={column!r}" if column else "with the exchange"
        _print(f"Dask over one process, {way}", ratio, most)
        driver = max(many[1] for _, many in rounds)
        _print(
            f"the driver's peak memory, {way}, GB", driver / 1e9, 0.5 + 40 * rounds[0][1][3] / 1e9
        )
        assert len({way[2] for pair in rounds for way in pair}) == 1


def run() -> None:
    """Print all figures with their goals: medians of three rounds, each in its own process."""
    with tempfile.TemporaryDirectory() as name:
        write_files(Path(name))
        one_machine(Path(name))
        many_machines(Path(name))


if __name__ == "__main__":
    run()
