"""Time of BigPanda loads on a virtual clock: what limit, latency and the order of requests cost.

No HTTP and no waiting, so neither the machine nor its load matters.
"""

from __future__ import annotations

import json
import random
from bisect import bisect_left
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from pandakit.bigpanda._search.load import CEILING, IncidentLoad
from pandakit.bigpanda._search.walk import walk
from pandakit.timewindow import Window
from pandakit.transport import Call, Reply, collect_parallel, pacing, parallel

RATE = 5.0  # requests a second, the service's limit
SIDE_BY_SIDE = 4
NOW = 2_000_000_000
DAYS = 28 * 86_400


def run() -> None:
    """Print the time over the bound, for each list and latency."""
    chance = random.Random(1)
    lists = {"25,000 within 5 s": [NOW - 100 + n % 5 for n in range(25_000)]} | {
        f"{n:,} over 28 days": [NOW - chance.randrange(DAYS) for _ in range(n)]
        for n in (25_000, 12_500, 6_000)
    }
    for name, starts in lists.items():
        for latency in (0.02, 0.2, 0.5, 0.8):
            requests, seconds = _load(sorted(starts, reverse=True), latency)
            bound = max(requests / RATE, requests / SIDE_BY_SIDE * latency)
            print(f"{name}, latency {latency} s, {requests} requests: {seconds / bound:.3f}")


class _Timeline:
    """A pool of threads and a service, in which a call takes its turn and then the latency."""

    def __init__(self, starts: list[int], latency: float) -> None:
        self.now = self.next = 0.0
        self.requests = 0
        self._starts, self._latency = starts, latency

    def submit(self, _: Any, call: Call) -> SimpleNamespace:
        """Send a call when its turn has come."""
        turn = max(self.now, self.next)
        self.next = turn + pacing.RateLimiter(RATE, SimpleNamespace())._spacing  # noqa: SLF001
        self.requests += 1
        return _Future(at=turn + self._latency, result=partial(self._answer, call.params or {}))

    def shutdown(self, **_: Any) -> None:
        """Stand for the end of a pool."""

    def wait(self, running: Any, **_: Any) -> SimpleNamespace:
        """Let time pass until the next answer."""
        first = min(running, key=lambda future: future.at)
        self.now = max(self.now, first.at)
        return SimpleNamespace(done=[first])

    def _answer(self, params: Any) -> Reply:
        to = NOW if params["to"] is None else params["to"]
        skipped = bisect_left(self._starts, -to, key=lambda start: -start)
        begin = skipped + (params["page"] - 1) * params["page_size"]
        numbers = range(begin, min(begin + params["page_size"], len(self._starts)))
        rows = [{"id": n, "start": self._starts[n], "updated_at": 1} for n in numbers]
        body = {"total": len(self._starts) - skipped, "items": rows}
        return Reply(200, {}, json.dumps(body).encode())


class _Future(SimpleNamespace):
    __hash__ = object.__hash__


def _load(starts: list[int], latency: float) -> tuple[int, float]:
    """Load all incidents; return the requests and the seconds on the timeline."""
    timeline = _Timeline(starts, latency)
    load = IncidentLoad(
        Call("GET", "/incidents", params={}),
        "incidents",
        size=100,
        now=lambda: NOW,
        rows_of=lambda row: [row],
        max_rows=None,
        facts=dict,
        window=Window(None, None),
        ceiling=CEILING,
    )
    load.queue.add(partial(walk, load, None, in_lanes=True))
    clock = SimpleNamespace(monotonic=lambda: timeline.now)
    session: Any = SimpleNamespace(send=None, clock=clock, is_stored=False)
    with (
        patch.object(parallel, "ThreadPoolExecutor", lambda *_, **__: timeline),
        patch.object(parallel, "wait", timeline.wait),
    ):
        state = collect_parallel(session, load, progress=False, finish=lambda state: state)
    assert len(state.records) == len(starts)
    return timeline.requests, timeline.now
