"""Answers that come later (202), and pages of a search with the roots that prove them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pandakit.errors import ProtocolError
from pandakit.pangea._service import state_of
from pandakit.transport import Call, Deferred, JobRules, OffsetPages

if TYPE_CHECKING:
    from pandakit.transport import Page, Reply, Session

__all__ = ["AuditPages", "deferred", "page_style"]

Row = dict[str, Any]

_PAGE = 1_000
_RULES = JobRules(
    states={"success": "done", "accepted": "running"},
    read_state=state_of,
    first=0.5,
    most=30.0,
)


def deferred(session: Session) -> Deferred:
    """Give what sends calls and follows those that are accepted, but not answered yet."""
    return Deferred(
        session,
        _RULES,
        _look,
        name="the Pangea search",
        accepted=lambda reply: state_of(reply) == "accepted",
    )


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
