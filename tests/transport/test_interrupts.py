"""Ctrl-C and lost processes: what came is kept, and there is a way on."""

import hashlib
import json
import pickle

import pytest

from pandakit.bigpanda._upload.send import send_table
from pandakit.enrichment import CsvFile
from pandakit.errors import AuthenticationError, PandakitError, ProtocolError
from pandakit.panther import Panther
from pandakit.transport import Call, CursorPages, Interrupted, Listing, collect, interrupted
from tests.tokens import CANARY, FRESH
from tests.transport.fault_kinds import status
from tests.transport.faultserver import CLOSE, INTERRUPT, Answer, FaultServer
from tests.transport.leaks import find_leaks
from tests.transport.operations import (
    JOB,
    LISTS,
    WRITE,
    cursor_app,
    panther,
    panther_app,
    session_for,
)

GET = Call("GET", "/x")


def test_ctrl_c_while_waiting_keeps_the_work(server):
    """Ctrl-C in a list stops at once; what came and the way on are on the interrupt."""
    operation = LISTS[0]
    with operation.serve() as rows, operation.connect(rows) as client:
        rows.plan("T19", lambda *_: [INTERRUPT, b"HTTP/1.1 200 X\r\n", CLOSE], at=2)
        with pytest.raises(KeyboardInterrupt) as caught:
            operation.run(client)
        assert len(rows.requests) == 3
        assert not find_leaks(caught.value)
        assert len(caught.value.partial) == 6
        assert list(caught.value.resume()["id"]) == operation.whole


def test_ctrl_c_within_a_page_takes_it_whole_or_not_at_all():
    """A page that is interrupted while its rows are counted comes again whole, each row once."""

    class Impatient:
        left = 4

        def __call__(self, row):
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt
            return row["id"]

    pages = [[{"id": 1}, {"id": 2}], [{"id": 2}, {"id": 3}, {"id": 4}]]
    with FaultServer(cursor_app(pages)) as rows, session_for(rows) as session:
        with pytest.raises(KeyboardInterrupt) as caught:
            collect(session, Listing(GET, CursorPages(), Impatient()))
        assert [row["id"] for row in caught.value.partial.records] == [1, 2]
        state = caught.value.resume()
    assert [row["id"] for row in state.records] == [1, 2, 3, 4]
    assert (state.pages, state.duplicates) == (2, 1)


def test_ctrl_c_while_a_job_is_waited_for_leaves_a_way_on():
    """The interrupt of a wait for a job has `resume()`, which waits on for the same job."""
    with JOB.serve() as jobs, JOB.connect(jobs) as session:
        jobs.plan("J", lambda *_: [INTERRUPT, b"HTTP/1.1 200 X\r\n", CLOSE], at=2)
        with pytest.raises(KeyboardInterrupt) as caught:
            JOB.run(session)
        assert not find_leaks(caught.value)
        assert caught.value.resume().object()["status"] == "done"
        assert sum(request.method == "POST" for request in jobs.requests) == 1


def test_a_lost_process_starts_again_and_gets_the_same(server):
    """A load that was killed half-way leaves nothing behind that changes the next one."""
    operation = LISTS[0]
    with operation.serve() as rows:
        rows.plan("T20", status(400), at=2)
        with operation.connect(rows) as client, pytest.raises(Exception, match="400"):
            operation.run(client)
        with operation.connect(rows) as client:
            assert list(operation.run(client)["id"]) == operation.whole


def interrupting(times, then=lambda state: state):
    """Make a result as a slow frame does: Ctrl-C strikes the first times."""
    left = [times]

    def finish(state):
        if left[0]:
            left[0] -= 1
            raise KeyboardInterrupt
        return then(state)

    return finish


def test_ctrl_c_while_the_frame_is_built_loses_nothing():
    """Rows that are all there survive an interrupt of their last step: `resume()` asks nothing."""
    pages = [[{"id": 1}], [{"id": 2}]]
    with FaultServer(cursor_app(pages)) as rows, session_for(rows) as session:
        with pytest.raises(KeyboardInterrupt) as caught:
            collect(session, Listing(GET, CursorPages(), "id"), finish=interrupting(1))
        assert [row["id"] for row in caught.value.partial.records] == [1, 2]
        assert [row["id"] for row in caught.value.resume().records] == [1, 2]
        assert len(rows.requests) == 2


