"""Numbered pages of events are read at the same time, and nothing is lost or read twice."""

import threading

import pytest
from hypothesis import given, settings, strategies as st

import pandakit as pk
from pandakit.bigpanda._lists.page_load import PageLoad
from pandakit.transport import Call, NumberedPages, collect_parallel
from tests.services.conftest import told
from tests.services.tenant import reply_of, session_of_answers


class Feed:
    """A list of rows that answers page by page, and changes between answers."""

    def __init__(self, count, *, totals=True, most=3, moves=()):
        self.rows = [{"timestamp": number, "n": number} for number in range(count)]
        self.totals, self.most, self.moves = totals, most, iter(moves)
        self.calls, self.snapshots = [], []
        self._lock = threading.Lock()

    def send(self, call, _=None):
        """Answer a call."""
        with self._lock:
            next(self.moves, lambda _: None)(self)
            self.snapshots.append({row["n"] for row in self.rows})
            page = call.params["page"]
            self.calls.append(page)
            rows = self.rows[(page - 1) * self.most : page * self.most]
            return reply_of({"items": rows, **({"total": len(self.rows)} if self.totals else {})})


def run(feed, max_rows=None):
    """Read a feed; give what was collected."""
    pages = NumberedPages(size=3, size_param="limit", ceiling=None)
    load = PageLoad(Call("GET", "/events"), pages, label="events", max_rows=max_rows)
    session = session_of_answers(feed.send)
    return collect_parallel(session, load, progress=False, finish=lambda state: state)


def arrive(feed):
    """One more row at the end."""
    feed.rows.append({"n": 1000 + len(feed.snapshots)})


def arrive_first(feed):
    """One more row at the top: all others move."""
    feed.rows.insert(0, {"n": -1 - len(feed.snapshots)})


def expire(feed):
    """The oldest row is gone: all others move."""
    del feed.rows[:1]


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(0, 30),
    totals=st.booleans(),
    most=st.integers(1, 3),
    max_rows=st.none() | st.integers(1, 40),
)
def test_every_row_once_in_order(count, totals, most, max_rows):
    """The rows are those of the list, with totals or without, also where pages are shorter."""
    feed = Feed(count, totals=totals, most=most)
    state = run(feed, max_rows)
    assert state.records == feed.rows[:max_rows]
    assert not (state.capped and max_rows > count)
    assert state.capped or max_rows is None or max_rows >= count
    if totals:
        pages = max(1, -(-min(count, max_rows or count) // most))
        assert sorted(feed.calls) == [1] * (pages > 1) + list(range(1, pages + 1))


def nothing(_):
    """Nothing moves."""


@settings(max_examples=150, deadline=None)
@given(
    count=st.integers(1, 20),
    moves=st.lists(st.sampled_from([nothing, arrive, expire]), max_size=6)
    | st.lists(st.sampled_from([nothing, arrive_first]), max_size=6),
)
def test_a_list_that_moves(count, moves):
    """Rows that are there from the first answer to the last are there once, or the load raises.

    The list gains rows at its end while it loses some at its start, or it gains them there.
    """
    feed = Feed(count, moves=moves)
    try:
        state = run(feed)
    except pk.PaginationError:
        return
    found = [row["n"] for row in state.records]
    assert len(found) == len(set(found))
    assert set.intersection(*feed.snapshots) <= set(found) <= set.union(*feed.snapshots)


def test_a_list_that_never_rests_is_an_error():
    """Rows that move with every answer are a PaginationError, whose `resume()` reads them all."""
    feed = Feed(30, moves=[arrive_first] * 200)
    with pytest.raises(pk.PaginationError, match="moved from page to page") as caught:
        run(feed)
    feed.moves = iter(())
    assert caught.value.resume().records == feed.rows


def test_pages_are_requested_at_the_same_time(bigpanda_at):
    """The second and the third page wait for each other: both are under way."""
    meeting = threading.Barrier(2, timeout=10)

    def answer(request):
        page = int(request.args["page"])
        if page > 1:
            meeting.wait()
        return {"total": 5, "items": [{"host": f"h{page}{n}"} for n in range(2 - page // 3)]}

    client, calls = bigpanda_at(answer)
    frame = client.raw_alerts("key", start="2026-01-01", page_size=2)
    assert frame["host"].tolist() == ["h10", "h11", "h20", "h21", "h30"]
    assert told(frame)["requests"] == len(calls) == 4
    assert {call.args["limit"] for call in calls} == {"2"}


def test_a_failed_page_alone_is_missing(bigpanda_at):
    """A page that cannot be read costs no other page: `partial` has them, `resume` asks for it."""
    broken = [True]

    def answer(request):
        page = int(request.args["page"])
        if page == 2 and broken:
            return {"errors": ["no"]}, 404
        return {"total": 4, "items": [{"host": f"h{page}"}]}

    client, calls = bigpanda_at(answer)
    with pytest.raises(pk.NotFoundError) as caught:
        client.raw_alerts("key", start="2026-01-01", page_size=1)
    partial = caught.value.partial
    assert set(partial["host"]) == {"h1", "h3", "h4"}
    assert not told(partial)["complete"]
    broken.clear()
    frame = caught.value.resume()
    assert frame["host"].tolist() == ["h1", "h2", "h3", "h4"]
    assert sorted(call.args["page"] for call in calls) == ["1", "1", "2", "2", "3", "4"]


def test_a_service_that_ignores_the_number_is_an_error(bigpanda_at):
    """The same page again is a PaginationError, not a loop."""
    client, _ = bigpanda_at(lambda _: {"items": [{"host": "a"}]})
    with pytest.raises(pk.PaginationError, match="same as the page before"):
        client.raw_alerts("key", start="2026-01-01")


def test_a_count_out_of_all_proportion_is_an_error(bigpanda_at):
    """A total of 10**30 adds no more tasks than the pages that are asked for at once."""
    rows = [{"host": "a"}]
    client, calls = bigpanda_at(
        lambda request: {"total": 10**30, "items": rows * (request.args["page"] == "1")}
    )
    with pytest.raises(pk.PaginationError, match="is empty after 1") as caught:
        client.raw_alerts("key", start="2026-01-01")
    assert len(caught.value.partial) == 1
    assert len(calls) < 100


def test_activities_that_do_not_end_are_an_error(bigpanda_at):
    """Pages that repeat known activities under a count that is never reached are an error."""

    def answer(request):
        return {"total": 200, "items": [{"id": "a", "n": request.args["page"]}]}

    client, calls = bigpanda_at(answer)
    with pytest.raises(pk.PaginationError, match="does not end"):
        client.activities(["b" * 24])
    assert len(calls) < 100
