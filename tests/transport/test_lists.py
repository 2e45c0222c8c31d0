# ruff: noqa: D102 - the steps of the machine say what they do
"""Reading lists to their end: what the matrix does not say about pages, jobs and threads."""

import threading
import time
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from pandakit.errors import (
    JobTimeoutError,
    OutcomeUnknownError,
    PaginationError,
    PandakitError,
    ServiceWarning,
)
from pandakit.redaction import Secret
from pandakit.transport import (
    Call,
    Clock,
    CursorPages,
    JobRules,
    Listing,
    NumberedPages,
    OffsetPages,
    OnePage,
    Reply,
    Service,
    Session,
    collect,
    find_job,
    wait_for,
)
from pandakit.transport.pacing import RateLimiter
from tests.fuzz import examples
from tests.tokens import CANARY
from tests.transport.clock import FakeClock
from tests.transport.fault_kinds import reset_in_body, status, trickling_body, trickling_headers
from tests.transport.faultserver import ALWAYS, Answer, FaultServer
from tests.transport.operations import cursor_app, session_for

LIST = Call("GET", "/rows")


def load(server, pages=None, call=LIST, **options):
    """Read the list with a session of its own."""
    with session_for(server) as session:
        chosen = {
            key: options.pop(key) for key in ("row_id", "max_pages", "newer") if key in options
        }
        return collect(session, Listing(call, pages or CursorPages(), **chosen), **options)


# --- pages --------------------------------------------------------------------------------


def test_an_endless_list_meets_the_page_ceiling():
    """A list whose cursor changes for ever stops at max_pages; resume() goes on for as many."""

    def app(request):
        number = int(request.arg("cursor", "0"))
        return Answer({"results": [{"id": number}], "next": str(number + 1)})

    with FaultServer(app) as server, session_for(server) as session:
        with pytest.raises(PaginationError, match="more than 7 pages") as caught:
            collect(session, Listing(LIST, CursorPages(), "id", max_pages=7))
        assert len(server.requests) == 7
        with pytest.raises(PaginationError):
            caught.value.resume()
        assert len(server.requests) == 14


def test_a_list_of_nothing_new_is_not_read_for_ever():
    """Pages that repeat known rows under new cursors end in an error, not in a loop."""

    def app(request):
        return Answer({"results": [{"id": 1}], "next": request.arg("cursor") + "x"})

    with FaultServer(app) as server, pytest.raises(PaginationError, match="nothing new"):
        load(server, row_id="id")


@pytest.mark.parametrize(
    ("max_rows", "pages", "capped"), [(3, 1, True), (4, 2, True), (9, 3, False)]
)
def test_a_cap_stops_asking(max_rows, pages, capped):
    """max_rows cuts exactly, asks for no page that is not needed, and tells whether it cut."""
    rows = [[{"id": 3 * page + i} for i in range(3)] for page in range(3)]
    with FaultServer(cursor_app(rows)) as server:
        state = load(server, max_rows=max_rows)
        assert len(server.requests) == pages
    assert len(state.records) == max_rows
    assert state.capped is capped


def test_a_service_that_ignores_the_limit_is_fine():
    """Ten thousand rows on one page are taken as they come."""
    with FaultServer(cursor_app([[{"id": i} for i in range(10_000)]])) as server:
        assert len(load(server, row_id="id").records) == 10_000


def test_a_full_page_without_a_cursor_is_the_end():
    """The end is where the cursor ends, not where a page is short."""
    with FaultServer(cursor_app([[{"id": 1}] * 100])) as server:
        assert len(load(server).records) == 100
        assert len(server.requests) == 1


def test_values_come_unharmed():
    """Integers above 2**63, text like numbers, missing beside null: as the service sent them."""
    rows = [{"n": 2**53 + 1}, {"n": 2**70}, {"n": None}, {}, {"id": "007", "e": "1e10", "x": "NaN"}]
    with FaultServer(cursor_app([rows])) as server:
        assert load(server).records == rows


def test_the_newer_of_two_rows_is_kept():
    """A row that comes twice is counted once, in its first place, as `newer` chooses."""
    pages = [[{"id": 1, "v": 1}, {"id": 2, "v": 1}], [{"id": 1, "v": 2}, {"id": 2, "v": 0}]]
    with FaultServer(cursor_app(pages)) as server:
        state = load(server, row_id="id", newer=lambda row, kept: row["v"] > kept["v"])
    assert state.records == [{"id": 1, "v": 2}, {"id": 2, "v": 1}]
    assert state.duplicates == 2