def test_a_second_ctrl_c_changes_nothing():
    """Ctrl-C while `partial` is built leaves it to be asked for again, and the way on as well."""
    pages = [[{"id": 1}], [{"id": 2}]]
    with FaultServer(cursor_app(pages)) as rows, session_for(rows) as session:
        rows.plan("T19", lambda *_: [INTERRUPT, b"HTTP/1.1 200 X\r\n", CLOSE], at=1)
        with pytest.raises(KeyboardInterrupt) as caught:
            collect(session, Listing(GET, CursorPages(), "id"), finish=interrupting(2))
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                caught.value.partial.records  # noqa: B018 - it is built when asked for
        assert [row["id"] for row in caught.value.partial.records] == [1]
        assert [row["id"] for row in caught.value.resume().records] == [1, 2]
        assert [row["id"] for row in caught.value.partial.records] == [1]


def test_ctrl_c_after_an_error_leaves_its_partial():
    """`error.partial` is built when asked for: an interrupt of it changes nothing."""
    pages = [[{"id": 1}], [{"id": 2}]]
    with FaultServer(cursor_app(pages)) as rows, session_for(rows) as session:
        rows.plan("E", status(400), at=1)
        with pytest.raises(PandakitError) as caught:
            collect(session, Listing(GET, CursorPages(), "id"), finish=interrupting(1))
        with pytest.raises(KeyboardInterrupt):
            caught.value.partial.records  # noqa: B018 - it is built when asked for
        assert [row["id"] for row in caught.value.partial.records] == [1]
        assert [row["id"] for row in caught.value.resume().records] == [1, 2]
        assert [row["id"] for row in caught.value.partial.records] == [1]


def test_the_first_answer_to_ctrl_c_is_not_lost_to_the_second():
    """An interrupt while the interrupt is made is the same interrupt."""
    presses = [KeyboardInterrupt] * 3

    def make():
        if presses:
            raise presses.pop()
        return Interrupted("made")

    try:
        made = str(interrupted(make))
    except KeyboardInterrupt as lost:  # it would end the whole test run
        made = repr(lost)
    assert made == "made"


def test_ctrl_c_in_an_upload_says_that_it_may_have_arrived(tmp_path):
    """The interrupt of a POST says so, and `verify()` asks the service."""
    path = tmp_path / "table.csv"
    path.write_bytes(b"a,b\r\n1,2\r\n")
    file = CsvFile(path, 1, 10, hashlib.sha256(path.read_bytes()).hexdigest())
    with WRITE.serve() as server, WRITE.connect(server) as session:
        server.plan("U", lambda *_: [INTERRUPT, b"HTTP/1.1 202 X\r\n", CLOSE])
        with pytest.raises(KeyboardInterrupt, match="may or may not have arrived") as caught:
            send_table(session, file, "m", "v2.1", progress=False, verify=lambda: True)
        assert caught.value.verify() is True
        assert not find_leaks(caught.value)
        assert len(server.requests) == 1


def new_token(request):
    """Refuse the first token once three rows are out."""
    offset = json.loads(request.arg("cursor") or '{"at": 0}')["at"]
    if offset and request.headers["x-api-key"] != FRESH:
        return Answer({"message": "expired"}, 401)
    return panther_app(request)


def test_a_load_goes_on_with_a_new_token(monkeypatch):
    """After 401 halfway `resume(token=...)` asks for the rest with it, and only for the rest."""
    with FaultServer(new_token) as server, panther(server) as client:
        with pytest.raises(AuthenticationError) as caught:
            client.rules()
        assert len(caught.value.partial) == 3
        with pytest.raises(AuthenticationError):
            caught.value.resume()
        frame = caught.value.resume(token=FRESH)
        assert list(frame["id"]) == LISTS[0].whole
        assert not find_leaks(caught.value)
        assert [request.arg("cursor") == "" for request in server.requests].count(True) == 1


def test_a_load_reads_the_settings_again_after_401(monkeypatch):
    """A token that was replaced in the environment is used by `resume()`, and by later loads."""
    with FaultServer(new_token) as server:
        monkeypatch.setenv("PANTHER_API_HOST", server.url)
        monkeypatch.setenv("PANTHER_API_TOKEN", CANARY)
        with Panther(progress=False) as client:
            with pytest.raises(AuthenticationError) as caught:
                client.rules()
            monkeypatch.setenv("PANTHER_API_TOKEN", FRESH)
            assert list(caught.value.resume()["id"]) == LISTS[0].whole
            assert list(client.rules()["id"]) == LISTS[0].whole


def test_rows_of_which_no_frame_can_be_made_are_told_at_once():
    """The error of the last step, of making the frame, is itself: it can be pickled, and so on."""

    def finish(_):
        raise ProtocolError("no frame")

    with (
        FaultServer(cursor_app([[{"id": 1}]])) as rows,
        session_for(rows) as session,
        pytest.raises(ProtocolError) as caught,
    ):
        collect(session, Listing(GET, CursorPages(), "id"), finish=finish)
    assert caught.value.partial is None
    assert str(pickle.loads(pickle.dumps(caught.value))) == "no frame"  # noqa: S301 - our own bytes
