"""What can go wrong with an upload, on a real socket; the ids are those of docs/enrichment.md."""

import csv
import hashlib
import io
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import threading
import tracemalloc
import warnings
from dataclasses import replace

import pandas as pd
import pytest

import pandakit as pk
from pandakit.bigpanda import BigPanda
from pandakit.enrichment import CsvFile
from pandakit.transport import TransportOptions
from tests.transport.faultserver import CLOSE, RESET, Answer, FaultServer, Read, Tick

SCHEMA = {
    "id": "map-1",
    "type": "mapping",
    "config": {
        "name": "owners",
        "fields": [
            {"title": "host", "type": "query_tag"},
            {"title": "owner", "type": "result_tag"},
        ],
    },
}
OLD = [{"host": "db1", "owner": "old"}]
TABLE = pd.DataFrame({"host": ["db1", "db2"], "owner": ["ann", None]})
ACCEPTED = Answer({"status": "pending", "job_id": "j"}, 202, {"Location": "/jobs/j"})


class Service:
    """A map with a table; an upload is a job that ends when anybody looks at job or table."""

    def __init__(self):
        self.table, self.waiting, self.works, self.fails = OLD, [], True, ""

    def __call__(self, request):
        """Answer one request."""
        if request.method == "POST":
            text = io.StringIO(request.body.decode(), newline="")
            self.waiting.append(list(csv.DictReader(text)))
            return ACCEPTED
        if request.path == "/jobs/j" and self.fails:
            self.waiting.clear()
            return Answer({"status": "failed", "job_id": "j", "errors": [self.fails]})
        if self.works and self.waiting:
            self.table = self.waiting.pop(0)
        if request.path.endswith("/map"):
            return Answer({"items": self.table, "total_results": len(self.table)})
        return Answer({"status": "done"} if request.path == "/jobs/j" else SCHEMA)


@pytest.fixture
def service():
    """A service with one map."""
    return Service()


@pytest.fixture
def server(service):
    """That service on a socket with little room for what nobody has read."""
    with FaultServer(service, receive_buffer=1 << 16) as running:
        yield running
        assert not running.unfired()


@pytest.fixture
def client(server):
    """A client on the server's clock."""
    with BigPanda("secret-user-key", base_url=server.url, rate=None, progress=False) as made:
        made._session.clock = server.clock.clock
        yield made


@pytest.fixture
def large(tmp_path):
    """Give a file of 16 MB, more than the buffers between two sockets hold."""
    path = tmp_path / "large.csv"
    rows = 262_144
    path.write_text("host,owner\n" + "".join(f"host-{i:06},{'x' * 51}\n" for i in range(rows)))
    content = path.read_bytes()
    return CsvFile(path, rows, len(content), hashlib.sha256(content).hexdigest())


def plan_post(server, steps, **options):
    """Let these steps come in place of the answer to the next upload."""
    fault = steps if callable(steps) else lambda *_: steps
    return server.plan("upload", fault, at=1, where=lambda each: each.method == "POST", **options)


def posts(server):
    """Keep the uploads of what was asked."""
    return [each for each in server.requests if each.method == "POST"]


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_u1_reset_while_sending(client, server, service, large, share):
    """A connection that breaks at 1, 50 and 99 % is an unknown outcome, sent once, no more."""
    plan = plan_post(server, [Read(share), RESET], early=True)
    with pytest.raises(pk.OutcomeUnknownError) as caught:
        client.upload_enrichment(large, "map-1")
    assert plan.read == int(large.bytes * share)
    assert len(posts(server)) == 1
    assert caught.value.sent["sha256"] == large.sha256
    assert service.table == OLD
    assert caught.value.verify() is False