def test_ids_of_odd_kinds_lose_no_row():
    """Numbers, truth values, lists and objects in the place of ids are told apart, and compared."""
    ids = [1, True, 1.5, "1", None, None, [1], {"a": 1}, [1], {"a": 1}, 1]
    with FaultServer(cursor_app([[{"id": one} for one in ids]])) as server:
        state = load(server, row_id="id")
    assert [row["id"] for row in state.records] == ids[:8]
    assert state.duplicates == 3


def test_a_ceiling_is_never_silent():
    """More than 10,000 matches raise with the first page, unless fewer were asked for."""

    def app(request):
        return Answer({"total": 10_001, "items": [{"id": request.arg("page")}]})

    with FaultServer(app) as server:
        with pytest.raises(PaginationError, match="10001 rows match") as caught:
            load(server, NumberedPages(1))
        assert len(caught.value.partial.records) == 1
        assert len(load(server, NumberedPages(1), max_rows=5).records) == 5


@pytest.mark.parametrize("document", [[{"id": 1}], {"data": [{"id": 1}]}, {"results": [{"id": 1}]}])
def test_lists_that_come_whole(document):
    """A bare list and a list under one of the known keys are the same."""
    with FaultServer(lambda request: Answer(document)) as server:
        assert load(server, OnePage()).records == [{"id": 1}]


def test_a_result_whose_count_shrinks_is_read_to_its_first_count():
    """Rows that the first page counted are asked for, whatever a later page counts."""

    def app(request):
        offset = request.json().get("offset", 0)
        events = [{"id": offset}] if offset < 2 else []
        count = 3 if offset == 0 else 1
        return Answer({"result": {"id": "handle", "count": count, "events": events}})

    call = Call("POST", "/search", json={})
    with FaultServer(app) as server, pytest.raises(PaginationError, match="3 rows") as caught:
        load(server, OffsetPages("/results", 1), call)
    assert [row["id"] for row in caught.value.partial.records] == [0, 1]


def test_numbered_pages_without_a_total_end_with_an_empty_one():
    """Without a total a short page is no end: the service may give fewer than asked for."""
    pages = {"1": [{"id": 1}], "2": [{"id": 2}], "3": []}
    with FaultServer(lambda request: Answer(pages[request.arg("page")])) as server:
        assert [row["id"] for row in load(server, NumberedPages(5)).records] == [1, 2]


def test_resume_asks_for_the_rest_only():
    """After a break at page three the two pages are in partial, and are not asked for again."""
    pages = [[{"id": number}] for number in range(4)]
    with FaultServer(cursor_app(pages)) as server, session_for(server) as session:
        server.plan("break", status(400), at=2)
        with pytest.raises(PandakitError) as caught:
            collect(session, Listing(LIST, CursorPages()))
        assert [row["id"] for row in caught.value.partial.records] == [0, 1]
        assert [row["id"] for row in caught.value.resume().records] == [0, 1, 2, 3]
        assert len(server.requests) == 5
        assert server.unfired() == []


# --- the model: any rows, any faults ------------------------------------------------------

FAULTS = st.sampled_from([status(503), status(429), status(400), status(403), reset_in_body])


class ListMachine(RuleBasedStateMachine):
    """A service whose list grows and fails, and a loader that is resumed.

    Whatever happens: what has come is a prefix of the model, no page is asked for again after
    it came, and at the end the list is the model.
    """

    @initialize(sizes=st.lists(st.integers(0, 4), min_size=1, max_size=4))
    def start_service(self, sizes):
        self.pages, self.count = [], 0
        for size in sizes:
            self.add_page(size)
        self.server = FaultServer(cursor_app(self.pages))
        self.session = session_for(self.server)
        self.served, self.error = 0, None

    def _model(self):
        return [row for page in self.pages for row in page]

    @rule(size=st.integers(0, 4))
    def add_page(self, size):
        """Rows are added at the end of the list."""
        self.pages.append([{"id": self.count + i} for i in range(size)])
        self.count += size

    @rule(ahead=st.integers(0, 4), fault=FAULTS, times=st.integers(1, 6))
    def plan_fault(self, ahead, fault, times):
        """A page that is still to come will fail so many times."""
        self.server.plan("fault", fault, at=self.server.served + ahead, times=times)

    @rule()
    def read(self):
        """Begin to read, or go on where it broke off."""
        self._read()

    def _read(self):
        if self.error is None:
            self.served = self.server.served
        again = self.error.resume if self.error else self._load
        try:
            state, self.error = again(), None
        except PandakitError as failure:
            state, self.error = failure.partial, failure
        assert state.records == self._model()[: len(state.records)]
        assert self.server.served - self.served == state.pages
        if self.error is None:
            assert state.records == self._model()

    def _load(self):
        return collect(self.session, Listing(LIST, CursorPages()))

    def teardown(self):
        if hasattr(self, "server"):
            self.server.heal()
            self._read()
            assert self.error is None
            self.session.close()
            self.server.__exit__()


