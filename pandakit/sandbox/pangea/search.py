"""What an audit search asks for: read strictly, then applied to the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pandakit.sandbox.pangea.query import SearchError, compile_search
from pandakit.sandbox.pangea.times import moment
from pandakit.sandbox.service import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Search", "invalid", "read_search"]

Row = dict[str, Any]

_DEFAULT_DAYS = 14
_TYPES: dict[str, type | tuple[type, ...]] = {
    "query": str,
    "start": str,
    "end": str,
    "limit": int,
    "max_results": int,
    "order": str,
    "order_by": str,
    "search_restriction": dict,
    "verbose": bool,
    "return_context": bool,
    "verify_signature": bool,
}


@dataclass(frozen=True, kw_only=True)
class Search:
    """One search: which events, in which order, how many."""

    test: Callable[[Row], bool]
    start: datetime
    end: datetime
    limit: int | None
    most: int
    newest_first: bool
    order_by: str
    restriction: dict[str, list[str]]
    verbose: bool

    def chosen(self, events: list[Row]) -> list[Row]:
        """Give the events found, in order, no more than were asked for."""
        found = [row for row in events if self._matches(row["envelope"])]
        found.sort(key=lambda row: self._place(row["envelope"]), reverse=self.newest_first)
        return found[: self.most]

    def _matches(self, envelope: Row) -> bool:
        received = datetime.fromisoformat(envelope["received_at"])
        if not self.start <= received <= self.end:
            return False
        event = envelope["event"]
        allowed = all(event.get(name) in values for name, values in self.restriction.items())
        return allowed and self.test(event)

    def _place(self, envelope: Row) -> tuple[bool, Any]:
        if self.order_by == "received_at":
            return True, envelope["received_at"]
        value = envelope["event"].get(self.order_by)
        return value is not None, "" if value is None else value


def invalid(name: str, code: str, detail: str) -> Refused:
    """Give the service's answer to a field that it cannot take."""
    errors = [{"code": code, "detail": detail, "source": f"/{name}"}]
    text = "There were 1 validation error(s)"
    return Refused(400, text, status_name="ValidationError", result={"errors": errors})


def read_search(body: Row, now: datetime, ceiling: int) -> Search:
    """Read the body of `/v1/search`; unknown and misfit fields are refused."""
    body = {name: value for name, value in body.items() if value is not None}
    _check_types(body)
    most = body.get("max_results", ceiling)
    if not 1 <= most <= ceiling:
        raise invalid("max_results", "NotWithinRange", f"must be from 1 to {ceiling}")
    if body.get("limit", 1) < 1:
        raise invalid("limit", "NotWithinRange", "must be at least 1")
    if body.get("order", "desc") not in {"asc", "desc"}:
        raise invalid("order", "NotEnumMember", "must be asc or desc")
    try:
        test = compile_search(body.get("query", ""))
    except SearchError as fault:
        raise invalid("query", "BadFormat", str(fault)) from None
    return Search(
        test=test,
        start=_moment(body, "start", now, now - timedelta(days=_DEFAULT_DAYS)),
        end=_moment(body, "end", now, now),
        limit=body.get("limit"),
        most=most,
        newest_first=body.get("order", "desc") == "desc",
        order_by=body.get("order_by", "received_at"),
        restriction=body.get("search_restriction", {}),
        verbose=body.get("verbose", True),
    )


def _check_types(body: Row) -> None:
    for name, value in body.items():
        if name not in _TYPES:
            raise invalid(name, "UnexpectedProperty", f"{name} is not a field of this request")
        if not isinstance(value, _TYPES[name]):
            raise invalid(name, "BadFormat", f"{name} has the wrong type")


def _moment(body: Row, name: str, now: datetime, default: datetime) -> datetime:
    if name not in body:
        return default
    try:
        return moment(body[name], now)
    except (ValueError, KeyError):
        raise invalid(name, "BadFormatDateTime", f"cannot read {body[name]!r}") from None
