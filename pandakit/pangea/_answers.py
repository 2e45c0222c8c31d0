"""Answers that come later (202), and pages of a search with the roots that prove them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pandakit.errors import PandakitError, ProtocolError
from pandakit.pangea._service import state_of
from pandakit.transport import Call, JobRules, OffsetPages, wait_for

if TYPE_CHECKING:
    from pandakit.progress import ProgressLine
    from pandakit.transport import Page, Reply, Session

__all__ = ["AuditPages", "LateAnswers", "page_style"]

Row = dict[str, Any]

_PAGE = 1_000
_RULES = JobRules(
    states={"success": "done", "accepted": "running"},
    read_state=state_of,
    first=0.5,
    most=30.0,
)
_TIMEOUT = 120.0  # seconds; the search goes on at the service, and resume() waits for it again


class LateAnswers:
    """Sends calls, and follows those that are accepted, but not answered yet.

    When the waiting breaks off, sending again waits for the same answer instead of asking anew.

    Parameters
    ----------
    session
        Where.
    progress
        Whether to show that it waits; `None` where someone watches.
    """

    def __init__(self, session: Session, progress: bool | None) -> None:  # noqa: FBT001 - handed on from a keyword
        self._session = session
        self._progress = progress
        self._pending: Call | None = None
        self._attempts = 0

    def send(self, call: Call, line: ProgressLine) -> Reply:
        """Send, or go on waiting for what was sent before; gives the final answer."""
        if self._pending is None:
            reply = self._session.send(call, line)
            if state_of(reply) != "accepted":
                return reply
            self._pending, self._attempts = _look(reply), reply.attempts
        reply = self._wait(self._pending)
        self._pending = None
        return replace(reply, attempts=self._attempts + reply.attempts)

    def _wait(self, look: Call) -> Reply:
        try:
            return wait_for(
                self._session,
                look,
                _RULES,
                timeout=_TIMEOUT,
                progress=self._progress,
                name=f"the Pangea request {look.url.rpartition('/')[2]}",
            )
        except PandakitError as error:
            if not error.retryable:  # this answer will never come
                self._pending = None
            raise


def _look(reply: Reply) -> Call:
    """Give the call that looks for the answer; the session refuses a foreign place."""
    body = reply.json()
    place = body.get("result")
    url = place.get("location") if isinstance(place, dict) else None
    key = str(body.get("request_id") or "")
    if not url and not key:
        raise ProtocolError(f"{reply.url}: accepted, but neither a location nor a request_id came")
    return Call("GET", url or f"/request/{quote(key, safe='')}", endpoint="/request")


@dataclass(frozen=True, slots=True)
class AuditPages(OffsetPages):
    """Pages of a search; each event gets the root of its own page that it is proved against.

    Parameters
    ----------
    search_id
        A search that was made before; empty when the first call makes it.
    """

    search_id: str = ""

    def _place(self, position: tuple[str, int, int] | None) -> tuple[str, int, int] | None:
        return (self.search_id, 0, 0) if position is None and self.search_id else position

    def request(self, call: Call, position: tuple[str, int, int] | None) -> Call:
        """Give the call for the page at an offset."""
        return OffsetPages.request(self, call, self._place(position))

    def read(self, reply: Reply, position: tuple[str, int, int] | None) -> Page:
        """Read events and count."""
        page = OffsetPages.read(self, reply, self._place(position))
        roots = {key: page.extra.get(key) for key in ("root", "unpublished_root")}
        return replace(page, rows=[{**row, "root": _root_of(row, roots)} for row in page.rows])


def _root_of(row: Row, roots: Row) -> Any:
    return roots["root" if row.get("published") else "unpublished_root"]


def page_style(ceiling: int, search_id: str = "") -> AuditPages:
    """Give the page style of searches."""
    return AuditPages(
        "/v1/results", _PAGE, carry=("config_id",), ceiling=ceiling, search_id=search_id
    )
