"""One rate limit per token and endpoint, shared by every thread and session of the process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from pandakit.transport.options import Clock

__all__ = ["RateLimiter", "limiter_for"]

# Turns are this much further apart than the rate asks, so that a late and an early packet
# do not put one request too many into the service's second.
_MARGIN = 1.04
_DUE = 1e-6  # seconds; less is how far sums of such numbers are off

_limiters: WeakValueDictionary[tuple[object, ...], RateLimiter] = WeakValueDictionary()
_guard = threading.Lock()


class RateLimiter:
    """Gives out turns at even distances, first come first served.

    Parameters
    ----------
    rate
        Turns a second.
    clock
        Where time comes from.
    """

    def __init__(self, rate: float, clock: Clock) -> None:
        self._spacing = _MARGIN / rate
        self._clock = clock
        self._lock = threading.Lock()
        self._queue: list[object] = []
        self._next = float("-inf")

    def acquire(self) -> float:
        """Wait for a turn; gives the seconds that it took. Who is interrupted gives it up."""
        asked = self._clock.monotonic()
        ticket = object()
        with self._lock:
            self._queue.append(ticket)
        try:
            while wait := self._left(ticket):
                self._clock.sleep(wait)
        except BaseException:
            with self._lock:
                self._queue = [other for other in self._queue if other is not ticket]
            raise
        return self._clock.monotonic() - asked

    def _left(self, ticket: object) -> float:
        """Give the seconds to wait, or take the turn.

        The next turn counts from the moment in which this one is taken, not from when it was
        due: a thread that wakes late must not come close to the one after it.
        """
        with self._lock:
            now, place = self._clock.monotonic(), self._queue.index(ticket)
            left = max(0.0, self._next - now) + place * self._spacing
            if left > _DUE:
                return left
            del self._queue[place]
            self._next = now + self._spacing
            return 0.0


def limiter_for(key: tuple[object, ...], rate: float, clock: Clock) -> RateLimiter:
    """Give the limiter of a token and endpoint: the same one for as long as anyone holds it."""
    with _guard:
        found = _limiters.get((*key, rate, clock))
        if found is None:
            found = _limiters[(*key, rate, clock)] = RateLimiter(rate, clock)
        return found
