"""Wait for work that a service does later: one poller for every kind of job."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pandakit.errors import (
    JobFailedError,
    JobTimeoutError,
    NotFoundError,
    OutcomeUnknownError,
    PandakitError,
    ProtocolError,
    ServiceWarning,
)
from pandakit.progress import ProgressLine, progress_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pandakit.transport.call import Call
    from pandakit.transport.reply import Reply
    from pandakit.transport.session import Session

__all__ = ["Job", "JobRules", "find_job", "wait_for"]


_LAST_LOOK = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work at the service: enough to ask for it again, also from another process.

    Parameters
    ----------
    id
        The service's id.
    url
        Where to ask, a path or an absolute URL on the service's host.
    """

    id: str
    url: str


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


def find_job(reply: Reply, *, template: str, prefix: str = "", id_key: str = "job_id") -> Job:
    """Find the job that an accepted request started.

    In this order: the `Location` header, `trigger_uri` in the body, the template.

    Parameters
    ----------
    reply
        The answer that accepted the work.
    template
        Path of a job with `{id}`, used when the service gives only the id.
    prefix
        Put before a `trigger_uri` that does not start with it (a relative one).
    id_key
        Where the body has the id.

    Raises
    ------
    OutcomeUnknownError
        When there is neither: the work may have started, and must not be sent again blindly.
    """
    body = _body_of(reply)
    job_id = str(body.get(id_key) or "")
    url = reply.headers.get("Location") or ""
    trigger = str(body.get("trigger_uri") or "")
    if not url and trigger:
        absolute = "://" in trigger or trigger.startswith(("//", prefix or "//"))
        url = trigger if absolute else f"{prefix.rstrip('/')}/{trigger.lstrip('/')}"
    if not url and job_id:
        url = template.format(id=quote(job_id, safe=""))
    if not url:
        raise OutcomeUnknownError(
            "the service accepted the request but named no job: it may be working on it; look at "
            "the service before sending it again",
            status_code=reply.status,
            request_id=reply.request_id,
        )
    return Job(job_id or url.rstrip("/").rpartition("/")[2], url)


def _body_of(reply: Reply) -> dict[str, Any]:
    try:
        body = reply.json()
    except ProtocolError:
        return {}  # the work was accepted all the same: that nothing names it is told by find_job
    return body if isinstance(body, dict) else {}


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
        """Look once: the final answer, or `None` while the job goes on."""
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
        word = self.rules.read_state(reply)
        meaning = self.rules.states.get(word.lower())
        self.last = word or "without a state"
        if meaning is None and word not in self.strangers:
            self.strangers.add(word)
            warnings.warn(
                f"{self.name} is in the unknown state {word!r}: taken as still running",
                ServiceWarning,
                stacklevel=2,
            )
        if meaning == "failed":
            raise self.failed(reply)
        return reply if meaning == "done" else None

    def failed(self, reply: Reply) -> JobFailedError:
        detail = self.rules.read_detail(reply)
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
    """Look at a job until it is done, and give the last answer.

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
    try:
        return wait.run(line)
    except (JobFailedError, OutcomeUnknownError):
        raise  # there is nothing left to wait for
    except KeyboardInterrupt as interrupt:
        interrupt.resume = lambda: _resumed(wait)  # type: ignore[attr-defined]
        raise
    except PandakitError as error:
        failure = error
    raise failure.extended(resume=lambda: _resumed(wait))


def _resumed(wait: _Wait) -> Reply:
    with progress_line(wait.name) as line:
        fresh = replace(wait, looks=0, requests=0, asked=0.0, trouble="")
        return _wait(fresh, line)
