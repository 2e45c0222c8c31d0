"""What reading events costs over Arrow's own reader, and Parquet to incidents over text columns."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

import pandakit as pk
from benchmarks._events import events
from benchmarks._measure import interleaved, processor_seconds, ratio

ROWS, RUNS = 10_000_000, 5
GOAL, GOAL_OF_DICTIONARIES = 1.3, 0.65
WAYS = {"csv": "csv.read_csv", "parquet": "parquet.read_table"}


def table() -> pa.Table:
    """Make events of 20,000 hosts: six columns, five of them text."""
    random = np.random.default_rng(9)

    def drawn(values: list[str]) -> pa.Array:
        return pa.array(values).take(pa.array(random.integers(0, len(values), ROWS)))

    return pa.table(
        {
            "timestamp": np.sort(random.integers(1_770_000_000, 1_780_000_000, ROWS)),
            "status": drawn(["critical", "warning", "ok"]),
            "host": drawn([f"host-{number:05}.example.com" for number in range(20_000)]),
            "check": drawn([f"check-{number}" for number in range(50)]),
            "cluster": drawn([f"cluster-{number}" for number in range(300)]),
            "description": drawn([f"{number} percent above its limit" for number in range(100)]),
        }
    )


def cost(statement: str) -> float:
    """Return the processor seconds of a statement in a process of its own, loading excluded."""
    code = (
        "import time, pandakit as pk; from pyarrow import csv, parquet\n"
        "read = pk.read_events\n"
        f"start = time.process_time(); found = {statement}\n"
        "print(time.process_time() - start, len(found))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, rows = done.stdout.split()
    assert int(rows) == ROWS
    return float(seconds)


def incidents(source: object) -> None:
    """Read events and consolidate them, with all frames built."""
    result = pk.consolidate(pk.read_events(source))
    assert len(result.alerts) >= len(result.incidents)


def to_incidents(path: Path) -> None:
    """Print what dictionaries save on the way from a Parquet file to incidents."""
    times = interleaved(
        {
            "dictionaries": lambda: incidents(path),
            "text": lambda: incidents(parquet.read_table(path)),
        },
        RUNS,
        measure=processor_seconds,
    )
    ours, theirs = (statistics.median(times[name]) for name in ("dictionaries", "text"))
    print(
        f"Parquet to incidents, {ROWS:,} events: {ratio(times, 'dictionaries', 'text'):.2f} x text "
        f"columns ({ours:.1f} s against {theirs:.1f} s; goal {GOAL_OF_DICTIONARIES})"
    )


def run() -> None:
    """Print the ratio of both readers for each format: medians of interleaved runs."""
    with tempfile.TemporaryDirectory() as folder:
        files = {kind: Path(folder, f"events.{kind}") for kind in WAYS}
        rows = table()
        csv.write_csv(rows, files["csv"])
        parquet.write_table(rows, files["parquet"])
        del rows
        for kind, reader in WAYS.items():
            path = str(files[kind])
            pairs = [(cost(f"read({path!r})"), cost(f"{reader}({path!r})")) for _ in range(RUNS)]
            ratios = [ours / theirs for ours, theirs in pairs]
            ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
            print(
                f"read_events, {ROWS:,} rows of {kind}: {statistics.median(ratios):.2f} x Arrow "
                f"({ours:.1f} s against {theirs:.1f} s; goal {GOAL})"
            )
        parquet.write_table(events(ROWS), files["parquet"])
        to_incidents(files["parquet"])
