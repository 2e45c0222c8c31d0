"""Pangea's Secure Audit Log: logging, search, results, roots, schema, export and downloads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from hmac import compare_digest
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

from werkzeug.wrappers import Response

from pandakit.sandbox.draw import stamp
from pandakit.sandbox.pangea.arweave import Arweave
from pandakit.sandbox.pangea.downloads import FORMATS, write_file
from pandakit.sandbox.pangea.search import Search, invalid, read_search
from pandakit.sandbox.pangea.tampering import alter_root, forged, tamper_events
from pandakit.sandbox.pangea.writing import Writer
from pandakit.sandbox.service import Refused, SandboxService, json_response, read_object

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from pandakit.sandbox.control import Control
    from pandakit.sandbox.organisation import Organisation
    from pandakit.sandbox.pangea.log import AuditLog

__all__ = ["PangeaService"]

Row = dict[str, Any]

_LIMIT = 20
_HOT = timedelta(days=14)  # older events are in slower storage
_KEPT = timedelta(days=2)
_ANONYMOUS = ("/download/", "/arweave/")  # read without a token, and not with one


@dataclass
class _Deferred:
    """A deferred result: 404 at the first poll, then the result."""

    result: Row
    polls: int = 0


@dataclass
class _KeptSearch:
    """A search and the events that it found, to be read by offset."""

    search: Search
    events: list[Row] = field(default_factory=list)


class PangeaService(SandboxService):
    """Pangea: POST with a Bearer token, and the envelope's `status` decides."""

    name = "pangea"
    routes: ClassVar = (
        ("POST", "/audit/v1/log", "log"),
        ("POST", "/audit/v2/log", "log_bulk"),
        ("POST", "/audit/v2/log_async", "log_async"),
        ("POST", "/audit/v1/export", "export"),
        ("POST", "/audit/v1/search", "search"),
        ("POST", "/audit/v1/results", "results"),
        ("POST", "/audit/v1/root", "root"),
        ("POST", "/audit/v1/schema", "schema"),
        ("POST", "/audit/v1/download_results", "download_results"),
        ("GET", "/audit/request/<key>", "request"),
        ("GET", "/download/<key>.<file_format>", "download"),
        ("POST", "/arweave/graphql", "arweave_graphql"),
        ("GET", "/arweave/<key>", "arweave_transaction"),
        ("GET", "/arweave/tx/<key>/data", "arweave_encoded"),
    )

    def __init__(
        self,
        organisation: Organisation,
        control: Control,
        token: str,
        config_id: str,
        *,
        most_results: int,
        awkward: bool,
        early_404: bool,
    ) -> None:
        super().__init__(organisation, control, awkward=awkward)
        self._token = token
        self._config_id = config_id
        self._most = most_results
        self._early_404 = early_404
        self._true_log = organisation.pangea
        self._writer = Writer(self._true_log, self.epoch)
        self._arweave = Arweave(self._true_log, control)
        self._forged: AuditLog | None = None
        self._numbers = count(1)
        self._searches: dict[str, _KeptSearch] = {}
        self._exports: dict[str, _KeptSearch] = {}
        self._deferred: dict[str, _Deferred] = {}

    def authorise(self, request: Request) -> None:
        if request.path.startswith(_ANONYMOUS):
            if request.headers.get("Authorization"):
                raise Refused(400, "Only one way to authorise is allowed", status_name="Failed")
            return
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not compare_digest(bearer.encode(), self._token.encode()):
            text = "Not authorized to access this resource"
            raise Refused(401, text, status_name="Unauthorized", result={"errors": []})

    def refusal(self, refused: Refused) -> Response:
        fallback = "NotFound" if refused.status == 404 else "Failed"  # noqa: PLR2004 - HTTP's own
        name = refused.extra.get("status_name", fallback)
        result = refused.extra.get("result")
        return self._envelope(result, refused.status, name, refused.message)

    def search(self, request: Request) -> Response:
        body = self._body(request)
        search = read_search(body, self.organisation.now, self._most)
        events = tamper_events(self.control.tampering, search.select(self._log.events))
        key = f"pas_{next(self._numbers):032d}"
        self._searches[key] = _KeptSearch(search, events)
        expires = stamp(int((self.organisation.now + _KEPT).timestamp()))
        page = self._page(request, self._searches[key], 0, search.limit or _LIMIT)
        result = {"id": key, "expires_at": expires} | page
        slow = search.start < self.organisation.now - _HOT
        return self._defer(result) if self.awkward and slow else self._envelope(result)

    def results(self, request: Request) -> Response:
        body = self._body(request)
        found = self._searches.get(str(body.get("id")))
        if found is None:
            raise Refused(404, "no such search", status_name="NotFound")
        offset, limit = body.get("offset") or 0, body.get("limit") or _LIMIT
        restriction = body.get("assert_search_restriction")
        if restriction is not None and restriction != found.search.restriction:
            raise invalid("assert_search_restriction", "BadFormat", "is not the search's own")
        if offset < 0 or limit < 1:
            raise invalid("offset" if offset < 0 else "limit", "NotWithinRange", "is too small")
        if offset > len(found.events):
            raise Refused(400, "offset is past the end", status_name="BadOffset")
        return self._envelope(self._page(request, found, offset, limit))

    def _page(self, request: Request, found: _KeptSearch, offset: int, limit: int) -> Row:
        events = found.events[offset : offset + limit]
        if self.control.is_lost(self.name, request.path, offset // limit + 1):
            events = []
        page: Row = {"count": len(found.events), "events": events}
        if not found.search.verbose:
            bare = ("membership_proof", "published", "leaf_index")
            page["events"] = [
                {name: value for name, value in row.items() if name not in bare} for row in events
            ]
            return page
        root = self._log.root(self._log.published)
        if self.control.tampering == "root":
            root = alter_root(root)
        return page | {"root": root, "unpublished_root": self._log.unpublished_root()}

    def root(self, request: Request) -> Response:
        size = self._body(request).get("tree_size") or self._log.published
        if not 1 <= size <= self._log.published:
            raise Refused(400, f"no root of size {size}", status_name="TreeNotFound")
        return self._envelope({"data": self._log.root(size)})

    def schema(self, request: Request) -> Response:
        self._body(request)
        return self._envelope(self._log.schema)

    def download_results(self, request: Request) -> Response:
        body = self._body(request)
        given = [name for name in ("result_id", "request_id") if body.get(name)]
        if len(given) != 1:
            raise invalid("result_id", "MustProvideOne", "either result_id or request_id")
        key = str(body[given[0]])
        if key not in (self._searches if given == ["result_id"] else self._exports):
            raise Refused(404, "no such search or export", status_name="NotFound")
        file_format = body.get("format", "csv")
        if file_format not in FORMATS:
            raise invalid("format", "NotEnumMember", f"must be one of {', '.join(FORMATS)}")
        expires = stamp(int((self.organisation.now + timedelta(days=1)).timestamp()))
        place = f"{self.url}/download/{key}.{file_format}"
        url = f"{place}?signature=sandbox%2Bonly%3D&expires={expires}"
        return self._envelope({"dest_url": url, "expires_at": expires})

    def download(self, request: Request, key: str, file_format: str) -> Response:
        kept = self._searches.get(key) or self._exports.get(key)
        if kept is None or request.args.get("signature") != "sandbox+only=":
            raise Refused(403, "the link is not valid", status_name="Unauthorized")
        fields = [field["id"] for field in self._log.schema["fields"]]
        packed = self.awkward and file_format == "csv"
        data = write_file(kept.events, file_format, fields, packed=packed)
        return Response(data, content_type="application/octet-stream")

    def export(self, request: Request) -> Response:
        """Start an export, which is always deferred, and then downloaded by the request's id."""
        body = self._body(request)
        if body.pop("format", "csv") not in FORMATS:
            raise invalid("format", "NotEnumMember", f"must be one of {', '.join(FORMATS)}")
        if "query" in body:
            raise invalid("query", "UnexpectedProperty", "query is not a field of this request")
        search = read_search(body, self.organisation.now, self._most)
        answer = self._defer({})
        key = answer.headers["X-Request-Id"]
        self._exports[key] = _KeptSearch(search, search.select(self._log.events))
        return answer

    def log(self, request: Request) -> Response:
        return self._envelope(self._writer.one(self._body(request)))

    def log_bulk(self, request: Request) -> Response:
        return self._envelope(self._writer.several(self._body(request)))

    def log_async(self, request: Request) -> Response:
        return self._defer(self._writer.several(self._body(request)))

    def arweave_graphql(self, request: Request) -> Response:
        return self._arweave.graphql(request)

    def arweave_transaction(self, request: Request, key: str) -> Response:
        del request
        return self._arweave.transaction(key)

    def arweave_encoded(self, request: Request, key: str) -> Response:
        del request
        return self._arweave.encoded(key)

    @property
    def _log(self) -> AuditLog:
        """The log as it is shown: forged on demand, while Arweave keeps the true roots."""
        if self.control.tampering != "forge":
            return self._true_log
        if self._forged is None:
            self._forged = forged(self._true_log)
        return self._forged

    def request(self, request: Request, key: str) -> Response:
        del request
        deferred = self._deferred.get(key)
        if deferred is not None:
            deferred.polls += 1
        if deferred is None or (self._early_404 and deferred.polls == 1):
            raise Refused(404, "no such request", status_name="NotFound")
        return self._envelope(deferred.result, request_id=key)

    def _defer(self, result: Row) -> Response:
        key = self._request_id()
        self._deferred[key] = _Deferred(result)
        pending = {
            "ttl_mins": 5_760,
            "retry_counter": 0,
            "location": f"{self.url}/audit/request/{key}",
        }
        answer = self._envelope(pending, 202, "Accepted", "still working on it", request_id=key)
        answer.headers["X-Request-Id"] = key
        return answer

    def _body(self, request: Request) -> Row:
        try:
            body = read_object(request)
        except Refused as refused:
            raise Refused(400, refused.message, status_name="Failed") from None
        given = body.pop("config_id", None)
        if given is None and self.awkward:  # the token belongs to two configurations
            text = "Token has multiple associated configs, config_id field is required"
            raise Refused(400, text, status_name="MissingConfigID")
        if given not in (None, self._config_id):
            text = "config_id parameter does not match configs associated with the token"
            raise Refused(400, text, status_name="MissingConfigIDScope")
        checked: Row = body
        return checked

    def _request_id(self) -> str:
        return f"prq_{next(self._numbers):032d}"

    def _envelope(
        self,
        result: Any,
        status: int = 200,
        name: str = "Success",
        summary: str = "",
        *,
        request_id: str = "",
    ) -> Response:
        now = stamp(self.epoch)[:-1]
        body = {
            "request_id": request_id or self._request_id(),
            "request_time": f"{now}.000Z",
            "response_time": f"{now}.004Z",
            "status": name,
            "summary": summary or "done",
            "result": result,
        }
        return json_response(body, status)
