"""Verification of audit events against the official client, which lives in `.venv-interop`.

`python -m benchmarks verification`; `make interop` makes the environment. Each round runs every
way in a process of its own and takes ratios of processor time within the round.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from pandakit.frames import facts
from pandakit.pangea import Pangea
from tests.services.audit_log import Log, received

SDK_PYTHON = Path(".venv-interop/bin/python")
ROUNDS = 5
EVENTS, BATCH = 10_000, 50
MANY = 100_000
DELAY = 0.05  # seconds
SIZES = 200

SDK = """
import json, sys, time
from pathlib import Path
def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
from pangea.config import PangeaConfig
from pangea.services.audit.audit import Audit
from pangea.services.audit.models import SearchOutput
from pangea.services.audit.util import verify_envelope_hash
before = peak()
with open(sys.argv[1], "rb") as file:
    out = SearchOutput(**json.loads(file.read())["result"])
audit = Audit("x", config=PangeaConfig(domain="example.com"))
def run():
    for event in out.events:
        assert verify_envelope_hash(event.envelope, event.hash)
        assert audit.verify_membership_proof(out.root, event)
if len(sys.argv) < 3:
    run()
started = time.process_time()
run()
print(time.process_time() - started)
print(peak() - before)
"""

OURS = """
import sys, time
from pathlib import Path
def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
import pandakit as pk
from pandakit.pangea import load, verify
from pandakit.pangea._checks.digests import digest_all
from pandakit.pangea._checks.folds import fold_all
from pandakit.pangea._checks.path import sides
before = peak()
frame = load(sys.argv[1])
if len(sys.argv) < 3:
    verify(frame)
started = time.process_time()
found = verify(frame)
whole = time.process_time() - started
most = peak() - before
assert found.verdict == "intact", found.summary
envelopes, hashes = frame["envelope"].tolist(), frame["hash"].tolist()
proofs, root = frame["membership_proof"].tolist(), bytes.fromhex(frame["root_hash"][0])
size = int(frame["root_size"][0])
depths = [len(sides(size, leaf)) for leaf in frame["leaf_index"].tolist()]
for _ in range(2):
    started = time.process_time()
    digests = digest_all(envelopes)
    assert all(own.hex() == claimed for own, claimed in zip(digests.hashes, hashes))
    folds = []
    numbers = fold_all(digests.hashes, proofs, depths, folds)
    assert all(fold.root == root for fold in folds)
    alone = time.process_time() - started
print(alone)
print(whole)
print(most)
"""


def write_log(path: Path, events: int) -> None:
    """Write the answer of a search for unsigned events of ten fields."""
    envelopes = [
        {
            "event": {
                "actor": f"user-{number % 499}@example.com",
                "action": ("login", "update", "grant")[number % 3],
                "status": "success",
                "target": f"host-{number * 7919 % 100_003}",
                "source": "console",
                "tenant_id": "north",
                "message": f"change {number * 104_729 % 1_000_003} of a host, " + "x" * 40,
                "old": f'{{"zone": {number % 97}, "city": "Århus"}}',
                "new": f'{{"zone": {number % 89}, "city": "Gdańsk"}}',
                "timestamp": "2026-02-01T10:10:10.123Z",
            },
            "received_at": received(number),
        }
        for number in range(events)
    ]
    batches = [envelopes[start : start + BATCH] for start in range(0, events, BATCH)]
    path.write_text(json.dumps(Log(batches).answer(), ensure_ascii=False), encoding="utf-8")


def measured(python: Path | str, code: str, *arguments: object) -> list[float]:
    command = [str(python), "-c", code, *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return [float(line) for line in done.stdout.split()]


def times(path: Path) -> None:
    """Print how much longer the client takes, for hash and membership alone."""
    alone, whole = [], []
    for _ in range(ROUNDS):
        sdk = measured(SDK_PYTHON, SDK, path)[0]
        ours = measured(sys.executable, OURS, path)
        alone.append(sdk / ours[0])
        whole.append(sdk / ours[1])
        print(f"  sdk {sdk * 1e6 / EVENTS:.1f} µs, alone {ours[0] * 1e6 / EVENTS:.1f}, "
              f"verify {ours[1] * 1e6 / EVENTS:.1f}")  # fmt: skip
    print(f"SDK over hash and membership alone: {statistics.median(alone):.2f} (goal 4.0)")
    print(f"SDK over the whole of verify:       {statistics.median(whole):.2f} (goal 2.7)")


def memory(path: Path) -> None:
    """Print the peak of loading and verifying over that of the client."""
    ratios = []
    for _ in range(3):
        sdk = measured(SDK_PYTHON, SDK, path, "once")[1]
        ours = measured(sys.executable, OURS, path, "once")[2]
        ratios.append(ours / sdk)
        print(f"  sdk {sdk / 1024:.0f} MiB, ours {ours / 1024:.0f} MiB")
    print(f"peak over the SDK's, {MANY:,} events: {statistics.median(ratios):.2f} (goal 0.9)")


def roots() -> None:
    """Print the time of fetching roots over what four calls at once must take."""
    log = Log([[{"event": {"message": "m"}, "received_at": received(n)}] for n in range(SIZES)])

    @Request.application
    def slow(request: Request) -> Response:
        body = request.get_json(silent=True) or {}
        time.sleep(DELAY)
        if request.path == "/graphql":
            sizes = json.loads("[" + body["query"].split("values: [")[1].split("]")[0] + "]")
            edges = [{"node": {"id": f"tx{size}", "tags": [{"name": "tree_size", "value": size}]}}
                     for size in sizes]  # fmt: skip
            answer = {"data": {"transactions": {"edges": edges}}}
        elif "/tx" in request.path:
            answer = log.root(int(request.path.strip("/").removeprefix("tx")))
        else:
            answer = {"status": "Success", "result": {"data": log.root(body["tree_size"])}}
        return Response(json.dumps(answer), content_type="application/json")

    for size in range(1, SIZES + 1):
        log.root(size)  # computed once and kept
    server = make_server("127.0.0.1", 0, slow, threaded=True)
    server.RequestHandlerClass.protocol_version = "HTTP/1.1"  # connections are kept
    server.RequestHandlerClass.log = lambda *_, **__: None
    # In a process of its own: a service does not take the client's processor time.
    service = get_context("fork").Process(target=server.serve_forever, daemon=True)
    service.start()
    url = f"http://127.0.0.1:{server.server_port}"
    client = Pangea("token", base_url_template=url, arweave_url=url, progress=False)
    ratios = []
    for _ in range(3):
        started = time.perf_counter()
        found = client.roots(log.answer())
        spent = time.perf_counter() - started
        assert len(found) == SIZES
        calls = facts(found)["requests"]
        ratios.append(spent / (-(-calls // 4) * DELAY))
    service.terminate()
    service.join()
    server.server_close()
    print(f"roots of {SIZES} sizes, {calls} calls: {statistics.median(ratios):.2f} (goal 1.2)")


def run() -> None:
    roots()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audit.json"
        write_log(path, EVENTS)
        times(path)
        write_log(path, MANY)
        memory(path)


if __name__ == "__main__":
    run()
