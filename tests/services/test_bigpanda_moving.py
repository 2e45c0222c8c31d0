"""Incidents that move while they are read are all there, once, as they were last received."""

import itertools
import random
from functools import partial

import pytest
from hypothesis import given, settings, strategies as st

import pandakit as pk
from pandakit.bigpanda._search.load import IncidentLoad
from pandakit.bigpanda._search.touched import TouchedLoad
from pandakit.bigpanda._search.walk import walk
from pandakit.timewindow import Window
from pandakit.transport import Call, collect_parallel, parallel
from tests.services.tenant import Tenant, matches, session_of


def search(tenant, *, size=3, ceiling=12, max_rows=None, end=None, kind=IncidentLoad, **params):
    """Start a load of the tenant's incidents."""
    load = kind(
        Call("GET", "/incidents", params=params),
        "incidents",
        size=size,
        now=tenant.server_time,
        rows_of=lambda row: [row],
        max_rows=max_rows,
        facts=dict,
        window=Window(None, None),
        ceiling=ceiling,
    )
    if kind is IncidentLoad:
        load.queue.add(partial(walk, load, end, in_lanes=max_rows is None))
    else:
        load.call = load.call.with_params(sort_by="last_change")
    return load


def run(tenant, load):
    """Run a load to its end; give what was collected."""
    return collect_parallel(session_of(tenant), load, progress=False, finish=lambda state: state)


def promise_is_kept(tenant, state, params, end):
    """Compare a load with what matched at all moments, and at any."""
    ids = [row["id"] for row in state.records]
    assert len(ids) == len(set(ids))
    moments = [
        {key for key, row in rows.items() if matches(row, params, end)} for rows in tenant.snapshots
    ]
    assert set.intersection(*moments) <= set(ids) <= set.union(*moments)
    for row in state.records:
        assert row["updated_at"] == max(tenant.received[row["id"]])


MOVES = st.one_of(
    st.builds(lambda n: lambda tenant: tenant.resolve(n), st.integers(0, 40)),
    st.builds(lambda n: lambda tenant: tenant.reopen(n), st.integers(0, 40)),
    st.builds(lambda n: lambda tenant: tenant.change(n), st.integers(0, 40)),
    st.builds(lambda s: lambda tenant: tenant.add(s), st.integers(0, 9)),
)


@pytest.fixture(params=[1, 4], scope="module")
def workers(request):
    """One call at a time, and several."""
    patch = pytest.MonkeyPatch()
    patch.setattr(parallel, "_WORKERS", request.param)
    yield
    patch.undo()


@settings(max_examples=120, deadline=None)
@given(
    starts=st.lists(st.integers(0, 9), max_size=40),
    moves=st.lists(st.lists(MOVES, max_size=2), max_size=30),
    order=st.sampled_from(["newest", "oldest", "mixed"]),
    shuffle=st.booleans(),
    folder=st.sampled_from([None, "active"]),
)
def test_a_tenant_that_moves_between_answers(workers, starts, moves, order, shuffle, folder):
    """What matches from the first answer to the last is there exactly once, or the load raises.

    Two incidents may cross in the same moment. After an error, `resume()` of a tenant that has come
    to rest returns the whole, unless it has more in one second than the service returns.
    """
    params = {"folder": folder, "query": None}
    tenant = Tenant(starts, moves=moves, order=order, shuffle=shuffle, ceiling=12)
    load = search(tenant, **params)
    try:
        state = run(tenant, load)
    except pk.PaginationError as error:
        try:
            state = error.resume()
        except pk.PaginationError as again:
            if "narrow the query" not in str(again):
                raise
            return
    promise_is_kept(tenant, state, params, load.end)


@settings(max_examples=50, deadline=None)
@given(
    starts=st.lists(st.integers(0, 30), max_size=100),
    order=st.sampled_from(["newest", "oldest", "mixed"]),
    shuffle=st.booleans(),
)
def test_a_tenant_at_rest(starts, order, shuffle):
    """Nothing moves: the load is equal to the tenant, newest start first."""
    tenant = Tenant(starts, order=order, shuffle=shuffle, ceiling=30)
    assert run(tenant, search(tenant, ceiling=30)).records == in_order(tenant)


def in_order(tenant):
    """Return a tenant's incidents, newest start first."""
    return sorted(tenant.rows.values(), key=lambda row: (-row["start"], row["id"]))


