"""Routes of what is set up (maintenance plans, alert filters, incident tags), and of the logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pandakit.sandbox.bigpanda.request import asked_page, integer
from pandakit.sandbox.service import json_response

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from pandakit.sandbox.organisation import Organisation

__all__ = ["SetupRoutes"]

Row = dict[str, Any]

_V2 = "/resources/v2.0"
_LOG_FILTERS = ("log_type", "level", "message", "component_name", "resource_id")


class SetupRoutes:
    """The part of BigPanda that lists how the organisation is set up.

    Parameters
    ----------
    organisation
        Its lists are there from the start; the log is empty.
    """

    setup_routes: ClassVar = (
        ("GET", f"{_V2}/ordered-maintenance-plans", "maintenance_plans"),
        ("GET", f"{_V2}/plans", "alert_filters"),
        ("GET", f"{_V2}/incidents/tags/definitions", "incident_tags"),
        ("GET", f"{_V2}/troubleshooting/logs", "troubleshooting_logs"),
    )
    epoch: int

    def __init__(self, organisation: Organisation) -> None:
        self._setup: dict[str, list[Row]] = organisation.bigpanda["setup"]
        self._log: list[Row] = []

    def maintenance_plans(self, request: Request) -> Response:
        status = request.args.get("status")
        return _paged(request, [r for r in self._setup["plans"] if status in (None, r["status"])])

    def alert_filters(self, request: Request) -> Response:
        del request
        return json_response({"data": self._setup["filters"]})

    def incident_tags(self, request: Request) -> Response:
        active = request.args.get("active") == "true"
        rows = [row for row in self._setup["tags"] if row["active"] or not active]
        return json_response({"data": rows})

    def troubleshooting_logs(self, request: Request) -> Response:
        low, high = integer(request, "start", 0), integer(request, "end", self.epoch)
        asked = {name: request.args[name] for name in _LOG_FILTERS if name in request.args}
        rows = [
            row
            for row in self._log
            if low <= row["timestamp"] <= high
            and all(value in str(row[name]) for name, value in asked.items())
        ]
        return _paged(request, rows)

    def log_refusal(self, app_key: str, message: str, payload: Any) -> None:
        """Note a payload that was refused."""
        self._log.append(
            {
                "log_id": f"log-{len(self._log) + 1}",
                "log_type": "invalid_payload",
                "level": "error",
                "timestamp": self.epoch,
                "message": message,
                "component_name": "inbound",
                "resource_id": app_key,
                "payload": payload,
            }
        )


def _paged(request: Request, rows: list[Row]) -> Response:
    page, size = asked_page(request, "per_page", default=100, most=100)
    return json_response({"total": len(rows), "items": rows[(page - 1) * size : page * size]})
