"""Answers that come later (202), and pages of a search with the roots that prove them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pandakit.errors import JobTimeoutError, PandakitError, ProtocolError
from pandakit.pangea._service import result_of, state_of
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
# A search that outlives this goes on at the service: resume() asks for it again.
_TIMEOUT = 120.0


@dataclass
class LateAnswers:
    """Sends calls, and follows the ones that are accepted but not answered yet.

    Parameters
    ----------
    session
        Where.
    progress
        Whether to show that it waits.
    pending
        The look at an answer that is still to come: kept when the time was not enough.
    search
        Id and expiry of the search, as its first page told them.
    """

    session: Session
    progress: bool | None = None
    pending: Call | None = None
    search: Row = field(default_factory=dict)

    def send(self, call: Call, line: ProgressLine | None = None) -> Reply:
        """Send, or go on waiting for what was sent; gives the final answer."""
        if self.pending is None:
            reply = self.session.send(call, line)
            if state_of(reply) != "accepted":
                return self._final(reply)
            self.pending = _look(reply)
        return self._final(self._wait(self.pending))

    def _wait(self, look: Call) -> Reply:
        try:
            return wait_for(
                self.session,
                look,
                _RULES,
                timeout=_TIMEOUT,
                progress=self.progress,
                name=f"Pangea request {look.url.rpartition('/')[2]}",
            )
        except JobTimeoutError:
            raise
        except PandakitError:
            self.pending = None
            raise

    def _final(self, reply: Reply) -> Reply:
        self.pending = None
        result = result_of(reply, "count")
        for key in ("id", "expires_at"):
            if result.get(key):
                self.search[key] = result[key]
        return reply


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

    def _place(self, position: tuple[str, int] | None) -> tuple[str, int] | None:
        return (self.search_id, 0) if position is None and self.search_id else position

    def request(self, call: Call, position: tuple[str, int] | None) -> Call:
        """Give the call for the page at an offset."""
        return OffsetPages.request(self, call, self._place(position))

    def read(self, reply: Reply, position: tuple[str, int] | None) -> Page:
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
