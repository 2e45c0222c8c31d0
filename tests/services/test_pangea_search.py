"""Pangea's audit log: every event of the seed, late answers, the envelope's word, the ceiling."""

import contextlib
import warnings

import pandas as pd
import pytest

import pandakit as pk
from pandakit.pangea import Pangea
from tests.services.conftest import column, moment, told
from tests.tokens import MARK, PANGEA

START = "2026-05-01"


def seed(services):
    """Give the audit log of the seed."""
    return services.organisation.pangea


def test_a_search_equals_the_seed(pangea, services):
    """All pages come after the 202 and the early 404: each event once, oldest first."""
    frame, rows = pangea.search(start=START), seed(services).events
    assert len(rows) == 2_500
    assert column(frame, "envelope") == [row["envelope"] for row in rows]
    assert column(frame, "hash") == [row["hash"] for row in rows]
    received = [moment(row["envelope"]["received_at"]) for row in rows]
    assert column(frame, "received_at") == received
    for name in ("leaf_index", "published", "imported", "membership_proof"):
        assert column(frame, name) == [row[name] for row in rows]


def test_event_fields_are_columns(pangea, services):
    """Each field of the events is a column, text as it came, times as times."""
    frame, events = (
        pangea.search(start=START),
        [r["envelope"]["event"] for r in seed(services).events],
    )
    names = {name for event in events for name in event}
    assert names <= set(frame.columns)
    for name in names - {"timestamp"}:
        assert column(frame, name) == [event.get(name) for event in events], name
    assert column(frame, "timestamp") == [moment(event.get("timestamp")) for event in events]


def test_own_fields_are_typed_by_the_schema(pangea):
    """Fields that are not of the standard schema have the types that the schema says."""
    dtypes = pangea.search(start=START).dtypes.astype(str)
    assert dtypes["duration_ms"] == "Int64"
    assert dtypes["mfa"] == "boolean"


def test_each_event_has_the_root_that_proves_it(pangea, services):
    """Published events are under the published root, the others under the unpublished one."""
    frame, log = pangea.search(start=START), seed(services)
    published = log.tree.root(log.published).hex()
    assert set(frame.loc[frame["published"], "root_hash"]) == {published}
    assert set(frame.loc[~frame["published"], "root_hash"]) == {log.tree.root().hex()}
    roots = {root["root_hash"]: root for root in told(frame)["roots"]}
    assert roots[published]["size"] == log.published
    assert roots[published]["consistency_proof"] == log.tree.consistency(log.published)


def test_newest_first_and_a_query(pangea, services):
    """Order and query are the service's: failures only, newest first."""
    frame = pangea.search('status:"failure"', start=START, order="desc")
    rows = [r for r in seed(services).events if r["envelope"]["event"]["status"] == "failure"]
    assert column(frame, "hash") == [row["hash"] for row in reversed(rows)]


