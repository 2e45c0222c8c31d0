"""What an answer says when it refuses a call: the error, and the words for the user."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pandakit.errors import error_for_status
from pandakit.transport.attempt import AttemptFailed
from pandakit.transport.hosts import origin_of
from pandakit.transport.reply import Problem, Reply
from pandakit.transport.retry import PASSING, parse_retry_after

if TYPE_CHECKING:
    from pandakit.transport.call import Call
    from pandakit.transport.service import Service

__all__ = ["failure_of"]


def failure_of(service: Service, call: Call, reply: Reply, now: float) -> AttemptFailed | None:
    """Return the failure that an answer is, by its envelope first and its status second."""
    if reply.status in call.expected:
        return None
    problem = None if call.anonymous else reply.read(service.read_error)
    if problem is None and reply.status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    problem = problem or Problem(reply.excerpt())
    status = problem.status or reply.status
    wait = parse_retry_after(reply.headers, now)
    error = error_for_status(status)(
        _message(service, call, reply, status, problem),
        status_code=status,
        retry_after=wait,
        retryable=status in PASSING,
        request_id=problem.request_id or reply.request_id,
    )
    return AttemptFailed(error, passing=False, status=status, retry_after=wait)


def _message(service: Service, call: Call, reply: Reply, status: int, problem: Problem) -> str:
    words = f"{service.name} answered {status} to {call.method} {urlsplit(reply.url).path}"
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        target = origin_of(reply.headers.get("Location", ""), reply.url)
        words += f": a redirect to {target}, not followed since it may leak the token"
    elif problem.message:
        words += f": {problem.message}"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) and call.needs:
        words += f". This call needs {call.needs}"
    if hint := service.hints.get(status):
        words += f". {hint}"
    return words
