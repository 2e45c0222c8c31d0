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
from benchmarks._measure import in_process

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


def run() -> None:
    """Print all figures with their goals: medians of three rounds, each in its own process."""
    with tempfile.TemporaryDirectory() as name:
        write_files(Path(name))
        one_machine(Path(name))


if __name__ == "__main__":
    run()