def test_a_window_and_a_restriction(pangea, services):
    """`start`, `end` and `search_restriction` leave out what is not asked for."""
    frame = pangea.search(
        start="2026-05-10T00:00:00Z", end="2026-05-12", search_restriction={"tenant_id": "north"}
    )
    expected = [
        row["hash"]
        for row in seed(services).events
        if "2026-05-10" <= row["envelope"]["received_at"] < "2026-05-12"
        and row["envelope"]["event"]["tenant_id"] == "north"
    ]
    assert expected
    assert column(frame, "hash") == expected
    assert told(frame)["window"] == ["2026-05-10T00:00:00+00:00", "2026-05-12T00:00:00+00:00"]


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("acter", {"query": 'acter:"Jane" -status:success'}),
        ("acter", {"query": "acter>5"}),
        ("ACTOR", {"query": "ACTOR:Jane"}),
        ("acter", {"search_restriction": {"acter": "Jane"}}),
        ("acter", {"order_by": "acter"}),
    ],
)
def test_a_field_that_the_schema_lacks_is_named(pangea, field, options):
    """A typo in a field is warned of with the nearest fields; values are no fields."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with contextlib.suppress(pk.PandakitError):  # what the service says to it
            pangea.search(start=START, **options)
    assert [each.category for each in caught] == [pk.UnknownFieldWarning]
    assert f"{field!r} (nearest: actor" in str(caught[0].message)
    assert len(pangea.search('message:"acter: at 10:00" target:db:5432', start=START)) == 0


def test_the_default_window_is_said(pangea, services):
    """Without start the service gives fourteen days: warned of, and in attrs."""
    with pytest.warns(pk.DefaultWindowWarning, match="14 days"):
        frame = pangea.search()
    assert told(frame)["default_window"] == "14 days before the end"
    assert 0 < len(frame) < len(seed(services).events)


def test_results_are_read_again_by_id(pangea, services):
    """The id in attrs reads the same search again; an unknown one is not found."""
    frame = pangea.search(start=START)
    again = pangea.results(told(frame)["search"]["id"])
    assert column(again, "hash") == column(frame, "hash")
    with pytest.raises(pk.NotFoundError, match="no such search"):
        pangea.results("pas_unknown")


def test_an_empty_search_has_all_columns(pangea):
    """No event found: an empty frame with the standard columns and dtypes."""
    empty, full = pangea.search('actor:"nobody at all"', start=START), pangea.search(start=START)
    assert len(empty) == 0
    assert set(full.columns) - set(empty.columns) == {"mfa", "duration_ms"}
    assert empty.dtypes.to_dict() == {name: full.dtypes[name] for name in empty.columns}


def test_schema(pangea, services):
    """The schema comes with one row per field."""
    frame, fields = pangea.schema(), seed(services).schema["fields"]
    assert column(frame, "id") == [field["id"] for field in fields]
    assert column(frame, "type") == [field["type"] for field in fields]
    assert told(frame)["schema"]["tamper_proofing"] is True


def test_roots(pangea, services):
    """A root of a given size, or the newest published one; one that is not there is not found."""
    log = seed(services)
    assert column(pangea.root(7), "root_hash") == [log.tree.root(7).hex()]
    assert column(pangea.root(), "size") == [log.published]
    with pytest.raises(pk.NotFoundError, match="TreeNotFound"):
        pangea.root(10_000)


def test_a_syntax_error_keeps_the_words_of_the_service(pangea):
    """A query that the service cannot read is refused with its own detail."""
    with pytest.raises(pk.InvalidRequestError, match="BadFormat"):
        pangea.search("actor:(", start=START)


def test_check_asks_for_the_schema(pangea):
    """`check` says how many fields the schema has and where the token came from."""
    assert str(pangea.check()).endswith("a schema of 12 fields (PANGEA_AUDIT_TOKEN from argument)")


@pytest.mark.parametrize("options", [{"order": "newest"}, {"start": "yesterday"}])
def test_bad_options_are_refused_here(pangea, options):
    """An unknown order and an unreadable time are ValueErrors."""
    with pytest.raises(ValueError, match=r"order=|start="):
        pangea.search(**{"start": START, **options})


# --- scripted answers


def envelope(result, status="Success", **more):
    """Make an answer."""
    return {"request_id": "prq_1", "status": status, "summary": "words", "result": result, **more}


def event(key, **more):
    """Make an event as a search gives it."""
    return {
        "hash": key,
        "envelope": {"event": {"message": key}, "received_at": "2026-01-01T00:00:00Z"},
        **more,
    }


def found(*keys, count=None, **more):
    """Make the answer of a search."""
    return envelope({"id": "pas_1", "count": len(keys) if count is None else count,
                     "events": [event(key) for key in keys], **more})  # fmt: skip


def test_the_most_that_was_asked_for_is_an_error_in_another_order(pangea_at):
    """In the order of another field a search cannot go on beyond its ceiling: PaginationError."""
    client, calls = pangea_at(lambda _: found("a", "b", count=10_000))
    with pytest.raises(pk.PaginationError, match="there may be more") as caught:
        client.search(start=START, order_by="actor")
    assert calls[0].get_json()["max_results"] == 10_000
    assert column(caught.value.partial, "hash") == ["a", "b"]
    with pytest.raises(pk.PaginationError, match="there may be more"):
        client.results("pas_1")


def test_just_below_the_ceiling_is_read_to_the_end(pangea_at):
    """One fewer than the ceiling is a whole list, over all its pages."""

    def answer(request):
        body = request.get_json()
        offset = body.get("offset", 0)
        keys = [str(number) for number in range(offset, min(offset + body["limit"], 9_999))]
        return found(*keys, count=9_999)

    client, calls = pangea_at(answer)
    assert len(client.search(start=START)) == 9_999
    assert len(calls) == 10


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("ValidationError", pk.InvalidRequestError),
        ("Unauthorized", pk.AuthenticationError),
        ("TooManyRequests", pk.RateLimitError),
        ("InternalError", pk.ServerError),
        ("SomethingNew", pk.InvalidRequestError),
    ],
)
def test_the_envelope_decides_not_http(pangea_at, status, error):
    """An error in an answer of HTTP 200 is an error, with summary, details and request id."""
    result = {"errors": [{"code": "BadFormat", "detail": "not so", "source": "/query"}]}
    client, _ = pangea_at(lambda _: envelope(result, status))
    with pytest.raises(error, match=rf"{status}: words; /query BadFormat: not so") as caught:
        client.search(start=START)
    assert caught.value.request_id == "prq_1"
    assert MARK not in str(caught.value)


@pytest.mark.parametrize("status", ["success", "SUCCESS"])
def test_the_status_word_is_read_in_any_case(pangea_at, status):
    """Older answers spell success in lower case."""
    client, _ = pangea_at(lambda _: found("a") | {"status": status})
    assert len(client.search(start=START)) == 1


@pytest.mark.parametrize(
    "body", [{}, [], envelope(None), envelope({}), envelope({"events": []}), "<html>x</html>"]
)
def test_an_answer_without_a_result_is_never_an_empty_frame(pangea_at, body):
    """No envelope, no result, no count: a ProtocolError, not "no events"."""
    with pytest.raises(pk.ProtocolError):
        pangea_at(lambda _: body)[0].search(start=START)


def test_events_may_be_null(pangea_at):
    """A null list with a count of nothing is an empty search."""
    client, _ = pangea_at(lambda _: envelope({"id": "x", "count": 0, "events": None}))
    assert len(client.search(start=START)) == 0


def test_accepted_by_the_envelope_alone_is_waited_for(pangea_at):
    """An "in progress" inside HTTP 200 is followed as a 202 is, by the request's id."""

    def answer(request):
        if request.path == "/request/prq_1":
            return found("a")
        return envelope({"ttl_mins": 9}, "Accepted")

    client, calls = pangea_at(answer)
    assert column(client.search(start=START), "hash") == ["a"]
    assert [call.method for call in calls] == ["POST", "GET"]