TestListMachine = ListMachine.TestCase
TestListMachine.settings = examples(25, 500, stateful_step_count=15)


# --- jobs ---------------------------------------------------------------------------------

RULES = JobRules(states={"run": "running", "done": "done", "failed": "failed"}, grace_404=10.0)


def reply(document, code=202, **headers):
    """Make an answer as `find_job` gets it."""
    import json

    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return Reply(code, named, json.dumps(document).encode(), "http://127.0.0.1/x")


HOME = Service("Test", "https://h/api")


def found(answer, template="/v2/jobs/{id}"):
    """Find a job without asking anybody."""
    with Session(HOME, Secret(CANARY)) as session:
        return find_job(session, answer, template=template)


@pytest.mark.parametrize(
    ("answer", "url"),
    [
        (reply({"job_id": "b"}, Location="/api/v2/jobs/a"), "https://h/api/v2/jobs/a"),
        (reply({"job_id": "b"}, Location="https://h/api/v2/jobs/a"), "https://h/api/v2/jobs/a"),
        (reply({"job_id": "a/b"}), "/v2/jobs/a%2Fb"),
        (reply({"job_id": 7}), "/v2/jobs/7"),
    ],
)
def test_a_job_is_found_where_the_service_says(answer, url):
    """First the Location header, then trigger_uri, then the id at the service's job path."""
    assert found(answer).url == url


@pytest.mark.parametrize("uri", ["a", "/a", "jobs/a", "/jobs/a", "v2/jobs/a", "/v2/jobs/a"])
def test_a_relative_address_may_leave_out_the_beginning(uri):
    """`trigger_uri` is relative to the host or to any part of the job's path."""
    with Session(replace(HOME, base_url="https://h"), Secret(CANARY)) as session:
        job = find_job(session, reply({"trigger_uri": uri}), template="/v2/jobs/{id}")
    assert (job.id, job.url) == ("a", "https://h/v2/jobs/a")


FOREIGN = (
    "https://elsewhere.example/api/v2/jobs/a", "//elsewhere.example/api/v2/jobs/a", "http://h/api/v2/jobs/a",
    "https://h:8443/api/v2/jobs/a", "https://u:p@h/api/v2/jobs/a", "https://h/admin", "/admin",
    "/api/v2/jobs/../../admin", "/api/v2/jobs/..%2f..", "/api/v2/jobs/%2e%2e", "/api/v2/jobs/a/b",
    "http://[bad/x", "https://h/api/v2/jobs/",
)  # fmt: skip


@pytest.mark.parametrize("address", FOREIGN)
def test_a_job_is_asked_for_below_the_services_own_path_only(address):
    """Another host, port or path is not followed: the id counts, and without one all is unknown."""
    with pytest.warns(ServiceWarning, match="not one of its own"):
        job = found(reply({"job_id": "a"}, Location=address))
    assert (job.id, job.url) == ("a", "/v2/jobs/a")
    with pytest.raises(OutcomeUnknownError, match="not its own"):
        found(reply({}, Location=address))


@pytest.mark.parametrize("document", [{}, {"job_id": None}, [], "text", {"job_id": ["a"]}])
def test_an_accepted_request_without_a_job_is_not_sent_again(document):
    """Accepted, but no job named: the outcome is unknown, and nothing is sent blindly."""
    with pytest.raises(OutcomeUnknownError, match="named no job"):
        found(reply(document))


def test_a_job_that_never_ends_meets_the_deadline_and_goes_on_later():
    """The error names the job and its state; resume() and the id alone both wait on."""
    state = {"status": "run"}
    with FaultServer(lambda request: Answer(dict(state))) as server, session_for(server) as session:
        with pytest.raises(JobTimeoutError, match="job 7 was still run after 60 s") as caught:
            wait_for(session, Call("GET", "/j/7"), RULES, timeout=60.0, name="job 7")
        assert server.clock.waits == [1, 2, 4, 8, 16, 29]
        state["status"] = "done"
        assert caught.value.resume().object() == {"status": "done"}
    with FaultServer(lambda request: Answer(state)) as server, session_for(server) as session:
        assert wait_for(session, Call("GET", "/j/7"), RULES).status == 200


