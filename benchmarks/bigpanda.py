"""Requests, pace and time of loads from BigPanda, against what limit and latency allow."""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from pandakit import sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from pandakit.sandbox import Sandbox

ALL = "All Incidents"
RATE = 5.0  # requests a second, the service's limit
SIDE_BY_SIDE = 4


def run() -> None:
    """Print each figure beside the most that is allowed."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    for figure, measured, at_most in _figures():
        print(f"{figure}: {measured:.2f}, at most {at_most:.2f}", flush=True)


def _figures() -> Iterator[tuple[str, float, float]]:
    with _started(25_000, within=5) as services:
        for folder in (None, "resolved"):
            n, calls = _calls(services, lambda: services.bigpanda.incidents(ALL, folder=folder))  # noqa: B023 - called at once
            yield f"requests, {n:,} within 5 s, folder {folder}", calls, 1.15 * n / 100 + 10
    with _started(12_500) as services:
        frame = services.bigpanda.incidents(ALL)
        n, calls = _calls(services, lambda: services.bigpanda.incidents(ALL))
        yield f"requests, {n:,} over 28 days", calls, 1.15 * n / 100 + 10
        for number in range(210):
            services.control.move("update", 50 * number)
        _, calls = _calls(services, lambda: services.bigpanda.refresh(frame))
        yield "requests, refresh of 210 of 12,500", calls, 30
    with _started(3_000) as services:
        _, calls = _calls(services, lambda: services.bigpanda.alerts(ALL))
        yield "requests, 3,000 with alerts", calls, 1.3 * 3_000 / 10 + 10
    yield from _times()


def _times() -> Iterator[tuple[str, float, float]]:
    """Yield the time over what limit and latency allow, and the densest second."""
    for latency in (0.02, 1.0):
        with sandbox.start(incidents=6_000, audit_events=5) as services:
            services.control.delay = latency
            services.bigpanda.check()
            arrivals: list[float] = []
            services.control.clock = _noting(arrivals)
            started = time.perf_counter()
            before = len(services.control.calls)
            services.bigpanda.incidents(ALL)
            calls = len(services.control.calls) - before
            elapsed = time.perf_counter() - started
        bound = max(calls / RATE, calls / SIDE_BY_SIDE * latency)
        yield f"time over the bound, latency {latency} s, {calls} requests", elapsed / bound, 1.1
        yield "arrivals in the densest second", _densest(arrivals), 6


def _started(incidents: int, within: int | None = None) -> Sandbox:
    return sandbox.start(
        incidents=incidents, audit_events=5, within=within, requests_per_second=None
    )


def _calls(services: Sandbox, load: Callable[[], pd.DataFrame]) -> tuple[int, int]:
    """Return the rows of a load, and the searches that it sent."""
    before = len(services.control.calls)
    rows = len(load())
    searches = services.control.calls[before:]
    return rows, sum(call.path.endswith("/incidents") for call in searches)


def _noting(arrivals: list[float]) -> Callable[[], float]:
    """Return a clock that notes when it was read: the limiter reads it at each arrival."""

    def read() -> float:
        arrivals.append(now := time.monotonic())
        return now

    return read


def _densest(moments: list[float]) -> int:
    most, window = 0, deque[Any]()
    for moment in sorted(moments):
        window.append(moment)
        while window[0] <= moment - 1:
            window.popleft()
        most = max(most, len(window))
    return most