def test_a_place_on_a_foreign_host_is_not_asked(pangea_at, scripted):
    """A `location` elsewhere never sees the token: the request is polled where we asked."""
    foreign = scripted(lambda _: found("a"))
    accepted = envelope({"location": foreign.url + "/request/prq_1"}, "Accepted"), 202
    client, calls = pangea_at(lambda request: accepted if request.method == "POST" else found("a"))
    with pytest.warns(pk.ServiceWarning, match="polled there instead"):
        assert len(client.search(start=START)) == 1
    assert foreign.calls == []
    assert calls[-1].path.startswith("/request/")


def test_a_search_that_takes_too_long_goes_on_with_resume(pangea_at):
    """The deadline raises; `resume` waits for the same search and asks for no second one."""
    ready = [False]

    def answer(request):
        if request.method == "POST":
            return envelope(None, "Accepted"), 202
        return found("a") if ready[0] else (envelope(None, "Accepted"), 202)

    client, calls = pangea_at(answer)
    with pytest.raises(pk.JobTimeoutError) as caught:
        client.search(start=START)
    assert len(caught.value.partial) == 0
    ready[0] = True
    assert column(caught.value.resume(), "hash") == ["a"]
    assert sum(call.method == "POST" for call in calls) == 1


def test_a_page_that_breaks_is_resumed(pangea_at):
    """A later page that fails carries the first ones; `resume` asks for the rest only."""
    broken = [True]

    def answer(request):
        if request.path == "/v1/results" and broken[0]:
            return envelope(None, "ValidationError"), 400
        offset = request.get_json().get("offset", 0)
        return found("a" if offset == 0 else "b", count=2)

    client, calls = pangea_at(answer)
    with pytest.raises(pk.InvalidRequestError) as caught:
        client.search(start=START)
    assert column(caught.value.partial, "hash") == ["a"]
    broken[0] = False
    assert column(caught.value.resume(), "hash") == ["a", "b"]
    assert calls[-1].get_json() == {"id": "pas_1", "offset": 1, "limit": 1_000}


