"""Panther's loaders against the sandbox: every row and every field of the seed arrives."""

import json

import pandas as pd
import pytest

import pandakit as pk
from pandakit import sandbox
from pandakit.detections.columns import DETECTIONS
from pandakit.panther import Panther
from pandakit.panther._lists.resources import RESOURCES
from tests.services.conftest import at, column, moment, plain, told

LISTS = (
    "data_models",
    "globals",
    "policies",
    "queries",
    "rules",
    "scheduled_rules",
    "simple_rules",
    "correlation_rules",
    "roles",
    "api_tokens",
)


def seed_rows(services, name):
    """Give the rows of a list in the seed."""
    return services.organisation.panther[name]


@pytest.mark.parametrize("name", LISTS)
def test_list_equals_the_seed_row_by_row(panther, services, name):
    """All pages of a list arrive: the same ids in the same order, each cell as it was sent."""
    frame = getattr(panther, name)()
    rows = seed_rows(services, name)
    assert column(frame, "id") == [row["id"] for row in rows]
    for each in RESOURCES[name].columns:
        (path,) = each.sources
        expected = [at(row, path) for row in rows]
        if each.kind == "time":
            expected = [moment(text) for text in expected]
        assert column(frame, each.name) == expected, each.name


@pytest.mark.parametrize("name", LISTS)
def test_no_field_of_the_seed_is_left_out(panther, services, name):
    """Every field that the sandbox serves stands in a declared column, unless it is secret."""
    frame = getattr(panther, name)()
    fields = {key for row in seed_rows(services, name) for key in row}
    declared = {path.split(".")[0] for each in RESOURCES[name].columns for path in each.sources}
    assert fields - declared <= set(RESOURCES[name].hidden)
    assert told(frame)["extra_columns"] == []
    assert told(frame)["unreadable"] == []


def test_rules_keep_the_values_that_matter(panther, services):
    """Severity, switch, tests, log types and authors of the rules are those of the seed."""
    frame, rows = panther.rules(), seed_rows(services, "rules")
    assert column(frame, "severity") == [row["severity"] for row in rows]
    assert column(frame, "enabled") == [row["enabled"] for row in rows]
    assert column(frame, "tests") == [row.get("tests") for row in rows]
    assert column(frame, "log_types") == [row.get("logTypes") for row in rows]
    assert column(frame, "managed") == [row.get("managed") for row in rows]
    authors = [(row["createdBy"] or {}).get("id") for row in rows]
    assert column(frame, "created_by_id") == authors


def test_facts_of_the_load_stand_in_attrs(panther, services):
    """A load says where it came from, what it took, and that it is whole."""
    frame = panther.rules()
    facts = told(frame)
    assert facts["source"] == f"Panther at {services.urls['panther']}"
    assert facts["rows"] == len(frame) == 205
    assert facts["pages"] == facts["requests"] > 2
    assert facts["window"] == [None, None]
    assert (facts["capped"], facts["complete"], facts["duplicates"]) == (False, True, 0)
    assert facts["elapsed_s"] >= 0


def test_a_cap_warns_and_is_recorded(panther):
    """`max_rows` gives the first rows, warns that there are more, and says so in attrs."""
    with pytest.warns(pk.TruncatedWarning, match="max_rows=7"):
        frame = panther.rules(max_rows=7)
    assert len(frame) == 7
    assert told(frame)["capped"]


def test_a_cap_above_the_list_is_no_cap(panther):
    """`max_rows` beyond the end neither warns nor cuts."""
    frame = panther.data_models(max_rows=1_000)
    assert not told(frame)["capped"]


@pytest.mark.parametrize("wrong", [0, -1])
def test_a_cap_of_nothing_is_refused(panther, wrong):
    """`max_rows` below one is a ValueError before anything is sent."""
    with pytest.raises(ValueError, match="max_rows"):
        panther.rules(max_rows=wrong)


def test_filters_reach_the_service(panther, services):
    """Filters are keyword arguments: the service's answer equals a filter over the seed."""
    frame = panther.rules(severity=["high", "CRITICAL"], state="enabled", log_type="AWS.CloudTrail")
    expected = [
        row["id"]
        for row in seed_rows(services, "rules")
        if row["severity"] in {"HIGH", "CRITICAL"}
        and row["enabled"]
        and "AWS.CloudTrail" in row.get("logTypes", [])
    ]
    assert expected
    assert column(frame, "id") == expected


