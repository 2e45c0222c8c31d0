"""BigPanda's awkward answers: tokens of two kinds, wandering rows, wrong shapes."""

from dataclasses import replace

import pytest

import pandakit as pk
from pandakit.bigpanda import BigPanda
from pandakit.bigpanda._lists.rows import is_newer
from tests.services.conftest import column
from tests.tokens import BIGPANDA_ORG, BIGPANDA_USER, MARK

ENV = "0123456789abcdef01234567"


def incident(key, updated=1, **more):
    """Make an incident as the service sends it."""
    return {"id": key, "status": "Critical", "start": 1, "updated_at": updated, **more}


def paged(*pages, total=None):
    """Answer the pages by number."""
    count = sum(map(len, pages)) if total is None else total

    def answer(request):
        number = int(request.args["page"])
        return {"total": count, "items": pages[number - 1] if number <= len(pages) else []}

    return answer


def test_bulk_loads_sort_by_what_does_not_change(bigpanda_at):
    """Incidents are asked for in the order of their start, a hundred a page, ten expanded."""
    client, calls = bigpanda_at(paged([incident("a")]))
    client.incidents(ENV)
    client.incidents(ENV, expand="alerts")
    assert [call.args["sort_by"] for call in calls] == ["start", "start"]
    assert [call.args["page_size"] for call in calls] == ["100", "10"]
    assert [call.args.get("expand") for call in calls] == [None, "alerts"]
    assert {call.headers["Authorization"] for call in calls} == {f"Bearer {BIGPANDA_USER}"}


def test_words_are_in_lower_case_and_unknown_ones_kept(bigpanda_at):
    """`Critical` becomes `critical`; a status that nobody knew of stays."""
    rows = [incident("a"), incident("b", status="Purple")]
    assert column(bigpanda_at(paged(rows))[0].incidents(ENV), "status") == ["critical", "purple"]


@pytest.mark.parametrize("wrapping", ["items", "incidents", "data"])
def test_other_wrappings_are_read(bigpanda_at, wrapping):
    """Lists come under several names."""
    client, _ = bigpanda_at(lambda _: {wrapping: [incident("a")], "total": 1})
    assert len(client.incidents(ENV)) == 1


def test_milliseconds_and_seconds_are_told_apart(bigpanda_at):
    """A time in milliseconds is the same moment as one in seconds."""
    rows = [incident("a", start=1_780_000_000), incident("b", start=1_780_000_000_000)]
    starts = column(bigpanda_at(paged(rows))[0].incidents(ENV), "start")
    assert starts[0] == starts[1]


def test_alerts_that_were_not_expanded_are_an_error(bigpanda_at):
    """Ids in place of alerts are a ProtocolError, not a frame of missing cells."""
    client, _ = bigpanda_at(paged([incident("a", alerts=[{"alert_id": "x"}])]))
    with pytest.raises(pk.ProtocolError, match="without their alerts"):
        client.alerts(ENV)


def test_both_spellings_of_the_alert_id_and_tags_with_dots(bigpanda_at):
    """`id` and `alert_id` are one column; a tag's name keeps its dots and capitals."""
    tags = [{"name": "k8s.Pod", "value": ["p1", "p2"]}]
    alerts = [
        {"id": "x", "tags": tags, "primary_property": "k8s.Pod"},
        {"alert_id": "y", "tags": [], "status": "ok"},
    ]
    frame = bigpanda_at(paged([incident("a", alerts=alerts)]))[0].alerts(ENV)
    assert column(frame, "alert_id") == ["x", "y"]
    assert column(frame, "tag.k8s.Pod") == [["p1", "p2"], None]
    assert column(frame, "primary_value") == ["p1|p2", None]


def test_events_without_a_total_are_read_to_the_empty_page(bigpanda_at):
    """A short page may only be a smaller limit: the list ends with an empty one."""
    batches = [[{"host": "a", "Data.Center": "x"}] * 3, [{"host": "b"}] * 3, []]
    client, calls = bigpanda_at(lambda request: {"items": batches[int(request.args["page"]) - 1]})
    frame = client.raw_alerts("app", start="2026-01-01")
    assert column(frame, "host") == ["a"] * 3 + ["b"] * 3
    assert column(frame, "Data.Center")[0] == "x"
    assert set(frame["app_key"]) == {"app"}
    assert [call.args["page"] for call in calls] == ["1", "2", "3", "1"]