def test_the_first_final_state_wins():
    """Once done, the job is not asked about again."""
    states = iter(["run", "done", "failed"])
    app = lambda request: Answer({"status": next(states)})  # noqa: E731 - one line says it
    with FaultServer(app) as server, session_for(server) as session:
        assert wait_for(session, Call("GET", "/j"), RULES).object()["status"] == "done"
        assert len(server.requests) == 2


def test_polling_waits_as_long_as_it_is_told():
    """A Retry-After on a look is waited for within the look; one beyond the cap ends the wait."""
    with FaultServer(lambda request: Answer({"status": "done"})) as server:
        server.plan("J7", status(429, Retry_After="7"))
        server.clock.chance = 0.0
        with session_for(server) as session:
            wait_for(session, Call("GET", "/j"), RULES)
        assert server.clock.waits == [1.0, 7.0]
        assert server.unfired() == []


@pytest.mark.parametrize(
    "fault", [status(429, Retry_After="50"), status(500), trickling_body, trickling_headers]
)
def test_no_look_outlives_the_wait(fault):
    """What a look waits for by itself ends with the time for the job, and resume() goes on."""
    with FaultServer(lambda request: Answer({"status": "done"})) as server:
        server.plan("slow", fault, times=ALWAYS)
        with session_for(server) as session:
            with pytest.raises(JobTimeoutError) as caught:
                wait_for(session, Call("GET", "/j"), RULES, timeout=20.0)
            assert server.clock.total_wait() <= 22
            server.heal()
            assert caught.value.resume().object() == {"status": "done"}


def test_a_limit_of_looks_is_kept():
    """Where a service allows only so many looks, no more are taken."""
    rules = JobRules(states={}, max_looks=3)
    with FaultServer(lambda request: Answer({"status": "run"})) as server:
        with (
            session_for(server) as session,
            pytest.warns(UserWarning, match="unknown state 'run'"),
            pytest.raises(JobTimeoutError, match="3 looks"),
        ):
            wait_for(session, Call("GET", "/j"), rules)
        assert len(server.requests) == 3


# --- threads ------------------------------------------------------------------------------


def test_thirty_threads_share_one_limit():
    """
    Thirty threads on one client at 5 a second: no second of real time sees more than six
    arrivals, and every thread gets its turn in the order of asking.
    """
    arrivals = []

    def app(request):
        arrivals.append((time.monotonic(), request.path))
        return Answer({})

    clock = Clock()
    with FaultServer(app) as server:
        server.clock = type("Real", (), {"clock": clock})
        session = session_for(server, service=_limited(server))
        threads = [
            threading.Thread(target=session.send, args=(Call("GET", f"/{i}", endpoint="e"),))
            for i in range(30)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        session.close()
    times = sorted(moment for moment, _ in arrivals)
    assert Counter(path for _, path in arrivals) == {f"/{i}": 1 for i in range(30)}
    assert max(sum(t <= other < t + 1 for other in times) for t in times) <= 6


def test_endpoints_and_tokens_have_limits_of_their_own():
    """Turns are spaced per endpoint and token, also across sessions of the same token."""
    with FaultServer(lambda request: Answer({})) as server:
        clock = FakeClock()
        server.clock = clock
        shared = clock.clock
        server.clock = type("Shared", (), {"clock": shared})
        one, two = (session_for(server, service=_limited(server)) for _ in range(2))
        for session, endpoint in ((one, "a"), (one, "b"), (two, "a"), (one, "a")):
            session.send(Call("GET", "/x", endpoint=endpoint))
        assert clock.waits == pytest.approx([0.208, 0.208])
        one.close()
        two.close()


def test_a_late_turn_keeps_its_distance_from_the_next():
    """When a thread wakes late, the next turn counts from then: two never come close together."""
    clock = FakeClock()
    limiter = RateLimiter(5.0, replace(clock.clock, sleep=lambda wait: clock.sleep(wait + 0.5)))
    taken = [(limiter.acquire(), clock.now)[1] for _ in range(3)]
    assert [later - sooner for sooner, later in pairwise(taken)] == pytest.approx([0.708, 0.708])


def test_who_is_interrupted_gives_up_the_turn():
    """Ctrl-C while waiting for a turn leaves no gap and no queue behind."""
    clock = FakeClock()

    def interrupt(_):
        raise KeyboardInterrupt

    limiter = RateLimiter(5.0, clock.clock)
    limiter.acquire()
    limiter._clock = replace(clock.clock, sleep=interrupt)
    with pytest.raises(KeyboardInterrupt):
        limiter.acquire()
    limiter._clock = clock.clock
    assert limiter.acquire() == pytest.approx(0.208)


def _limited(server):
    from pandakit.transport import Service

    return Service("Test", server.url, rate=5.0)