def test_the_config_id_goes_with_every_call(scripted):
    """A token with several configurations says which one, also on later pages."""
    script = scripted(lambda r: found("a" if "query" in r.get_json() else "b", count=2))
    client = Pangea(PANGEA, base_url_template=script.url, config_id="pci_x")
    client.search(start=START)
    assert [call.get_json()["config_id"] for call in script.calls] == ["pci_x", "pci_x"]


def test_own_fields_with_taken_names(pangea_at):
    """A field of the event called as one of our columns gets a prefix, and nothing is lost."""

    def answer(request):
        if request.path == "/v1/schema":
            return envelope({"fields": [{"id": "hash", "type": "integer"}]})
        row = event("a")
        row["envelope"]["event"] |= {"hash": 7, "envelope": "x", "a.b": 1}
        return envelope({"id": "x", "count": 1, "events": [row]})

    frame = pangea_at(answer)[0].search(start=START)
    assert column(frame, "hash") == ["a"]
    assert column(frame, "event_hash") == [7]
    assert column(frame, "event_envelope") == ["x"]
    assert column(frame, "a.b") == [1]


def test_a_schema_that_is_refused_leaves_own_fields_as_they_came(pangea_at):
    """Without the schema the own fields are kept untyped, and this is said."""

    def answer(request):
        if request.path == "/v1/schema":
            return envelope(None, "Unauthorized"), 403
        row = event("a")
        row["envelope"]["event"]["mfa"] = True
        return envelope({"id": "x", "count": 1, "events": [row]})

    client, _ = pangea_at(answer)
    with pytest.warns(pk.ServiceWarning, match="schema could not be read"):
        frame = client.search(start=START)
    assert column(frame, "mfa") == [True]


def test_signed_and_malformed_events(pangea_at):
    """A signature and the faults of a malformed event stand in their columns."""
    rows = [event("a"), event("b")]
    rows[0]["envelope"] |= {"signature": "s", "public_key": "k"}
    rows[1]["envelope"] |= {"err": [{"field": "actor", "error": "too long"}]}
    client, _ = pangea_at(lambda _: envelope({"id": "x", "count": 2, "events": rows}))
    frame = client.search(start=START)
    assert column(frame, "signed") == [True, False]
    assert column(frame, "err") == [None, [{"field": "actor", "error": "too long"}]]


def test_addresses(monkeypatch):
    """Domain or template choose the host; neither is a SettingsError that names both."""
    with pytest.raises(pk.SettingsError, match="PANGEA_DOMAIN or PANGEA_BASE_URL_TEMPLATE"):
        Pangea(PANGEA)
    assert "https://audit.aws.eu.pangea.cloud" in repr(Pangea(PANGEA, domain="aws.eu.pangea.cloud"))
    monkeypatch.setenv("PANGEA_BASE_URL_TEMPLATE", "https://{SERVICE_NAME}.example.com/")
    assert "https://audit.example.com," in repr(Pangea(PANGEA))
    with pytest.raises(pk.SettingsError, match="domain alone"):
        Pangea(PANGEA, domain="https://audit.aws.us.pangea.cloud")


@pytest.mark.parametrize(
    ("size", "error"), [(0, ValueError), (-1, ValueError), (True, TypeError), ("5", TypeError)]
)
def test_a_size_that_no_tree_has_is_refused(pangea_at, size, error):
    """Roots are asked for by whole numbers from 1; others send nothing."""
    client, calls = pangea_at(lambda _: envelope({"data": {"size": 1}}))
    with pytest.raises(error, match="tree_size"):
        client.root(size)
    assert calls == []


def test_a_result_without_a_count_is_no_whole_list(pangea_at):
    """When `count` is null there is no telling whether more follows: ProtocolError."""
    answer = envelope({"id": "s", "count": None, "events": [{"hash": "a"}]})
    with pytest.raises(pk.ProtocolError, match="without 'count'"):
        pangea_at(lambda _: answer)[0].search(start=START)


def test_the_domain_may_be_pasted_with_the_services_name():
    """`audit.` before the domain is not put there twice."""
    client = pk.Pangea(PANGEA, domain="audit.aws.eu.pangea.cloud")
    assert client.source == "Pangea at https://audit.aws.eu.pangea.cloud"


# --- more than a search finds


