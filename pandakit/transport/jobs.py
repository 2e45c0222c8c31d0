"""Wait for work that a service does later: one poller for every kind of job."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from pandakit.errors import (
    JobFailedError,
    JobTimeoutError,
    NotFoundError,
    OutcomeUnknownError,
    PandakitError,
    ServiceWarning,
    warn_user,
)
from pandakit.progress import ProgressLine, progress_line
from pandakit.transport.interrupts import Interrupted, interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pandakit.transport.call import Call
    from pandakit.transport.reply import Reply
    from pandakit.transport.session import Session

__all__ = ["JobRules", "wait_for"]


_LAST_LOOK = 1.0  # seconds


def _read_status(reply: Reply) -> str:
    return str(reply.object().get("status", ""))


def _no_detail(reply: Reply) -> str:
    return reply.excerpt()


@dataclass(frozen=True, slots=True)
class JobRules:
    """How a service tells about its jobs.

    Parameters
    ----------
    states
        State word (lower case) to `"running"`, `"done"` or `"failed"`; others count as running.
    read_state, read_detail
        Read the state word and, of a failed job, its message from an answer.
    first, factor, most
        Seconds before the first look, how the wait grows, and its bound.
    grace_404
        For so many seconds after the start, 404 means "not there yet".
    max_looks
        The most times that the service lets us look; `None` for no limit.
    advice
        A piece of a failure message (lower case) to what the user should do.
    """

    states: Mapping[str, str]
    read_state: Callable[[Reply], str] = _read_status
    read_detail: Callable[[Reply], str] = _no_detail
    first: float = 1.0
    factor: float = 2.0
    most: float = 30.0
    grace_404: float = 30.0
    max_looks: int | None = None
    advice: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Wait:
    """The looks at one job."""

    session: Session
    call: Call
    rules: JobRules
    timeout: float
    name: str
    looks: int = 0
    requests: int = 0
    asked: float = 0.0
    last: str = "unknown"
    trouble: str = ""
    strangers: set[str] = field(default_factory=set)

    def run(self, line: ProgressLine) -> Reply:
        clock = self.session.clock
        started = clock.monotonic()
        wait = self.rules.first
        while True:
            left = started + self.timeout - clock.monotonic()
            spent = self.rules.max_looks is not None and self.looks >= self.rules.max_looks
            if left <= 0 or spent:
                raise self.too_late(started)
            if self.asked > left:
                raise self.too_late(started)
            pause = max(self.asked, min(wait, left))
            line.wait(pause, f"{self.name} is {self.last}")
            clock.sleep(pause)
            wait = min(self.rules.most, wait * self.rules.factor)
            age = clock.monotonic() - started
            reply = self.look(line, age, self.timeout - age)
            if reply is not None:
                return replace(reply, attempts=self.requests)

    def look(self, line: ProgressLine, age: float, left: float) -> Reply | None:
        """Poll once; return the final answer, or `None` while the job goes on."""
        # Its repetitions and waits end with the wait for the job; the last look has a moment.
        usual = self.session.options.total if self.call.total is None else self.call.total
        call = replace(self.call, total=min(usual, max(left, _LAST_LOOK)))
        self.looks += 1
        self.asked, self.trouble = 0.0, ""
        try:
            reply = self.session.send(call, line)
        except NotFoundError as error:
            if age <= self.rules.grace_404 and self.last == "unknown":
                return None
            missing = error
        except PandakitError as error:
            if not error.retryable:
                raise
            self.asked = error.retry_after or 0.0
            self.trouble = f"; the last look failed: {error}"
            return None  # the job goes on whatever happens to our questions
        else:
            self.requests += reply.attempts
            return self.judge(reply)
        raise OutcomeUnknownError(
            f"{self.name} is not known to the service (last seen {self.last}): its outcome is "
            "unknown; look at the service before starting it again",
            status_code=missing.status_code,
            request_id=missing.request_id,
        )

    def judge(self, reply: Reply) -> Reply | None:
        word = reply.read(self.rules.read_state)
        meaning = self.rules.states.get(word.lower())
        self.last = word or "without a state"
        if meaning is None and word not in self.strangers:
            self.strangers.add(word)
            warn_user(
                f"{self.name} is in the unknown state {word[:100]!r}: taken as still running",
                ServiceWarning,
            )
        if meaning == "failed":
            raise self.failed(reply)
        return reply if meaning == "done" else None

    def failed(self, reply: Reply) -> JobFailedError:
        detail = reply.read(self.rules.read_detail)
        told = [tip for piece, tip in self.rules.advice.items() if piece in detail.lower()]
        return JobFailedError(
            " ".join([f"{self.name} failed: {detail}", *told]),
            status_code=reply.status,
            request_id=reply.request_id,
        )

    def too_late(self, started: float) -> JobTimeoutError:
        spent = self.session.clock.monotonic() - started
        return JobTimeoutError(
            f"{self.name} was still {self.last} after {spent:.0f} s and {self.looks} looks; it may "
            f"end later: resume() goes on waiting{self.trouble}"
        )


def wait_for(
    session: Session,
    call: Call,
    rules: JobRules,
    *,
    timeout: float = 900.0,
    progress: bool | None = None,
    name: str = "the job",
) -> Reply:
    """Poll a job until it is done, and return the last response.

    Interrupting it loses nothing: the same call waits on, and so does `resume()` of the
    `KeyboardInterrupt` (`sys.last_value.resume()` in a notebook).

    Parameters
    ----------
    session, call, rules
        Where, how to look once, and how to read the answer.
    timeout
        Seconds after which to stop waiting.
    progress
        `True` and `False` force the progress line; `None` shows it where someone watches.
    name
        What to call the job in messages: its id.

    Raises
    ------
    JobFailedError
        With the service's message, and advice where the message is a known one.
    JobTimeoutError
        When the time was not enough; `resume()` waits on.
    OutcomeUnknownError
        When the service no longer knows the job.
    """
    with progress_line(name, progress=progress) as line:
        return _wait(_Wait(session, call, rules, timeout, name), line)


def _wait(wait: _Wait, line: ProgressLine) -> Reply:
    failure: PandakitError | None = None
    try:
        return wait.run(line)
    except (JobFailedError, OutcomeUnknownError):
        raise  # there is nothing left to wait for
    except PandakitError as error:
        failure = error
    except KeyboardInterrupt:
        pass
    if failure is None:
        raise interrupted(
            lambda: Interrupted(
                f"{wait.name} was last seen {wait.last}; it goes on at the service, and resume() "
                "waits on (sys.last_value.resume() in a notebook)",
                resume=partial(_resumed, wait),
            )
        )
    raise failure.extended(resume=partial(_resumed, wait))


def _resumed(wait: _Wait, token: str | None = None) -> Reply:
    if token is not None:
        wait.session.use_token(token)
    with progress_line(wait.name) as line:
        fresh = replace(wait, looks=0, requests=0, asked=0.0, trouble="")
        return _wait(fresh, line)