@pytest.mark.parametrize("works", [True, False])
def test_u2_the_answer_is_lost(client, server, service, works):
    """Accepted, but the answer is lost: the error has the facts, and can look; nobody resends."""
    service.works = works
    plan_post(server, [RESET])
    with pytest.raises(pk.OutcomeUnknownError) as caught:
        client.upload_enrichment(TABLE, "map-1")
    (post,) = posts(server)
    sent = caught.value.sent
    assert sent["sha256"] == hashlib.sha256(post.body).hexdigest()
    assert (sent["rows"], sent["bytes"]) == (2, len(post.body))
    assert pd.Timestamp(sent["sent_at"]).tzinfo is not None
    assert all(str(fact) in str(caught.value) for fact in sent.values())
    assert caught.value.verify() is works
    assert client.verify_upload(TABLE, "map-1") is works
    assert len(posts(server)) == 1
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert copy.sent == sent
    with pytest.raises(pk.PandakitError, match="look at the service"):
        copy.verify()


def test_u3_busy_after_the_whole_body(client, server, service):
    """503 with Retry-After says that nothing was done: the same bytes again, and one job."""

    def refuse(*_):
        service.waiting.clear()
        return Answer({"errors": ["busy"]}, 503, {"Retry-After": "3"})

    plan_post(server, refuse)
    assert client.upload_enrichment(TABLE, "map-1").status == "done"
    first, second = posts(server)
    assert first.body == second.body
    assert server.clock.waits[0] >= 3
    assert len(service.table) == 2
    assert service.waiting == []


def test_u4_too_large_while_still_sending(client, server, service, large):
    """413 ends the sending early, and the error says what the limit is."""
    refusal = Answer({"errors": ["too large"]}, 413, {"Connection": "close"})
    plan = plan_post(server, [Read(0.01), refusal.wire(), CLOSE], early=True)
    with pytest.raises(pk.InvalidRequestError, match=r"413 .*too large.*500 MB") as caught:
        client.upload_enrichment(large, "map-1")
    assert caught.value.status_code == 413
    assert plan.read < large.bytes / 50
    assert (len(posts(server)), service.table) == (1, OLD)


def test_u5_refused_token_after_the_body(client, server, service):
    """A 401 after the whole body is not tried again."""
    plan_post(server, lambda *_: Answer({"errors": ["expired"]}, 401))
    with pytest.raises(pk.AuthenticationError, match="BIGPANDA_API_KEY"):
        client.upload_enrichment(TABLE, "map-1")
    assert len(posts(server)) == 1


def test_u6_continue(client, server):
    """An interim 100 Continue is passed over; we ask for none, so a 417 is just a refusal."""
    plan_post(server, lambda *_: [b"HTTP/1.1 100 Continue\r\n\r\n", ACCEPTED.wire()], good=True)
    assert client.upload_enrichment(TABLE, "map-1").status == "done"
    assert "expect" not in posts(server)[0].headers
    served = server.served
    server.plan(
        "417",
        lambda *_: Answer({"errors": ["no"]}, 417),
        at=served + 1,
        where=lambda each: each.method == "POST",
    )
    with pytest.raises(pk.InvalidRequestError, match="417"):
        client.upload_enrichment(TABLE, "map-1")
    assert len(posts(server)) == 2


