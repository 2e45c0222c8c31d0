"""Log events: read strictly, sealed as a batch, answered with their proofs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandakit.sandbox.draw import stamp
from pandakit.sandbox.pangea.search import invalid

if TYPE_CHECKING:
    from pandakit.sandbox.pangea.log import AuditLog

__all__ = ["Writer"]

Row = dict[str, Any]

_MOST_EVENTS = 1_000
_OF_EVENT = ("event", "signature", "public_key")
_TYPES: dict[str, type] = {"boolean": bool, "integer": int}


@dataclass
class Writer:
    """Appends events to a log, a microsecond apart.

    Parameters
    ----------
    log
        The log.
    epoch
        The fixed time of the sandbox.
    """

    log: AuditLog
    epoch: int
    written: int = 0

    def one(self, body: Row) -> Row:
        """Return the result of `/v1/log`."""
        self._check_names(body, (*_OF_EVENT, "verbose", "prev_root"))
        given = {name: body[name] for name in _OF_EVENT if body.get(name) is not None}
        return self._write([given], body)[0]

    def several(self, body: Row) -> Row:
        """Return the result of `/v2/log`."""
        self._check_names(body, ("events", "verbose"))
        events = body.get("events")
        if not isinstance(events, list) or not 1 <= len(events) <= _MOST_EVENTS:
            raise invalid("events", "NotWithinRange", f"must be from 1 to {_MOST_EVENTS} events")
        for each in events:
            self._check_names(each, _OF_EVENT)
        kept = [{k: v for k, v in each.items() if v is not None} for each in events]
        return {"results": self._write(kept, body)}

    @staticmethod
    def _check_names(body: Any, names: tuple[str, ...]) -> None:
        if not isinstance(body, dict):
            raise invalid("events", "BadFormat", "must be objects")
        for name in body:
            if name not in names:
                raise invalid(name, "UnexpectedProperty", f"{name} is not a field of this request")

    def _write(self, given: list[Row], body: Row) -> list[Row]:
        for each in given:
            self._check_event(each.get("event"))
        envelopes = []
        for each in given:
            self.written += 1
            moment = f"{stamp(self.epoch)[:-1]}.{self.written:06d}Z"
            envelopes.append({**each, "received_at": moment})
        before = len(self.log.tree.leaves)
        rows = self.log.append(envelopes, self.epoch)
        return [self._result(row, body, before) for row in rows]

    def _check_event(self, event: Any) -> None:
        fields = {field["id"]: field["type"] for field in self.log.schema["fields"]}
        if not isinstance(event, dict):
            raise invalid("event", "BadFormat", "must be an object")
        if not event.get("message"):
            raise invalid("event/message", "MinLength", "must not be empty")
        for name, value in event.items():
            if name not in fields:
                raise invalid(f"event/{name}", "UnexpectedProperty", "is not in the schema")
            if not isinstance(value, _TYPES.get(fields[name], str)):
                raise invalid(f"event/{name}", "BadFormat", "has the wrong type")

    def _result(self, row: Row, body: Row, before: int) -> Row:
        result: Row = {"hash": row["hash"]}
        if not body.get("verbose"):
            return result
        size = len(self.log.tree.leaves)
        result |= {
            "envelope": row["envelope"],
            "membership_proof": row["membership_proof"],
            "unpublished_root": self.log.tree.root().hex(),
        }
        known = body.get("prev_root")
        for older in range(before, 0, -1) if known else ():
            if self.log.tree.root(older).hex() == known:
                result["consistency_proof"] = self.log.tree.consistency(size, older)
                break
        return result
