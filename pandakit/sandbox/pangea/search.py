"""An audit search: read strictly, then applied to the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pandakit.sandbox.pangea.query import SearchError, compile_search
from pandakit.sandbox.pangea.times import read_time
from pandakit.sandbox.service import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Search", "invalid", "read_search"]

Row = dict[str, Any]

_DEFAULT_DAYS = 14
_JUST_LOGGED = timedelta(seconds=1)  # events that are logged while the clock stands still
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
    """One search: its events, their order, and their number."""

    test: Callable[[Row], bool]
    start: datetime
    end: datetime
    limit: int | None
    max_results: int
    newest_first: bool
    order_by: str
    restriction: dict[str, list[str]]
    verbose: bool

    def select(self, events: list[Row]) -> list[Row]:
        """Return the matching events in order, at most `max_results` of them."""
        found = [row for row in events if self._matches(row["envelope"])]
        found.sort(key=lambda row: self._sort_key(row["envelope"]), reverse=self.newest_first)
        return found[: self.max_results]

    def _matches(self, envelope: Row) -> bool:
        received = datetime.fromisoformat(envelope["received_at"])
        if not self.start <= received <= self.end:
            return False
        event = envelope["event"]
        allowed = all(event.get(name) in values for name, values in self.restriction.items())
        return allowed and self.test(event)

    def _sort_key(self, envelope: Row) -> tuple[bool, Any]:
        if self.order_by == "received_at":
            return True, envelope["received_at"]
        value = envelope["event"].get(self.order_by)
        return value is not None, "" if value is None else value


def invalid(name: str, code: str, detail: str) -> Refused:
    """Return the service's refusal of a field."""
    errors = [{"code": code, "detail": detail, "source": f"/{name}"}]
    text = "There were 1 validation error(s)"
    return Refused(400, text, status_name="ValidationError", result={"errors": errors})


def read_search(body: Row, now: datetime, ceiling: int) -> Search:
    """Return the search of a `/v1/search` body; unknown and mistyped fields are refused."""
    body = {name: value for name, value in body.items() if value is not None}
    _check_types(body)
    max_results = body.get("max_results", ceiling)
    if not 1 <= max_results <= ceiling:
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
        start=_read_time(body, "start", now, now - timedelta(days=_DEFAULT_DAYS)),
        end=_read_time(body, "end", now, now + _JUST_LOGGED),
        limit=body.get("limit"),
        max_results=max_results,
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


def _read_time(body: Row, name: str, now: datetime, default: datetime) -> datetime:
    if name not in body:
        return default
    try:
        return read_time(body[name], now)
    except (ValueError, KeyError):
        raise invalid(name, "BadFormatDateTime", f"cannot read {body[name]!r}") from None
