# ruff: noqa: D103 - helpers of the tests, whose names say what they do
"""The operations of the matrix: a model of the service's rows, and a loader that must equal it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit.bigpanda import BigPanda
from pandakit.bigpanda._upload.jobs import JOB_RULES
from pandakit.bigpanda.service import bigpanda_service
from pandakit.pangea import Pangea
from pandakit.panther import Panther
from pandakit.redaction import Secret
from pandakit.transport import (
    Call,
    Job,
    Reply,
    Service,
    Session,
    TransportOptions,
    find_job,
    wait_for,
)
from tests.tokens import CANARY
from tests.transport.faultserver import Answer, FaultServer, Request

if TYPE_CHECKING:
    from collections.abc import Callable

OPTIONS = TransportOptions(connect=10.0, read=10.0, total=300.0, body_most=1 << 20)
SIZE = 3
IDS = [f"row-{i}" for i in range(10)]
ROWS: list[dict[str, Any]] = [{"id": one, "displayName": f"🐼 {one}"} for one in IDS]
EVENTS = [
    {"envelope": {"event": {"message": one}, "received_at": "2026-01-01T00:00:00Z"}, "hash": one}
    for one in IDS
]


def cursor_for(offset: int) -> str:
    """Make a cursor with reserved characters, as a serialised key has."""
    return json.dumps({"at": offset, "k": "a&b=c/d?e#f%20+é"}, ensure_ascii=False)


def offset_of(cursor: str) -> int:
    return int(json.loads(cursor)["at"]) if cursor else 0


def panther_app(request: Request) -> Answer:
    offset = offset_of(request.arg("cursor"))
    more = {"next": cursor_for(offset + SIZE)} if offset + SIZE < len(ROWS) else {}
    return Answer({"results": ROWS[offset : offset + SIZE], **more})


def cursor_app(pages: list[list[dict[str, Any]]]) -> Callable[[Request], Answer]:
    """Serve the given pages by cursor."""

    def app(request: Request) -> Answer:
        number = int(request.arg("cursor", "0"))
        more = {"next": str(number + 1)} if number + 1 < len(pages) else {}
        return Answer({"results": pages[number], **more})

    return app


def bigpanda_app(request: Request) -> Answer:
    start = (int(request.arg("page")) - 1) * SIZE
    return Answer({"total": len(ROWS), "items": ROWS[start : start + SIZE]})


def pangea_app(served: Callable[[], int]) -> Callable[[Request], Answer]:
    """A search that is accepted first, pending once, and then has pages."""

    def envelope(status: str, result: Any, code: int = 200) -> Answer:
        document = {"request_id": "prq_1", "status": status, "summary": "", "result": result}
        return Answer(document, code)

    def page(offset: int) -> Answer:
        events = EVENTS[offset : offset + SIZE]
        return envelope("Success", {"id": "pas_1", "count": len(EVENTS), "events": events})

    def app(request: Request) -> Answer:
        if request.path == "/v1/search":
            return envelope("Accepted", {"ttl_mins": 9, "retry_counter": 0}, 202)
        if request.path == "/v1/results":
            return page(request.json()["offset"])
        return envelope("Accepted", None, 202) if served() <= 1 else page(0)

    return app


def job_app(served: Callable[[], int]) -> Callable[[Request], Answer]:
    """An upload that is accepted, and a job that is pending, started, done."""

    def app(request: Request) -> Answer:
        if request.method == "POST":
            body = {"status": "pending", "job_id": "job 1", "trigger_uri": "jobs/job%201"}
            return Answer(body, 202, {"Location": "/jobs/job%201"})
        state = ["pending", "pending", "started", "done"][min(served(), 3)]
        return Answer({"status": state, "job_id": "job 1"})

    return app


def session_for(
    server: FaultServer,
    *,
    options: TransportOptions = OPTIONS,
    service: Service | None = None,
    **fields: Any,
) -> Session:
    return Session(
        service or Service("Test", server.url, hints={401: "Set TEST_TOKEN."}),
        Secret(CANARY),
        options=options,
        clock=server.clock.clock,
        **fields,
    )


def panther(server: FaultServer) -> Panther:
    return Panther(server.url, CANARY, progress=False)


def bigpanda(server: FaultServer) -> BigPanda:
    return BigPanda(CANARY, base_url=server.url, progress=False)


def pangea(server: FaultServer) -> Pangea:
    return Pangea(CANARY, base_url_template=server.url, progress=False)


def uploader(server: FaultServer) -> Session:
    return session_for(server, service=bigpanda_service(server.url, None))


def start_job(session: Session) -> Job:
    call = Call("POST", "/maps/m/map", body=b"a,b\r\n", repeatable=False)
    return find_job(session, session.send(call), template="/jobs/{id}")


def run_job(session: Session) -> Any:
    job = start_job(session)
    return wait_for(
        session, Call("GET", job.url), JOB_RULES, timeout=200.0, name=job.id, progress=False
    )


def ids_of(result: Any) -> list[str]:
    """Give what a result is about: the ids of a frame, or the end of a job."""
    if isinstance(result, pd.DataFrame):
        names = ("id", "plan_id", "message")
        return list(result[next(name for name in names if name in result)])
    return [result.object()["status"] if isinstance(result, Reply) else result]


@dataclass(frozen=True)
class Operation:
    """One way in which the house uses a service.

    `positions` are the numbers of good answers before the first, a middle and the last call that
    can fail; `polls` those among them that look at a job.
    """

    name: str
    app: Callable[[Callable[[], int]], Callable[[Request], Answer]]
    client: Callable[[FaultServer], Any]
    run: Callable[[Any], Any]
    whole: list[str]
    positions: dict[str, int]
    polls: frozenset[int] = frozenset()

    def serve(self, **options: Any) -> FaultServer:
        """Start the service with its model."""
        servers: list[FaultServer] = []
        servers.append(FaultServer(self.app(lambda: servers[0].served), **options))
        return servers[0]

    def connect(self, server: FaultServer, options: TransportOptions = OPTIONS) -> Any:
        """Make the client, on the server's clock."""
        client = self.client(server)
        session = getattr(client, "_session", client)
        session.clock, session.options = server.clock.clock, options
        session._limiters.clear()
        return client


LISTS = (
    Operation(
        "Panther list",
        lambda _: panther_app,
        panther,
        lambda client: client.rules(),
        IDS,
        {"first": 0, "middle": 1, "last": 3},
    ),
    Operation(
        "BigPanda list",
        lambda _: bigpanda_app,
        bigpanda,
        lambda client: client.maintenance_plans(),
        IDS,
        {"first": 0, "middle": 2, "last": 3},
    ),
    Operation(
        "Pangea search",
        pangea_app,
        pangea,
        lambda client: client.search(start="2026-01-01"),
        IDS,
        {"first": 0, "middle": 1, "last": 5},
        frozenset({1}),
    ),
)
JOB = Operation(
    "job polling",
    job_app,
    uploader,
    run_job,
    ["done"],
    {"first": 1, "middle": 2, "last": 3},
    frozenset({1, 2, 3}),
)
WRITE = Operation(
    "upload", job_app, uploader, lambda session: start_job(session).id, ["job 1"], {"only": 0}
)
OPERATIONS = (*LISTS, JOB, WRITE)
