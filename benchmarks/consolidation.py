"""What consolidating costs, over what databases and loops take for less on the same events."""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import feather

from pandakit.consolidation import CLASSIC, CURRENT, Consolidator, Pattern, consolidate, sweep

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandakit.consolidation import Policy

RUNS = 5
MANY = int(os.environ.get("PANDAKIT_BENCH_EVENTS", "10_000_000"))
CHUNK = MANY // 10
DAYS = 60
START = 1_700_000_000
STATUSES = ("critical", "warning", "ok", "acknowledged")
SHARES = (0.35, 0.20, 0.40, 0.05)
FILTERED = CLASSIC.replace(
    patterns=[
        Pattern("primary", "24h", filter="status != ok"),
        Pattern("cluster", "4h", filter="cluster = cluster-0*"),
        Pattern(["host", "check"], "2h", filter="check IN [check-01, check-02]"),
        Pattern(["app_key", "check"], "10min", filter="app_key = app-1*"),
        Pattern("check", "1min", filter="host = /host-0000[0-9]/"),
    ]
)
GROUP_BY = 'SELECT app_key, host, "check", count(*) AS number FROM events GROUP BY ALL'
LAG = (
    'SELECT lag(status) OVER (PARTITION BY app_key, host, "check" ORDER BY "timestamp") AS before '
    "FROM events"
)


