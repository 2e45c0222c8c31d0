"""Pangea's audit log: every event of the seed, late answers, the envelope's word, the ceiling."""

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


def test_the_most_that_was_asked_for_is_an_error(pangea_at):
    """A count equal to `max_results` may hide more: PaginationError with what came."""
    client, calls = pangea_at(lambda _: found("a", "b", count=10_000))
    with pytest.raises(pk.PaginationError, match="there may be more") as caught:
        client.search(start=START)
    assert calls[0].get_json()["max_results"] == 10_000
    assert column(caught.value.partial, "hash") == ["a", "b"]


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
    """A `location` elsewhere never sees the token: ProtocolError."""
    foreign = scripted(lambda _: found("a"))
    accepted = envelope({"location": foreign.url + "/request/prq_1"}, "Accepted"), 202
    with pytest.raises(pk.ProtocolError, match="not the configured"):
        pangea_at(lambda _: accepted)[0].search(start=START)
    assert foreign.calls == []


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
