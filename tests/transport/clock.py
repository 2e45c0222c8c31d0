# ruff: noqa: D102 - helpers of the tests, whose names say what they do
"""A clock that the tests turn by hand."""

from __future__ import annotations

import threading

from pandakit.transport import Clock


class FakeClock:
    """Waits at once, remembers the waits, and can interrupt as Ctrl-C does."""

    def __init__(self, chance: float = 1.0) -> None:
        self.now = 1000.0
        self.wall_offset = 1_700_000_000.0
        self.waits: list[float] = []
        self.interrupt = False
        self.chance = chance
        self._lock = threading.Lock()

    def advance(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds

    def monotonic(self) -> float:
        if self.interrupt:
            self.interrupt = False
            raise KeyboardInterrupt
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.advance(seconds)

    def total_wait(self) -> float:
        return sum(self.waits)

    @property
    def clock(self) -> Clock:
        return Clock(
            monotonic=self.monotonic,
            wall=lambda: self.wall_offset + self.now,
            sleep=self.sleep,
            random=lambda: self.chance,
        )
