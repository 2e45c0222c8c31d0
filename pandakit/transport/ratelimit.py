"""One rate limit per token and endpoint, shared by every thread and session of the process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from pandakit.transport._model import Clock

__all__ = ["RateLimiter", "limiter_for"]

# Turns are this much further apart than the rate asks, so that a late and an early packet
# do not put one request too many into the service's second.
_MARGIN = 1.04

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
        self._next = float("-inf")

    def acquire(self) -> float:
        """Wait for a turn; gives the seconds that it took."""
        with self._lock:
            now = self._clock.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._spacing
        if turn > now:
            self._clock.sleep(turn - now)
        return turn - now


def limiter_for(key: tuple[object, ...], rate: float, clock: Clock) -> RateLimiter:
    """Give the limiter of a token and endpoint: the same one for as long as anyone holds it."""
    with _guard:
        found = _limiters.get((*key, rate, clock))
        if found is None:
            found = _limiters[(*key, rate, clock)] = RateLimiter(rate, clock)
        return found
