"""What-if analysis: over one `consolidate` of the same events, and in seconds where goals are."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import numpy as np
import pandas as pd

from benchmarks._events import events
from benchmarks._measure import interleaved, ratio, seconds
from pandakit import CLASSIC, CURRENT, consolidate, sensitivity, smallest_window, suggest_patterns
from pandakit.consolidation.openings import EventHistory
from pandakit.lab._chance import Carriers

EVENTS = 1_000_000
ALERTS = 100_000
LINKED = 1_000


def run() -> None:
    table = events(EVENTS)
    times = interleaved(
        {
            "consolidate": lambda: consolidate(table, CLASSIC).incidents,
            "sensitivity": lambda: sensitivity(table, CLASSIC),
        }
    )
    print(f"sensitivity over consolidate, {EVENTS:,} events: ", end="")
    print(f"{ratio(times, 'sensitivity', 'consolidate'):.1f}")
    _chance(table)
    print(f"suggest_patterns, {ALERTS:,} alerts, 8 columns: {seconds(_suggest):.1f} s")
    print(f"smallest_window, {LINKED:,} linked alerts: {seconds(_smallest_window):.2f} s")


def _chance(table: object) -> None:
    pattern = CLASSIC.patterns[0]  # identities carry its values
    alone = CLASSIC.replace(patterns=[dataclasses.replace(pattern, window=timedelta(hours=1))])
    openings = EventHistory(table, alone).openings(alone)
    carriers = Carriers(openings.identity, openings.pattern_values[:, 0])
    rng = np.random.default_rng(0)
    times = interleaved(
        {
            "window": lambda: [openings.group(alone) for _ in range(20)],
            "permutation": lambda: [
                openings.group(alone, carriers.permuted(rng)[:, None]) for _ in range(20)
            ],
        }
    )
    print(f"one permutation over one window: {ratio(times, 'permutation', 'window'):.2f}")


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
