"""Work that a service does later: the address of a job, and one poller for all kinds of jobs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from pandakit.errors import (
    JobFailedError,
    JobTimeoutError,
    NotFoundError,
    OutcomeUnknownError,
    PandakitError,
    ProtocolError,
    ServiceWarning,
    warn_user,
)
from pandakit.progress import ProgressLine, progress_line
from pandakit.transport.interrupts import Interrupted, interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pandakit.transport.reply import Reply
    from pandakit.transport.service import Call
    from pandakit.transport.session import Session

__all__ = ["JOB_PATH", "Job", "JobRules", "find_job", "wait_for"]


# The possible paths of jobs; nothing else is polled.
JOB_PATH = r"(?:/[^/]+)*/[A-Za-z_-]*jobs?/[^/]+"


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work at the service: enough to poll it again, even from another process.

    Parameters
    ----------
    id
        The service's id.
    url
        Its address: a path, or an absolute URL on the service's host.
    """

    id: str
    url: str


def find_job(
    session: Session, reply: Reply, *, template: str, paths: str = "", id_key: str = "job_id"
) -> Job:
    """Return the job that an accepted request started.

    The `Location` header and `trigger_uri` in the body name it, if they lead to a path of the
    service's jobs; else the id in the body does.

    Parameters
    ----------
    session
        The session, whose host and paths count.
    reply
        The answer that accepted the work.
    template
        Path of a job with `{id}`, for the id in the body.
    paths
        A regular expression for further paths of jobs; by default that of the template.
    id_key
        The key of the id in the body.

    Raises
    ------
    OutcomeUnknownError
        When none of them names it: the work may have started, and must not be sent again blindly.

    Warns
    -----
    ServiceWarning
        When an address is not that of a job of the service: it is not followed.
    """
    paths = paths or re.escape(template).replace(re.escape("{id}"), "[^/]+")
    body = _body_of(reply)
    job_id = body.get(id_key)
    named = isinstance(job_id, (str, int)) and str(job_id) not in {"", ".", ".."}
    foreign = ""
    trigger = body.get("trigger_uri")
    trigger = trigger if isinstance(trigger, str) else ""
    location = reply.headers.get("Location", "")
    for address, expected in (
        (location, f"{paths}|{JOB_PATH}"),
        *((spelling, paths) for spelling in _spellings(trigger, template)),
        (trigger, JOB_PATH),
    ):
        url = session.own_url(address, expected) if address else None
        if url is not None:
            return Job(str(job_id) if named else _last_step(url), url)
        foreign = foreign or address
    if foreign and named:
        warn_user(
            f"{session.service.name} accepted the request, but named {foreign!r} as its job's "
            f"address, which is not one of its own: job {job_id} is asked for at "
            f"{session.service.base_url} instead",
            ServiceWarning,
        )
    if named:
        return Job(str(job_id), template.format(id=quote(str(job_id), safe="")))
    told = f"an address that is not its own ({foreign!r})" if foreign else "no job"
    raise OutcomeUnknownError(
        f"the service accepted the request but named {told}: it may be working on it; look at "
        "the service before sending it again",
        status_code=reply.status,
        request_id=reply.request_id,
    )


def _spellings(address: str, template: str) -> list[str]:
    """Return what a relative address may mean: below the host, or below a part of the path."""
    if not address or "://" in address or address.startswith("//"):
        return [address]
    steps = template.strip("/").split("/")[:-1]
    parts = ["", *("/" + "/".join(steps[: count + 1]) for count in range(len(steps)))]
    return [f"{part}/{address.lstrip('/')}" for part in parts]


def _last_step(url: str) -> str:
    return unquote(url.partition("?")[0].rstrip("/").rpartition("/")[2])


def _body_of(reply: Reply) -> dict[str, Any]:
    try:
        body = reply.json()
    except ProtocolError:
        return {}  # the work was accepted all the same; find_job reports that nothing names it
    return body if isinstance(body, dict) else {}


_LAST_LOOK = 1.0  # seconds


def _read_status(reply: Reply) -> str:
    return str(reply.object().get("status", ""))


def _no_detail(reply: Reply) -> str:
    return reply.excerpt()


@dataclass(frozen=True, slots=True)
class JobRules:
    """How a service reports on its jobs.

    Parameters
    ----------
    states
        State word (lower case) -> `"running"`, `"done"` or `"failed"`; others count as running.
    read_state, read_detail
        Read the state word and, for a failed job, its message from an answer.
    first, factor, most
        Seconds before the first poll, how the wait grows, and its maximum.
    grace_404
        For this many seconds after the start, 404 means "not there yet".
    max_looks
        The greatest number of polls that the service allows; `None` for no limit.
    advice
        A part of a failure message (lower case) -> what the user should do.
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
    """The polls of one job."""

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
        """Poll once; return the final answer, or `None` while the job is running."""
        # Retries and their waits end with the wait for the job; the last poll has a moment.
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
            return None  # the job continues, whatever happens to our polls
        else:
            self.requests += reply.attempts
            return self.finished(reply)
        raise OutcomeUnknownError(
            f"{self.name} is not known to the service (last seen {self.last}): its outcome is "
            "unknown; look at the service before starting it again",
            status_code=missing.status_code,
            request_id=missing.request_id,
        )

    def finished(self, reply: Reply) -> Reply | None:
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
            f"end later: resume() continues waiting{self.trouble}"
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

    Interrupting it loses nothing: the same call continues to wait, and so does `resume()` of the
    `KeyboardInterrupt` (`sys.last_value.resume()` in a notebook).

    Parameters
    ----------
    session, call, rules
        The session, the call that polls once, and how to read its answer.
    timeout
        Seconds after which to stop waiting.
    progress
        `True` and `False` force the progress line on and off; `None` shows it in interactive
        sessions.
    name
        The name of the job in messages.

    Raises
    ------
    JobFailedError
        With the service's message, and advice if the message is a known one.
    JobTimeoutError
        When the time was not enough; `resume()` continues waiting.
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
                f"{wait.name} was last seen {wait.last}; it continues at the service, and resume() "
                "continues waiting (sys.last_value.resume() in a notebook)",
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
