"""Seconds, memory and ratios, measured in one way everywhere."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 5
_TOUCHED = 1_500_000_000  # bytes, more than any way takes


def touch_memory() -> None:
    """Have the machine hand out memory, and give it back.

    A virtual machine may take free memory away after two seconds, and needs 2 ms for a megabyte
    to get it again: twenty times what it takes otherwise.
    """
    np.ones(_TOUCHED, dtype=np.uint8)


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def processor_seconds(call: Callable[[], object]) -> float:
    """Return the time of all threads: what others do on the machine hardly changes it."""
    started = time.process_time()
    call()
    return time.process_time() - started


def interleaved(
    ways: dict[str, Callable[[], object]],
    runs: int = RUNS,
    *,
    measure: Callable[[Callable[[], object]], float] = seconds,
) -> dict[str, list[float]]:
    """Run all ways in turn, each time from another one on, after one warm round."""
    for way in ways.values():
        way()
    times: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for turn in range(runs):
        begin = turn % len(names)  # or one would always run in the wake of the same other one
        for name in names[begin:] + names[:begin]:
            touch_memory()
            times[name].append(measure(ways[name]))
    return times


def ratio(times: dict[str, list[float]], name: str, over: str) -> float:
    """Give the median of the ratios of each round."""
    pairs = zip(times[name], times[over], strict=True)
    return statistics.median(one / other for one, other in pairs)


def in_process(code: str, *arguments: object) -> list[float]:
    """Run code in a process of its own; give the numbers that it prints."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return [float(part) for part in run.stdout.split()]


def in_script(code: str, *arguments: object) -> list[float]:
    """Run code as a script of its own, whose workers can import it; give its numbers."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.py"
        script.write_text(code)
        command = [sys.executable, str(script), *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
        run = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True, env=environment
        )
    return [float(part) for part in run.stdout.split()]


def resident(field: str = "VmRSS") -> int:
    """Give the bytes in memory now, or with ``VmHWM`` the most since `forget_peak`."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) * 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", "ascii")
