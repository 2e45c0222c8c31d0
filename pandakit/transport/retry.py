"""When a call is tried again, and how long to wait before.

stamina counts the attempts and re-raises; the decision, the wait and the clock are ours.
Calls that do no harm twice are repeated after any passing fault. Writes are repeated only
when nothing was sent, or when the service said (429, 503) that it did nothing.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import stamina

from pandakit.errors import OutcomeUnknownError, PandakitError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pandakit.progress import ProgressLine
    from pandakit.transport._model import Call, Clock, Reply, TransportOptions

__all__ = [
    "PASSING",
    "AttemptFailed",
    "RetryBudget",
    "http_date",
    "parse_retry_after",
    "with_retries",
]

_log = logging.getLogger("pandakit.transport")
# stamina logs every repetition as a warning, without saying which service; ours says it.
logging.getLogger("stamina").addFilter(
    lambda record: not str(getattr(record, "stamina.callable", "")).startswith("pandakit.")
)

_ALWAYS = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
PASSING = _ALWAYS | {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.GATEWAY_TIMEOUT,
}
# Answers to a write after which nobody knows whether it happened.
_AMBIGUOUS = PASSING - _ALWAYS


class AttemptFailed(Exception):  # noqa: N818 - never leaves the transport
    """One attempt that failed, and what is known about it.

    Parameters
    ----------
    error
        What the user will see if this was the last attempt.
    passing
        Whether the fault may pass by itself.
    sent
        Whether the service may have received the request.
    status
        The status, when there was an answer.
    retry_after
        Seconds that the service asked for.
    """

    def __init__(
        self,
        error: PandakitError,
        *,
        passing: bool,
        sent: bool = True,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.passing = passing
        self.sent = sent
        self.status = status
        self.retry_after = retry_after


class RetryBudget:
    """Repetitions that all calls of a session share, so that a broken service fails fast.

    Parameters
    ----------
    size
        The most repetitions in store; a success puts one back.
    """

    def __init__(self, size: int) -> None:
        self._size = self._left = size
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take one repetition, if there is one."""
        with self._lock:
            there = self._left > 0
            self._left -= there
            return there

    def give_back(self) -> None:
        """Count a success."""
        with self._lock:
            self._left = min(self._size, self._left + 1)


def parse_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Read `Retry-After` in seconds; `None` when absent, malformed or past.

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


def http_date(text: str) -> float | None:
    """Read a date of HTTP as seconds since 1970; `None` when it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return moment.timestamp() if moment.tzinfo is not None else None


@dataclass
class _Plan:
    """The attempts of one call."""

    call: Call
    options: TransportOptions
    clock: Clock
    budget: RetryBudget
    progress: ProgressLine | None
    name: str
    once: Callable[[float], Reply]
    before_again: Callable[[], object]

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

    def again(self, exc: Exception) -> bool:
        """Decide on another attempt, and wait for it."""
        if not isinstance(exc, AttemptFailed) or not self.allowed(exc):
            return False
        wait = self.wait_for(exc)
        self.gave_up = self._reason_to_stop(exc, wait)
        if self.gave_up:
            return False
        if self.progress is not None:
            self.progress.wait(wait, f"{self.name} failed ({exc.status or 'connection'})")
        reason = exc.status or "no answer"
        _log.info("%s: %s; attempt %d in %.1f s", self.name, reason, self.tries + 1, wait)
        self.clock.sleep(wait)
        self.before_again()
        return True

    def attempt(self) -> Reply:
        self.tries += 1
        return self.once(self.deadline)

    def _reason_to_stop(self, failure: AttemptFailed, wait: float) -> str:
        if self.tries >= self.options.attempts:
            return "all attempts were used"
        asked = failure.retry_after
        if asked is not None and asked > self.options.retry_after_most:
            return f"the service asked for a wait of {asked:.0f} s, more than we wait"
        if self.clock.monotonic() + wait >= self.deadline:
            return f"the next attempt, in {wait:.1f} s, would be past the total deadline"
        if not self.budget.take():
            return "the retry budget of this session is empty: the service keeps failing"
        return ""

    def final(self, failure: AttemptFailed) -> PandakitError:
        """Give the error for the user: what, how often, how long, what to do."""
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
    """Run `once(deadline)` until it answers or trying again makes no sense.

    Raises
    ------
    PandakitError
        The last attempt's error with the count and the time in its message.
    OutcomeUnknownError
        For a write that may have been received, but whose answer did not come.
    """
    plan = _Plan(call, options, clock, budget, progress, name, once, before_again)
    attempt = stamina.retry(
        on=plan.again, attempts=options.attempts, timeout=None,
        wait_initial=0, wait_max=0, wait_jitter=0,
    )(plan.attempt)  # fmt: skip
    try:
        reply = attempt()
    except AttemptFailed as failure:
        error = plan.final(failure)
    else:
        budget.give_back()
        return replace(reply, attempts=plan.tries)
    raise error  # outside of the handler: no chain leads to the HTTP library's exceptions
