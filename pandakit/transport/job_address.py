"""Where a job is asked for that an accepted request started: on the service's own paths."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from pandakit.errors import OutcomeUnknownError, ProtocolError, ServiceWarning, warn_user

if TYPE_CHECKING:
    from pandakit.transport.reply import Reply
    from pandakit.transport.session import Session

__all__ = ["JOB_PATH", "Job", "find_job"]

# Whatever a service calls the paths of its jobs: nothing else is asked for.
JOB_PATH = r"(?:/[^/]+)*/[A-Za-z_-]*jobs?/[^/]+"


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


def find_job(
    session: Session, reply: Reply, *, template: str, paths: str = "", id_key: str = "job_id"
) -> Job:
    """Return the job that an accepted request started.

    The `Location` header and `trigger_uri` in the body name it, if they lead to a path of the
    service's jobs; else the id in the body does.

    Parameters
    ----------
    session
        Whose host and paths count.
    reply
        The answer that accepted the work.
    template
        Path of a job with `{id}`, for the id in the body.
    paths
        A regular expression for the paths of jobs, beside those that are called so; by default
        that of the template.
    id_key
        Where the body has the id.

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
    """Return how a relative address may be meant: below the host, or below a part of the path."""
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
        return {}  # the work was accepted all the same: that nothing names it is told by find_job
    return body if isinstance(body, dict) else {}
