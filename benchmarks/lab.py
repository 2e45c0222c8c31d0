"""What-if analysis: over one `consolidate` of the same events, and in seconds where goals are.

Ratios are of processor time; others may use the machine.
"""

from __future__ import annotations

import dataclasses
import os
from datetime import timedelta

import numpy as np
import pandas as pd

from benchmarks._events import events
from benchmarks._measure import interleaved, processor_seconds, ratio, seconds
from pandakit import (
    CLASSIC,
    CURRENT,
    calibrate,
    consolidate,
    sensitivity,
    smallest_window,
    suggest_patterns,
    sweep,
)
from pandakit.consolidation.openings import EventHistory
from pandakit.lab import PolicyComparison
from pandakit.lab._chance import Carriers, compression_of
from pandakit.lab._sweep_table import measured

EVENTS = 1_000_000
SWEPT = int(os.environ.get("PANDAKIT_BENCH_EVENTS", "10000000"))
ALERTS = 100_000
LINKED = 1_000
WINDOWS = [pd.Timedelta(minutes=minutes) for minutes in range(10, 510, 10)]


def run() -> None:
    _sweep()
    table = events(EVENTS)
    production = _production(table)
    times = interleaved(
        {
            "consolidate": lambda: consolidate(table, CLASSIC).incidents,
            "sensitivity": lambda: sensitivity(table, CLASSIC),
            "calibrate": lambda: calibrate(table, CLASSIC, production),
        },
        measure=processor_seconds,
    )
    for name, goal in (("sensitivity", 20), ("calibrate", 12)):
        print(f"{name} over consolidate, {EVENTS:,} events (at most {goal}): ", end="")
        print(f"{ratio(times, name, 'consolidate'):.1f}")
    _chance(table)
    _step(table)
    for what, call in (
        (f"suggest_patterns, {ALERTS:,} alerts, 8 columns", _suggest),
        (f"smallest_window, {LINKED:,} linked alerts", _smallest_window),
    ):
        print(f"{what}: {processor_seconds(call):.2f} s of processor time")


def _sweep() -> None:
    table = events(SWEPT)
    ways = {
        "consolidate": lambda: consolidate(table, CLASSIC).incidents,
        "sweep": lambda: sweep(table, CLASSIC, windows=WINDOWS),
    }
    for unit, measure in (("processor time", processor_seconds), ("time", seconds)):
        times = interleaved(ways, 3, measure=measure)
        print(f"{len(WINDOWS)} windows over consolidate, {SWEPT:,} events (at most 3.5): ", end="")
        print(f"{ratio(times, 'sweep', 'consolidate'):.1f} of {unit}")


def _production(table: object) -> pd.DataFrame:
    """Return the alerts of another reading, as production would list them."""
    alerts = consolidate(table, CLASSIC.replace(anchor="latest")).alerts
    key = alerts["primary_value"] + "__" + alerts["secondary_value"]
    return alerts.assign(alert_id=alerts.index, incident_key=key)


def _chance(table: object) -> None:
    """Time what a sweep does for one permutation over what it does for one window."""
    pattern = CLASSIC.patterns[0]  # identities carry its values
    alone = CLASSIC.replace(patterns=[dataclasses.replace(pattern, window=timedelta(hours=1))])
    openings = EventHistory(table, alone).openings(alone)
    carriers = Carriers(openings.identity, openings.pattern_values[:, 0])
    rng = np.random.default_rng(0)
    times = interleaved(
        {
            "window": lambda: [measured(openings.start, openings.group(alone)) for _ in range(20)],
            "permutation": lambda: [
                compression_of(openings.group(alone, carriers.permuted(rng)[:, None]))
                for _ in range(20)
            ],
        },
        measure=processor_seconds,
    )
    print("one permutation over one window (at most 1.5): ", end="")
    print(f"{ratio(times, 'permutation', 'window'):.2f}")


def _step(table: object) -> None:
    comparison = PolicyComparison(table, CLASSIC, chance=1)
    others = [CLASSIC.replace(anchor=anchor) for anchor in ("first", "latest", "bucket")]
    comparison.with_policy(others[0])
    took = [processor_seconds(lambda one=one: comparison.with_policy(one)) for one in others]
    print(f"a step of what_if, {EVENTS:,} events (at most 300): {1000 * max(took):.0f} ms")


def _suggest() -> None:
    rng = np.random.default_rng(0)
    columns = {f"tag_{n}": rng.integers(0, 20 * 4**n, ALERTS).astype(str) for n in range(7)}
    frame = pd.DataFrame(
        {
            "timestamp": np.sort(rng.integers(0, 60 * 86_400, ALERTS)),
            "status": "critical",
            "host": rng.integers(0, 2_000, ALERTS).astype(str),
            "check": np.arange(ALERTS),
            **columns,
        }
    )
    suggest_patterns(frame, CURRENT, tags=["host", *columns])


def _smallest_window() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "timestamp": np.sort(rng.integers(0, 30 * 86_400, LINKED)),
            "status": "critical",
            "host": "db-1",
            "check": np.arange(LINKED),
        }
    )
    smallest_window(frame, CURRENT, [0, 40])
