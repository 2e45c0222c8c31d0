"""Replies that the service defers: 202 first, then the reply under `/request/{id}`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from pandakit.errors import PandakitError, ServiceWarning
from pandakit.pangea.service import read_status
from pandakit.transport import Call, JobRules, wait_for, warn_user

if TYPE_CHECKING:
    from pandakit.progress import ProgressLine
    from pandakit.transport import Reply, Session

__all__ = ["DeferredReplies"]

_POLLING = JobRules(
    states={"success": "done", "accepted": "running"},
    read_state=read_status,
    first=0.5,
    most=30.0,
)
_REQUESTS = "/request/"
_TIMEOUT = 120.0  # seconds; the service continues the search, and resume() polls it again


class DeferredReplies:
    """Send calls and poll those that were accepted but not answered yet.

    After a timeout, sending again polls the same request instead of starting another.

    Parameters
    ----------
    session
        The session that sends the calls.
    progress
        Whether to show progress while polling; `None` shows it in interactive sessions only.
    """

    def __init__(self, session: Session, progress: bool | None) -> None:  # noqa: FBT001 - passed on from a keyword
        self._session = session
        self._progress = progress
        self._poll: Call | None = None
        self._attempts = 0

    def send(self, call: Call, line: ProgressLine) -> Reply:
        """Return the final reply to a call, or to the call that is still pending."""
        if self._poll is None:
            reply = self._session.send(call, line)
            if reply.read(read_status) != "accepted":
                return reply
            self._poll, self._attempts = (
                reply.read(lambda reply: _poll_call(self._session, reply)),
                reply.attempts,
            )
        reply = self._wait(self._poll)
        self._poll = None
        return replace(reply, attempts=self._attempts + reply.attempts)

    def _wait(self, poll: Call) -> Reply:
        try:
            return wait_for(
                self._session,
                poll,
                _POLLING,
                timeout=_TIMEOUT,
                progress=self._progress,
                name=f"the Pangea request {poll.url.rpartition('/')[2]}",
            )
        except PandakitError as error:
            if not error.retryable:  # there will never be a reply
                self._poll = None
            raise


def _poll_call(session: Session, reply: Reply) -> Call:
    """Return the call that polls for the reply, on the service's own host in any case."""
    body = reply.object()
    result = body.get("result")
    location = result.get("location") if isinstance(result, dict) else None
    request_id = body.get("request_id")
    named = isinstance(request_id, str) and request_id not in {"", ".", ".."}
    url = session.own_url(location, f"{_REQUESTS}[^/]+") if isinstance(location, str) else None
    if url is None and not named:
        raise reply.malformed("accepted the request, but named neither an address nor an id")
    if url is None and location:
        warn_user(
            f"Pangea named {location!r} as the address of the reply, which is not below "
            f"{session.service.base_url}{_REQUESTS}: request {request_id} is polled there instead",
            ServiceWarning,
        )
    return Call("GET", url or _REQUESTS + quote(str(request_id), safe=""), endpoint="/request")
