"""BigPanda's REST API: environments, incidents, activities, patterns and events."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, Any, ClassVar

from pandakit.sandbox.bigpanda.feed import FeedRoutes
from pandakit.sandbox.bigpanda.incidents import SORTS, IncidentStore
from pandakit.sandbox.bigpanda.mapping import MappingRoutes
from pandakit.sandbox.bigpanda.query import QueryError, compile_query
from pandakit.sandbox.bigpanda.request import asked_page, expansion, integer
from pandakit.sandbox.bigpanda.setup import SetupRoutes
from pandakit.sandbox.service import Refused, SandboxService, json_response

if TYPE_CHECKING:
    from pathlib import Path

    from werkzeug.wrappers import Request, Response

    from pandakit.sandbox.control import Control
    from pandakit.sandbox.limiter import Limiter
    from pandakit.sandbox.organisation import Organisation

__all__ = ["BigPandaService"]

Row = dict[str, Any]

_LONGEST_QUERY = 2_000
_MOST_PLAIN = 100
_MOST_EXPANDED = 10
_FOLDERS = ("active", "shared", "snoozed", "resolved", "unhandled", "maintenance")
_ENVIRONMENT = "/resources/v2.0/environments"


class BigPandaService(FeedRoutes, MappingRoutes, SetupRoutes, SandboxService):
    """BigPanda: Bearer tokens of two kinds, `{total, items}`, `{status, errors}`."""

    name = "bigpanda"
    routes: ClassVar = (
        ("GET", _ENVIRONMENT, "environments"),
        ("GET", f"{_ENVIRONMENT}/<environment>", "environment"),
        ("GET", f"{_ENVIRONMENT}/<environment>/incidents", "incidents"),
        ("GET", f"{_ENVIRONMENT}/<environment>/incidents/<key>", "incident"),
        ("GET", "/resources/v2.0/incidents/<key>/activities", "activities"),
        ("GET", "/resources/v2.0/correlation-patterns", "patterns"),
        ("GET", "/resources/v2.0/correlation-patterns/<key>", "pattern"),
        *FeedRoutes.feed_routes,
        *MappingRoutes.mapping_routes,
        *SetupRoutes.setup_routes,
    )

    def __init__(
        self,
        organisation: Organisation,
        control: Control,
        keys: dict[str, str],
        *,
        limiter: Limiter,
        ceiling: int,
        folder: Path,
        most_bytes: int,
        awkward: bool,
    ) -> None:
        SandboxService.__init__(self, organisation, control, awkward=awkward)
        FeedRoutes.__init__(self, organisation, control)
        MappingRoutes.__init__(self, organisation, control, folder, most_bytes)
        SetupRoutes.__init__(self, organisation)
        self._keys = keys
        self._limiter = limiter
        self._ceiling = ceiling
        self._rows = organisation.bigpanda
        self._incidents = IncidentStore(
            self._rows["incidents"], self._rows["activities"], control, self.epoch
        )

    def authorise(self, request: Request) -> None:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        given = bearer or request.args.get("access_token", "")
        kinds = [k for k, key in self._keys.items() if compare_digest(key.encode(), given.encode())]
        if not kinds:
            raise Refused(401, "Unauthorized: the token is invalid or missing")
        org = request.path.startswith(("/data/", "/resources/v1.0/"))
        if kinds[0] != ("org" if org else "user"):
            wanted = "an Org Token" if org else "a User API Key"
            raise Refused(403, f"Forbidden: this endpoint needs {wanted}")
        endpoint, _ = self._map.bind_to_environ(request.environ).match()
        if not self._limiter.allows(str(endpoint)):
            raise Refused(429, "Too many requests")

    def refusal(self, refused: Refused) -> Response:
        return json_response(
            {"status": refused.status, "errors": [refused.message]}, refused.status
        )

    def environments(self, request: Request) -> Response:
        del request
        return json_response(self._rows["environments"])

    def environment(self, request: Request, environment: str) -> Response:
        del request
        return json_response(_find(self._rows["environments"], "id", environment))

    def incidents(self, request: Request, environment: str) -> Response:
        _find(self._rows["environments"], "id", environment)
        expand = expansion(request)
        most = _MOST_EXPANDED if expand else _MOST_PLAIN
        page, size = asked_page(request, "page_size", default=10, most=most)
        if page * size > self._ceiling:
            raise Refused(400, f"Only the first {self._ceiling} results can be reached")
        rows = self._search(request, environment)
        items = rows[(page - 1) * size : page * size]
        if self.control.is_lost(self.name, request.path, page):
            items = []
        shown = [self._shown(row, expand=expand) for row in items]
        return json_response({"total": len(rows), "items": shown})

    def incident(self, request: Request, environment: str, key: str) -> Response:
        _find(self._rows["environments"], "id", environment)
        row = self._incidents.find(key)
        if row is None or environment not in row["environments"]:
            raise Refused(404, "Not Found")
        return json_response(self._shown(row, expand=expansion(request)))

    def _search(self, request: Request, environment: str) -> list[Row]:
        """Return the incidents of the environment that match and are active in the window."""
        low = integer(request, "from", 0)
        high = integer(request, "to", self.epoch)
        folder, order = request.args.get("folder", ""), request.args.get("sort_by", "last_change")
        if folder and folder not in _FOLDERS:
            raise Refused(400, f"Unknown folder: {folder}")
        if order not in SORTS:
            raise Refused(400, f"Unknown sort_by: {order}")
        query = request.args.get("query", "") or "*"
        found = self._incidents.search(environment, folder, query, order, _compiled(query))
        return [
            row
            for row in found
            if row["start"] <= high and (row["end"] is None or row["end"] >= low)
        ]

    def _shown(self, row: Row, *, expand: bool) -> Row:
        row = dict(row)
        if not expand:
            row["alerts"] = [{"alert_id": alert["id"]} for alert in row["alerts"]]
        if self.awkward:  # the service spells them so, its documentation does not
            row |= {name: row[name].capitalize() for name in ("status", "severity")}
        return row

    def activities(self, request: Request, key: str) -> Response:
        found = self._incidents.activities(key)
        if found is None:
            raise Refused(404, "Not Found")
        page, size = asked_page(request, "per_page", default=20, most=_MOST_PLAIN)
        kinds = {kind for kind in request.args.get("types", "").split(",") if kind}
        kinds |= {"incident_reopened"} if "incident_reopen" in kinds else set()
        rows = [
            {name: value for name, value in row.items() if name != "incident_id"}
            for row in found
            if not kinds or row["type"] in kinds
        ]
        items = rows[(page - 1) * size : page * size]
        return json_response({"total": len(rows), "items": items})

    def patterns(self, request: Request) -> Response:
        active = request.args.get("active") == "true"
        rows = [row for row in self._rows["patterns"] if row["active"] or not active]
        return json_response({"data": rows})

    def pattern(self, request: Request, key: str) -> Response:
        del request
        row = dict(_find(self._rows["patterns"], "correlation_id", key))
        row["id"] = row.pop("correlation_id")
        return json_response(row)


def _find(rows: list[Row], name: str, key: str) -> Row:
    for row in rows:
        if row[name] == key:
            return row
    raise Refused(404, "Not Found")


def _compiled(query: str) -> Any:
    if len(query) > _LONGEST_QUERY:
        raise Refused(400, f"query is longer than {_LONGEST_QUERY} characters")
    try:
        return compile_query(query)
    except QueryError as error:
        raise Refused(400, f"Invalid query: {error}") from None
