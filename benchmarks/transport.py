"""How close loading comes to what latency and rate limit allow."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from pandakit.redaction import Secret
from pandakit.transport import Call, CursorPages, Listing, Service, Session, collect

LATENCY = 0.1
RATE = 5.0
PAGES = 40
WORKERS = 4


@Request.application
def _app(request: Request) -> Response:
    time.sleep(LATENCY)
    number = int(request.args.get("cursor", 0))
    more = {"next": str(number + 1)} if number + 1 < PAGES else {}
    body = {"results": [{"id": f"{number}-{row}"} for row in range(100)], **more}
    return Response(json.dumps(body), content_type="application/json")


def _session(port: int, rate: float | None) -> Session:
    return Session(Service("Bench", f"http://127.0.0.1:{port}", rate=rate), Secret("bench-token"))


def _in_turn(port: int) -> float:
    with _session(port, None) as session:
        session.send(Call("GET", "/rows"))  # the connection is open afterwards
        started = time.perf_counter()
        collect(session, Listing(Call("GET", "/rows"), CursorPages(), "id"), progress=False)
        return (time.perf_counter() - started) / (PAGES * LATENCY)


def _out_of_order(port: int, rate: float | None) -> float:
    calls = [Call("GET", "/rows", params={"cursor": str(page)}) for page in range(PAGES)]
    with _session(port, rate) as session, ThreadPoolExecutor(WORKERS) as workers:
        if rate is None:
            list(workers.map(session.send, calls[:WORKERS]))  # the connections are open afterwards
        started = time.perf_counter()
        list(workers.map(session.send, calls))
        elapsed = time.perf_counter() - started
    limited = 0.0 if rate is None else PAGES / rate
    return elapsed / max(limited, math.ceil(PAGES / WORKERS) * LATENCY)


def run() -> None:
    """Print elapsed time over the bound; 1.1 is the most that we allow ourselves."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, _app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ratios = {
        "pages that follow one another": _in_turn(server.port),
        f"{WORKERS} workers, no limit": _out_of_order(server.port, None),
        f"{WORKERS} workers, {RATE:.0f} a second": _out_of_order(server.port, RATE),
    }
    server.shutdown()
    for name, ratio in ratios.items():
        print(f"transport: {name}: {ratio:.2f} of the bound")


if __name__ == "__main__":
    run()
