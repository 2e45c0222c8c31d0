"""Further page styles: single answers, several lists as one, rows derived from rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pandakit.transport.paginate import Page
from pandakit.transport.row_checks import RowCheck

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandakit.transport.paginate import PageStyle
    from pandakit.transport.reply import Reply
    from pandakit.transport.service import Call

__all__ = ["ChainedPages", "MappedPages", "OneAnswer", "Part"]

Row = dict[str, Any]


def _the_object(reply: Reply) -> list[Row]:
    return [reply.object()]


@dataclass(frozen=True, slots=True)
class OneAnswer:
    """A single answer, read as a list so that it is loaded like one.

    Parameters
    ----------
    rows
        Finds the rows in the answer; by default it is one object, the only row.
    check
        Raises for rows of another list.
    """

    rows: Callable[[Reply], list[Row]] = _the_object
    check: RowCheck = RowCheck()  # noqa: RUF009 - frozen

    def request(self, call: Call, position: Any) -> Call:  # noqa: ARG002 - there is one position
        """Return the call unchanged."""
        return call

    def read(self, reply: Reply, position: Any) -> Page:  # noqa: ARG002 - there is one position
        """Read the answer."""
        rows = self.rows(reply)
        self.check(rows, reply)
        return Page(rows)


@dataclass(frozen=True, slots=True)
class Part:
    """One list of a chain.

    Parameters
    ----------
    call, pages
        The first call and the page style of this list.
    tag
        Members that are added to each of its rows.
    """

    call: Call
    pages: PageStyle
    tag: Row


@dataclass(frozen=True, slots=True)
class ChainedPages:
    """Lists read one after another as one list; a failure in any of them can be resumed.

    Parameters
    ----------
    parts
        The lists; a position is the part's number and the position within it.
    """

    parts: tuple[Part, ...]

    def request(self, call: Call, position: tuple[int, Any] | None) -> Call:  # noqa: ARG002 - each part has its own call
        """Return the part's call for the page."""
        number, inner = position or (0, None)
        part = self.parts[number]
        return part.pages.request(part.call, inner)

    def read(self, reply: Reply, position: tuple[int, Any] | None) -> Page:
        """Read the part's page, tag its rows, and continue with the next part at its end."""
        number, inner = position or (0, None)
        part = self.parts[number]
        page = part.pages.read(reply, inner)
        following = (number + 1, None) if number + 1 < len(self.parts) else None
        return replace(
            page,
            rows=[{**row, **part.tag} for row in page.rows],
            next=following if page.next is None else (number, page.next),
            total=None,
            first=inner is None,
        )


@dataclass(frozen=True, slots=True)
class MappedPages:
    """Pages whose rows are turned into other rows, such as incidents into their alerts.

    Parameters
    ----------
    pages
        The page style of the original rows.
    rows
        Makes the new rows of a page.
    """

    pages: PageStyle
    rows: Callable[[list[Row]], list[Row]]

    def request(self, call: Call, position: Any) -> Call:
        """Return the call of the original style."""
        return self.pages.request(call, position)

    def read(self, reply: Reply, position: Any) -> Page:
        """Read the original page and convert its rows; its total counts others and is dropped."""
        page = self.pages.read(reply, position)
        return replace(page, rows=self.rows(page.rows), total=None)