@pytest.mark.parametrize("seed", range(3))
def test_an_order_that_nobody_promised(seed):
    """Pages in an order that changes with every answer are reread until all incidents are there."""
    starts = random.Random(seed).choices(range(1000), k=45)
    tenant = Tenant(starts, order="mixed", ceiling=40)
    assert run(tenant, search(tenant, size=20, ceiling=40)).records == in_order(tenant)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("size", [4, 7])
def test_ranges_that_meet_in_a_second(size, shuffle):
    """Where two ranges share a second, nothing of it is lost, though their order changes."""
    tenant = Tenant([n // 3 for n in range(240)], shuffle=shuffle)
    assert run(tenant, search(tenant, size=size, ceiling=1_000)).records == in_order(tenant)


@pytest.mark.parametrize("answers", [1, 100])
@pytest.mark.parametrize("starts", [list(range(60)), [7] * 30 + [6] * 30, [5, 4, 3, 2] * 15])
def test_an_order_that_is_lost_on_the_way(monkeypatch, starts, answers):
    """A service that stops listing newest first, for one answer or all, is read to the end."""
    monkeypatch.setattr(parallel, "_WORKERS", 1)
    for after in range(1, 14):
        tenant = Tenant(starts, moves=in_another_order(after, answers))
        found = run(tenant, search(tenant, size=5, ceiling=200))
        assert found.records == in_order(tenant), after


def in_another_order(after, answers):
    """Yield the moves of a tenant that loses its order for a number of answers."""
    for number in itertools.count():
        order = "mixed" if after <= number < after + answers else "newest"
        yield [lambda tenant, order=order: setattr(tenant, "order", order)]


@pytest.mark.parametrize("order", ["oldest", "mixed"])
@pytest.mark.parametrize("open_for", [300, None])
def test_more_than_a_search_returns_in_another_order(order, open_for):
    """Windows are cut by time, and by folder and status where too many are open at once."""
    tenant = spread_tenant(order, open_for, ceiling=30)
    assert run(tenant, search(tenant, ceiling=30)).records == in_order(tenant)
    assert len(tenant.calls) < 600


def test_too_many_open_at_once_in_another_order():
    """An error says so after few requests: no window is small enough."""
    tenant = spread_tenant("oldest", None, ceiling=12)
    with pytest.raises(pk.PaginationError, match="were active in second"):
        run(tenant, search(tenant, ceiling=12))
    assert len(tenant.calls) < 200


def spread_tenant(order, open_for, ceiling):
    """Return a tenant of 100 incidents that start within a day, open for so many seconds."""
    starts = [random.Random(n).randrange(86_400) for n in range(100)]
    tenant = Tenant(starts, order=order, ceiling=ceiling)
    if open_for is not None:
        for row in tenant.rows.values():
            row |= {"folder": "resolved", "end": row["start"] + open_for}
    return tenant


@pytest.mark.parametrize("seed", range(8))
def test_a_part_of_a_window_ends_no_earlier_than_all_of_it(seed):
    """Halves of a window have nothing that ended before the window began."""
    tenant = Tenant(random.Random(seed).choices(range(20), k=64), order="mixed", ceiling=30)
    for row in tenant.rows.values():
        if row["start"] < 10:
            row |= {"folder": "resolved", "end": row["start"] + 3}
    found = run(tenant, search(tenant, ceiling=30, **{"from": 12}))
    assert found.records == [row for row in in_order(tenant) if (row["end"] or 12) >= 12]


def test_incidents_that_move_from_part_to_part():
    """One that resolves while the parts of a window are read, by folder, is there all the same."""
    for after in range(4, 30):
        moves = [*([[]] * after), [lambda tenant: tenant.resolve(7)]]
        tenant = Tenant(range(40), moves=moves, order="oldest", ceiling=24)
        for number in range(20, 40):
            tenant.resolve(number)
        params = {"folder": None, "query": None, "from": 12}
        load = search(tenant, ceiling=24, **params)
        promise_is_kept(tenant, run(tenant, load), params, load.end)


SHAPES = {
    "spread": [1000 + 40 * n for n in range(5_000)],
    "five seconds": [1000 + n % 5 for n in range(5_000)],
    "one second": [1000] * 2_400,
    "a burst among others": [*range(2_000), *([1_000] * 140)],
    "few": list(range(50)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_number_of_requests(name):
    """A load of n incidents takes at most 1.15 requests per full page, and ten.

    Pages and the ceiling are a fifth of the service's, and so are the tenants.
    """
    tenant = Tenant(SHAPES[name], watched=False)
    state = run(tenant, search(tenant, size=20, ceiling=2_000))
    assert state.records == in_order(tenant)
    assert len(tenant.calls) <= 1.15 * len(SHAPES[name]) / 20 + 10
    assert max(call["page"] for call in tenant.calls) <= 100


@pytest.mark.parametrize("name", ["few", "spread"])
def test_the_number_of_requests_with_alerts(name):
    """A load of n incidents with their alerts takes at most 1.3 requests per ten, and ten."""
    starts = SHAPES[name][:2_000]
    tenant = Tenant(starts, watched=False)
    run(tenant, search(tenant, size=10, ceiling=10_000))
    assert len(tenant.calls) <= 1.3 * len(starts) / 10 + 10


def test_a_service_that_ignores_to_is_an_error():
    """Incidents that started after `to` are a PaginationError, not a loop."""
    tenant = Tenant(range(10, 30))
    usual = tenant.send
    tenant.send = lambda call: usual(call.with_params(to=100))
    with pytest.raises(pk.PaginationError, match="ignores `to`"):
        run(tenant, search(tenant))


def test_resume_asks_only_for_what_is_missing():
    """After a failure in the middle, `resume()` sends only the calls that are missing."""
    calm = Tenant(range(200))
    run(calm, search(calm, size=5, ceiling=1000))
    for place in (0, 1, 5, 20, len(calm.calls) - 1):
        tenant = Tenant(range(200))
        tenant.failures = [None] * place + [pk.TransportError("the connection broke")]
        load = search(tenant, size=5, ceiling=1000)
        with pytest.raises(pk.TransportError, match="were fetched") as caught:
            run(tenant, load)
        assert caught.value.partial.complete is False
        assert caught.value.resume().records == in_order(tenant)
        assert len(tenant.calls) == len(calm.calls)


def test_a_cap_stops_early():
    """With `max_rows` no more pages are read than are needed, and the result says so."""
    tenant = Tenant(range(200))
    state = run(tenant, search(tenant, size=10, ceiling=1000, max_rows=25))
    assert [row["start"] for row in state.records] == list(range(199, 174, -1))
    assert state.capped
    assert len(tenant.calls) == 3


def test_an_incident_that_leaves_after_the_first_page_hides_no_other():
    """One active incident resolves after page 1: every other one is there."""
    tenant = Tenant(range(20), moves=[[], [lambda tenant: tenant.resolve(19)]])
    state = run(tenant, search(tenant, size=5, ceiling=100, folder="active"))
    assert {row["start"] for row in state.records} >= set(range(19))


@pytest.mark.parametrize("number", [0, 10, 19])
@pytest.mark.parametrize("after", range(3, 8))
def test_an_incident_that_leaves_a_dense_second_hides_no_other(number, after):
    """One of twenty incidents of a second resolves between its pages: every other one is there."""
    moves = [[] for _ in range(after)] + [[lambda tenant: tenant.resolve(number)]]
    tenant = Tenant([5] * 20, moves=moves)
    params = {"folder": "active", "query": None}
    load = search(tenant, size=5, ceiling=100, **params)
    promise_is_kept(tenant, run(tenant, load), params, load.end)


@pytest.mark.parametrize(
    ("ceiling", "parts"),
    [(50, {"folder"}), (40, {"folder", "status"}), (20, {"folder", "status", "severity"})],
)
def test_a_second_beyond_the_ceiling(ceiling, parts):
    """More in one second than a search returns are read by folder, then status, then severity."""
    tenant = Tenant([5] * 60 + [4, 6], ceiling=ceiling)
    for number in range(12):
        tenant.resolve(number)
    assert run(tenant, search(tenant, size=5, ceiling=ceiling)).records == in_order(tenant)
    asked = {"folder" for call in tenant.calls if call.get("folder")}
    asked |= {name for call in tenant.calls for name in ("status", "severity")
              if name in (call.get("query") or "")}  # fmt: skip
    assert asked == parts


@pytest.mark.parametrize("seed", range(4))
def test_a_second_beyond_the_ceiling_in_no_order(seed):
    """It is read by folder too where no order shows where it begins."""
    starts = random.Random(seed).choices([10, 11], k=40)
    tenant = Tenant(starts, order="mixed", ceiling=24)
    for number in range(0, 40, 2):
        tenant.resolve(number)
    assert run(tenant, search(tenant, size=2, ceiling=24)).records == in_order(tenant)


def test_a_second_beyond_every_part_is_an_error():
    """What no narrower search returns is a PaginationError with the second and the count."""
    tenant = Tenant([5] * 60 + [4, 6], ceiling=10)
    with pytest.raises(pk.PaginationError, match=r"\d+ incidents started in second 5") as caught:
        run(tenant, search(tenant, size=5, ceiling=10))
    assert caught.value.partial.records


def cross(tenant):
    """One incident of the second leaves, and another one enters, in the same moment."""
    tenant.resolve(0)
    tenant.reopen(19)


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("lists_changes", [True, False])
@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("after", range(3, 14))
def test_incidents_that_cross_hide_no_other(monkeypatch, order, lists_changes, workers, after):
    """The total stays as it is when one leaves while another one enters: nothing is lost.

    That is so for a service which lists the last changes first, and for one which does not.
    """
    monkeypatch.setattr(parallel, "_WORKERS", workers)
    tenant = Tenant([5] * 20, moves=[*([[]] * after), [cross]], order=order)
    tenant.resolve(19)
    tenant.lists_changes = lists_changes
    params = {"folder": "active", "query": None}
    load = search(tenant, size=5, ceiling=100, **params)
    promise_is_kept(tenant, run(tenant, load), params, load.end)


@pytest.mark.parametrize("number", [0, 12, 19])
def test_an_incident_that_leaves_during_a_refresh_hides_no_other(number):
    """Whatever was touched and still matches is found, though one leaves between two pages."""
    for after in range(1, 12):
        for later in range(after + 1, 13, 4):
            leave, again = ([lambda tenant, n=n: tenant.resolve(n)] for n in (number, 5))
            moves = {after: leave, later: again}
            tenant = Tenant([5] * 20, moves=[moves.get(place, []) for place in range(13)])
            for each in range(20):
                tenant.change(each)
            load = search(tenant, size=3, ceiling=100, kind=TouchedLoad, folder="active")
            load.add_first(tenant.now, 6)
            run(tenant, load)
            assert {key for key, row in tenant.rows.items() if not row["end"]} <= load.ids


@pytest.mark.parametrize("folder", [None, "active"])
def test_equal_starts_in_changing_order_hide_no_incident(folder):
    """The pages of a dense second are read until as many incidents are there as it has."""
    tenant = Tenant([7, *[5] * 40, 3], shuffle=True)
    state = run(tenant, search(tenant, size=5, ceiling=100, folder=folder))
    assert state.records == in_order(tenant)


@pytest.mark.parametrize("after", range(1, 8))
def test_an_older_incident_that_enters_hides_no_other(monkeypatch, after):
    """The second has one incident more than its only page, and an older one enters meanwhile."""
    monkeypatch.setattr(parallel, "_WORKERS", 1)
    moves = [*([[]] * after), [lambda tenant: tenant.add(3)]]
    tenant = Tenant([6, 6, 6, 6, 5, 4, 3, 2], moves=moves)
    params = {"folder": None, "query": None}
    load = search(tenant, size=3, ceiling=30, **params)
    promise_is_kept(tenant, run(tenant, load), params, load.end)


def test_an_older_row_that_is_received_later_does_not_win():
    """An answer that lags behind an earlier one is ignored: the greatest `updated_at` stays."""

    def lag(tenant):
        tenant.rows = {key: row | {"updated_at": 0} for key, row in tenant.rows.items()}

    tenant = Tenant(range(20), moves=[[], [], [lag]])
    params = {"folder": None, "query": None}
    load = search(tenant, size=5, ceiling=100, **params)
    state = run(tenant, load)
    assert state.duplicates
    promise_is_kept(tenant, state, params, load.end)


def test_a_later_state_that_another_search_returned_first():
    """It is in the result as soon as the search itself returns the incident, and only then."""
    tenant = Tenant(range(20))
    load = search(tenant, size=5, ceiling=100)
    later = [tenant.rows["i00003"] | {"updated_at": 99}, {"id": "elsewhere", "updated_at": 99}]
    load.renew(later, is_stored=False)
    state = run(tenant, load)
    assert len(state.records) == 20
    assert later[0] in state.records


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_the_end_is_fixed_at_the_first_request(order):
    """Incidents that begin while the list is read are left out, and every `to` is as early."""
    later = [[]] + [[lambda tenant: tenant.add(tenant.now + 1)]] * 10
    tenant = Tenant(range(20), moves=later, order=order)
    load = search(tenant, size=5, ceiling=100)
    state = run(tenant, load)
    assert len(state.records) == 20
    assert load.end == 29
    assert {call["to"] for call in tenant.calls[1:]} <= set(range(30))