def test_python_of_simple_rules_comes_on_request(panther):
    """`include_python=True` fills `python_body`, which is missing otherwise."""
    assert panther.simple_rules()["python_body"].isna().all()
    assert panther.simple_rules(include_python=True)["python_body"].notna().all()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda p: p.rules(colour="red"), TypeError, "no filter 'colour'; it has: name_contains"),
        (lambda p: p.queries(severity="HIGH"), TypeError, "severity"),
        (lambda p: p.rules(severity="URGENT"), ValueError, "one of INFO, LOW"),
        (lambda p: p.rules(name_contains=3), TypeError, "name_contains is int; pass text"),
        (lambda p: p.rules(name_contains=""), ValueError, "leave it out"),
        (lambda p: p.simple_rules(include_python="yes"), TypeError, "True or False"),
        (lambda p: p.alerts(start="1d", event_count_min=True), TypeError, "a whole number"),
        (lambda p: p.alerts(start="2026-05-01T00:00:00"), ValueError, "zone"),
        (lambda p: p.alerts(start="1d", sub_type="RULES"), ValueError, "one of RULE, RULE_ERROR"),
        (lambda p: p.alerts(start="1d", type="error"), ValueError, "one of ALERT"),
        (lambda p: p.get("events", "1"), ValueError, "one of data_models"),
    ],
)
def test_a_wrong_filter_is_refused_before_anything_is_sent(services, panther, call, error, words):
    """Unknown filters and values are refused here, with the known ones in the message."""
    before = len(services.control.calls)
    with pytest.raises(error, match=words):
        call(panther)
    assert len(services.control.calls) == before


def test_users_come_over_several_pages(panther, services):
    """Users, of at most sixty a page, arrive whole with their roles."""
    frame = panther.users()
    rows = seed_rows(services, "users")
    assert column(frame, "email") == [row["email"] for row in rows]
    assert column(frame, "role_name") == [row["role"]["name"] for row in rows]
    assert column(frame, "last_logged_in_at") == [moment(row.get("lastLoggedInAt")) for row in rows]


def test_users_that_are_deactivated_can_be_left_out(panther, services):
    """Unless asked otherwise deactivated users come too, also when another filter is given."""
    rows = seed_rows(services, "users")
    assert not all(row["enabled"] for row in rows)
    assert panther.users(contains="@")["id"].tolist() == [row["id"] for row in rows]
    enabled = panther.users(include_deactivated=False)
    assert enabled["id"].tolist() == [row["id"] for row in rows if row["enabled"]]


def test_alerts_of_a_window_and_of_several_types(panther, services):
    """Alerts of all types asked for come, those of the window and no others."""
    frame = panther.alerts(
        start="2026-05-01", end="2026-05-20", type=["ALERT", "DETECTION_ERROR", "SYSTEM_ERROR"]
    )
    inside = {
        row["id"]
        for row in seed_rows(services, "alerts")
        if "2026-05-01" <= row["createdAt"][:19] <= "2026-05-20T00:00:00"
    }
    assert set(frame["id"]) == inside
    assert not frame["id"].duplicated().any()
    assert told(frame)["window"] == ["2026-05-01T00:00:00+00:00", "2026-05-20T00:00:00+00:00"]
    assert told(frame)["default_window"] is None


def test_alerts_keep_their_cells(panther, services):
    """Detection, assignee, counts and deliveries of alerts are those of the seed."""
    frame = panther.alerts(start="2026-01-01", type="ALERT").set_index("id")
    rows = {row["id"]: row for row in seed_rows(services, "alerts") if row["type"] == "RULE"}
    assert set(frame.index) == set(rows)
    for key, row in rows.items():
        cells = frame.loc[key]
        assert cells["detection_id"] == row["detection"]["id"]
        assert cells["event_count"] == row["eventCount"]
        assert cells["deliveries"] == row["deliveries"]
        assert plain(cells["assignee_id"]) == at(row, "assignee.id")
        assert plain(cells["quality"]) == row.get("quality")


