"""One rate limit per token and endpoint, shared by every thread and session of the process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from pandakit.forks import renew_in_children

if TYPE_CHECKING:
    from pandakit.transport.options import Clock

__all__ = ["RateLimiter", "limiter_for"]

# Turns are this much further apart than the rate asks, so that a late and an early packet
# do not put one request too many into the service's second.
_MARGIN = 1.04
_DUE = 1e-6  # seconds; less is how far sums of such numbers are off


class RateLimiter:
    """Turns at even distances, first come first served; a forked process begins its own queue.

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
        self._next = float("-inf")
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Start with an empty queue."""
        self._lock = threading.Lock()
        self._queue: list[object] = []

    def acquire(self) -> float:
        """Wait for a turn and return the seconds that it took; an interrupt releases the turn."""
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
        """Return the seconds to wait; with 0.0 the turn is taken.

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


class _Limiters:
    """The limiters in use, each for as long as anyone holds it."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[tuple[object, ...], RateLimiter] = WeakValueDictionary()
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        self._lock = threading.Lock()

    def get(self, key: tuple[object, ...], rate: float, clock: Clock) -> RateLimiter:
        with self._lock:
            found = self._known.get((*key, rate, clock))
            if found is None:
                found = self._known[(*key, rate, clock)] = RateLimiter(rate, clock)
            return found


_limiters = _Limiters()


def limiter_for(key: tuple[object, ...], rate: float, clock: Clock) -> RateLimiter:
    """Return the limiter of a token and endpoint: the same one for as long as anyone holds it."""
    return _limiters.get(key, rate, clock)
