"""The service's clock, as far as its answers tell it."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandakit.transport.options import Clock

__all__ = ["ServiceClock", "http_date"]

# By this header the sandbox says where its clock stands still; heeded from this machine alone.
_SANDBOX_TIME = "X-Sandbox-Time"
_SKEW_MOST = 24 * 3600.0  # seconds; a clock that is further off is not believed


class ServiceClock:
    """How far the service's clock is from ours.

    Parameters
    ----------
    is_loopback
        Whether the service is on this machine, where it may be a sandbox.
    """

    def __init__(self, *, is_loopback: bool) -> None:
        self._is_loopback = is_loopback
        self._skew: float | None = None
        self._stands_still: float | None = None
        self.odd_date = ""
        """A `Date` that was not believed."""

    @property
    def is_known(self) -> bool:
        """Whether an answer has told the time."""
        return self._skew is not None

    def time(self, clock: Clock) -> float:
        """Return seconds since 1970 by the service's clock, or by ours until it is known."""
        if self._stands_still is not None:
            return self._stands_still
        return clock.wall() + (self._skew or 0.0)

    def learn(self, headers: Mapping[str, str], clock: Clock) -> None:
        """Take the time from an answer."""
        stands_still = headers.get(_SANDBOX_TIME) if self._is_loopback else None
        # A server in front may add a `Date` of its own before it: the last is the service's.
        sent = http_date(stands_still or headers.get("Date", "").rpartition("GMT, ")[2])
        if sent is None:
            return
        skew = sent - clock.wall()
        self._stands_still = None if stands_still is None else sent
        believed = stands_still is not None or abs(skew) <= _SKEW_MOST
        self._skew = skew if believed else 0.0
        self.odd_date = "" if believed else headers["Date"][-60:]


def http_date(text: str) -> float | None:
    """Return a date of HTTP as seconds since 1970; `None` when it is malformed."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return moment.timestamp() if moment.tzinfo is not None else None
