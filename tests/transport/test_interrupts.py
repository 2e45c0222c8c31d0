"""Ctrl-C and lost processes: what came is kept, and there is a way on."""

import pytest

from pandakit.transport import Call, CursorPages, Listing, collect
from tests.transport.fault_kinds import status
from tests.transport.faultserver import CLOSE, INTERRUPT, FaultServer
from tests.transport.leaks import find_leaks
from tests.transport.operations import JOB, LISTS, cursor_app, session_for

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
