"""When a call is sent: in its turn under the rate limit, and again after a passing fault.

There is one rate limit per token and endpoint, shared by every thread and session of the process.
Calls that are safe to repeat are retried after any passing fault. Writes are retried only if
nothing was sent, or if the service refused them without processing (429, 503).
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from pandakit.errors import OutcomeUnknownError, PandakitError
from pandakit.forks import renew_in_children
from pandakit.transport.attempt import NOTHING_DONE, PASSING, AttemptFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandakit.progress import ProgressLine
    from pandakit.transport.options import Clock, TransportOptions
    from pandakit.transport.reply import Reply
    from pandakit.transport.service import Call

__all__ = ["RateLimiter", "RetryBudget", "limiter_for", "with_retries"]


# Turns are this much further apart than the rate requires, so that a late and an early packet
# do not put one request too many into the service's second.
_MARGIN = 1.04
_DUE = 1e-6  # seconds; smaller differences are rounding errors


class RateLimiter:
    """Evenly spaced turns, first come, first served; a forked process starts its own queue.

    Parameters
    ----------
    rate
        Turns a second.
    clock
        The source of time.
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
        """Wait for a turn and return the seconds waited; an interrupt releases the turn."""
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

        The next turn is counted from when this one is taken, not from when it was due, so that a
        thread that wakes late does not come too close to the next one.
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
    """The limiters in use, each for as long as something refers to it."""

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
    """Return the limiter of a token and endpoint: the same one while something refers to it."""
    return _limiters.get(key, rate, clock)


_log = logging.getLogger("pandakit.transport")

# Responses to a write after which its outcome is unknown.
_AMBIGUOUS = PASSING - NOTHING_DONE


class RetryBudget:
    """Retries that all calls of a session share, so that a broken service fails fast.

    Parameters
    ----------
    size
        The greatest number of retries left; each success returns one.
    """

    def __init__(self, size: int) -> None:
        self._size = self._left = size
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Start with a new, open lock."""
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Use up one retry; return False when none is left."""
        with self._lock:
            there = self._left > 0
            self._left -= there
            return there

    def give_back(self) -> None:
        """Count a success."""
        with self._lock:
            self._left = min(self._size, self._left + 1)


@dataclass
class _Plan:
    """The attempts of one call."""

    call: Call
    options: TransportOptions
    clock: Clock
    budget: RetryBudget
    progress: ProgressLine | None
    name: str

    def __post_init__(self) -> None:
        self.started = self.clock.monotonic()
        total = self.options.total if self.call.total is None else self.call.total
        self.deadline = self.started + total
        self.tries = 0
        self.gave_up = ""

    def allowed(self, failure: AttemptFailed) -> bool:
        if failure.status is not None and failure.status >= HTTPStatus.BAD_REQUEST:
            return failure.status in (PASSING if self.call.repeatable else NOTHING_DONE)
        return failure.passing and (self.call.repeatable or not failure.sent)

    def wait_for(self, failure: AttemptFailed) -> float:
        first, most = self.options.backoff_first, self.options.backoff_most
        jitter = self.clock.random()
        if failure.retry_after is not None:
            return failure.retry_after + jitter * first
        return max(first, jitter * min(most, first * 2.0**self.tries))

    def again(self, failure: AttemptFailed) -> bool:
        """Decide whether to retry, and wait until then."""
        if not self.allowed(failure):
            return False
        wait = self.wait_for(failure)
        self.gave_up = self._reason_to_stop(failure, wait)
        if self.gave_up:
            return False
        if self.progress is not None:
            self.progress.wait(wait, f"{self.name} failed ({failure.status or 'connection'})")
        reason = failure.status or "no answer"
        _log.info("%s: %s; attempt %d in %.1f s", self.name, reason, self.tries + 1, wait)
        self.clock.sleep(wait)
        return True

    def _reason_to_stop(self, failure: AttemptFailed, wait: float) -> str:
        if self.tries >= self.options.attempts:
            return "all attempts were used"
        asked = failure.retry_after
        if asked is not None and asked > self.options.retry_after_most:
            return f"the service asked for a wait of {asked:.0f} s, more than the longest wait"
        if self.clock.monotonic() + wait >= self.deadline:
            return f"the next attempt, in {wait:.1f} s, would be past the total deadline"
        if not self.budget.take():
            return "the retry budget of this session is empty: the service keeps failing"
        return ""

    def final(self, failure: AttemptFailed) -> PandakitError:
        """Return the error for the user: what happened, how often, for how long, and what to do."""
        error = failure.error
        spent = self.clock.monotonic() - self.started
        told = f"{error} [{self.tries} attempt{'s'[: self.tries > 1]} in {spent:.1f} s"
        told += f"; {self.gave_up}]" if self.gave_up else "]"
        kind: type[PandakitError] = type(error)
        if self._outcome_unknown(failure):
            kind = OutcomeUnknownError
            told += (
                "; the request may or may not have taken effect: look at the service before "
                "sending it again"
            )
        return kind(
            told,
            status_code=error.status_code,
            retry_after=failure.retry_after,
            retryable=False if kind is OutcomeUnknownError else error.retryable,
            request_id=error.request_id,
        )

    def _outcome_unknown(self, failure: AttemptFailed) -> bool:
        if self.call.repeatable or not failure.sent:
            return False
        answered = failure.status is not None and failure.status >= HTTPStatus.MULTIPLE_CHOICES
        return not answered or failure.status in _AMBIGUOUS


def with_retries(
    once: Callable[[float], Reply],
    call: Call,
    *,
    options: TransportOptions,
    clock: Clock,
    budget: RetryBudget,
    progress: ProgressLine | None = None,
    name: str = "the service",
    before_again: Callable[[], object] = lambda: None,
) -> Reply:
    """Return the answer of `once(deadline)`, called until it answers or a retry is pointless.

    Raises
    ------
    PandakitError
        The last attempt's error with the count and the time in its message.
    OutcomeUnknownError
        For a write that may have been received, but whose answer was lost.
    """
    plan = _Plan(call, options, clock, budget, progress, name)
    while True:
        plan.tries += 1
        failed = None
        try:
            reply = once(plan.deadline)
        except AttemptFailed as failure:
            failed = failure
        # Outside of the handler: no chain leads to the HTTP library's exceptions.
        if failed is None:
            budget.give_back()
            return replace(reply, attempts=plan.tries)
        if not plan.again(failed):
            raise plan.final(failed)
        before_again()