def test_u7_no_file(client, server, tmp_path):
    """What can be read only once is refused with the reason: a pipe, and a generator."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(pk.EnrichmentError, match="not a regular file"):
        client.upload_enrichment(pipe, "map-1")
    with pytest.raises(TypeError, match="not generator: it is read twice"):
        client.upload_enrichment((line for line in ["host,owner\n"]), "map-1")
    assert posts(server) == []


def test_u8_the_file_changes_while_it_is_sent(client, server, service, large):
    """A file that changes under way is not sent to its end, and the error says so."""

    def change():
        with large.path.open("r+b") as file:
            file.seek(-10, os.SEEK_END)
            file.write(b"y")

    plan = plan_post(server, [Read(0.3), change, Read(1.0), CLOSE], early=True)
    with pytest.raises(pk.EnrichmentError, match="changed after it was validated"):
        client.upload_enrichment(large, "map-1")
    server.settle()
    assert large.bytes * 0.3 <= plan.read < large.bytes
    assert (len(posts(server)), service.table) == (1, OLD)


def test_u9_no_room_for_the_file(client, server, tmp_path, monkeypatch):
    """Without room for a frame's file nothing is sent or left behind, and what to do is said."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    frame = pd.DataFrame({"host": [f"host-{i}" for i in range(5_000)], "owner": "ann"})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"nothing was sent.*TMPDIR"):
            client.upload_enrichment(frame, "map-1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert posts(server) == []
    assert [path.name for path in tmp_path.iterdir() if path.name != "state"] == []


def test_u10_a_slow_line(client, server, large):
    """Hours of sending are no fault, as long as bytes move."""
    steps = [Read(0.1), Tick(3_600), Read(0.5), Tick(36_000), Read(1.0), ACCEPTED.wire()]
    plan = plan_post(server, steps, early=True)
    assert client.upload_enrichment(large, "map-1").status == "done"
    assert plan.read == large.bytes


def test_u10_a_line_that_stands_still(client, server, large):
    """Without progress the sending ends after the deadline of a silence: unknown outcome."""
    done = threading.Event()
    client._session.options = replace(TransportOptions(), connect=0.2)
    plan_post(server, [Read(0.01), lambda: done.wait(30), RESET], early=True)
    with pytest.raises(pk.OutcomeUnknownError):
        client.upload_enrichment(large, "map-1")
    done.set()
    assert len(posts(server)) == 1


HOLD = """
import sys
from pandakit.bigpanda._upload.jobs import lock_table
with lock_table(sys.argv[1], "map-1", print):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_u11_another_process_uploads_too(client, server):
    """While another process uploads to the same table ours warns; once it is gone, no more."""
    command = [sys.executable, "-c", HOLD, server.url]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.warns(pk.ServiceWarning, match="another process of yours is uploading"):
            assert client.upload_enrichment(TABLE, "map-1").status == "done"
        other.kill()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert client.upload_enrichment(TABLE, "map-1").status == "done"


def test_u11_a_job_that_was_not_waited_for(client, server, service):
    """With `wait=False` the turn lasts as long as the job: the next upload sees its end first."""
    first = client.upload_enrichment(TABLE, "map-1", wait=False)
    service.works = False
    asked = len(server.requests)
    client.upload_enrichment(TABLE.assign(owner="eve"), "map-1")
    paths = [(each.method, each.path) for each in server.requests[asked:]]
    post = next(at for at, (method, _) in enumerate(paths) if method == "POST")
    assert ("GET", "/jobs/j") in paths[:post]
    assert first.status == "pending"


@pytest.mark.parametrize("look", [{"wait": True}, {"wait": False}])
def test_u11_an_end_that_was_seen_is_not_awaited_again(client, server, look):
    """Once `job` has shown the end of a job, the next upload asks for it no more."""
    client.job(client.upload_enrichment(TABLE, "map-1", wait=False), **look)
    asked = len(server.requests)
    client.upload_enrichment(TABLE, "map-1", wait=False)
    assert [each.method for each in server.requests[asked:]] == ["GET", "POST"]


def test_u11_an_earlier_job_without_end(client, server):
    """While an earlier job goes on nothing is uploaded; who tries again is not held up by it."""
    client.upload_enrichment(TABLE, "map-1", wait=False)
    server.plan(
        "stuck",
        lambda *_: Answer({"status": "started"}),
        at=server.served + 1,
        times=10_000,
        where=lambda each: each.path == "/jobs/j",
    )
    with pytest.raises(pk.JobTimeoutError, match="nothing was uploaded"):
        client.upload_enrichment(TABLE, "map-1")
    assert len(posts(server)) == 1
    assert client.upload_enrichment(TABLE, "map-1", wait=False).status == "pending"
    assert len(posts(server)) == 2


@pytest.mark.parametrize("fault", ["failed", "gone"])
def test_u11_an_earlier_job_that_came_to_nothing(client, server, service, fault):
    """An earlier job that failed, or that the service forgot, does not stand in the way."""
    client.upload_enrichment(TABLE, "map-1", wait=False)
    answer = Answer({"status": "failed"}) if fault == "failed" else Answer({"errors": []}, 404)
    times = 1 if fault == "failed" else 99
    plan = server.plan(
        "before",
        lambda *_: answer,
        at=server.served + 1,
        times=times,
        where=lambda each: each.path == "/jobs/j" and len(posts(server)) == 1,
    )
    assert client.upload_enrichment(TABLE, "map-1").status == "done"
    assert plan.fired


def test_u11_no_place_for_a_lock(client, monkeypatch, tmp_path):
    """Where no lock file can be made that is said, and the upload goes on."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.warns(pk.ServiceWarning, match="cannot find out"):
        assert client.upload_enrichment(TABLE, "map-1").status == "done"


def test_u12_memory(client, server, large):
    """An upload of 16 MB holds less than 1 MB of it at any time."""
    client.enrichment_schema("map-1")  # modules that load on first use
    steps = [Read(percent / 100) for percent in range(101)]
    plan = server.plan(
        "read",
        lambda *_: [*steps, ACCEPTED.wire()],
        at=2,
        where=lambda each: each.method == "POST",
        early=True,
    )
    tracemalloc.start()
    try:
        assert client.upload_enrichment(large, "map-1", wait=False).status == "pending"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert plan.read == large.bytes
    assert peak < 1 << 20


def test_u13_the_job_fails(client, service, server):
    """A failed job leaves the old table in force, says so, and sending again is safe."""
    service.fails = "Stream finished but there was a truncated final frame in the buffer"
    with pytest.raises(pk.JobFailedError, match=r"LF.*still in force.*no\s+harm"):
        client.upload_enrichment(TABLE, "map-1")
    assert service.table == OLD
    service.fails = ""
    assert client.upload_enrichment(TABLE, "map-1").status == "done"
    assert len(service.table) == len(posts(server)) == 2


class BrokenTerminal(io.StringIO):
    """A terminal that goes away after some writes."""

    def __init__(self):
        super().__init__()
        self.left = 3

    def write(self, text):
        """Write, or fail."""
        self.left -= 1
        if self.left < 0:
            raise BrokenPipeError("the terminal is gone")
        return super().write(text)


def test_u14_the_display_breaks(client, server, monkeypatch):
    """A progress line that fails is dropped; the upload is whole."""
    terminal = BrokenTerminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert client.upload_enrichment(TABLE, "map-1", progress=True).status == "done"
    assert terminal.left < 0
    (post,) = posts(server)
    assert post.body == b'"host","owner"\n"db1","ann"\n"db2",""\n'


def test_a_forgotten_job(client, service, server):
    """A job that the service no longer knows is an unknown outcome with facts and a way to look."""
    server.plan("gone", lambda *_: Answer({"errors": ["no"]}, 404), at=2, times=99)
    with pytest.raises(pk.OutcomeUnknownError) as caught:
        client.upload_enrichment(TABLE, "map-1")
    server.heal()
    assert caught.value.sent["rows"] == 2
    assert caught.value.verify() is True
    assert service.table[0]["owner"] == "ann"


def test_a_refused_look_at_the_job(client, server):
    """When a look at the job is refused, `resume()` waits on and gives the job; sent once."""
    server.plan("401", lambda *_: Answer({"errors": ["expired"]}, 401), at=2)
    with pytest.raises(pk.AuthenticationError) as caught:
        client.upload_enrichment(TABLE, "map-1")
    job = caught.value.resume()
    assert (job.status, job.rows) == ("done", 2)
    assert len(posts(server)) == 1
