"""What validating and writing an enrichment table costs, over pandas' own `to_csv`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from pandakit.enrichment import EnrichmentSchema, validate_enrichment, write_enrichment_csv

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS, RUNS = 3_000_000, 5
SCHEMA = EnrichmentSchema(["host", "app"], ["owner", "site", "note"])
MIB = 1 << 20


def table(*, plain: bool) -> pd.DataFrame:
    """Make a table of Arrow-backed text, about 320 MB as CSV.

    `plain` is lower-case ASCII; otherwise keys have capitals, results accents and quotes.
    """
    random = np.random.default_rng(5)
    shapes = (("host-", 10**9, ".example.net"), ("app-", 10**6, ""), ("team-", 10**3, "-oncall"))
    shapes += (("eu-west-", 50, "-rack"), ("documented in the runbook, page ", 10**8, ""))
    if not plain:
        shapes = (("Host-", *shapes[0][1:]), ("App-", *shapes[1][1:]), *shapes[2:4])
        shapes += (('siehe "Büroplan", Seite ', 10**8, " ök"),)
    columns = [
        pc.binary_join_element_wise(
            pa.scalar(before),
            pc.utf8_lpad(pc.cast(pa.array(random.integers(0, most, ROWS)), pa.string()), 9, "0"),
            pa.scalar(after),
            "",
        )
        for before, most, after in shapes
    ]
    return pa.table(columns, names=list(SCHEMA.columns)).to_pandas(types_mapper=pd.ArrowDtype)


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _figures(frame: pd.DataFrame, folder: Path) -> dict[str, float]:
    """Time each way to write the frame once."""
    target = folder / "t.csv"

    def both() -> None:
        assert validate_enrichment(frame, SCHEMA).ok
        write_enrichment_csv(frame, SCHEMA, target)

    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    ways: dict[str, Callable[[], object]] = {
        "to_csv": lambda: frame.to_csv(target, index=False),
        "write_enrichment_csv, which validates": lambda: write_enrichment_csv(
            frame, SCHEMA, target
        ),
        "validate_enrichment, then write_enrichment_csv": both,
        "pyarrow's writer alone": lambda: csv.write_csv(arrow, target),
        "validate_enrichment of the written file": lambda: validate_enrichment(target, SCHEMA),
    }
    return {name: _seconds(way) for name, way in ways.items()}


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def _peak() -> None:
    """Print, in a process of its own, by how much writing raises the memory in use."""
    frame = table(plain=sys.argv[2] == "plain")
    pa.default_memory_pool().release_unused()
    before = _status("VmRSS:")
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # forget the peak so far
    with tempfile.TemporaryDirectory() as folder:
        write_enrichment_csv(frame, SCHEMA, Path(folder, "t.csv"))
    print(_status("VmHWM:") - before)


def run() -> None:
    """Print the median ratios over `to_csv`, and the peak memory above the frame."""
    for kind in ("plain", "mixed"):
        frame = table(plain=kind == "plain")
        with tempfile.TemporaryDirectory() as folder:
            rounds = [_figures(frame, Path(folder)) for _ in range(RUNS)]
        del frame
        base = statistics.median(each["to_csv"] for each in rounds)
        print(f"enrichment, {ROWS:,} rows of {kind} text: to_csv takes {base:.1f} s")
        for name in list(rounds[0])[1:]:
            ratio = statistics.median(each[name] / each["to_csv"] for each in rounds)
            print(f"  {name}: {ratio:.2f} of to_csv (median of {RUNS})")
        command = [sys.executable, "-m", "benchmarks.enrichment", "peak", kind]
        peak = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        most = 40 * ROWS + 200_000_000
        print(f"  peak memory above the frame: {peak / MIB:.0f} MiB (at most {most / MIB:.0f})")


if __name__ == "__main__":
    _peak() if sys.argv[1:2] == ["peak"] else run()