def test_alerts_without_start_say_their_window(panther, services):
    """Without start thirty days are sent, warned of, and stand in attrs with both ends."""
    before = len(services.control.calls)
    with pytest.warns(pk.DefaultWindowWarning, match="30 days"):
        frame = panther.alerts()
    assert told(frame)["default_window"] == "30 days before the end"
    assert told(frame)["window"] == ["2026-05-02T12:00:00+00:00", "2026-06-01T12:00:00+00:00"]
    queries = [c.query for c in services.control.calls[before:] if c.path == "/alerts"]
    assert all("created-after=2026-05-02T12%3A00%3A00Z" in query for query in queries)
    assert all(pd.Timestamp("2026-05-02T12:00Z") <= moment for moment in frame["created_at"])


def test_alerts_without_start_count_back_from_their_end(panther):
    """With an end and no start, the thirty days before that end are loaded."""
    with pytest.warns(pk.DefaultWindowWarning):
        frame = panther.alerts(end="2026-05-20")
    assert told(frame)["window"] == ["2026-04-20T00:00:00+00:00", "2026-05-20T00:00:00+00:00"]
    assert len(frame)


def test_all_types_of_alerts_in_one_word(panther):
    """`type="all"` returns what naming the three types returns."""
    names = ["ALERT", "DETECTION_ERROR", "SYSTEM_ERROR"]
    every = panther.alerts(start="2026-01-01", type="all")
    pd.testing.assert_frame_equal(every, panther.alerts(start="2026-01-01", type=names))
    assert {"RULE", "RULE_ERROR", "SYSTEM_ERROR"} <= set(every["type"])


def test_events_and_comments_of_several_alerts(panther, services):
    """Several ids, and an alerts frame, return the rows of each alert once."""
    rows = seed_rows(services, "alert_comments")
    ids = list(dict.fromkeys(row["alertId"] for row in rows))[:3]
    alerts = panther.alerts(start="2026-01-01", type="all")
    chosen = alerts[alerts["id"].isin(ids)]
    for load, seed, key in (
        (panther.alert_comments, rows, "alertId"),
        (panther.alert_events, seed_rows(services, "alert_events"), "p_alert_id"),
    ):
        frame = load([*ids, ids[0]])
        expected = [row[key] for each in ids for row in seed if row[key] == each]
        assert column(frame, "p_alert_id" if key == "p_alert_id" else "alert_id") == expected
        assert len(load(chosen)) == len(frame)
        assert len(load([])) == len(load(alerts[:0])) == 0
        assert load([]).dtypes.to_dict().items() <= frame.dtypes.to_dict().items()
    with pytest.raises(ValueError, match="no column id"):
        panther.alert_events(pd.DataFrame({"alert": ids}))


def test_the_python_of_one_simple_rule_comes_on_request(panther, services):
    """`get` fills `python_body` of a simple rule when asked to, and refuses other kinds."""
    key = seed_rows(services, "simple_rules")[0]["id"]
    assert panther.get("simple_rules", key)["python_body"].isna().all()
    assert panther.get("simple_rules", key, include_python=True)["python_body"].notna().all()
    with pytest.raises(ValueError, match="simple_rules"):
        panther.get("rules", "x", include_python=True)


def test_the_upper_bound_of_alerts_is_frozen(panther, services):
    """All pages of one load ask for the same `created-before`, so the window does not move."""
    before = len(services.control.calls)
    panther.alerts(start="2026-01-01")
    queries = [call.query for call in services.control.calls[before:]]
    bounds = {part for query in queries for part in query.split("&") if "created-before" in part}
    assert len(queries) > 2
    assert len(bounds) == 1


def test_events_of_an_alert(panther, services):
    """The events of one alert come over several pages, large integers exact."""
    alert = seed_rows(services, "alerts")[0]
    frame = panther.alert_events(alert["id"])
    rows = [row for row in seed_rows(services, "alert_events") if row["p_alert_id"] == alert["id"]]
    assert len(rows) == 73
    assert column(frame, "p_row_id") == [row["p_row_id"] for row in rows]
    assert column(frame, "bytes") == [row["bytes"] for row in rows]
    assert set(frame["p_alert_id"]) == {alert["id"]}


def test_comments_of_an_alert(panther, services):
    """The comments of one alert are those of the seed."""
    rows = seed_rows(services, "alert_comments")
    alert = rows[0]["alertId"]
    expected = [row["body"] for row in rows if row["alertId"] == alert]
    assert column(panther.alert_comments(alert), "body") == expected


def test_context_tags(panther, services):
    """Context tags come with their category."""
    rows = seed_rows(services, "alert_context_tags")
    frame = panther.alert_context_tags()
    assert column(frame, "tag") == [row["tag"] for row in rows]
    assert column(frame, "category") == [row["category"] for row in rows]