class FakeLog:
    """A log that answers searches by window and order, like the service, and pages by handle.

    Events are pairs of a moment and a hash; those of one moment come in an order that changes
    from search to search. `expired` holds handles that the service does not keep any more.
    """

    def __init__(self, events, *, shuffle=True):
        self.events, self.shuffle = events, shuffle
        self.kept, self.expired, self.bodies = {}, set(), []

    def __call__(self, request):
        """Answer a search, or a page of one."""
        body = request.get_json()
        if request.path.endswith("/v1/search"):
            self.bodies.append(body)
            key = f"pas_{len(self.bodies)}"
            self.kept[key] = self.found(body)
            return self.page(key, 0, body["limit"], id=key)
        if body["id"] in self.expired:
            return envelope(None, "NotFound"), 404
        return self.page(body["id"], body["offset"], body["limit"])

    def found(self, body):
        """Find the events of a window in order, at most `max_results`."""
        rows = [e for e in self.events if body.get("start", "") <= e[0] <= body.get("end", "~")]
        rows = rows[:: -1 if self.shuffle and len(self.bodies) % 2 else 1]
        rows.sort(key=lambda row: row[0], reverse=body["order"] == "desc")
        return rows[: body["max_results"]]

    def page(self, key, offset, limit, **more):
        """Write a page of the events that were found."""
        rows = self.kept[key]
        events = [
            {"hash": h, "envelope": {"event": {"message": h}, "received_at": t}}
            for t, h in rows[offset : offset + limit]
        ]
        return envelope({"count": len(rows), "events": events, **more})


def numbered(count, at_once):
    """Make events of which so many at a time share a moment, with equal ones among them."""
    return [(f"2026-05-02T00:{n // at_once // 60:02d}:{n // at_once % 60:02d}.000000Z",
             f"{n // 2:05d}") for n in range(count)]  # fmt: skip


def loaded(frame):
    """Give moment and hash of all rows."""
    return list(zip(frame["received_at"].dt.strftime("%Y-%m-%dT%H:%M:%S"), frame["hash"],
                    strict=True))  # fmt: skip


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("count", [10_000, 10_001, 23_456])
def test_searches_beyond_the_ceiling_find_every_event_once(pangea_at, order, count):
    """Windows are split where events share moments and hashes; nothing is lost or repeated."""
    log = FakeLog(numbered(count, at_once=7))
    client, _ = pangea_at(log)
    frame = client.search(start=START, order=order)
    expected = sorted((t[:19], h) for t, h in log.events)
    assert sorted(loaded(frame)) == expected
    assert frame["received_at"].is_monotonic_increasing == (order == "asc")
    ends = {body["end"] for body in log.bodies[1:]} if order == "asc" else {"one"}
    assert len(ends) == 1
    assert len(told(frame)["search"]["ids"]) == len(log.bodies) > 1


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_resume_after_the_ceiling_of_another_order_finds_every_event(pangea_at, order):
    """`resume()` searches by `received_at` instead, and sorts by the field that was asked for."""
    log = FakeLog(numbered(12_345, at_once=7))
    client, _ = pangea_at(log)
    with pytest.raises(pk.PaginationError, match=r"resume\(\)") as caught:
        client.search(start=START, order_by="message", order=order)
    frame = caught.value.resume()
    expected = sorted((h for _, h in log.events), reverse=order == "desc")
    assert frame["message"].tolist() == expected
    assert told(frame)["complete"]


def test_too_many_events_at_one_moment_are_an_error(pangea_at):
    """More events at one moment than a search finds: PaginationError with those that came."""
    log = FakeLog([("2026-05-02T00:00:00.000000Z", f"{n:05d}") for n in range(10_001)])
    client, _ = pangea_at(log)
    with pytest.raises(pk.PaginationError, match="received at 2026-05-02T00:00:00") as caught:
        client.search(start=START)
    assert len(caught.value.partial) >= 10_000


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_an_expired_search_is_made_again_from_where_it_stopped(pangea_at, order):
    """When the service no longer keeps a search, another one goes on; no event comes twice."""
    log = FakeLog(numbered(2_500, at_once=3))
    client, _ = pangea_at(log)
    log.expired.add("pas_1")
    frame = client.search(start=START, order=order)
    assert sorted(loaded(frame)) == sorted((t[:19], h) for t, h in log.events)
    moved = log.bodies[1]["start" if order == "asc" else "end"]
    assert moved != log.bodies[0].get("start" if order == "asc" else "end")
    assert len(log.bodies) == 2


