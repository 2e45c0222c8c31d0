"""What consolidating costs, over what databases and loops take for less on the same events."""

from __future__ import annotations

import math
import os
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from pyarrow import feather

from benchmarks._events import TEXTS, denser_part, events, one_host, part
from benchmarks._loop import Loop
from benchmarks._measure import (
    RUNS,
    forget_peak,
    in_process,
    interleaved,
    ratio,
    resident,
    seconds,
    touch_memory,
)
from pandakit.consolidation import CLASSIC, CURRENT, Consolidator, Pattern, consolidate
from pandakit.lab import sweep

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandakit.consolidation import Policy

MANY = int(os.environ.get("PANDAKIT_BENCH_EVENTS", "10_000_000"))
CHUNK = MANY // 10
HOSTS = MANY // 200
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


def _print(figure: str, value: float, most: float = math.inf, least: float = -math.inf) -> None:
    goal = f", goal: at most {most:g}" if most < math.inf else ""
    goal += f", goal: at least {least:g}" if least > -math.inf else ""
    missed = "" if least <= value <= most else ", MISSED"
    print(f"consolidation: {figure}: {value:.2f}{goal}{missed}", flush=True)


def _counted(base: duckdb.DuckDBPyConnection, query: str) -> None:
    base.execute(f"SELECT count(COLUMNS(*)) FROM ({query})").fetchall()  # noqa: S608 - our own


def _built(table: object, policy: Policy = CLASSIC) -> None:
    result = consolidate(table, policy)
    assert len(result.alerts) >= len(result.incidents)


def over_databases() -> None:
    """Time ten million events against DuckDB, and policies against each other."""
    table = events(MANY)
    base = duckdb.connect().register("events", table)
    base.execute("SET enable_progress_bar = false")
    encoded = table
    for name in TEXTS:
        place = table.column_names.index(name)
        encoded = encoded.set_column(place, name, table[name].dictionary_encode())
    categories = encoded.to_pandas()
    reopened_at_once = CLASSIC.replace(reopen_window="0s")
    windows = [f"{hours}h" for hours in range(1, 21)]
    times = interleaved(
        {
            "DuckDB's GROUP BY": lambda: _counted(base, GROUP_BY),
            "DuckDB's lag": lambda: _counted(base, LAG),
            "CLASSIC": lambda: _built(table),
            "dictionaries": lambda: _built(encoded),
            "categories": lambda: _built(categories),
            "CURRENT": lambda: _built(table, CURRENT),
            "reopen_window 0": lambda: _built(table, reopened_at_once),
            "five patterns with filters": lambda: _built(table, FILTERED),
            "a sweep of 20 windows": lambda: sweep(table, CLASSIC, windows=windows),
        }
    )
    for name, spent in times.items():
        print(f"consolidation: {name} of {MANY:,} events: {statistics.median(spent):.2f} s")
    for query, most in (("DuckDB's GROUP BY", 1.6), ("DuckDB's lag", 1)):
        _print(f"CLASSIC over {query}", ratio(times, "CLASSIC", query), most)
    for name in ("dictionaries", "categories"):
        _print(f"{name} over DuckDB's GROUP BY", ratio(times, name, "DuckDB's GROUP BY"), 0.95)
    for name in ("CURRENT", "reopen_window 0", "five patterns with filters"):
        _print(f"{name} over CLASSIC", ratio(times, name, "CLASSIC"), 2)
    sweeping = "a sweep of 20 windows"
    _print(f"{sweeping} over CLASSIC", ratio(times, sweeping, "CLASSIC"), 4)


def over_loops() -> None:
    """Time a million events against a plain loop, a thousand against `drop_duplicates`."""
    table, few = events(CHUNK), events(1_000).to_pandas()
    keys = ["app_key", "host", "check", "timestamp"]
    as_objects = table.to_pandas().astype(dict.fromkeys(TEXTS, object))
    looped, result = Loop().run(table), consolidate(table)
    assert looped.outcomes == result.events["outcome"].tolist()
    assert [one.incident for one in looped.alerts] == result.alerts["incident_id"].tolist()
    assert [one.flapping for one in looped.alerts] == result.alerts["flapping"].tolist()
    del looped, result
    times = interleaved(
        {
            "a plain loop": lambda: Loop().run(table),
            "CLASSIC": lambda: _built(table),
            "text as Python objects": lambda: _built(as_objects),
            "CLASSIC of 1,000": lambda: _built(few),
            "drop_duplicates": lambda: few.drop_duplicates(keys),
        }
    )
    speed = CHUNK / statistics.median(times["a plain loop"])
    loops = ratio(times, "a plain loop", "CLASSIC")
    _print("a plain loop, events per second", speed, least=200_000)
    _print(f"a plain loop over CLASSIC, {CHUNK:,} events", loops, least=50)
    objects = ratio(times, "text as Python objects", "CLASSIC")
    _print("text as Python objects over Arrow-backed text", objects)
    few_rows = ratio(times, "CLASSIC of 1,000", "drop_duplicates")
    _print("1,000 events over drop_duplicates", few_rows, 25)


