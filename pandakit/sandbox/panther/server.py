"""Panther's REST API: lists by cursor, single objects, and writes of content."""

from __future__ import annotations

import json
from hmac import compare_digest
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import NAMESPACE_URL, uuid5

from werkzeug.wrappers import Response

from pandakit.sandbox.panther.lists import EVENTS, LISTS, ListEndpoint, bad_parameter, matching
from pandakit.sandbox.panther.writing import CONTENT, checked_body, failing_tests, flag
from pandakit.sandbox.service import Refused, SandboxService, json_response, read_json

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from pandakit.sandbox.control import Control
    from pandakit.sandbox.organisation import Organisation

__all__ = ["PantherService"]

Row = dict[str, Any]

_KINDS = ",".join(f'"{kind}"' for kind in LISTS)
_CONTENT = ",".join(f'"{kind}"' for kind in CONTENT)
_TESTED = ("rules", "scheduled-rules", "simple-rules", "correlation-rules", "policies")
# Characters that a client has to encode exactly once.
_PUNCTUATION = "a b+c&d=e/f?g#h%20\"'{é}"


class PantherService(SandboxService):
    """Panther: `X-API-Key`, `{results, next}`, `{message}` for errors."""

    name = "panther"
    routes: ClassVar = (
        ("GET", f"/<any({_KINDS}):kind>", "rows"),
        ("GET", "/alerts/<key>/events", "alert_events"),
        ("GET", "/api-tokens/self", "own_token"),
        ("GET", f"/<any({_KINDS}):kind>/<path:key>", "row"),
        ("POST", f"/<any({_CONTENT}):kind>", "create"),
        ("PUT", f"/<any({_CONTENT}):kind>/<path:key>", "replace"),
        ("POST", "/queries/<path:key>", "update_query"),
        ("DELETE", f"/<any({_CONTENT}):kind>/<path:key>", "remove"),
    )

    def __init__(
        self, organisation: Organisation, control: Control, token: str, *, awkward: bool
    ) -> None:
        super().__init__(organisation, control, awkward=awkward)
        self._token = token
        self._writing = Lock()

    def authorise(self, request: Request) -> None:
        given = request.headers.get("X-API-Key", "")
        if not compare_digest(given.encode(), self._token.encode()):
            raise Refused(401, "Unauthorized")

    def refusal(self, refused: Refused) -> Response:
        return json_response({"message": refused.message} | refused.extra, refused.status)

    def rows(self, request: Request, kind: str) -> Response:
        endpoint = LISTS[kind]
        if kind == "alert-comments" and not request.args.get("alert-id"):
            raise bad_parameter("missing_field", '"alert-id" is missing from query string')
        rows = _with_python(request, kind, self.organisation.panther[endpoint.rows])
        if kind == "alerts":
            newest_first = request.args.get("sort-dir", "desc") != "asc"
            rows = sorted(rows, key=lambda row: str(row["createdAt"]), reverse=newest_first)
        return self._page(request, endpoint, rows)

    def alert_events(self, request: Request, key: str) -> Response:
        self._find("alerts", key)
        rows = self.organisation.panther[EVENTS.rows]
        return self._page(request, EVENTS, [row for row in rows if row["p_alert_id"] == key])

    def own_token(self, request: Request) -> Response:
        del request
        return json_response(self.organisation.panther["api_tokens"][0])

    def row(self, request: Request, kind: str, key: str) -> Response:
        (row,) = _with_python(request, kind, [self._find(LISTS[kind].rows, key)])
        return json_response({k: v for k, v in row.items() if not k.startswith("_")})

    def create(self, request: Request, kind: str) -> Response:
        body = checked_body(kind, self._body(request))
        identity = "name" if kind == "queries" else "id"
        with self._writing:
            rows = self.organisation.panther[CONTENT[kind][0]]
            if any(row.get(identity) == body[identity] for row in rows):
                raise Refused(409, f"{identity} {body[identity]!r} exists already")
            if self._only_tested(request, kind, body):
                return Response(status=204)
            row = self._stamped(kind, body, None)
            rows.append(row)
        return json_response(row)

    def replace(self, request: Request, kind: str, key: str) -> Response:
        if kind == "queries":
            raise Refused(405, "Method Not Allowed")
        body = checked_body(kind, self._body(request), key=key) | {"id": key}
        with self._writing:
            rows = self.organisation.panther[CONTENT[kind][0]]
            if self._only_tested(request, kind, body):
                return Response(status=204)
            place = next((n for n, row in enumerate(rows) if row["id"] == key), len(rows))
            existed = place < len(rows)
            row = self._stamped(kind, body, rows[place] if existed else None)
            rows[place : place + 1] = [row]
        answer = {"data": row} if kind == "globals" else row
        return json_response(answer, 200 if existed else 201)

    def update_query(self, request: Request, key: str) -> Response:
        body = checked_body("queries", self._body(request))
        with self._writing:
            current = self._find("queries", key)
            row = self._stamped("queries", body | {"id": key}, current)
            rows = self.organisation.panther["queries"]
            rows[rows.index(current)] = row
        return json_response(row)

    def remove(self, request: Request, kind: str, key: str) -> Response:
        del request
        with self._writing:
            name = CONTENT[kind][0]
            self.organisation.panther[name].remove(self._find(name, key))
        return Response(status=204)

    def _body(self, request: Request) -> Any:
        try:
            return read_json(request)
        except Refused as refused:
            raise Refused(400, refused.message, name="decode_payload") from None

    def _only_tested(self, request: Request, kind: str, body: Row) -> bool:
        """Run the unit tests if requested; return whether nothing else was requested."""
        if kind not in _TESTED:
            return False
        asked = {
            name: flag(request.args.get(name), default=default, name=name)
            for name, default in (("run-tests-first", True), ("run-tests-only", False))
        }
        if any(asked.values()) and (
            results := failing_tests(kind, body, self.organisation.panther)
        ):
            raise Refused(400, "you have failing tests", testResults=results)
        return asked["run-tests-only"]

    def _stamped(self, kind: str, body: Row, current: Row | None) -> Row:
        """Return a row as it is stored: the body, and the fields that only the service sets."""
        now = self.organisation.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        changed = "updatedAt" if kind == "queries" else "lastModified"
        row = {name: value for name, value in body.items() if value is not None}
        made = {} if current is None else current
        row |= {"createdAt": made.get("createdAt", now), changed: now}
        if kind == "queries":
            row["id"] = made.get("id") or str(uuid5(NAMESPACE_URL, body["name"]))
        elif "createdBy" in made:
            row["createdBy"] = made["createdBy"]
        return row

    def _find(self, name: str, key: str) -> Row:
        for row in self.organisation.panther[name]:
            if row.get("id") == key:
                return row
        raise Refused(404, "not found")

    def _page(self, request: Request, endpoint: ListEndpoint, rows: list[Row]) -> Response:
        asked = request.args.to_dict(flat=False)
        if endpoint.single:
            return self._listed(
                endpoint, matching(endpoint, rows, asked, self.organisation.now), None
            )
        limit = _limit(endpoint, request.args.get("limit", ""))
        start, gap = self._read_cursor(endpoint, request.args.get("cursor", ""))
        if not self.awkward:
            rows = matching(endpoint, rows, asked, self.organisation.now)
        stop = start + limit
        page = [] if gap else rows[start:stop]
        if gap:
            stop = start
        if self.control.is_lost(self.name, request.path, start // limit + 1):
            page = []
        # A store that filters a page after cutting it returns short pages, and empty ones.
        page = matching(endpoint, page, asked, self.organisation.now)
        opens_gap = self.awkward and endpoint.gap and start == 0
        after = self._cursor(endpoint, stop, gap=opens_gap) if stop < len(rows) else None
        return self._listed(endpoint, page, after)

    def _listed(self, endpoint: ListEndpoint, page: list[Row], after: str | None) -> Response:
        shown = [{k: v for k, v in row.items() if not k.startswith("_")} for row in page]
        body: Row = {"results": shown}
        if self.awkward and not page and endpoint.bare:
            body = {}
        if after is not None:
            body["next"] = after
        elif self.awkward and endpoint.end != "absent" and body:
            body["next"] = None if endpoint.end == "null" else ""
        return json_response(body)

    def _cursor(self, endpoint: ListEndpoint, start: int, *, gap: bool) -> str:
        noise = _PUNCTUATION if self.awkward else ""
        return json.dumps([endpoint.rows, start, gap, noise], ensure_ascii=False)

    def _read_cursor(self, endpoint: ListEndpoint, cursor: str) -> tuple[int, bool]:
        if not cursor:
            return 0, False
        try:
            name, start, gap, _ = json.loads(cursor)
            start = int(start)
        except (ValueError, TypeError):
            name, start, gap = "", 0, False
        if name != endpoint.rows or self._cursor(endpoint, start, gap=gap) != cursor:
            raise Refused(400, "invalid cursor")
        return start, gap


def _with_python(request: Request, kind: str, rows: list[Row]) -> list[Row]:
    """Add the Python that the service generates for simple rules, if requested."""
    if kind != "simple-rules" or request.args.get("include-python") != "true":
        return rows
    return [row | {"pythonBody": "def rule(event):\n    return True\n"} for row in rows]


def _limit(endpoint: ListEndpoint, text: str) -> int:
    if not text:
        return endpoint.limit
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        raise bad_parameter(
            "invalid_field_type", f"invalid value {text!r} for limit, must be an integer"
        )
    limit = int(text)
    if limit < 1:
        raise bad_parameter(
            "invalid_range", f"limit must be greater or equal than 1 but got {limit}"
        )
    if endpoint.most is not None and limit > endpoint.most:
        text = f"limit must be lesser or equal than {endpoint.most} but got value {limit}"
        raise bad_parameter("invalid_range", text)
    return limit
