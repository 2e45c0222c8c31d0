"""A forked process shares no connection, lock or queue with its parent."""

import logging
import multiprocessing
import sys
import threading
from concurrent.futures import ProcessPoolExecutor

import pytest
import requests

import pandakit as pk
from pandakit.panther import Panther
from pandakit.transport.pacing import limiter_for
from tests.tokens import CANARY
from tests.transport.clock import FakeClock
from tests.transport.faultserver import Answer, FaultServer

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="there is no fork"),
    # Since 3.12 Python warns of what is tested here.
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]
KINDS = ("rules", "policies", "queries", "globals", "data_models")
ROUNDS = 50  # of each child; with shared connections one in three frames was another list
PAGE = 20


def app(request):
    """Answer with rows that name the path that was asked for."""
    rows = [{"id": f"{request.path}/{number}"} for number in range(PAGE)]
    return Answer({"results": rows})


def path_of(kind):
    """Return the path of a list."""
    return "/" + kind.replace("_", "-")


def strangers(client, kind):
    """Load a list some times; return the rows that are of another list."""
    expected = [f"{path_of(kind)}/{number}" for number in range(PAGE)]
    return [
        row
        for _ in range(ROUNDS)
        for row, wanted in zip(getattr(client, kind)()["id"], expected, strict=True)
        if row != wanted
    ]


@pytest.fixture(autouse=True)
def no_debug_logs():
    """The captured log of a test is a file, whose lock a thread may hold at the fork."""
    logging.disable(logging.INFO)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(params=["own session", "user's session"])
def client(request):
    """A client that has loaded a list: it keeps a connection open."""
    session = requests.Session() if request.param == "user's session" else None
    with (
        FaultServer(app) as server,
        Panther(server.url, CANARY, session=session, progress=False) as made,
    ):
        assert len(made.rules()) == PAGE
        yield made
        if session is not None:
            session.close()


def in_child(queue, client, kind):
    """Report to the parent."""
    queue.put(strangers(client, kind))


def test_four_children_get_the_rows_that_they_ask_for(client):
    """Children of `fork` that load other lists at the same time get no row of another list."""
    fork = multiprocessing.get_context("fork")
    queue = fork.Queue()
    children = [fork.Process(target=in_child, args=(queue, client, kind)) for kind in KINDS[:4]]
    for child in children:
        child.start()
    assert strangers(client, KINDS[4]) == []
    assert [queue.get(timeout=60) for _ in children] == [[]] * 4
    for child in children:
        child.join(60)
        assert child.exitcode == 0


_shared = None


def with_shared(kind):
    """Load with the client that the process was forked with."""
    return strangers(_shared, kind)


def test_a_pool_of_processes_gets_the_rows_that_it_asks_for(client, monkeypatch):
    """The same of the workers of `concurrent.futures`, which fork when the first task comes."""
    monkeypatch.setattr(sys.modules[__name__], "_shared", client)
    with ProcessPoolExecutor(4, multiprocessing.get_context("fork")) as pool:
        assert list(pool.map(with_shared, KINDS)) == [[]] * 5


def test_joblib_gets_the_rows_that_it_asks_for(client, monkeypatch):
    """The same of joblib's backend that forks."""
    joblib = pytest.importorskip("joblib")
    monkeypatch.setattr(sys.modules[__name__], "_shared", client)
    tasks = [joblib.delayed(with_shared)(kind) for kind in KINDS]
    assert joblib.Parallel(4, backend="multiprocessing")(tasks) == [[]] * 5


def test_a_thread_that_loads_does_not_block_the_children(client):
    """A process that forks while its threads load has children that load, and end."""
    fork = multiprocessing.get_context("fork")
    queue, stop = fork.Queue(), threading.Event()

    def load():
        while not stop.is_set():
            client.policies()

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for kind in KINDS:
            child = fork.Process(target=in_child, args=(queue, client, kind))
            child.start()
            assert queue.get(timeout=60) == []
            child.join(60)
            assert child.exitcode == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_child_does_not_wait_for_clients_that_the_parent_makes():
    """A connection whose lock another thread of the parent holds makes its clients in the child."""
    services = pk.connect(sandbox="never")
    fork = multiprocessing.get_context("fork")
    held, done = threading.Event(), threading.Event()

    def hold():
        with services._lock:
            held.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(60)
    child = fork.Process(target=services.close)
    child.start()
    child.join(20)
    child.kill()
    done.set()
    holder.join()
    assert child.exitcode == 0


def test_a_child_does_not_wait_for_the_parents_queue():
    """A rate limit that threads wait for at the fork, and its lock, are new in the child."""
    limiter = limiter_for(("fork",), 10.0, FakeClock().clock)
    limiter._queue += [object()] * 9
    fork = multiprocessing.get_context("fork")
    with limiter._lock:
        child = fork.Process(target=limiter.acquire)
        child.start()
        child.join(20)
    assert child.exitcode == 0