def flapping() -> None:
    """Time one host that flaps inside the window, where resolved incidents cannot be joined."""
    policy = CURRENT.replace(patterns=[Pattern("host", "60d")], dedup="none")

    def way(rows: int, *, checks: bool, reopen: str) -> Callable[[], object]:
        frame = one_host(rows, checks=checks)
        return lambda: _built(frame, policy.replace(reopen_window=reopen))

    for label, checks, reopen in (("one check", False, "0s"), ("ever new checks", True, "48h")):
        ways = {
            "once": way(CHUNK, checks=checks, reopen=reopen),
            "twice": way(2 * CHUNK, checks=checks, reopen=reopen),
        }
        twice = ratio(interleaved(ways), "twice", "once")
        _print(f"a host flapping, {label}: {2 * CHUNK:,} events over {CHUNK:,}", twice, 2.3)


_FIRST = """
import sys, time, pyarrow.feather as feather
from benchmarks._measure import touch_memory
from pandakit.consolidation import consolidate
table = feather.read_table(sys.argv[1], memory_map=False).combine_chunks()
touch_memory()
started = time.perf_counter()
result = consolidate(table)
result.alerts, result.incidents
print(time.perf_counter() - started)
"""


def first_call() -> None:
    """Time the first call of a process, kernel on disk, against a warm one."""
    table = events(MANY)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "events.arrow"
        feather.write_feather(table, target, compression="uncompressed")
        ways = {
            "first": lambda: in_process(_FIRST, target)[0],
            "warm": lambda: seconds(lambda: _built(table)),
        }
        rounds = []
        for _ in range(RUNS + 1):
            times = {}
            for name, way in ways.items():
                touch_memory()
                times[name] = way()
            rounds.append(times)
        del rounds[0]
    first = statistics.median(each["first"] / each["warm"] for each in rounds)
    _print("the first call of a process over a warm one", first, 2)


def peak_of_all() -> int:
    """Give the most bytes that a process has while it consolidates, less its input."""
    table = events(MANY)
    pa.default_memory_pool().release_unused()
    forget_peak()
    _built(table)
    return resident("VmHWM") - table.nbytes


def memory() -> None:
    """Print the peak of a whole consolidation above its input."""
    peaks = [in_process(f"{_HERE}print(bench.peak_of_all())")[0] for _ in range(3)]
    _print(f"peak memory above the input of {MANY:,}, in GB", statistics.median(peaks) / 1e9, 1.5)


def in_chunks(dense: int, *, same: bool) -> tuple[float, int, int]:
    """Feed ten chunks, or `dense` times as many; give seconds, peak less the input, alerts."""
    _built(events(CHUNK // 10))
    consolidator, spent, peak = Consolidator(), 0.0, 0
    for number in range(10 * dense):
        if same:
            chunk = denser_part(CHUNK, number, 10 * dense, HOSTS, dense)
        else:
            chunk = part(CHUNK, number, 10 * dense, HOSTS)
        forget_peak()
        spent += seconds(lambda chunk=chunk: consolidator.feed(chunk))
        peak = max(peak, resident("VmHWM") - chunk.nbytes)
        del chunk
    pa.default_memory_pool().release_unused()
    forget_peak()
    result = consolidator.result()
    spent += seconds(lambda: (result.alerts, result.incidents))
    return spent, max(peak, resident("VmHWM")), len(result.alerts)


def chunks() -> None:
    """Time ten times the events over the same days, in chunks of one size; and their memory.

    Either each event of the ten million comes ten times within its tenth of a chunk's time, or
    all are drawn anew from the same hosts: then more of the rare identities come, and alerts.
    """
    for same, label in ((True, "the same identities"), (False, "drawn anew from the same hosts")):
        code = f"{_HERE}print(*bench.in_chunks(int(sys.argv[1]), same={same}))"
        sparse, dense = [in_process(code, 1)], in_process(code, 10)
        sparse += [in_process(code, 1) for _ in range(2)]
        ratios = [
            of_ten / statistics.median(of_one)
            for of_ten, of_one in zip(dense, zip(*sparse, strict=True), strict=True)
        ]
        figure = f"{10 * MANY:,} events in chunks over {MANY:,}, {label}"
        _print(f"{figure}: time of ten times as many", ratios[0] / 10, 1.2)
        _print(f"{figure}: alerts", ratios[2])
        _print(f"{figure}: peak memory", ratios[1], 1.2 if same else math.inf)


_HERE = "import sys; sys.path.insert(0, '.'); from benchmarks import consolidation as bench; "
PARTS = (over_databases, over_loops, flapping, first_call, memory, chunks)


def run() -> None:
    """Print all figures with their goals: medians of five rounds; of three for memory.

    The hundred million are fed once, between runs of the ten million.
    """
    for each in PARTS:
        each()


if __name__ == "__main__":
    run()
