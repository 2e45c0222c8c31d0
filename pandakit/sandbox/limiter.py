"""A fair limit of requests per second, per endpoint."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Limiter"]

_SLACK = 0.25  # of a request, so that a caller that keeps the rate is not refused over rounding


class Limiter:
    """Admits a burst of `rate` requests, then `rate` a second.

    Refused requests cost nothing.

    Parameters
    ----------
    rate
        Requests a second and endpoint; `None` for no limit.
    clock
        Seconds that only grow.

    Examples
    --------
    >>> limiter = Limiter(2, lambda: 0.0)
    >>> [limiter.allows("incidents") for _ in range(3)]
    [True, True, False]
    """

    def __init__(self, rate: float | None, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def allows(self, endpoint: str) -> bool:
        """Return whether one more request to the endpoint is within the limit, and count it."""
        if self._rate is None:
            return True
        with self._lock:
            now = self._clock()
            left, then = self._left.get(endpoint, (self._rate, now))
            left = min(self._rate, left + (now - then) * self._rate)
            allowed = left >= 1 - _SLACK
            self._left[endpoint] = (left - allowed, now)
            return allowed
