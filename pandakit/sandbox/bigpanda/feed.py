"""BigPanda's events: those of the organisation, and those that are sent."""

from __future__ import annotations

import json
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar

from werkzeug.wrappers import Response

from pandakit.sandbox.bigpanda.request import asked_page, integer
from pandakit.sandbox.pangea.merkle import canonical
from pandakit.sandbox.service import Refused, json_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Request

    from pandakit.sandbox.control import Control
    from pandakit.sandbox.organisation import Organisation

__all__ = ["FeedRoutes"]

Row = dict[str, Any]

_MOST_RAW = 1_000
_STATUSES = ("ok", "critical", "warning", "acknowledged", "unknown")
_PRIMARIES = ("host", "service", "application", "device")


class FeedRoutes:
    """The part of BigPanda that takes events and gives them back.

    Parameters
    ----------
    organisation
        Its events are there from the start.
    control
        Which pages are lost.
    """

    feed_routes: ClassVar = (
        ("GET", "/resources/v2.1/integration-alerts", "raw_alerts"),
        ("POST", "/data/v2/alerts", "send"),
    )
    control: Control
    epoch: int
    name: ClassVar[str]
    log_refusal: Callable[[str, str, Row], None]

    def __init__(self, organisation: Organisation, control: Control) -> None:
        self.control = control
        self._lock = Lock()
        self._events: list[Row] = list(organisation.bigpanda["events"])
        self._known: set[bytes] = set()

    def raw_alerts(self, request: Request) -> Response:
        app_key = request.args.get("app_key", "")
        page, size = asked_page(request, "limit", default=100, most=_MOST_RAW)
        since = integer(request, "since", 0)
        with self._lock:
            mine = [row for row in self._events if row["app_key"] == app_key]
        if not mine:
            raise Refused(404, f"Unknown integration: {app_key}")
        rows = [row for row in mine if row["timestamp"] >= since]
        items = rows[(page - 1) * size : page * size]
        if self.control.is_lost(self.name, request.path, page):
            items = []
        return json_response({"total": len(rows), "items": items})

    def send(self, request: Request) -> Response:
        payloads = _payloads(request)
        for number, payload in enumerate(payloads):
            try:
                _check_payload(number, payload)
            except Refused as refused:
                self.log_refusal(str(payload.get("app_key")), refused.message, payload)
                raise
        rows = [{"timestamp": self.epoch} | payload for payload in payloads]
        with self._lock:
            known = self._known or {canonical(row) for row in self._events}
            new = [row for row in rows if canonical(row) not in known]
            self._known = known | {canonical(row) for row in new}
            self._events += new
        if not new:  # all of them are exact duplicates
            return Response(status=204)
        return json_response({"response": {"status": "created"}}, 201)


def _payloads(request: Request) -> list[Row]:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        raise Refused(400, "Request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "Request body must be an object")
    rows = body.get("alerts", [body])
    shared = {"app_key": body.get("app_key")}
    return [shared | row for row in rows]


def _check_payload(number: int, payload: Row) -> None:
    if not payload.get("app_key"):
        raise Refused(400, f"alert {number}: 'app_key' must exist")
    if payload.get("status") not in _STATUSES:
        raise Refused(400, f"alert {number}: 'status' must be one of {', '.join(_STATUSES)}")
    if not any(payload.get(name) for name in (*_PRIMARIES, "primary_property")):
        raise Refused(400, f"alert {number}: 'host' must exist")