def events(rows: int, seed: int = 0, hosts: int = 0) -> pa.Table:
    """Generate events in time order: Arrow-backed text and seconds as floats."""
    rng = np.random.default_rng(seed)
    hosts = hosts or max(rows // 200, 1)
    share = np.cumsum(np.arange(1, hosts + 1) ** -1.3)
    host = np.searchsorted(share / share[-1], rng.random(rows))
    clusters = max(hosts // 12, 1)
    cluster = [None if n % 3 == 0 else f"cluster-{n % clusters:06d}" for n in range(hosts)]
    seconds = np.sort(rng.random(rows)) * DAYS * 86_400
    columns = {
        "app_key": ([f"app-{n:02d}" for n in range(20)], host % 20),
        "host": ([f"host-{n:06d}" for n in range(hosts)], host),
        "check": ([f"check-{n:02d}" for n in range(40)], rng.integers(0, 40, rows)),
        "status": (STATUSES, rng.choice(4, rows, p=SHARES)),
        "cluster": (cluster, host),
    }
    texts = {name: pa.array(labels).take(pa.array(at)) for name, (labels, at) in columns.items()}
    return pa.table({"timestamp": np.round(START + seconds, 6), **texts})


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _interleaved(ways: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Run all ways in turn, several times, after one warm round."""
    for way in ways.values():
        way()
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _, (name, way) in itertools.product(range(RUNS), ways.items()):
        times[name].append(_seconds(way))
    return times


def _print(times: dict[str, list[float]], name: str, over: str, label: str = "") -> None:
    pairs = zip(times[name], times[over], strict=True)
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"consolidation: {label or name} over {over}: {ratio:.2f} (median of {RUNS})")


def _counted(base: duckdb.DuckDBPyConnection, query: str) -> None:
    base.execute(f"SELECT count(COLUMNS(*)) FROM ({query})").fetchall()  # noqa: S608 - our own


def _built(table: object, policy: Policy = CLASSIC) -> None:
    result = consolidate(table, policy)
    assert len(result.alerts) >= len(result.incidents)


def over_databases() -> None:
    """Time ten million events against DuckDB, and policies against each other."""
    table = events(MANY)
    base = duckdb.connect(config={"enable_progress_bar": False}).register("events", table)
    policies = {
        "CLASSIC": CLASSIC,
        "CURRENT": CURRENT,
        "reopen_window 0": CLASSIC.replace(reopen_window="0s"),
        "five patterns with filters": FILTERED,
    }
    windows = [f"{hours}h" for hours in range(1, 21)]
    times = _interleaved(
        {
            "DuckDB GROUP BY": lambda: _counted(base, GROUP_BY),
            "DuckDB lag": lambda: _counted(base, LAG),
            **{
                name: lambda policy=policy: _built(table, policy)
                for name, policy in policies.items()
            },
            "a sweep of 20 windows": lambda: sweep(table, CLASSIC, windows=windows),
        }
    )
    for query in ("DuckDB GROUP BY", "DuckDB lag"):
        _print(times, "CLASSIC", query, f"CLASSIC of {MANY:,} events")
    for name in (*list(policies)[1:], "a sweep of 20 windows"):
        _print(times, name, "CLASSIC")


def over_loops() -> None:
    """Time a million events against the interpreted loop, a thousand against `drop_duplicates`."""
    table = events(MANY // 10)
    few = events(1_000).to_pandas()
    keys = ["app_key", "host", "check", "timestamp"]
    texts = ("app_key", "host", "check", "status", "cluster")
    as_objects = table.to_pandas().astype(dict.fromkeys(texts, object))
    times = _interleaved(
        {
            "CLASSIC of a tenth": lambda: _built(table),
            "the interpreted loop": lambda: _interpreted(table),
            "text as Python objects": lambda: _built(as_objects),
            "CLASSIC of 1,000": lambda: _built(few),
            "drop_duplicates": lambda: few.drop_duplicates(keys),
        }
    )
    _print(times, "the interpreted loop", "CLASSIC of a tenth")
    _print(times, "text as Python objects", "CLASSIC of a tenth")
    _print(times, "CLASSIC of 1,000", "drop_duplicates")


def _interpreted(table: pa.Table) -> None:
    os.environ["PANDAKIT_NO_NUMBA"] = "1"
    try:
        _built(table)
    finally:
        del os.environ["PANDAKIT_NO_NUMBA"]


def flapping() -> None:
    """Time one host that flaps inside the window, where resolved incidents cannot be joined."""
    policy = CURRENT.replace(patterns=[Pattern("host", "60d")], dedup="none")

    def host(rows: int, *, checks: bool) -> pd.DataFrame:
        row = np.arange(rows)
        status = np.where(row % 2, "ok", "critical")
        check = row // 2 if checks else 0
        return pd.DataFrame({"timestamp": row, "status": status, "host": "h", "check": check})

    def way(rows: int, *, checks: bool, reopen: str) -> Callable[[], object]:
        frame = host(rows, checks=checks)
        return lambda: _built(frame, policy.replace(reopen_window=reopen))

    for label, checks, reopen in (("one check", False, "0s"), ("ever new checks", True, "48h")):
        small, large = (f"{rows:,} rows" for rows in (MANY // 10, MANY // 5))
        ways = {
            small: way(MANY // 10, checks=checks, reopen=reopen),
            large: way(MANY // 5, checks=checks, reopen=reopen),
        }
        _print(_interleaved(ways), large, small, f"a flapping host, {label}: {large}")


def first_call() -> None:
    """Time the first call of a process, kernel on disk, against a warm one."""
    table = events(MANY)
    code = "import sys, pyarrow.feather as f; from pandakit.consolidation import consolidate;"
    code += "import time; t = f.read_table(sys.argv[1]); s = time.perf_counter();"
    code += "r = consolidate(t); r.alerts; r.incidents; print(time.perf_counter() - s)"
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "events.arrow"
        feather.write_feather(table, target, compression="uncompressed")
        for _ in range(RUNS):
            run = subprocess.run(
                [sys.executable, "-c", code, target], check=True, capture_output=True, text=True
            )
            ratios.append(float(run.stdout) / _seconds(lambda: _built(table)))
    print(f"consolidation: first call over a warm one: {statistics.median(ratios):.2f}")


_MEMORY = """
import resource, sys, time
sys.path.insert(0, ".")
from benchmarks import consolidation as bench
times, memory = bench.in_chunks(int(sys.argv[1]))
print(times, memory)
"""


def _peak() -> int:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


def in_chunks(times: int) -> tuple[float, int]:
    """Feed ten chunks, `times` as dense each; give the seconds and the peak of memory."""
    consolidator, spent = Consolidator(), 0.0
    for number in range(10 * times):
        chunk = events(CHUNK, seed=number, hosts=MANY // 200)
        begin = START + number * DAYS * 86_400 / (10 * times)
        at = np.sort(chunk["timestamp"].to_numpy() - START) / (10 * times) + begin
        chunk = chunk.set_column(0, "timestamp", pa.array(np.round(at, 6)))
        spent += _seconds(lambda chunk=chunk: consolidator.feed(chunk))
    spent += _seconds(lambda: (consolidator.result().alerts, consolidator.result().incidents))
    return spent, _peak()


def chunks() -> None:
    """Time ten times the events over the same days, in chunks of one size; and their memory."""
    found = []
    for dense in (1, 10):
        run = subprocess.run(
            [sys.executable, "-c", _MEMORY, str(dense)], check=True, capture_output=True, text=True
        )
        found.append([float(part) for part in run.stdout.split()])
    (one, memory_one), (ten, memory_ten) = found
    print(f"consolidation: {10 * MANY:,} in chunks over 10 times {MANY:,}: {ten / one / 10:.2f}")
    print(f"consolidation: peak memory of these over those: {memory_ten / memory_one:.2f}")


def memory() -> None:
    """Print the peak of a whole consolidation above its input."""
    code = "import sys; sys.path.insert(0, '.'); from benchmarks import consolidation as b;"
    code += "t = b.events(b.MANY); b._built(t.slice(0, 1000)); m = b._peak(); b._built(t);"
    code += "print(b._peak() - m)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    print(f"consolidation: peak above the input of {MANY:,}: {int(run.stdout) / 1e9:.2f} GB")


PARTS = (over_databases, over_loops, flapping, first_call, memory, chunks)


def run() -> None:
    """Print all ratios."""
    for part in PARTS:
        part()


if __name__ == "__main__":
    run()