def test_a_refused_token_names_the_kind_it_should_be(bigpanda_at):
    """401 says which kind of token the call takes, and never the token."""
    client, _ = bigpanda_at(lambda _: ({"status": 401, "errors": ["Unauthorized"]}, 401))
    with pytest.raises(pk.AuthenticationError, match="BIGPANDA_API_KEY") as caught:
        client.environments()
    assert MARK not in str(caught.value)
    with pytest.raises(pk.AuthenticationError, match="BIGPANDA_ORG_TOKEN") as caught:
        client.enrichments(api_version="v1.0")
    assert MARK not in str(caught.value)


def test_each_version_of_the_api_gets_its_own_token(bigpanda_at):
    """v2.1 is asked with the user API key, v1.0 with the org token."""
    client, calls = bigpanda_at(lambda _: {"data": []})
    client.enrichments()
    client.enrichments(api_version="v1.0")
    sent = [call.headers["Authorization"] for call in calls]
    assert sent == [f"Bearer {BIGPANDA_USER}", f"Bearer {BIGPANDA_ORG}"]


def test_ctrl_c_while_a_job_is_waited_for_leaves_its_handle(bigpanda_at):
    """The interrupt of a wait has the job and `resume()`, and the id alone goes on too."""
    client, calls = bigpanda_at(lambda _: {"status": "done", "job_id": "m_1_2"})
    session = client._session_for("v2.1")
    usual = session.clock

    def interrupt(_):
        session.clock = usual
        raise KeyboardInterrupt

    session.clock = replace(usual, sleep=interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        client.job("m_1_2", wait=True)
    assert caught.value.job.id == "m_1_2"
    assert calls == []
    assert caught.value.resume().status == "done"
    assert client.job(caught.value.job).status == "done"


def test_a_missing_token_is_told_on_use():
    """With an org token alone, a call that takes the user API key is a SettingsError."""
    client = BigPanda(org_token=BIGPANDA_ORG, region="eu")
    for load in (client.environments, lambda: client.incidents(ENV), lambda: client.alerts(ENV)):
        with pytest.raises(pk.SettingsError, match="BIGPANDA_API_KEY is not set"):
            load()
    with pytest.raises(pk.SettingsError, match="BIGPANDA_API_KEY or BIGPANDA_ORG_TOKEN"):
        BigPanda()


def test_regions(monkeypatch):
    """The region chooses the host; a base URL wins over a region that is merely set."""
    assert "https://api.bigpanda.io" in repr(BigPanda(BIGPANDA_USER))
    monkeypatch.setenv("BIGPANDA_REGION", "EU")
    assert "https://eu-api.bigpanda.io" in repr(BigPanda(BIGPANDA_USER))
    monkeypatch.setenv("BIGPANDA_BASE_URL", "https://bp.example.com/")
    assert "https://bp.example.com," in repr(BigPanda(BIGPANDA_USER))
    assert "https://api.bigpanda.io" in repr(BigPanda(BIGPANDA_USER, region="us"))
    with pytest.raises(pk.SettingsError, match="one of us, eu"):
        BigPanda(BIGPANDA_USER, region="mars")


def test_the_rate_limit_spaces_the_requests(scripted):
    """By default the requests to one endpoint are a fifth of a second apart at least."""
    from tests.transport.clock import FakeClock

    script = scripted(paged([incident("a")]))
    clock = FakeClock()
    client = BigPanda(BIGPANDA_USER, base_url=script.url)
    client._session.clock = clock.clock
    for _ in range(3):
        client.incidents(ENV)
    assert len(script.calls) == 3
    assert clock.total_wait() >= 0.4


def test_names_of_environments_must_be_unique(bigpanda_at):
    """Two environments of one name cannot be told apart: the error says so."""
    client, _ = bigpanda_at(lambda _: [{"id": "1", "name": "Prod"}, {"id": "2", "name": "Prod"}])
    with pytest.raises(pk.NotFoundError, match="2 environments are called 'Prod'"):
        client.incidents("Prod")


@pytest.mark.parametrize("body", ["<html>gateway</html>", ["not", "objects"], {"total": "many"}])
def test_other_shapes_are_protocol_errors(bigpanda_at, body):
    """HTML, a list of text and a total that is no number are ProtocolErrors."""
    with pytest.raises(pk.ProtocolError):
        bigpanda_at(lambda _: body)[0].incidents(ENV)


def pattern(**more):
    """Make a pattern as the service sends it."""
    return {"id": "p1", "active": True, "tags": ["host"], "time_window": 60, **more}


def test_a_policy_keeps_order_filters_and_sources(bigpanda_at):
    """Patterns run as ordered by hand; equal tags get names that differ; objects become text."""
    rows = [
        pattern(execution_order=2, filter={"=": ["host", "db1"]}, cross_source=False),
        pattern(id="p2", execution_order=1, time_window=30, filter="*"),
        pattern(id="p3", active=False, execution_order=0),
    ]
    policy = bigpanda_at(lambda _: {"data": rows})[0].policy()
    assert policy.order == "as_given"
    assert [each.name for each in policy.patterns] == ["host p2", "host p1"]
    assert [each.filter for each in policy.patterns] == [None, "host = db1"]
    assert [each.cross_source for each in policy.patterns] == [True, False]


def test_a_policy_without_an_order_runs_the_longest_window_first(bigpanda_at):
    """Patterns that nobody ordered run by their windows, as the service does by itself."""
    policy = bigpanda_at(lambda _: [pattern(), pattern(id="p2", tags=["check"])])[0].policy()
    assert policy.order == "longest_window_first"


def test_no_pattern_in_use_is_no_policy(bigpanda_at):
    """Without a pattern in use there is nothing to simulate: NotFoundError."""
    with pytest.raises(pk.NotFoundError, match="no correlation pattern"):
        bigpanda_at(lambda _: [pattern(active=False)])[0].policy()


@pytest.mark.parametrize("lacking", ["time_window", "tags"])
def test_a_pattern_that_cannot_be_simulated_is_named(bigpanda_at, lacking):
    """A pattern without window or tags is a ProtocolError, not another policy."""
    row = pattern() | {lacking: None}
    with pytest.raises(pk.ProtocolError, match="pattern"):
        bigpanda_at(lambda _: [row])[0].policy()


def test_a_tag_that_stands_there_twice_keeps_both_values(bigpanda_at):
    """Repeated tags of an alert or an incident become a list: no value is lost."""
    twice = [{"name": "team", "value": "a"}, {"name": "team", "value": "b"}]
    notes = [{"tag_id": "note", "tag_value": "x"}, {"tag_id": "note", "tag_value": "y"}]
    row = incident("a", alerts=[{"id": "x", "tags": twice}], incident_tags=notes)
    client, _ = bigpanda_at(paged([row]))
    assert column(client.alerts(ENV), "tag.team") == [["a", "b"]]
    assert column(client.incidents(ENV), "tag.note") == [["x", "y"]]


@pytest.mark.parametrize(
    "wrong", [{"alerts": ["an-id"]}, {"alerts": [{"id": "x", "tags": ["team=a"]}]}]
)
def test_alerts_of_another_shape_are_protocol_errors(bigpanda_at, wrong):
    """Alerts or tags that are no objects are told, not dropped."""
    with pytest.raises(pk.ProtocolError):
        bigpanda_at(paged([incident("a", **wrong)]))[0].alerts(ENV)


@pytest.mark.parametrize("status", [403, 404])
def test_without_a_list_of_environments_a_text_is_an_id(bigpanda_at, status):
    """A token that may not list environments still loads from one that it knows."""

    def answer(request):
        if request.path.endswith("/environments"):
            return {"status": status, "errors": ["no"]}, status
        return {"total": 1, "items": [incident("a")]}

    client, calls = bigpanda_at(answer)
    assert len(client.incidents("prod-eu")) == 1
    assert calls[-1].path.endswith("/environments/prod-eu/incidents")


def test_a_service_that_ignores_paging_is_told(bigpanda_at):
    """The same page again is an error with the rows so far, for lists with and without ids."""
    client, _ = bigpanda_at(lambda _: {"total": 250, "items": [incident("a")]})
    with pytest.raises(pk.PaginationError, match="ignores `to`") as caught:
        client.incidents(ENV)
    assert column(caught.value.partial, "incident_id") == ["a"]
    events, calls = bigpanda_at(lambda _: [{"timestamp": 1, "host": "a", "status": "ok"}])
    with pytest.raises(pk.PaginationError, match="the same as the page before"):
        events.raw_alerts("key", start="2024-01-01")
    assert len(calls) == 2


@pytest.mark.parametrize(
    "times", [(1700000000, 1700000060), (1700000000000, 1700000060000), ("1700000000", 1700000060)]
)
def test_a_duration_is_in_seconds_whatever_the_times_are_in(bigpanda_at, times):
    """Seconds, milliseconds and numbers as text give the same duration as the times say."""
    row = {"id": "a", "start": times[0], "end": times[1]}
    frame = bigpanda_at(paged([row]))[0].incidents(ENV)
    assert column(frame, "duration_s") == [60]
    assert (frame["end"] - frame["start"]).dt.total_seconds().tolist() == [60]


def test_updates_compare_as_numbers_whatever_they_came_as():
    """An update is newer by its number, also when one of them is text or in milliseconds."""
    assert is_newer({"updated_at": 10}, {"updated_at": "9"})
    assert is_newer({"updated_at": 1_700_000_001_000}, {"updated_at": 1_700_000_000})
    assert not is_newer({"updated_at": "9"}, {"updated_at": 10})
    assert not is_newer({}, {"updated_at": 1})


def test_patterns_that_nobody_told_of_are_not_none_at_all(bigpanda_at):
    """Without a log of patterns their number is missing; an empty state of it counts 0."""
    rows = [incident("a"), incident("b", correlation_matchers_log=[[]])]
    frame = bigpanda_at(paged(rows))[0].incidents(ENV)
    assert column(frame, "n_patterns_current") == [None, 0]


def test_parts_of_objects_that_no_column_reads_are_kept(bigpanda_at):
    """A new member of a known object, and a text in place of the object, have their columns."""
    rows = [
        incident("a", snooze={"snoozed": True, "by": "ann"}, assignee="bob"),
        incident("b", assignee={"user_id": "u", "team": "core"}),
    ]
    frame = bigpanda_at(paged(rows))[0].incidents(ENV)
    assert column(frame, "snooze_by") == ["ann", None]
    assert column(frame, "assignee") == ["bob", None]
    assert column(frame, "assignee_team") == [None, "core"]
    assert column(frame, "assignee_id") == [None, "u"]


@pytest.mark.parametrize("wrapping", ["results", "alerts"])
def test_events_are_read_in_other_wrappings(bigpanda_at, wrapping):
    """Raw events may stand under other names, with a total that is text."""
    body = {wrapping: [{"timestamp": 1, "host": "a"}], "total_count": "1", "items": None}
    frame = bigpanda_at(lambda _: body)[0].raw_alerts("key", start="2024-01-01")
    assert column(frame, "host") == ["a"]


def test_a_window_that_can_be_no_minutes_is_read_in_seconds(bigpanda_at):
    """7200 is above the 4,320 minutes that a window may have: two hours, and a warning."""
    rows = [{"id": "p", "tags": ["host"], "time_window": 7200}]
    with pytest.warns(pk.ServiceWarning, match="read as seconds"):
        policy = bigpanda_at(lambda _: rows)[0].policy()
    assert policy.patterns[0].window.total_seconds() == 7200
    rows[0]["time_window"] = 4320
    longest = bigpanda_at(lambda _: rows)[0].policy()
    assert longest.patterns[0].window.days == 3


@pytest.mark.parametrize(
    "job", ["../../admin", "/admin", "https://elsewhere.example/jobs/a", "..", ""]
)
def test_only_jobs_are_asked_for(bigpanda_at, job):
    """A job's id is one step of a path, and an address leads to a job of this service."""
    client, calls = bigpanda_at(lambda _: {"status": "done"})
    with pytest.raises(ValueError, match=r"not an id|not the address of a job"):
        client.job(job)
    assert calls == []
    for spelling in (
        "v1.0/enrichment-jobs/a b",
        "v2.1/mapping-enrichment/m/map/a",
        "alert-enricher/jobs/a",
    ):
        assert client.job(f"/resources/{spelling}").status == "done"
