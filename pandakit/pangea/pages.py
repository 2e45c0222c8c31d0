"""Pages of a search; each event is paired with the root of its own page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pandakit.pangea._evidence.documents import root_of
from pandakit.transport import OffsetPages

if TYPE_CHECKING:
    from pandakit.transport import Call, Page, Reply

__all__ = ["PAGE_SIZE", "AuditPages", "audit_pages"]

Row = dict[str, Any]

PAGE_SIZE = 1_000


@dataclass(frozen=True, slots=True)
class AuditPages(OffsetPages):
    """The page style of searches and of their kept results.

    Parameters
    ----------
    search_id
        The id of an earlier search; empty when the first call makes the search.
    """

    search_id: str = ""

    def _start(self, position: tuple[str, int, int] | None) -> tuple[str, int, int] | None:
        return (self.search_id, 0, 0) if position is None and self.search_id else position

    def request(self, call: Call, position: tuple[str, int, int] | None) -> Call:
        """Return the call for the page at an offset."""
        return OffsetPages.request(self, call, self._start(position))

    def read(self, reply: Reply, position: tuple[str, int, int] | None) -> Page:
        """Return the page's events, each with the root that its proof leads to."""
        page = OffsetPages.read(self, reply, self._start(position))
        return replace(page, rows=[{**row, "root": root_of(row, page.extra)} for row in page.rows])


def audit_pages(ceiling: int, search_id: str = "") -> AuditPages:
    """Return the page style of a search that finds at most `ceiling` events."""
    return AuditPages(
        "/v1/results", PAGE_SIZE, carry=("config_id",), ceiling=ceiling, search_id=search_id
    )