def test_an_expired_search_in_another_order_is_an_error(pangea_at):
    """There is no moment to go on from: NotFoundError with what came."""
    log = FakeLog(numbered(2_500, at_once=3))
    client, _ = pangea_at(log)
    log.expired.add("pas_1")
    with pytest.raises(pk.NotFoundError) as caught:
        client.search(start=START, order_by="actor")
    assert len(caught.value.partial) == 1_000


def test_a_cap_beyond_the_ceiling_counts_rows_not_repeats(pangea_at):
    """`max_rows` above the ceiling gives exactly so many different rows."""
    client, _ = pangea_at(FakeLog(numbered(23_456, at_once=7)))
    with pytest.warns(pk.TruncatedWarning):
        frame = client.search(start=START, max_rows=15_000)
    assert len(frame) == 15_000


def test_a_split_search_is_resumed(pangea_at):
    """A page that breaks in the second search: `resume` goes on there."""
    log, broken = FakeLog(numbered(12_000, at_once=7)), [True]

    def answer(request):
        if request.path.endswith("results") and request.get_json()["id"] == "pas_2" and broken[0]:
            return envelope(None, "ValidationError"), 400
        return log(request)

    client, _ = pangea_at(answer)
    with pytest.raises(pk.InvalidRequestError) as caught:
        client.search(start=START)
    assert 10_000 < len(caught.value.partial) < 12_000
    broken[0] = False
    assert sorted(loaded(caught.value.resume())) == sorted((t[:19], h) for t, h in log.events)


def test_the_default_window_is_fixed_before_it_is_split(pangea_at):
    """Without start the fourteen days are counted once, for all searches."""
    moved = pd.Timestamp.now("UTC") - pd.Timestamp("2026-05-03", tz="UTC")
    events = [(f"{pd.Timestamp(t) + moved:%Y-%m-%dT%H:%M:%S.%fZ}", h)
              for t, h in numbered(21_000, at_once=700)]  # fmt: skip
    log = FakeLog(events)
    client, _ = pangea_at(log)
    with pytest.warns(pk.DefaultWindowWarning):
        frame = client.search(order="desc")
    assert len(frame) == 21_000
    assert "start" not in log.bodies[0]
    (start,) = {body["start"] for body in log.bodies[1:]}
    days = (pd.Timestamp.now("UTC") - pd.Timestamp(start)) / pd.Timedelta("1D")
    assert 14 <= days < 14.1


# --- verified at once


def test_a_search_can_verify_its_events(pangea):
    """`verify_events` appends verdicts, reasons and our own hashes; everything holds."""
    plain = pangea.search(start=START)
    frame = pangea.search(start=START, verify_events=True)
    added = [name for name in frame if name not in plain]
    assert added == ["hash_verification", "membership_verification", "path_verification",
                     "consistency_verification", "signature_verification", "verdict", "reason",
                     "computed_hash", "tree_size", "root_source", "public_key"]  # fmt: skip
    assert set(frame["verdict"]) == {"intact"}
    assert (frame["computed_hash"] == frame["hash"]).all()
    assert told(frame)["rows"] == len(frame)


def test_numbers_and_repeated_keys_arrive_as_written(pangea_at):
    """What a hash depends on survives the way into the frame: `1.50` verifies, a pair does not."""
    from hashlib import sha256

    good = '{"event":{"message":"m","size":1.50},"received_at":"2026-05-02T00:00:00.000000Z"}'
    bad = good.replace('"message":"m"', '"message":"x","message":"m"')
    rows = [f'{{"envelope":{text},"hash":"{sha256(good.encode()).hexdigest()}"}}'
            for text in (good, bad)]  # fmt: skip
    body = f'{{"status":"Success","result":{{"id":"x","count":2,"events":[{",".join(rows)}]}}}}'
    from werkzeug.wrappers import Response

    def answer(request):
        if request.path == "/v1/schema":
            return envelope({"fields": []})
        return Response(body, content_type="application/json")

    client, _ = pangea_at(answer)
    with pytest.warns(pk.PandakitWarning):
        frame = client.search(start=START, verify_events=True)
    assert frame["hash_verification"].tolist() == ["pass", "fail"]
    assert "more than once" in frame["reason"][1]
