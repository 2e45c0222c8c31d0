# ruff: noqa: D101, D102, D103 - helpers of the tests, whose names say what they do
"""The operations of the matrix: a model of the service's rows, and a loader that must equal it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pandakit.errors import PandakitError
from pandakit.redaction import Secret
from pandakit.transport import (
    Call,
    Collected,
    CursorPages,
    Job,
    JobRules,
    Listing,
    NumberedPages,
    OffsetPages,
    Problem,
    Reply,
    Service,
    Session,
    TransportOptions,
    collect,
    find_job,
    wait_for,
)
from pandakit.transport.jobs import Deferred
from tests.transport.faultserver import Answer, FaultServer, Request

if TYPE_CHECKING:
    from collections.abc import Callable


TOKEN = "tok/en+CANARY=7f3a9c"
OPTIONS = TransportOptions(connect=10.0, read=10.0, total=300.0, body_most=1 << 20)
SIZE = 3
# What must come through unharmed: exact integers, text that looks like something else.
ODD = [
    {"n": 2**53 + 1, "zero": "007", "exp": "1e10"},
    {"n": 2**63 + 1, "word": "NaN", "empty": ""},
    {"n": None, "word": "null", "emoji": "🐼", "rtl": "שלום"},
]
ROWS: list[dict[str, Any]] = [
    {"id": f"row-{i}", "at": f"2026-01-{i + 1:02d}T00:00:00Z", **ODD[i % 3]} for i in range(10)
]
IDS = [row["id"] for row in ROWS]


def cursor_for(offset: int) -> str:
    """Make a cursor with reserved characters, as a serialised key has."""
    return json.dumps({"at": offset, "k": "a&b=c/d?e#f%20+é"}, ensure_ascii=False)


def offset_of(cursor: str) -> int:
    return int(json.loads(cursor)["at"]) if cursor else 0


def panther_app(request: Request) -> Answer:
    offset = offset_of(request.arg("cursor"))
    page = ROWS[offset : offset + SIZE]
    more = {"next": cursor_for(offset + SIZE)} if offset + SIZE < len(ROWS) else {}
    return Answer({"results": page, **more})


def bigpanda_app(request: Request) -> Answer:
    start = (int(request.arg("page")) - 1) * SIZE
    return Answer({"total": len(ROWS), "items": ROWS[start : start + SIZE]})


class PangeaApp:
    """A search that is accepted first, pending once, and then has pages."""

    def __init__(self) -> None:
        self.pending = 1
        self.answers = 0

    def __call__(self, request: Request) -> Answer:
        if request.path == "/v1/search":
            return self._envelope("Accepted", {"ttl_mins": 9, "retry_counter": 0}, 202)
        if request.path == "/v1/results":
            return self._page(request.json()["offset"])
        return self._page(0)

    def _page(self, offset: int) -> Answer:
        events = ROWS[offset : offset + SIZE]
        return self._envelope("Success", {"id": "pas_1", "count": len(ROWS), "events": events})

    def _envelope(self, status: str, result: Any, code: int = 200) -> Answer:
        document = {"request_id": "prq_1", "status": status, "summary": "", "result": result}
        return Answer(document, code)


class PendingPangeaApp(PangeaApp):
    def __init__(self, server: Callable[[], FaultServer]) -> None:
        super().__init__()
        self._server = server

    def __call__(self, request: Request) -> Answer:
        if request.path.startswith("/request/") and self._server().served <= 1:
            return self._envelope("Accepted", None, 202)
        return super().__call__(request)


def job_app(served: Callable[[], int]) -> Callable[[Request], Answer]:
    """An upload that is accepted, and a job that is pending, started, done."""

    def app(request: Request) -> Answer:
        if request.method == "POST":
            body = {"status": "pending", "job_id": "job 1", "trigger_uri": "jobs/job%201"}
            return Answer(body, 202, {"Location": "/jobs/job%201"})
        state = ["pending", "pending", "started", "done"][min(served(), 3)]
        return Answer({"status": state, "job_id": "job 1"})

    return app


def read_panther(reply: Reply) -> Problem | None:
    return None if reply.status < 400 else Problem(reply.excerpt())


def read_pangea(reply: Reply) -> Problem | None:
    """The envelope decides, not the HTTP status."""
    codes = {"TooManyRequests": 429, "ServiceNotAvailable": 503, "ValidationError": 400}
    try:
        document = reply.json()
    except PandakitError:
        return None if reply.status < 400 else Problem(reply.excerpt())
    word = str(document.get("status")) if isinstance(document, dict) else ""
    if word.lower() in ("success", "accepted") and reply.status < 400:
        return None
    if reply.status < 400 and word not in codes:
        return None
    return Problem(f"{word} {reply.excerpt()}", codes.get(word), "prq_1")


JOB_RULES = JobRules(
    states={"pending": "running", "started": "running", "done": "done", "failed": "failed"},
    read_detail=lambda reply: str(reply.object().get("message", "")),
    first=2.0,
    factor=1.5,
    most=15.0,
    grace_404=10.0,
    advice={"truncated final frame": "End the file with a newline."},
)
ASYNC_RULES = JobRules(
    states={"success": "done", "accepted": "running"}, first=1.0, most=30.0, grace_404=10.0
)


def service_for(server: FaultServer, **fields: Any) -> Service:
    return Service("Test", server.url, hints={401: "Set TEST_TOKEN."}, **fields)


def session_for(
    server: FaultServer, *, options: TransportOptions = OPTIONS, **fields: Any
) -> Session:
    extra = {key: fields.pop(key) for key in ("session", "refresh") if key in fields}
    service = service_for(server, **fields)
    return Session(service, Secret(TOKEN), options=options, clock=server.clock.clock, **extra)


def rows_of(state: Collected) -> list[dict[str, Any]]:
    return list(state.records)


def load_panther(session: Session, **options: Any) -> Any:
    call = Call("GET", "/rules", params={"limit": SIZE}, needs="the permission View Rules")
    return collect(session, Listing(call, CursorPages(), "id"), finish=rows_of, **options)


def load_bigpanda(session: Session, **options: Any) -> Any:
    call = Call("GET", "/environments/e/incidents", endpoint="incidents")
    return collect(session, Listing(call, NumberedPages(SIZE), "id"), finish=rows_of, **options)


def load_pangea(session: Session, **options: Any) -> Any:
    def locate(reply: Reply) -> Call:
        return Call("GET", "/request/" + quote(reply.object()["request_id"]))

    send = Deferred(session, ASYNC_RULES, locate, timeout=120.0)
    call = Call("POST", "/v1/search", json={"query": "", "limit": SIZE})
    listing = Listing(call, OffsetPages("/v1/results", SIZE), "id", send=send)
    return collect(session, listing, finish=rows_of, **options)


def start_job(session: Session) -> Job:
    call = Call("POST", "/maps/m/map", body=b"a,b\r\n", repeatable=False)
    return find_job(session.send(call), template="/jobs/{id}")


def run_job(session: Session) -> Any:
    job = start_job(session)
    done = wait_for(
        session, Call("GET", job.url), JOB_RULES, timeout=200.0, name=job.id, progress=False
    )
    return [done.object()["status"]]


def write(session: Session) -> Any:
    return [start_job(session).id]


@dataclass(frozen=True)
class Operation:
    """One way in which the house uses a service.

    `positions` are the numbers of good answers before the first, a middle and the last call that
    can fail; `polls` those among them that look at a job.
    """

    name: str
    run: Callable[..., Any]
    whole: list[Any]
    positions: dict[str, int]
    polls: frozenset[int] = frozenset()
    fields: tuple[tuple[str, Any], ...] = ()

    def serve(self, **options: Any) -> FaultServer:
        """Start the service with its model."""
        servers: list[FaultServer] = []
        apps: dict[str, Callable[[Request], Answer]] = {
            "Panther list": panther_app,
            "BigPanda incidents": bigpanda_app,
            "Pangea search": PendingPangeaApp(lambda: servers[0]),
        }
        app = apps.get(self.name) or job_app(lambda: servers[0].served)
        servers.append(FaultServer(app, **options))
        return servers[0]

    def result_of(self, result: Any) -> Any:
        """A resumed job gives its last answer."""
        return [result.object()["status"]] if isinstance(result, Reply) else result

    def session(self, server: FaultServer, **options: Any) -> Session:
        return session_for(server, **dict(self.fields), **options)


LISTS = (
    Operation("Panther list", load_panther, ROWS, {"first": 0, "middle": 1, "last": 3}),
    Operation("BigPanda incidents", load_bigpanda, ROWS, {"first": 0, "middle": 2, "last": 3}),
    Operation(
        "Pangea search",
        load_pangea,
        ROWS,
        {"first": 0, "middle": 1, "last": 5},
        frozenset({1}),
        (("read_error", read_pangea),),
    ),
)
JOB = Operation(
    "job polling",
    run_job,
    ["done"],
    {"first": 1, "middle": 2, "last": 3},
    frozenset({1, 2, 3}),
)
WRITE = Operation("upload", write, ["job 1"], {"only": 0})
OPERATIONS = (*LISTS, JOB, WRITE)