def test_get_gives_the_row_of_the_list(panther, services):
    """`get` reads one object by its id, with the columns of its list."""
    row = seed_rows(services, "rules")[17]
    frame = panther.get("rules", row["id"])
    whole = panther.rules()
    assert list(frame.columns) == list(whole.columns)
    assert column(frame, "body") == [row["body"]]


def test_get_of_a_missing_object(panther):
    """An id that does not exist is a NotFoundError, also one with a slash in it."""
    with pytest.raises(pk.NotFoundError, match="404"):
        panther.get("rules", "no/such rule")


def test_detections_are_all_rules_and_policies(panther, services):
    """`detections` has every row of the five lists, each with its kind."""
    frame = panther.detections()
    for kind in DETECTIONS:
        mine = frame[frame["kind"] == kind]
        assert column(mine, "id") == [row["id"] for row in seed_rows(services, kind)]
    assert len(frame) == sum(len(seed_rows(services, kind)) for kind in DETECTIONS)
    assert told(frame)["unavailable"] == {}


def test_unit_tests_as_a_table(panther, services):
    """Unit tests become rows, with their event decoded from either form."""
    frame = panther.unit_tests(panther.detections())
    rows = [row for kind in DETECTIONS for row in seed_rows(services, kind)]
    tests = [(row["id"], test) for row in rows for test in row.get("tests", [])]
    assert list(zip(frame["id"], frame["name"], strict=True)) == [(i, t["name"]) for i, t in tests]
    assert frame["event"].map(type).eq(dict).all()
    assert frame["event"][0] == json.loads(tests[0][1]["resource"])


def test_reports_that_are_no_lists(panther):
    """A framework with something that is no list has that as its one control."""
    frame = pd.DataFrame({"id": ["a"], "reports": [{"CIS": "1.1", "own": 2.5, "none": None}]})
    table = panther.reports(frame)
    assert table["framework"].tolist() == ["CIS", "own"]
    assert table["control"].tolist() == ["1.1", "2.5"]


def test_reports_as_a_table(panther, services):
    """Reports become one row per framework and control."""
    frame = panther.reports(panther.rules())
    expected = [
        (row["id"], framework, control)
        for row in seed_rows(services, "rules")
        for framework, controls in row.get("reports", {}).items()
        for control in controls
    ]
    assert expected
    found = zip(frame["id"], frame["framework"], frame["control"], strict=True)
    assert list(found) == expected


def test_mappings_as_a_table(panther, services):
    """Mappings of data models become rows."""
    frame = panther.mappings(panther.data_models())
    expected = [
        (row["id"], each["name"])
        for row in seed_rows(services, "data_models")
        for each in row["mappings"]
    ]
    assert list(zip(frame["id"], frame["name"], strict=True)) == expected


def test_child_tables_refuse_another_frame(panther):
    """A frame without the column in question is a ValueError that names it."""
    with pytest.raises(ValueError, match="tests"):
        panther.unit_tests(pd.DataFrame({"id": ["a"]}))


def test_inventory_goes_on_after_a_refusal(panther, services):
    """A 403 on one list is a row of the report; all others are read."""
    services.control.answer("panther", "^/policies$", 403, '{"message": "no View Policies"}')
    frame = panther.inventory().set_index("resource")
    assert frame.loc["policies", "status"] == "PermissionDeniedError"
    assert "View Policies" in frame.loc["policies", "message"]
    others = frame.drop("policies")
    assert set(others["status"]) == {"ok"}
    assert others.loc["rules", "rows"] == 205


def test_a_tampered_seed_shows(services):
    """When the service loses a page, fewer rows come: the frame is what was served."""
    with sandbox.start(incidents=5, audit_events=5) as broken:
        broken.control.lose_page("panther", "^/rules$", 2)
        with Panther(broken.urls["panther"], broken.env["PANTHER_API_TOKEN"]) as client:
            assert len(client.rules()) < len(broken.organisation.panther["rules"])


def test_check_tells_what_the_token_may(panther, services):
    """`check` names the service, the setting and its source, and what was answered."""
    found = panther.check()
    token = seed_rows(services, "api_tokens")[0]
    assert found.setting == "PANTHER_API_TOKEN"
    assert found.source == "argument"
    assert token["name"] in found.answer
    assert str(found).startswith(f"Panther at {found.host} answered: ")
