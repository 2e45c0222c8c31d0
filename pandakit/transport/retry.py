"""When a call is tried again, and how long to wait before.

Calls that do no harm twice are retried after any passing fault. Writes are retried only when
nothing was sent, or when the service said (429, 503) that it did nothing.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from pandakit.errors import OutcomeUnknownError, PandakitError
from pandakit.forks import renew_in_children
from pandakit.transport.attempt import AttemptFailed
from pandakit.transport.service_clock import http_date

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pandakit.progress import ProgressLine
    from pandakit.transport.call import Call
    from pandakit.transport.options import Clock, TransportOptions
    from pandakit.transport.reply import Reply

__all__ = [
    "PASSING",
    "RetryBudget",
    "parse_retry_after",
    "with_retries",
]

_log = logging.getLogger("pandakit.transport")

_ALWAYS = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
PASSING = _ALWAYS | {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.GATEWAY_TIMEOUT,
}
# Responses to a write that leave it open whether it happened.
_AMBIGUOUS = PASSING - _ALWAYS


class RetryBudget:
    """Retries that all calls of a session share, so that a broken service fails fast.

    Parameters
    ----------
    size
        The most retries in store; each success returns one.
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


def parse_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return `Retry-After` in seconds; `None` when absent, malformed or past.

    A date is read against the service's own `Date` header, since the local clock may be wrong.

    Examples
    --------
    >>> parse_retry_after({"Retry-After": "3"}, now=0.0)
    3.0
    >>> parse_retry_after({"Retry-After": "soon"}, now=0.0) is None
    True
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    moment = http_date(text)
    if moment is None:
        return None
    server = http_date(headers.get("Date", ""))
    wait = moment - (now if server is None else server)
    return wait if wait > 0 else None


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
            return failure.status in (PASSING if self.call.repeatable else _ALWAYS)
        return failure.passing and (self.call.repeatable or not failure.sent)

    def wait_for(self, failure: AttemptFailed) -> float:
        first, most = self.options.backoff_first, self.options.backoff_most
        jitter = self.clock.random()
        if failure.retry_after is not None:
            return failure.retry_after + jitter * first
        return max(first, jitter * min(most, first * 2.0**self.tries))

    def again(self, failure: AttemptFailed) -> bool:
        """Decide whether to try again, and wait until then."""
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
        """Return the error for the user: what, how often, how long, what to do."""
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
    """Return the answer of `once(deadline)`, tried until it answers or a retry makes no sense.

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
