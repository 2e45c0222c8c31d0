"""Whether rows are of the list that was requested, by the fields that they have.

Answers can be mixed up: by a proxy, a cache, or processes that share a connection. The fields of
a row show it: those that only another list declares, while there is none that only its own
declares. Unknown fields show nothing, since services add fields, and neither do absent ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from pandakit.frames import Column
    from pandakit.transport.reply import Reply

__all__ = ["RowCheck", "declared_fields", "row_check", "row_checks"]

Row = dict[str, Any]

_ENOUGH_TO_TELL = 3  # fields of another list, in a row that may have any


@dataclass(frozen=True, slots=True)
class _Other:
    """Another list: how many of `theirs` a row has that is of it, while it has none of `ours`."""

    name: str
    theirs: frozenset[str]
    ours: frozenset[str]
    needed: int
    only: frozenset[str] | None  # the row has no fields but these; `None` for any

    def has(self, row: Row) -> bool:
        return (
            self.ours.isdisjoint(row)
            and len(self.theirs & row.keys()) >= self.needed
            and (self.only is None or row.keys() <= self.only)
        )


@dataclass(frozen=True, slots=True)
class RowCheck:
    """Tells the rows of one list from those of other lists.

    Parameters
    ----------
    name
        What errors call the list; empty for a list whose rows are not checked.
    fields
        The fields of its rows, of which each has at least one; empty if it may have any.
    others
        The other lists.
    """

    name: str = ""
    fields: frozenset[str] = frozenset()
    others: tuple[_Other, ...] = ()

    def __call__(self, rows: Sequence[Row], reply: Reply, page: int | None = None) -> None:
        """Raise if a row of a page is not of this list.

        Raises
        ------
        ProtocolError
            With the list, the page if its number is known, the row, and what shows it.
        """
        present = set().union(*rows)
        suspects = [each for each in self.others if len(each.theirs & present) >= each.needed]
        if not (suspects or self.fields):
            return
        for number, row in enumerate(rows, 1):
            if why := self._why_not(row, suspects):
                where = f"row {number}" if page is None else f"row {number} of page {page}"
                raise reply.malformed(
                    f"answered with rows of another list than {self.name}: {where} {why}"
                )

    def _why_not(self, row: Row, suspects: Sequence[_Other]) -> str:
        for other in suspects:
            if other.has(row):
                fields = ", ".join(sorted(other.theirs & row.keys()))
                return f"has fields of {other.name} ({fields}) and none that only its own list has"
        if row and self.fields and self.fields.isdisjoint(row):
            return "has none of the fields of its list"
        return ""


def declared_fields(columns: Iterable[Column], *more: str) -> frozenset[str]:
    """Return the fields of a row that columns are read from, and those named besides.

    Examples
    --------
    >>> from pandakit.frames import Column
    >>> sorted(declared_fields([Column("user_id", "text", ("user.id",))], "token"))
    ['token', 'user']
    """
    paths = (path for column in columns for path in column.sources)
    return frozenset(path.partition(".")[0] for path in paths).union(more)


def row_check(
    name: str,
    fields: frozenset[str],
    lists: Mapping[str, frozenset[str]],
    *,
    common: Collection[str],
    is_open: bool = False,
) -> RowCheck:
    """Return the check of one list.

    Parameters
    ----------
    name, fields
        The list, and the fields that it declares.
    lists
        The fields of all lists of the service, by name.
    common
        Fields that any list may have, or gain: they tell nothing of a row that has them.
    is_open
        Whether its rows may have any fields, as log events may.
    """
    others = [
        _other(each, theirs, fields, frozenset(common), is_open=is_open)
        for each, theirs in lists.items()
        if each != name
    ]
    own = frozenset() if is_open else fields.union(common)
    return RowCheck(name, own, tuple(other for other in others if other.theirs))


def _other(
    name: str,
    theirs: frozenset[str],
    ours: frozenset[str],
    common: frozenset[str],
    *,
    is_open: bool,
) -> _Other:
    needed = 1 if ours - theirs else 2  # a list that declares less may gain a field of theirs
    return _Other(
        name,
        theirs=theirs - ours - common,
        ours=ours - theirs,
        needed=_ENOUGH_TO_TELL if is_open else needed,
        only=theirs if is_open else None,
    )


def row_checks(
    lists: Mapping[str, frozenset[str]],
    *,
    common: Collection[str],
    open_lists: Collection[str] = (),
) -> Mapping[str, RowCheck]:
    """Return the checks of all lists of a service, by name; `open_lists` may have any fields.

    Examples
    --------
    >>> lists = {"rules": frozenset({"id", "body"}), "queries": frozenset({"id", "sql"})}
    >>> row_checks(lists, common={"id"})["rules"].others[0].theirs
    frozenset({'sql'})
    """
    return MappingProxyType(
        {
            name: row_check(name, fields, lists, common=common, is_open=name in open_lists)
            for name, fields in lists.items()
        }
    )
